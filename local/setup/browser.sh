#!/usr/bin/env bash
# Sees to it that the browser tests find a Chromium: one on the path, else apt's (as root), else Playwright's own.
# Usage: browser.sh BIN. Never fails: what cannot be had is reported by the tests as NOT RUN.
set -u
bin=$1

command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "crossover: installing Chromium with apt, for the browser tests"
  apt-get update -qq >/dev/null 2>&1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null 2>&1 &&
    command -v chromium >/dev/null && exit 0
fi
marker=$bin/../.chromium-asked
[ -e "$marker" ] && exit 0
echo "crossover: installing Playwright's Chromium, for the browser tests"
"$bin/playwright" install chromium >/dev/null 2>&1 || echo "crossover: no Chromium to be had; the browser tests will say NOT RUN"
touch "$marker"
