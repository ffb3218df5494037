//! Every command line that is killed, and what lies in the folder before.

use crate::scenario::{Line, PRUNE, Scenario, Step};

const PRUNE_ALL: Line = &["prune", "--yes", "--allow-mass-delete", "{store}"];

/// What the next run removes lies in the trash, long past its time there.
const PRUNE_AND_PURGE: Line = &["prune", "--yes", "--trash-retention", "1ms", "{store}"];

const LAST_ROW: Scenario = Scenario {
    name: "last row, and a leftover",
    before: &[Step::Store("SSG"), Step::Leftover],
    old: "SSG",
    new: "SS-",
    ..Scenario::PRUNE
};

const ALL_ROWS: Scenario = Scenario {
    name: "all rows of another user",
    before: &[Step::Store("GG"), Step::Foreign],
    line: PRUNE_ALL,
    next: PRUNE_ALL,
    old: "GG",
    new: "--",
    ..Scenario::PRUNE
};

const HEAVY: Scenario = Scenario {
    name: "heavy rows",
    before: &[Step::Store("gsGS")],
    old: "gsGS",
    new: "-s-S",
    ..Scenario::PRUNE
};

const DEAD_LOCK: Scenario =
    Scenario { name: "a dead lock", before: &[Step::Store("GSS"), Step::DeadLock], ..Scenario::PRUNE };

const RECOVERY: Scenario = Scenario {
    name: "recovery of a killed run",
    before: &[Step::Store("GSS"), Step::KilledAfterTheExchange(PRUNE)],
    old: "-SS",
    least: 150,
    ..Scenario::PRUNE
};

const RECOVERY_AND_MORE: Scenario = Scenario {
    name: "recovery, and a row that goes",
    before: &[Step::Store("GSSG"), Step::KilledAfterTheExchange(PRUNE), Step::Store("-SSG")],
    old: "-SSG",
    new: "-SS-",
    runs: 2,
    bundles: 2,
    ..Scenario::PRUNE
};

const SECOND_RUN: Scenario = Scenario {
    name: "a second run",
    before: &[Step::Store("GSS"), Step::Run(PRUNE), Step::Store("-SSG")],
    old: "-SSG",
    new: "-SS-",
    runs: 2,
    bundles: 2,
    ..Scenario::PRUNE
};

const DRY_RUN: Scenario = Scenario {
    name: "dry run",
    line: &["prune", "-n", "{store}"],
    next: &["prune", "-n", "{store}"],
    new: "GSS",
    runs: 0,
    bundles: 0,
    least: 40,
    ..Scenario::PRUNE
};

const NO_OP: Scenario = Scenario {
    name: "nothing to prune",
    before: &[Step::Store("-SS")],
    old: "-SS",
    runs: 0,
    bundles: 0,
    least: 80,
    ..Scenario::PRUNE
};

const TICK: Scenario = Scenario {
    name: "a tick that is due",
    line: &["tick", "{store}"],
    next: &["tick", "--force", "{store}"],
    ..Scenario::PRUNE
};

const THROTTLED: Scenario = Scenario {
    name: "throttled tick",
    before: &[Step::Store("GSS"), Step::Run(PRUNE), Step::Store("-SSG")],
    line: &["tick", "{store}"],
    next: &["tick", "{store}"],
    old: "-SSG",
    new: "-SSG",
    least: 8,
    ..Scenario::PRUNE
};

const PURGE: Scenario = Scenario {
    name: "trash purge",
    before: &[Step::Store("GSS"), Step::Run(PRUNE), Step::Store("-SSG")],
    line: PRUNE_AND_PURGE,
    next: PRUNE_AND_PURGE,
    old: "-SSG",
    new: "-SS-",
    lost: "x",
    runs: 2,
    ..Scenario::PRUNE
};

/// The rows go for ever; that they went is written down all the same.
const PRUNE_FOR_EVER: Line = &["prune", "--yes", "--no-trash", "{store}"];

const FOR_EVER: Scenario = Scenario {
    name: "no trash",
    line: PRUNE_FOR_EVER,
    next: PRUNE_FOR_EVER,
    lost: "x",
    bundles: 0,
    least: 220,
    ..Scenario::PRUNE
};

const RECOVERY_FOR_EVER: Scenario = Scenario {
    name: "recovery of a run that kept nothing",
    before: &[Step::Store("GSS"), Step::KilledAfterTheExchange(PRUNE_FOR_EVER)],
    old: "-SS",
    least: 150,
    ..FOR_EVER
};

/// A run that is named is taken back once, however often that is asked for.
const UNDO_FIRST: Line = &["undo", "--store", "{store}", "{run1}"];
const UNDO_SECOND: Line = &["undo", "--store", "{store}", "{run2}"];
const RESTORE: Line = &["trash", "restore", "--store", "{store}", "{key0}"];
const EMPTY: Line = &["trash", "empty", "--yes", "--store", "{store}"];
const PIN: Line = &["pin", "{store}", "{key0}", "--reason", "mine"];
const UNPIN: Line = &["unpin", "{store}", "{key0}"];

