#!/usr/bin/env bash
# Sets the machine up and runs every test there is. The one command of the README, and what CI runs.
#
#   tests/all.sh                 everything; each fuzz target for 20 seconds
#   FUZZ_SECONDS=300 tests/all.sh
#   SESSION_REAPER_NODE_DOCS=100000 tests/all.sh     how many documents Node is asked about (3,000)
#   SESSION_REAPER_TAKEOVER_ROUNDS=20000 tests/all.sh  how many rounds of a takeover between processes (1,000)
#   SESSION_REAPER_POWER_IMAGES=20000 tests/all.sh  how many disks whose power was cut, for each file system (300 to 1,000)
#   SESSION_REAPER_ESCAPE_SECONDS=600 tests/all.sh   how long folders become links under our feet (20)
#   SESSION_REAPER_TEST_CACHE=/var/cache/x tests/all.sh  where the real gateway is kept (~/.cache/session-reaper-tests)
#   CI= tests/all.sh             tests that cannot run here say SKIPPED instead of failing
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
export CI="${CI-true}"
[ -n "$CI" ] || unset CI
begin=$SECONDS
times=()

step() {
    local from=$SECONDS
    echo "==> $*"
    "$@"
    echo "<== $((SECONDS - from)) s: $*"
    times+=("$((SECONDS - from)) s|$*")
}

# The compiler must not be older than the one that Cargo.toml promises to work with.
toolchain() {
    local stated built
    stated=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    built=$(rustc --version | cut -d' ' -f2)
    echo "$(rustc --version); Cargo.toml states $stated"
    [ "$(printf '%s\n%s\n' "$stated" "${built%%-*}" | sort -V | head -n1)" = "$stated" ] || {
        echo "rustc $built is older than the stated $stated" >&2
        return 1
    }
}

# Debian's cron ticks once a minute, so that its test mostly waits: it does so beside other work.
# When another step fails it goes on alone, and takes its line out of the crontab itself.
cron_log=
cron_pid=
trap 'rm -f ${cron_log:+"$cron_log"}' EXIT

start_cron() {
    cron_log=$(mktemp)
    cron_from=$SECONDS
    echo "==> cargo test --test cron, beside what follows"
    (
        code=0
        cargo test --all-features --locked --test cron -- --nocapture || code=$?
        echo "took $((SECONDS - cron_from)) s"
        exit "$code"
    ) >"$cron_log" 2>&1 &
    cron_pid=$!
}

finish_cron() {
    local code=0
    wait "$cron_pid" || code=$?
    cron_pid=
    cat "$cron_log"
    [ "$code" -eq 0 ] || { echo "the test under cron failed" >&2; return "$code"; }
    times+=("$(sed -n 's/^took //p' "$cron_log" | tail -n1)|cargo test --test cron (beside others)")
}

# A real gateway for tests/openclaw: half a minute of network, beside the compiler; at once where it is there already.
# When it fails the test tries it again, and tells why.
start_install() {
    echo "==> tests/openclaw/install.sh, beside what follows"
    tests/openclaw/install.sh >/dev/null 2>&1 &
}

# What `cargo test` runs, but for tests/cron; each target must be one that Cargo knows.
other_tests() {
    local targets=() file
    for file in tests/*/main.rs; do
        file=${file%/main.rs}
        [ "$file" = tests/cron ] || targets+=(--test "${file#tests/}")
    done
    # The rigs' figures are part of the answer, and so is what was skipped.
    cargo test --all-features --locked --lib --bins --examples "${targets[@]}" -- --show-output
}

# One target, by its committed seeds; new finds go to a folder of their own.
fuzz_one() {
    [ -d "fuzz/corpus/$1" ] || { echo "fuzz/corpus/$1: no seeds"; return 1; }
    mkdir -p "fuzz/corpus-new/$1"
    cargo fuzz run "$1" "fuzz/corpus-new/$1" "fuzz/corpus/$1" -- \
        -max_total_time="${FUZZ_SECONDS:-20}" -rss_limit_mb=2048 -timeout=10 -verbosity=0 -print_final_stats=1
}

# Each target takes one processor, so that two of them run side by side.
fuzz_two() {
    local target code=0 logs pids=()
    logs=$(mktemp -d)
    for target in "$@"; do
        fuzz_one "$target" >"$logs/$target" 2>&1 &
        pids+=("$!")
    done
    for target in "$@"; do
        wait "${pids[0]}" || code=$?
        pids=("${pids[@]:1}")
        cat "$logs/$target"
    done
    rm -rf "$logs"
    return "$code"
}

fuzz() {
    local targets at
    export RUSTC_BOOTSTRAP=1 # cargo fuzz wants flags of the compiler that stable keeps shut
    step cargo fuzz build
    mapfile -t targets < <(cargo fuzz list)
    [ "${#targets[@]}" -gt 0 ] || { echo "there is no fuzz target" >&2; return 1; }
    for ((at = 0; at < ${#targets[@]}; at += 2)); do
        step fuzz_two "${targets[@]:at:2}"
    done
    unset RUSTC_BOOTSTRAP
}

step tests/setup.sh
start_install
step toolchain
step cargo fmt --check
step cargo fmt --check --manifest-path fuzz/Cargo.toml
step cargo clippy --all-targets --all-features --locked -- -D warnings
step cargo clippy --lib --no-default-features --locked -- -D warnings
step cargo clippy --manifest-path fuzz/Cargo.toml --locked -- -D warnings
step cargo test --no-run --all-features --locked
start_cron
step env RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --all-features --locked --document-private-items
# The units, the properties, the rigs, the examples, and what the documentation shows.
step other_tests
step cargo test --doc --all-features --locked
# The library alone, as a program embeds it.
step cargo test --lib --no-default-features --features testing --locked
# No piece of work needs a tenth more instructions than was written down.
step benches/instructions.sh
fuzz
finish_cron

echo
echo "step                                                                          time"
for time in "${times[@]}"; do
    printf '%-70.70s %10s\n' "${time#*|}" "${time%%|*}"
done
echo "all tests passed in $((SECONDS - begin)) s"
