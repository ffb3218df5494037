//! Which dialects stand beside our processes, and what must hold at the end.
//!
//! No machine runs gateways of all ages on one store, and they could not: 2.17 takes the lock of a 2.12, which has no
//! `createdAt`, for stale, and that of its own kind in the instant when it is empty. Left to themselves four peers of
//! 2.12, 2.17 and 3.13 lose updates; a rig must not blame us for those. 2.12 and 3.13 get on, and so does one process of
//! 2.17, whose callers stand in a line of their own.

use std::env;

use crate::{
    rig::{self, Cast, Outcome, Peer},
    skip,
    sweeper::Kind,
};

const OLD_AND_LATE: &[Peer] = &[
    Peer { dialect: "2.12", writers: 1 },
    Peer { dialect: "2.12", writers: 1 },
    Peer { dialect: "3.13", writers: 1 },
    Peer { dialect: "3.13", writers: 1 },
];

const ONE_GATEWAY_OF_THE_MIDDLE: &[Peer] = &[Peer { dialect: "2.17", writers: 4 }];

/// Tries of a control. Most catch the loss in the first one.
const TRIES: usize = 10;

fn updates() -> usize {
    env::var("SESSION_REAPER_PEER_UPDATES").map_or(500, |text| text.parse().expect("a number"))
}

fn run(cast: &Cast) -> Option<Outcome> {
    if rig::has_node() {
        return Some(rig::run(cast));
    }
    skip("there is no node; tests/setup.sh installs it");
    None
}

/// What must hold whoever stands beside us: they lose nothing, and every reader sees a whole store.
fn beside(peers: &'static [Peer]) -> Option<Outcome> {
    let updates = updates();
    let outcome = run(&Cast { sweepers: 16, kind: Kind::Ours, peers, updates })?;
    assert!(outcome.lost.is_empty(), "{} lost, such as {:#?}", outcome.lost.len(), outcome.examples());
    assert_eq!((outcome.swept + outcome.odd, outcome.updates), (16 * updates, 4 * updates));
    assert!(outcome.strangers.is_empty(), "{:#?}", outcome.strangers);
    assert!(outcome.reads.complaints.is_empty(), "{:#?}", outcome.reads);
    assert!(outcome.reads.reads >= updates, "{:#?}", outcome.reads);
    Some(outcome)
}

#[test]
fn i7_beside_gateways_of_2_12_and_3_13_nobody_loses_an_update() {
    let Some(outcome) = beside(OLD_AND_LATE) else { return };
    assert_eq!(outcome.losses(), 0, "such as {:#?}", outcome.examples());
}

/// A 2.17 that meets a lock which goes while it looks removes whatever lock stands there next, although it was made whole.
/// If that is ours, it may write back the row that we are just removing; our next sweep takes it. Each theft can undo one
/// sweep and no more, and none of their updates.
#[test]
fn i7_beside_a_gateway_of_2_17_nobody_loses_an_update_but_by_its_own_theft() {
    let Some(outcome) = beside(ONE_GATEWAY_OF_THE_MIDDLE) else { return };
    let (undone, steals) = (outcome.undone(), outcome.steals);
    assert!(undone <= steals, "{undone} undone by {steals} thefts, such as {:#?}", outcome.examples());
}

/// How a control ended that is tried until it shows a loss.
fn first_loss(cast: &Cast) -> Option<Outcome> {
    let mut last = None;
    for _ in 0..TRIES {
        last = Some(run(cast)?);
        if last.as_ref().is_some_and(|outcome| outcome.losses() > 0) {
            break;
        }
    }
    last
}

#[test]
fn the_rig_catches_sweepers_without_a_lock() {
    let peers = &OLD_AND_LATE[1..3];
    let cast = Cast { sweepers: 4, kind: Kind::Careless, peers, updates: 50 };
    let Some(outcome) = first_loss(&cast) else { return };
    assert!(outcome.losses() > 0, "nothing was lost, so that the rig shows nothing");
}
