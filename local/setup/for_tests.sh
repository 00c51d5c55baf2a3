#!/usr/bin/env bash
# Sees to it that the tests find a browser, a database server and a clock that jumps. Usage: for_tests.sh BIN
# Never fails: what cannot be had is reported by the tests as NOT RUN, with the command that enables it.
set -u
bin=$1

apt_as_root() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

have_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null

get_chromium() {
  if apt_as_root; then
    echo "crossover: installing Chromium with apt, for the browser tests"
    apt-get update -qq >/dev/null 2>&1
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null 2>&1
    have_chromium && return
  fi
  # Asked for once: where it cannot be downloaded, every later run would wait for the refusal.
  [ -e "$bin/../.chromium-asked" ] && return
  echo "crossover: installing Playwright's Chromium, for the browser tests"
  "$bin/playwright" install chromium >/dev/null 2>&1 || echo "crossover: no Chromium to be had"
  touch "$bin/../.chromium-asked"
}

have_chromium || get_chromium
if apt_as_root && [ "$(uname)" = Linux ] && ! ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1; then
  echo "crossover: installing libfaketime with apt, for the test of a clock that jumps"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libfaketime >/dev/null 2>&1
fi
"$bin/python" -c '
from local.console import error_line
from local.data.mysql.programs import find_or_install
from local.errors import UserError
try:
    find_or_install()
except UserError as problem:
    error_line(str(problem))
'
