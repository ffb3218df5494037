//! What somebody said yes to, and nothing else: preview, question, and a second look before the sweep.

use std::{collections::HashSet, ops::ControlFlow};

use session_reaper::{
    Error,
    artifact::{self, Action},
    sweep::{self, Report, StoreReport, Verb},
};

use super::{
    Failure,
    ask::{self, Answer},
    sweeping::Sweeping,
};

/// Shows what would go, asks, and sweeps the stores that it would go from. What could not be shown is left alone. With
/// a no, or where nothing would go, the report is the preview's.
pub(super) fn prune(sweeping: &Sweeping<'_>) -> Result<(Answer, Report), Failure> {
    ask::must_be_possible()?;
    let mut shown = sweeping.preview(Verb::Prune, sweep::prune);
    while shown.totals().pruned > 0 {
        if ask::about(&shown, sweeping.options.trash)? == Answer::No {
            return Ok((Answer::No, shown));
        }
        // A question can stand for hours, and the stores go on living.
        let found = look_again(sweeping, &mut shown);
        if !goes_beyond(&found, &shown)? {
            return Ok((Answer::Yes, sweeping.sweep_what_goes(found, sweep::prune)));
        }
        sweeping.frame.note("more would go by now than what was shown; nothing was removed so far");
        shown = found;
    }
    Ok((Answer::Yes, shown))
}

/// What would go by now. A store that could not be shown stays what it was: nobody was asked about it.
fn look_again(sweeping: &Sweeping<'_>, shown: &mut Report) -> Report {
    let mut found = sweeping.preview(Verb::Prune, sweep::prune);
    for (found, shown) in found.stores.iter_mut().zip(&mut shown.stores) {
        if shown.error.is_some() {
            std::mem::swap(found, shown);
        }
    }
    found
}

/// Whether a row would go now that would not have gone when it was shown.
fn goes_beyond(found: &Report, shown: &Report) -> Result<bool, Error> {
    for (found, shown) in found.stores.iter().zip(&shown.stores) {
        if has_more(found, shown)? {
            return Ok(true);
        }
    }
    // One that was not shown at all may have everything that nobody was asked about.
    let is_beyond = |found: &artifact::Report| match shown.targets.iter().find(|shown| is_same(shown, found))
    {
        Some(shown) => has_more_things(found, shown),
        None => found.swept > 0,
    };
    Ok(found.targets.iter().any(is_beyond))
}

fn is_same(one: &artifact::Report, other: &artifact::Report) -> bool {
    (one.kind, &one.path) == (other.kind, &other.path)
}

/// Whether a thing would go now that would not have gone when it was shown.
fn has_more_things(found: &artifact::Report, shown: &artifact::Report) -> bool {
    let goes = |report: &artifact::Report| -> HashSet<String> {
        let goes = report.items.iter().filter(|item| item.action == Action::Sweep);
        goes.map(|item| item.name.clone()).collect()
    };
    !goes(found).is_subset(&goes(shown))
}

fn has_more(found: &StoreReport, shown: &StoreReport) -> Result<bool, Error> {
    let mut known = HashSet::new();
    shown.items.each(|item| {
        if item.verdict.prunes() {
            known.insert(item.key);
        }
        ControlFlow::Continue(())
    })?;
    let mut is_more = found.pruned > shown.pruned;
    found.items.each(|item| {
        is_more |= item.verdict.prunes() && !known.contains(&item.key);
        if is_more { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(is_more)
}
