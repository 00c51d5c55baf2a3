#!/usr/bin/env bash
# Renews every lock from pyproject.toml: versions and hashes, no address. All follow the versions of dev.txt.
# Usage: lock.sh UV
set -euo pipefail
uv=$1
# An existing lock keeps its versions: to take newer ones, remove requirements/dev.txt first.
compile=("$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links)
"${compile[@]}" pyproject.toml --extra dev --output-file requirements/dev.txt
"${compile[@]}" requirements/uv.in --constraint requirements/dev.txt --output-file requirements/uv.txt
"${compile[@]}" pyproject.toml --extra lambda --constraint requirements/dev.txt --output-file layers/shared/requirements.txt
"${compile[@]}" pyproject.toml --extra container --constraint requirements/dev.txt --output-file container/requirements.txt
"${compile[@]}" pyproject.toml --extra mysql --constraint requirements/dev.txt --output-file layers/mysql/requirements.txt
"${compile[@]}" pyproject.toml --extra blockchain --constraint requirements/dev.txt --output-file layers/blockchain/requirements.txt
