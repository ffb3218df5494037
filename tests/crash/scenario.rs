//! What is killed, as a value: what lies in the folder, the command line, and what must be true in the end.
//!
//! Rows are letters, one for each place in the store: `-` where the row is not there, `G` for a cron run that has expired,
//! `S` for a row that stays, `g` and `s` for the same with a megabyte of text, `C` for a row that becomes an `S` when it is
//! compacted.

/// A command line. `{store}` stands for the path of the store, `{old}` for the text it has, `{new}` for the one that it
/// should get, `{run1}` and `{run2}` for the first runs of the journal, and `{key0}` for the key of the first row.
pub(crate) type Line = &'static [&'static str];

/// Something that happened before.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// Somebody wrote the store.
    Store(&'static str),
    /// A command line was left alone.
    Run(Line),
    /// A command line was killed right after the exchange of the texts.
    KilledAfterTheExchange(Line),
    /// A killed sweep left a new text behind.
    Leftover,
    /// The store belongs to another user, where root runs the test.
    Foreign,
    /// A gateway was killed while it had the lock.
    DeadLock,
    /// Somebody wants the trash compressed.
    Compress,
    /// There is an empty bundle in the trash, for pruners that can make none.
    Bundle,
}

/// A command line that is killed, and all that is to be said about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What lies in the folder before.
    pub(crate) before: &'static [Step],
    pub(crate) program: Program,
    /// What is killed.
    pub(crate) line: Line,
    /// What comes next.
    pub(crate) next: Line,
    /// The rows that stand in the store before, and after.
    pub(crate) old: &'static str,
    pub(crate) new: &'static str,
    /// Rows that may be nowhere: `x` at their places.
    pub(crate) lost: &'static str,
    /// How the next run may end.
    pub(crate) may_end: &'static [i32],
    /// How many runs the journal has in the end, and how many bundles are in the trash.
    pub(crate) runs: usize,
    pub(crate) bundles: usize,
    /// How many rows are pinned in the end.
    pub(crate) pins: usize,
    /// With fewer calls than this the rig looks at something else.
    pub(crate) least: usize,
}

/// Which program a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Ours,
    /// For pruners as they should not be.
    Shell,
}

pub(crate) const PRUNE: Line = &["prune", "--yes", "{store}"];

impl Scenario {
    /// One row goes, two stay.
    pub(crate) const PRUNE: Self = Self {
        name: "first row",
        before: &[Step::Store("GSS")],
        program: Program::Ours,
        line: PRUNE,
        next: PRUNE,
        old: "GSS",
        new: "-SS",
        lost: "",
        may_end: &[0],
        runs: 1,
        bundles: 1,
        pins: 0,
        least: 250,
    };

    pub(crate) fn old_text(&self) -> String {
        text(self.old)
    }

    pub(crate) fn new_text(&self) -> String {
        text(self.new)
    }

    /// Every row that ever was in the store and has to be somewhere.
    pub(crate) fn rows(&self) -> Vec<String> {
        let stores = self.before.iter().filter_map(|step| match step {
            Step::Store(letters) => Some(*letters),
            _ => None,
        });
        let rows = stores.flat_map(|letters| letters.chars().enumerate());
        let mut rows: Vec<_> =
            rows.filter(|(at, letter)| *letter != '-' && self.lost.chars().nth(*at) != Some('x')).collect();
        rows.sort_unstable();
        rows.dedup();
        rows.into_iter().map(|(at, letter)| row(at, letter)).collect()
    }
}

/// A store as gateways write it.
pub(crate) fn text(letters: &str) -> String {
    let rows = letters.chars().enumerate().filter(|(_, letter)| *letter != '-');
    let rows: Vec<_> = rows.map(|(at, letter)| format!("  {}", row(at, letter))).collect();
    if rows.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n}}", rows.join(",\n")) }
}

/// The key of the row at a place.
pub(crate) fn key(at: usize, letter: char) -> String {
    if letter.eq_ignore_ascii_case(&'G') {
        format!("agent:main:cron:job{at}:run:0f6a2b1c-1111-4222-8333-{at:012}")
    } else {
        format!("agent:main:telegram:group:{at}")
    }
}

/// A row from its key's quote to the end of its value.
fn row(at: usize, letter: char) -> String {
    let heavy = if letter.is_ascii_lowercase() { "\\ud83d weighs".repeat(1 << 16) } else { String::new() };
    let again = if letter == 'C' { "\"skillsSnapshot\": { \"a\": [1e2] },\n    " } else { "" };
    format!(
        "\"{}\": {{\n    \"updatedAt\": 1700000000000,\n    {again}\"x\": 1e2,\n    \"y\": \"{heavy}\"\n  }}",
        key(at, letter)
    )
}
