#!/usr/bin/env bash
# Counts the instructions of a scan, a plan and a tick with nothing due under callgrind, and compares them with
# benches/instructions.txt. Unlike times, counts hardly depend on what else a machine does.
#
#   benches/instructions.sh            exit code 1 when one grew by more than 10 %, or is not written down
#   benches/instructions.sh --record   writes them down, for this kind of processor
#
# Counts are those of our own code at opt-level 3 with the test build's dependencies: only what changes is compiled anew.
# They are not those of a release build, and are good for one comparison: before and after a change.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
record=benches/instructions.txt
cases=(scan-lean scan-heavy plan-lean tick-in-memory tick-from-disk)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() {
    local ours=profile.dev.package.session-reaper
    # One unit, and nothing incremental: how a crate is cut into units decides what is inlined. Without the command line, or
    # the command that other tests just use would be built and exchanged as well.
    CARGO_INCREMENTAL=0 cargo build --quiet --bench instructions --no-default-features --features testing --locked \
        --message-format=json \
        --config "$ours.opt-level=3" --config "$ours.codegen-units=1" \
        --config "$ours.debug-assertions=false" --config "$ours.overflow-checks=false" |
        sed -n 's/.*"name":"instructions".*"executable":"\([^"]*\)".*/\1/p'
}

# Without an environment that could differ. What valgrind has to say is told only when it fails: 3.19 does not know openat2
# and says so each time; our code then takes the way of older kernels.
under_valgrind() {
    env -i PATH=/usr/bin:/bin valgrind --quiet --log-file="$work/said" "$@" || { tail -n20 "$work/said" >&2; return 1; }
}

# Callgrind counts in one function only. Prints name, instructions a unit, unit.
count() {
    local folder=$work/store
    rm -rf "$folder"
    mkdir "$folder"
    under_valgrind --tool=callgrind --callgrind-out-file="$work/out" --collect-atstart=no \
        --toggle-collect='*here_instructions_are_counted*' "$program" "$1" "$folder" >"$work/units"
    awk -v name="$1" 'FNR == NR { units = $1; unit = $2; next } /^(summary|totals):/ { sum = $2 }
        END {
            if (sum == 0 || units == 0) { print "instructions: nothing was counted in " name >"/dev/stderr"; exit 1 }
            printf "%-16s %12.3f per %s\n", name, sum / units, unit
        }' "$work/units" "$work/out"
}

# The part of a record that was made on a processor with these features, by this valgrind.
part() { awk -v features="features: $features" '/^features: / { mine = $0 == features } mine && /^[a-z].* per /' "$1"; }

# compare RECORDED COUNTED: says what changed, and fails when something grew, or is known to one side only.
compare() {
    awk '
        FNR == NR { was[$1] = $2; next }
        { is[$1] = $2 }
        END {
            for (name in was) if (!(name in is)) { print name ": written down, but not counted any more"; bad = 1 }
            for (name in is) {
                if (!(name in was)) { print name ": " is[name] ", but not written down"; bad = 1; continue }
                change = (is[name] / was[name] - 1) * 100
                text = sprintf("%-16s %12.3f -> %12.3f  %+6.1f %%", name, was[name], is[name], change)
                if (change > 10) { text = text "  MORE THAN 10 % MORE"; bad = 1 }
                if (change < -10) text = text "  (less: worth writing down)"
                print text
            }
            exit bad
        }' "$1" "$2" | sort
}

# A check that cannot fail is none: the same counts against records that are a fifth too small, too large, cut or long.
self_test() {
    local spoiled=$work/spoiled
    awk '{ $2 *= 0.8; print }' "$1" >"$spoiled"
    ! compare "$spoiled" "$1" >"$work/said" || { echo "instructions: growth goes unseen" >&2; return 1; }
    grep -q "MORE THAN" "$work/said"
    awk 'NR > 1' "$1" >"$spoiled"
    ! compare "$spoiled" "$1" >/dev/null || { echo "instructions: a new case goes unseen" >&2; return 1; }
    ! compare "$1" "$spoiled" >/dev/null || { echo "instructions: a lost case goes unseen" >&2; return 1; }
    awk '{ $2 *= 1.25; print }' "$1" >"$spoiled"
    compare "$spoiled" "$1" >"$work/said" || { echo "instructions: less is no failure" >&2; return 1; }
    grep -q "worth writing down" "$work/said"
    compare "$1" "$1" >/dev/null || { echo "instructions: the same is no failure" >&2; return 1; }
}

version() { rustc --version | cut -d' ' -f1-2; }

write_down() {
    {
        echo "# Instructions a unit of work; written by benches/instructions.sh --record, compared by benches/instructions.sh."
        echo "# A part for each kind of processor that tests were run on, as a version of valgrind shows it."
        # The other processors' parts stay.
        awk -v features="features: $features" '/^features: / { other = $0 != features; if (other) print "" } other && NF' \
            "$record" 2>/dev/null || true
        echo
        echo "features: $features"
        echo "# made with $(version)"
        cat "$1"
    } >"$work/record"
    mv "$work/record" "$record"
}

advice() {
    local made
    made=$(awk -v features="features: $features" '/^features: / { mine = $0 == features } mine && /^# made with/' "$record")
    cat >&2 <<TEXT
instructions: if it must be so, write the new counts down in the same commit: benches/instructions.sh --record
instructions: the record was ${made#\# }, this is $(version)
TEXT
}

type -P valgrind >/dev/null || { echo "instructions: valgrind is missing; tests/setup.sh installs it" >&2; exit 1; }
program=$(build)
[ -x "$program" ] || { echo "instructions: no program was built" >&2; exit 1; }
# Valgrind decides which instructions and which system calls there are: counts of another one are no counts of the same.
features="$(under_valgrind --tool=none "$program" features) $(valgrind --version)"
for case in "${cases[@]}"; do count "$case"; done >"$work/counted"
case "${1:-}" in
    --record) write_down "$work/counted"; cat "$record"; exit 0 ;;
    "") ;;
    *) echo "usage: benches/instructions.sh [--record]" >&2; exit 2 ;;
esac
self_test "$work/counted"
part "$record" >"$work/recorded"
if [ ! -s "$work/recorded" ]; then
    echo "instructions: $record knows nothing of \"$features\"; counted here:" >&2
    cat "$work/counted" >&2
    echo "instructions: write them down with benches/instructions.sh --record" >&2
    exit 1
fi
compare "$work/recorded" "$work/counted" || { advice; exit 1; }
