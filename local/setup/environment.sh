#!/usr/bin/env bash
# Makes the virtual environment VENV and fills it from the lock. Usage: environment.sh VENV
set -euo pipefail
venv=$1
python=${PYTHON:-python3}

fail() { printf 'crossover: %s\n' "$1" >&2; exit 2; }

command -v "$python" >/dev/null || fail "python3 is not installed; get Python 3.11 or newer (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$("$python" --version) is too old; Crossover needs Python 3.11 or newer (name one with PYTHON=python3.12 make ...)"

if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  # Debian and Ubuntu keep ensurepip in a package of its own.
  package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  if [ "$(id -u)" = 0 ] && [ "${NO_APT:-}" != 1 ] && command -v apt-get >/dev/null; then
    echo "crossover: installing with apt-get (NO_APT=1 refuses): $package"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
  else
    fail "$python cannot make a virtual environment; as root: apt-get install $package"
  fi
fi

echo "crossover: making $venv"
"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --require-hashes --no-deps -r requirements/uv.txt
echo "crossover: installing the locked dependencies (under a minute)"
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --require-hashes --no-deps -r requirements/dev.txt
"$venv/bin/uv" pip install --python "$venv/bin/python" --quiet --no-deps --no-build-isolation --editable .
