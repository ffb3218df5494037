//! Rows that live and die together: the occurrences of one key, and a cron run with its descendants.
//!
//! Of a key that stands twice JavaScript sees the last, so that one is judged and the others share its fate. A family
//! goes only when every member has expired. The newest runs of a job may be kept however old they are.

use foldhash::HashSet;

use super::{
    Decision, KeepReason, Rule,
    docket::Docket,
    kin::{Kin, families, members, names},
    standing::Standing,
    state::State,
};

/// Judges sorted rows. The families in `newest` are the newest runs of their jobs.
pub(super) fn judge(sorted: &[Kin], docket: &mut Docket, newest: &HashSet<u64>) {
    for family in families(sorted) {
        let is_newest =
            !newest.is_empty() && family.first().is_some_and(|row| newest.contains(&row.family()));
        let shared = if is_newest { Some(KeepReason::KeepLast) } else { shared_reason(family, docket) };
        names(family).for_each(|name| judge_name(name, docket, shared, is_newest));
    }
}

/// Judges the occurrences of one key: all as the last of them.
fn judge_name(name: &[Kin], docket: &mut Docket, shared: Option<KeepReason>, is_newest: bool) {
    let Some(last) = name.last().map(Kin::order) else { return };
    let decision = decide(&docket.of(last), shared);
    for row in name {
        docket.change(row.order(), |state| {
            state.decision = decision;
            state.is_last = row.order() == last;
            state.is_newest = is_newest;
        });
    }
}

/// What is decided about a row whose family has a reason to stay, or none.
const fn decide(state: &State, shared: Option<KeepReason>) -> Decision {
    match (state.standing, shared, state.rule) {
        (Standing::Protected(reason), ..) | (Standing::Expired, Some(reason), _) => Decision::Keep(reason),
        (Standing::Alive, _, Some(Rule::MaxEntries)) => Decision::Keep(KeepReason::WithinCap),
        (Standing::Expired, None, Some(rule)) => Decision::Prune(rule),
        (Standing::Alive, ..) | (_, _, None) => Decision::Keep(KeepReason::NotExpired),
    }
}

/// What keeps even the expired members of this family.
fn shared_reason(family: &[Kin], docket: &Docket) -> Option<KeepReason> {
    let stays = |order| docket.of(order).standing != Standing::Expired;
    members(family).any(stays).then_some(KeepReason::Family)
}