const UNDO: Scenario = Scenario {
    name: "undo",
    before: &[Step::Store("GSS"), Step::Run(PRUNE)],
    line: UNDO_FIRST,
    next: UNDO_FIRST,
    old: "-SS",
    new: "GSS",
    runs: 2,
    bundles: 2,
    ..Scenario::PRUNE
};

const UNDO_UNDO: Scenario = Scenario {
    name: "undo of an undo",
    before: &[Step::Store("GSS"), Step::Run(PRUNE), Step::Run(UNDO_FIRST)],
    line: UNDO_SECOND,
    next: UNDO_SECOND,
    old: "GSS",
    new: "-SS",
    runs: 3,
    bundles: 3,
    ..Scenario::PRUNE
};

const TRASH_RESTORE: Scenario = Scenario {
    name: "trash restore",
    before: &[Step::Store("GGS"), Step::Run(PRUNE)],
    line: RESTORE,
    next: RESTORE,
    old: "--S",
    new: "G-S",
    runs: 2,
    bundles: 2,
    ..Scenario::PRUNE
};

const TRASH_EMPTY: Scenario = Scenario {
    name: "trash empty",
    before: &[Step::Store("GSS"), Step::Run(PRUNE)],
    line: EMPTY,
    next: EMPTY,
    old: "-SS",
    lost: "x",
    bundles: 0,
    least: 60,
    ..Scenario::PRUNE
};

const PINNING: Scenario = Scenario {
    name: "pin",
    line: PIN,
    next: PIN,
    new: "GSS",
    runs: 0,
    bundles: 0,
    pins: 1,
    least: 60,
    ..Scenario::PRUNE
};

const UNPINNING: Scenario = Scenario {
    name: "unpin",
    before: &[Step::Store("GSS"), Step::Run(PIN)],
    line: UNPIN,
    next: UNPIN,
    // Nobody can take away twice what he has once: 1 says so.
    may_end: &[0, 1],
    pins: 0,
    ..PINNING
};

const COMPRESS: Scenario =
    Scenario { name: "compressed trash", before: &[Step::Store("GSS"), Step::Compress], ..Scenario::PRUNE };

const COMPACTING: Line = &["compact", "{store}"];

const COMPACT: Scenario = Scenario {
    name: "compact",
    before: &[Step::Store("CSC")],
    line: COMPACTING,
    next: COMPACTING,
    old: "CSC",
    new: "SSS",
    ..Scenario::PRUNE
};

const UNDO_COMPACT: Scenario = Scenario {
    name: "undo of a compact",
    before: &[Step::Store("CSC"), Step::Run(COMPACTING)],
    line: UNDO_FIRST,
    next: UNDO_FIRST,
    old: "SSS",
    new: "CSC",
    runs: 2,
    bundles: 2,
    ..Scenario::PRUNE
};

const PINNED: Scenario = Scenario {
    name: "a row beside a pinned one",
    before: &[Step::Store("GGS"), Step::Run(PIN)],
    old: "GGS",
    new: "G-S",
    pins: 1,
    ..Scenario::PRUNE
};

/// Those whose next run is killed as well.
pub(crate) const KILLED_TWICE: &[Scenario] = &[
    Scenario::PRUNE,
    LAST_ROW,
    DEAD_LOCK,
    RECOVERY,
    RECOVERY_AND_MORE,
    SECOND_RUN,
    TICK,
    UNDO,
    UNDO_UNDO,
    PURGE,
    FOR_EVER,
    COMPRESS,
    COMPACT,
];

/// The one whose every call fails with every error: much is there already, and much is done.
pub(crate) const FAILS: Scenario = Scenario {
    name: "a sweep with all there is",
    before: &[Step::Store("GSS"), Step::Foreign, Step::DeadLock, Step::Leftover],
    ..Scenario::PRUNE
};

/// Whose calls fail with one error each.
pub(crate) const OTHERS_FAIL: &[Scenario] = &[
    COMPRESS,
    COMPACT,
    UNDO_COMPACT,
    PINNING,
    UNPINNING,
    PURGE,
    UNDO,
    UNDO_UNDO,
    TRASH_RESTORE,
    TRASH_EMPTY,
    FOR_EVER,
    SECOND_RUN,
    RECOVERY_AND_MORE,
    TICK,
    DRY_RUN,
];

/// Which are asked to stop, besides a sweep.
pub(crate) const ASKED: &[Scenario] = &[UNDO, COMPACT, TRASH_RESTORE, PINNING, TRASH_EMPTY, TICK];

/// All of them.
pub(crate) const ALL: &[Scenario] = &[
    Scenario::PRUNE,
    LAST_ROW,
    ALL_ROWS,
    HEAVY,
    DEAD_LOCK,
    RECOVERY,
    RECOVERY_AND_MORE,
    SECOND_RUN,
    DRY_RUN,
    NO_OP,
    TICK,
    THROTTLED,
    PURGE,
    FOR_EVER,
    RECOVERY_FOR_EVER,
    UNDO,
    UNDO_UNDO,
    TRASH_RESTORE,
    TRASH_EMPTY,
    PINNING,
    UNPINNING,
    PINNED,
    COMPRESS,
    COMPACT,
    UNDO_COMPACT,
];
