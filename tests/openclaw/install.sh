#!/usr/bin/env bash
# Puts a real gateway, OpenClaw 2026.4.29, into a folder of the tests and prints where. The first call needs about half a
# minute, the network and 350 MB; every later one only looks. Calls at the same time wait for each other.
#
#   tests/openclaw/install.sh
#   SESSION_REAPER_TEST_CACHE=/var/cache/x tests/openclaw/install.sh     another folder than ~/.cache/session-reaper-tests
set -euo pipefail

version=2026.4.29
cache=${SESSION_REAPER_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/session-reaper-tests}
home=$cache/openclaw-$version

is_there() { [ -f "$home/node_modules/openclaw/package.json" ]; }
done_with() { echo "$home"; exit 0; }

is_there && done_with
for program in node npm flock; do
    type -P "$program" >/dev/null || { echo "install: $program is missing; tests/setup.sh installs it" >&2; exit 1; }
done

mkdir -p "$cache"
# The lock goes with the process, so that a killed installation blocks nobody.
exec 9>"$cache/openclaw-$version.lock"
flock 9
is_there && done_with

# Whoever left these is gone: we hold the lock.
rm -rf "$home" "$cache/openclaw-$version".new.*
new=$(mktemp -d "$cache/openclaw-$version.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
echo '{"private": true}' >"$new/package.json"
(cd "$new" && npm install --ignore-scripts --no-audit --no-fund --omit=dev --loglevel=error "openclaw@$version" >&2 9>&-)
# Whole or not at all: what stands at its name is complete.
mv -T "$new" "$home"
done_with
