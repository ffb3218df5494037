#!/usr/bin/env bash
# Installs what the tests need on a Debian machine beside Rust itself. Says what it does; does nothing twice.
#
#   tests/setup.sh            install what is missing
#   tests/setup.sh --check    only say what is missing; exit code 1 if anything is
set -euo pipefail

check_only=false
case "${1:-}" in
    "") ;;
    --check) check_only=true ;;
    *) echo "usage: tests/setup.sh [--check]" >&2; exit 2 ;;
esac

# A file, not a word of the shell: `time` is one, and is there without GNU time.
has() { type -P "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif has sudo; then sudo "$@"
    else echo "setup: must be root, or have sudo, to run: $*" >&2; exit 1
    fi
}

# a program, and the Debian package that has it
packages=()
need() {
    if has "$1"; then echo "setup: $1 is there"
    else echo "setup: $1 is missing (package $2)"; packages+=("$2")
    fi
}

need cron cron                      # tests/cron: ticks under Debian's own cron
need systemd-analyze systemd        # tests/cron: checks the units in contrib/
need strace strace                  # tests/crash, tests/escape, tests/takeover: killed, delayed and failing at every system call
need mkfs.ext4 e2fsprogs            # tests/power: a disk whose power is cut
need mkfs.xfs xfsprogs              # tests/power: another one
need mount mount                    # tests/power, tests/disks: disks behind a loop device, that fill up, or may only be read
need setfacl acl                    # tests/store, tests/disks: ACLs survive a sweep
need setfattr attr                  # tests/store, tests/disks: extended attributes too
need setpriv util-linux             # tests/store, tests/takeover, tests/disks: sweeps and locks of other users
need taskset util-linux              # tests/scale: what a row takes where there is one thread
need unshare util-linux             # tests/takeover, tests/crash: process namespaces of their own
need chattr e2fsprogs               # tests/disks: files that nobody may change
need mkfifo coreutils               # tests/store, tests/takeover: a pipe is no store and no lock
need script bsdutils                # tests/cli: a terminal to talk to
need node nodejs                    # tests/node, tests/peers: JavaScript's view of our bytes; gateways of our own making
need npm npm                        # tests/openclaw: fetches a real gateway
need flock util-linux               # tests/openclaw: only once
need time time                      # tests/scale: the peak memory of a whole process
need valgrind valgrind              # benches/instructions.sh: counts that no busy machine changes
need c++ g++                        # fuzz: libFuzzer is made of C++

fuzz=false
if has cargo-fuzz || [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo-fuzz" ]; then echo "setup: cargo-fuzz is there"
else echo "setup: cargo-fuzz is missing"; fuzz=true
fi

if [ ${#packages[@]} -eq 0 ] && ! $fuzz; then echo "setup: nothing to do"; exit 0; fi
if $check_only; then exit 1; fi

if [ ${#packages[@]} -gt 0 ]; then
    echo "setup: apt-get install ${packages[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi
if $fuzz; then
    echo "setup: cargo install --locked cargo-fuzz"
    cargo install --locked cargo-fuzz
fi
echo "setup: done"
