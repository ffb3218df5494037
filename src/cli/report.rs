//! A report as one JSON object, or as text that ends in one summary line.

use std::{
    fmt::Display,
    io::{self, Write},
    ops::ControlFlow,
};

use anstyle::Style;
use session_reaper::{
    Bytes,
    policy::Decision,
    sweep::{Item, Outcome, Report, StoreReport},
};

use super::{
    Failure,
    flags::SweepArgs,
    output::{self, BOLD, DIM, ERROR, GOES},
    table,
    text::{self, Things},
    words::{self, plain},
};

/// So many rows are shown where not all are asked for, and of many stores at least so many of each. With what stands
/// around them they fit on a screen of 24 lines.
const FIRST: u64 = 16;
const FIRST_OF_EACH: u64 = 3;

/// What of a report is printed as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// Not a word.
    Nothing,
    /// Counts.
    Counts,
    /// Counts and the first rows.
    First,
    /// Counts and all rows.
    All,
}

impl List {
    /// What these arguments ask for.
    pub(super) const fn of(args: &SweepArgs) -> Self {
        match (args.show_kept, args.dry_run) {
            (true, _) => Self::All,
            (_, true) => Self::First,
            _ => Self::Counts,
        }
    }

    /// How many rows of each of so many stores are shown.
    pub(super) fn rows_of_each(self, stores: usize) -> u64 {
        match self {
            Self::Nothing | Self::Counts => 0,
            Self::First => (FIRST / (stores as u64).max(1)).max(FIRST_OF_EACH),
            Self::All => u64::MAX,
        }
    }

    /// What to show of each folder of what sessions leave behind.
    const fn things(self) -> Things {
        let most = match self {
            Self::Nothing | Self::Counts => 0,
            Self::First => FIRST,
            Self::All => u64::MAX,
        };
        Things { most, kept: matches!(self, Self::All) }
    }

    /// What to show of each of so many stores. Keys are cut where the list is: who asks for all wants them whole.
    fn window(self, stores: usize, screen: Option<usize>) -> Window {
        Window {
            rows: self.rows_of_each(stores),
            kept: self == Self::All,
            screen: screen.filter(|_| self != Self::All),
        }
    }
}

/// How much of a list is shown.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// How many rows of each store.
    rows: u64,
    /// Whether rows that stay are shown, where the report has them.
    kept: bool,
    /// How wide the screen is that keys are cut to fit on.
    screen: Option<usize>,
}

/// Prints the report for people, to its last line. What went wrong has been told on stderr.
pub(super) fn text(report: &Report, list: List) -> Result<(), Failure> {
    if list == List::Nothing {
        return Ok(());
    }
    let mut out = output::stdout();
    let window = list.window(report.stores.len(), table::screen_width(&io::stdout()));
    match &*report.stores {
        [] => {}
        [store] => one(&mut out, store, report.applied, window)?,
        stores => many(&mut out, stores, report.applied, window)?,
    }
    let things = list.things();
    report.targets.iter().try_for_each(|target| text::target(&mut out, target, report.applied, things))?;
    summary(&mut out, report)?;
    Ok(out.flush()?)
}

/// Shows on stderr what will go and what will be left alone because it could not be read, for a question to follow.
pub(super) fn preview(out: &mut impl Write, report: &Report) -> Result<(), Failure> {
    let busy = || report.stores.iter().filter(|store| store.pruned > 0);
    let window = List::First.window(busy().count(), table::screen_width(&io::stderr()));
    busy().try_for_each(|store| one(out, store, false, window))?;
    let busy_targets = report.targets.iter().filter(|target| target.swept > 0);
    busy_targets.clone().try_for_each(|target| text::target(out, target, false, List::First.things()))?;
    let errors = report.stores.iter().map(|store| store.error.as_ref());
    let errors = errors.chain(report.targets.iter().map(|target| target.error.as_ref()));
    for error in errors.flatten() {
        let (step, path) = (error.step(), error.path().display().to_string());
        let (path, why) = (plain(&path), plain(error.message()));
        writeln!(out, "{ERROR}left alone:{ERROR:#} cannot {step} {path}: {why}")?;
    }
    Ok(())
}

fn one(out: &mut impl Write, store: &StoreReport, applied: bool, window: Window) -> Result<(), Failure> {
    writeln!(out, "{BOLD}{}{BOLD:#}: {}", plain(&store.store), headline(store, applied))?;
    rows(out, store, window)?;
    counts(out, if applied { "pruned" } else { "to go" }, &store.by_rule)?;
    Ok(counts(out, "kept", &store.kept_by)?)
}

