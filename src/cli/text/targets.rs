//! What happened to the folders of what sessions leave behind, one section each.

use std::io::{self, Write};

use session_reaper::{
    Bytes,
    artifact::{Action, Item, Report, media, payloads},
    model::Outcome,
};

use crate::cli::{
    output::{BOLD, DIM, ERROR, GOES},
    report::counts,
    words::{self, plain},
};

/// What is shown of each folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Things {
    /// How many at most.
    pub(crate) most: u64,
    /// Whether things that stay are among them.
    pub(crate) kept: bool,
}

/// Prints one section.
pub(crate) fn target(out: &mut impl Write, target: &Report, applied: bool, things: Things) -> io::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#}: {}", plain(&target.path), headline(target, applied))?;
    let shown = || target.items.iter().filter(|item| things.kept || goes(item));
    let most = usize::try_from(things.most).unwrap_or(usize::MAX);
    shown().take(most).try_for_each(|item| line(out, item))?;
    match shown().count().saturating_sub(most) {
        more @ 1.. if most > 0 => {
            writeln!(out, "  {DIM}... and {more} more; --show-kept lists them all{DIM:#}")?;
        }
        _ => {}
    }
    counts(out, if applied { "swept" } else { "to go" }, &target.by_rule)?;
    counts(out, "kept", &target.kept_by)
}

const fn goes(item: &Item) -> bool {
    matches!(item.action, Action::Sweep | Action::Fail)
}

/// `2 workspaces`
pub(crate) fn number(target: &Report, number: u64) -> String {
    let one = match target.kind {
        media::KIND => "file",
        payloads::KIND => "session",
        kind => kind.trim_end_matches('s'),
    };
    words::count(number, one)
}

fn headline(target: &Report, applied: bool) -> String {
    let goes = if applied { "swept" } else { "would go" };
    match target.outcome {
        Outcome::Swept => {
            let (went, freed) = (number(target, target.swept), Bytes(target.bytes_freed));
            format!("{went} {goes} ({freed}), {} kept", target.retained + target.skipped + target.failed)
        }
        Outcome::Nothing => format!("nothing to sweep among {}", words::count(target.scanned, "name")),
        Outcome::Throttled => format!("not due before {}", words::due(target.next_due)),
        Outcome::Disabled => "every age is off, so it was not looked at".to_owned(),
        other => other.name().to_owned(),
    }
}

fn line(out: &mut impl Write, item: &Item) -> io::Result<()> {
    let (style, word) = match item.action {
        Action::Sweep => (GOES, "sweep"),
        Action::Fail => (ERROR, "fail"),
        Action::Retain | Action::Skip => (DIM, "keep"),
    };
    let (age, size) = (words::age(item.age_ms), Bytes(item.bytes));
    let name = plain(&item.name);
    writeln!(out, "  {style}{word:<5}{style:#} {age:>8}  {:<12}  {size:>9}  {name}", item.why)
}
