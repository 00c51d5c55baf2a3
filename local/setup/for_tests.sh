#!/usr/bin/env bash
# Installs what tests need beside Python, where root may: a browser, a database server, a cache, a clock that jumps.
# Usage: for_tests.sh BIN. NO_APT=1 installs nothing. Never fails: tests report what is missing as NOT RUN.
set -u
bin=$1

have() { PATH="$PATH:/usr/local/sbin:/usr/sbin" command -v "$1" >/dev/null; }
have_chromium() { have chromium || have chromium-browser || have google-chrome; }

missing=""
have_chromium || missing="chromium fonts-dejavu-core"
have mariadbd || have mysqld || missing="$missing mariadb-server-core mariadb-client-core"
have valkey-server || have redis-server || missing="$missing redis-server"
[ "$(uname)" != Linux ] || ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || missing="$missing libfaketime"
missing=${missing# }

if [ -z "$missing" ]; then
  exit 0
elif [ "${NO_APT:-}" = 1 ]; then
  echo "NOT RUN: tests that need $missing: NO_APT=1 keeps apt-get from installing them"
elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "crossover: installing with apt-get for the tests (NO_APT=1 make test refuses): $missing"
  apt-get update -qq >/dev/null 2>&1
  for package in $missing; do
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
      echo "crossover: apt-get cannot install $package"
  done
else
  echo "crossover: not installed, as only root may: $missing"
fi

# Asked for once: where it cannot be downloaded, every later run would wait for the refusal.
if ! have_chromium && [ "${NO_APT:-}" != 1 ] && [ ! -e "$bin/../.chromium-asked" ]; then
  echo "crossover: installing Playwright's Chromium, for the browser tests"
  "$bin/playwright" install chromium >/dev/null 2>&1 || echo "crossover: Playwright's Chromium cannot be downloaded"
  touch "$bin/../.chromium-asked"
fi
exit 0