fn headline(store: &StoreReport, applied: bool) -> String {
    let goes = if applied { "pruned" } else { "would go" };
    match store.outcome {
        Outcome::Swept => {
            let freed = Bytes(store.bytes_freed());
            format!(
                "{} of {} {goes} ({freed} of {})",
                store.pruned,
                words::count(store.scanned, "row"),
                Bytes(store.bytes_before)
            )
        }
        Outcome::Restored => "rows came back".to_owned(),
        Outcome::Nothing => format!("nothing to prune among {}", words::count(store.scanned, "row")),
        Outcome::Throttled => format!("not due before {}", words::due(store.next_due)),
        Outcome::Disabled => "every rule is off, so it was not looked at".to_owned(),
        Outcome::Busy => "busy".to_owned(),
        Outcome::Refused => "refused".to_owned(),
        Outcome::Failed => "failed".to_owned(),
    }
}

/// `  kept    not-expired 60, no-rule 30`
pub(super) fn counts<'c, N: Display + 'c>(
    out: &mut impl Write,
    title: &str,
    counts: impl IntoIterator<Item = (&'c N, &'c u64)>,
) -> io::Result<()> {
    let counts: Vec<String> = counts.into_iter().map(|(name, count)| format!("{name} {count}")).collect();
    if counts.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {DIM}{title:<7}{DIM:#} {}", counts.join(", "))
}

/// The first rows, one a line: age, rule or reason, key. The keys of the others are not even read.
fn rows(out: &mut impl Write, store: &StoreReport, window: Window) -> Result<(), Failure> {
    if window.rows == 0 {
        return Ok(());
    }
    let (mut shown, mut written) = (0, Ok(()));
    store.items.each(|item| {
        if !window.kept && !item.verdict.prunes() {
            return ControlFlow::Continue(());
        }
        written = row(out, &item, window.screen);
        shown += 1;
        if shown < window.rows && written.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    written?;
    match store.pruned.saturating_sub(shown) {
        more if shown == window.rows && more > 0 => {
            Ok(writeln!(out, "  {DIM}... and {more} more; `session-reaper plan` lists them all{DIM:#}")?)
        }
        _ => Ok(()),
    }
}

fn row(out: &mut impl Write, item: &Item, screen: Option<usize>) -> io::Result<()> {
    let (style, word, why) = match item.verdict.decision {
        Decision::Prune(rule) => (GOES, "prune", rule.to_string()),
        Decision::Keep(reason) => (DIM, "keep", reason.to_string()),
    };
    let rest = format!(" {:>8}  {why:<12}  ", words::age(item.age_millis()));
    let key = item.key.to_text();
    let key = table::fitted(&plain(&key), 7 + rest.chars().count(), screen);
    writeln!(out, "  {style}{word:<5}{style:#}{rest}{key}")
}

/// One line for each store; rows below their store.
fn many(out: &mut impl Write, stores: &[StoreReport], applied: bool, window: Window) -> Result<(), Failure> {
    let width = stores.iter().map(|store| plain(&store.store).chars().count()).max().unwrap_or(0);
    for store in stores {
        let bad = if store.error.is_some() { ERROR } else { Style::new() };
        let name = plain(&store.store);
        writeln!(out, "{BOLD}{name:<width$}{BOLD:#}  {bad}{}{bad:#}", headline(store, applied))?;
        rows(out, store, window)?;
    }
    Ok(())
}

/// The last line, the same for one store and for many.
fn summary(out: &mut impl Write, report: &Report) -> io::Result<()> {
    if !report.applied {
        writeln!(out, "dry run: nothing was removed")?;
    }
    let totals = report.totals();
    writeln!(
        out,
        "kept {}, pruned {}, failed {}, freed {}, next due {}",
        totals.kept,
        totals.pruned,
        totals.failed,
        Bytes(totals.bytes_freed),
        words::due(report.next_due())
    )
}

/// What went, in words: `3 rows and 2 workspaces`.
pub(super) fn removed(report: &Report) -> String {
    let rows = report.stores.iter().map(|store| store.pruned).sum();
    let rows = Some(words::count(rows, "row")).filter(|_| rows > 0 || report.targets.is_empty());
    let things = report.targets.iter().filter(|target| target.swept > 0);
    let things = things.map(|target| text::number(target, target.swept));
    rows.into_iter().chain(things).collect::<Vec<_>>().join(" and ")
}
