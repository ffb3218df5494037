//! The rows of a store, one a line.

use std::io::{self, Write};

use session_reaper::{
    Bytes,
    inspect::{ListedRow, Listing},
    policy::{Decision, KeepReason, Rule},
};

use crate::cli::{
    Failure,
    output::{self, DIM, GOES},
    table,
    words::{self, plain},
};

/// Prints a list, its keys cut to fit on a screen of some width.
pub(crate) fn rows(listing: &Listing, screen: Option<usize>) -> Result<(), Failure> {
    let mut out = output::stdout();
    if !listing.is_empty() {
        writeln!(out, "{DIM}{:>7}  {:<9}  {:>8}  {:<9}  KEY{DIM:#}", "AGE", "KIND", "SIZE", "GOES")?;
    }
    listing.each(|row| Ok::<(), Failure>(line(&mut out, &row, screen)?))?;
    if (listing.len() as u64) < listing.matched {
        let more = listing.matched - listing.len() as u64;
        writeln!(out, "{DIM}... and {more} more; --limit {} shows them all{DIM:#}", listing.matched)?;
    }
    writeln!(out, "{}", summary(listing))?;
    Ok(out.flush()?)
}

/// One row. On a screen of some width the key makes room for what stands before it.
fn line(out: &mut impl Write, row: &ListedRow, screen: Option<usize>) -> io::Result<()> {
    let (age, size, goes) = (words::age(row.age_millis()), Bytes(row.bytes), goes(row));
    let before = format!("{age:>7}  {:<9}  {size:>8}  ", row.kind);
    let style = if row.verdict.prunes() { GOES } else { DIM };
    let key = row.key.to_text();
    let key = plain(&key);
    let taken = before.chars().count() + goes.chars().count().max(9) + 2;
    let key = table::fitted(&key, taken, screen);
    writeln!(out, "{before}{style}{goes:<9}{style:#}  {key}")
}

/// When a row goes, or what keeps it.
fn goes(row: &ListedRow) -> String {
    match (row.verdict.decision, row.verdict.expires) {
        (Decision::Prune(Rule::MaxEntries), _) => "now: cap".to_owned(),
        (Decision::Prune(_), _) => "now".to_owned(),
        (Decision::Keep(KeepReason::NotExpired), Some(at)) => words::age(Some(row.now.millis_since(at))),
        (Decision::Keep(reason), _) => reason.to_string(),
    }
}

fn summary(listing: &Listing) -> String {
    let rows = words::count(listing.matched, "row");
    let of =
        if listing.matched == listing.scanned { String::new() } else { format!(" of {}", listing.scanned) };
    let goes = if listing.prunable == 0 { "none".to_owned() } else { listing.prunable.to_string() };
    format!("{rows}{of}, {}; {goes} would go now", Bytes(listing.bytes))
}
