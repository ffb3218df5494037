//! The verdict on one row, for people.

use std::io::Write;

use session_reaper::{
    Bytes, Timestamp,
    inspect::{Explanation, Member},
    policy::Decision,
    store::Pin,
};

use crate::cli::{
    Failure,
    output::{self, BOLD, DIM, GOES},
    words::{self, plain},
};

/// So many rows of a family are shown.
const FAMILY: usize = 5;

/// Prints the verdict in two sentences, and then what it rests on.
pub(crate) fn explanation(row: &Explanation) -> Result<(), Failure> {
    let mut out = output::stdout();
    let verdict = &row.row.verdict;
    let (style, word) = match verdict.decision {
        Decision::Prune(rule) => (GOES, format!("goes (rule {rule})")),
        Decision::Keep(reason) => (BOLD, format!("stays ({reason})")),
    };
    writeln!(out, "{BOLD}{}{BOLD:#}", plain(&row.row.key.to_text()))?;
    writeln!(out, "  {style}{word}{style:#}: {}", plain(&row.why))?;
    writeln!(out, "  {}", row.outlook)?;
    let mut fact = |name: &str, text: String| writeln!(out, "  {DIM}{name:<9}{DIM:#} {text}");
    fact("kind", row.row.kind.to_string())?;
    fact("size", Bytes(row.row.bytes).to_string())?;
    fact("updated", moment(verdict.updated, row.row.now))?;
    if let Some(retention) = row.retention {
        fact("retention", retention.to_string())?;
    }
    if verdict.expires.is_some() {
        fact("expires", moment(verdict.expires, row.row.now))?;
    }
    if let Some(pin) = &row.pin {
        fact("pinned", pinned(pin, row.row.now))?;
    }
    if row.occurrences > 1 {
        fact(
            "stands",
            format!("{} times; JavaScript sees the last, and all share its fate", row.occurrences),
        )?;
    }
    family(&mut out, row)?;
    Ok(out.flush()?)
}

/// Until when, by whom and what for.
fn pinned(pin: &Pin, now: Timestamp) -> String {
    let until = match pin.until {
        Some(until) if pin.is_over(now) => format!("until {until}, which is over"),
        Some(until) => format!("until {until}"),
        None => "for good".to_owned(),
    };
    let by = pin.by.as_ref().map_or_else(String::new, |by| format!(", by {by}"));
    let reason = pin.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    plain(&format!("{until}{by}{reason}")).into_owned()
}

fn moment(time: Option<Timestamp>, now: Timestamp) -> String {
    let Some(time) = time else { return "never, or at no time that can be read".to_owned() };
    let age = now.millis_since(time);
    let ago = if age < 0 { "" } else { " ago" };
    format!("{time}, {}{ago}", words::age(Some(age)))
}

fn family(out: &mut impl Write, row: &Explanation) -> std::io::Result<()> {
    if row.relatives == 0 {
        return Ok(());
    }
    let others = words::count(row.relatives, "other row");
    writeln!(out, "  {DIM}{:<9}{DIM:#} {others}; a family goes when all of it has expired", "family")?;
    for member in row.family.iter().take(FAMILY) {
        writeln!(out, "            {}  {}", plain(&member.key.to_text()), state(member))?;
    }
    match row.relatives.saturating_sub(FAMILY as u64) {
        0 => Ok(()),
        more => writeln!(out, "            {DIM}... and {more} more{DIM:#}"),
    }
}

fn state(member: &Member) -> String {
    match (member.verdict.decision, member.verdict.expires) {
        (Decision::Keep(reason), Some(at)) if member.keeps_family() => {
            format!("keeps it: {reason} until {at}")
        }
        (Decision::Keep(reason), None) if member.keeps_family() => format!("keeps it: {reason}"),
        _ => "has expired".to_owned(),
    }
}
