//! Pruners as one should not write them. Each rig has to find what is wrong with them: one that finds nothing there would
//! find nothing in ours.
//!
//! They are lines of shell that make no process but at their end, by `exec`: strace counts the calls of each process by
//! itself.

use crate::scenario::{Program, Scenario, Step};

/// Writes in place.
pub(crate) const IN_PLACE: Scenario = Scenario {
    name: "in place",
    program: Program::Shell,
    line: &["-c", "printf %s \"$0\" > {store}", "{new}"],
    ..Scenario::PRUNE
};

/// Is careful with the store, and keeps nothing of what it removes.
pub(crate) const FOR_EVER: Scenario = Scenario {
    name: "for ever",
    line: &["-c", "printf %s \"$0\" > {store}.new && exec mv -T {store}.new {store}", "{new}"],
    ..IN_PLACE
};

/// Keeps nothing, and nobody minds, so that nothing else is wrong with those that follow.
const NOTHING_KEPT: Scenario = Scenario { lost: "x", runs: 0, bundles: 0, ..IN_PLACE };

/// Writes in place, and does not look at what comes of it.
pub(crate) const DEAF: Scenario = Scenario {
    name: "in place, and deaf",
    line: &["-c", "printf %s \"$0\" > {store}; true", "{new}"],
    ..NOTHING_KEPT
};

/// Writes beside the store, does not look at what comes of it, and renames.
pub(crate) const BLIND: Scenario = Scenario {
    name: "renamed unseen",
    line: &[
        "-c",
        "test -f {store} && printf %s \"$0\" > {store}.new; exec mv -T {store}.new {store}",
        "{new}",
    ],
    ..NOTHING_KEPT
};

/// Makes nothing durable. dd makes files as we do, and writes through one number of a file.
pub(crate) const NOT_DURABLE: Scenario = Scenario {
    name: "without fsync",
    line: &[
        "-c",
        "printf %s \"$0\" > n && dd if=n of=t.tmp conv=excl status=none && exec mv -T t.tmp sessions.json",
        "{new}",
    ],
    ..NOTHING_KEPT
};

/// Makes the text durable, but not its name.
pub(crate) const NAME_NOT_DURABLE: Scenario = Scenario {
    name: "without fsync of the folder",
    line: &[
        "-c",
        "printf %s \"$0\" > n && dd if=n of=t.tmp conv=excl,fsync status=none && exec mv -T t.tmp sessions.json",
        "{new}",
    ],
    ..NOTHING_KEPT
};

/// Has one place for what it removes, and each run begins it anew. After one kill all is there; then the next run has
/// already begun it anew when it is killed as well.
pub(crate) const ONE_BUNDLE: Scenario = Scenario {
    name: "one bundle for all",
    before: &[Step::Store("GSS"), Step::Bundle],
    line: ONE_BUNDLE_LINE,
    next: ONE_BUNDLE_LINE,
    ..IN_PLACE
};

const ONE_BUNDLE_LINE: crate::scenario::Line = &[
    "-c",
    "test -f sessions.json && printf %s \"$1\" > .session-reaper/trash/r/rows.json && printf %s \"$0\" > t.tmp \
     && exec mv -T t.tmp sessions.json",
    "{new}",
    "{old}",
];
