//! Pins, for people.

use std::io::Write;

use session_reaper::{Timestamp, store::Pin};

use crate::cli::{
    Failure,
    output::{self, DIM},
    table::{self, Cell, Side},
    words::plain,
};

/// Says that a row is pinned, and what it was before.
pub(crate) fn pinned(pin: &Pin, replaced: Option<&Pin>) -> Result<(), Failure> {
    let mut out = output::stdout();
    writeln!(out, "pinned {} {}", plain(&pin.key.to_text()), end(pin))?;
    if let Some(before) = replaced {
        let reason = before.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        writeln!(out, "{DIM}before: {}{}{DIM:#}", end(before), plain(&reason))?;
    }
    Ok(out.flush()?)
}

/// Says that a row is not pinned any more.
pub(crate) fn unpinned(pin: &Pin) -> Result<(), Failure> {
    let mut out = output::stdout();
    writeln!(out, "unpinned {}", plain(&pin.key.to_text()))?;
    Ok(out.flush()?)
}

/// Lists pins, those first that were set first.
pub(crate) fn pins(pins: &[Pin], now: Timestamp) -> Result<(), Failure> {
    let mut out = output::stdout();
    if pins.is_empty() {
        writeln!(out, "nothing is pinned")?;
        return Ok(out.flush()?);
    }
    let head = ["KEY", "UNTIL", "PINNED", "BY", "REASON"].map(|title| (title, Side::Left));
    let rows: Vec<_> = pins.iter().map(|pin| row(pin, now)).collect();
    table::write(&mut out, head, &rows)?;
    Ok(out.flush()?)
}

fn row(pin: &Pin, now: Timestamp) -> [Cell; 5] {
    let until = pin.until.map_or_else(|| "for good".to_owned(), |until| until.to_string());
    let until = if pin.is_over(now) { Cell::dim(format!("{until} (over)")) } else { until.into() };
    [
        plain(&pin.key.to_text()).into_owned().into(),
        until,
        pin.at.to_string().into(),
        plain(pin.by.as_deref().unwrap_or("-")).into_owned().into(),
        plain(pin.reason.as_deref().unwrap_or("")).into_owned().into(),
    ]
}

fn end(pin: &Pin) -> String {
    pin.until.map_or_else(|| "for good".to_owned(), |until| format!("until {until}"))
}
