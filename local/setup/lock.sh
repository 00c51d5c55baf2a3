#!/usr/bin/env bash
# Renews every lock from pyproject.toml: versions and hashes, no address. All follow the versions of dev.txt.
# Usage: lock.sh BIN
set -euo pipefail
bin=$1
# An existing lock keeps its versions: to take newer ones, remove requirements/dev.txt first.
compile=("$bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links)

# The requirements of an extra alone: a layer needs nothing of what the command needs.
extra() {
  "$bin/python" - "$1" <<'PYTHON'
import re, sys, tomllib
extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]
def show(name):
    for requirement in extras[name]:
        inner = re.fullmatch(r"crossover\[(.*)\]", requirement)
        print(requirement) if inner is None else [show(each.strip()) for each in inner[1].split(",")]
show(sys.argv[1])
PYTHON
}

lock() { extra "$1" | "${compile[@]}" - --constraint requirements/dev.txt --output-file "$2"; }

"${compile[@]}" pyproject.toml --extra dev --output-file requirements/dev.txt
"${compile[@]}" requirements/uv.in --constraint requirements/dev.txt --output-file requirements/uv.txt
lock lambda layers/shared/requirements.txt
lock container container/requirements.txt
lock mysql layers/mysql/requirements.txt
lock cache layers/cache/requirements.txt
lock spark requirements/spark.txt
lock blockchain layers/blockchain/requirements.txt
