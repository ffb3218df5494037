//! What is said when something fails after the change was made: no rows were removed by an undo, a compact or a pin.

use std::time::Duration;

use session_reaper::{
    Age, Error, FileStore, Policy,
    fs::MemDisk,
    store::{Pin, Slimming, Store},
    sweep::{self, Options},
};

use crate::world::{NOW, World, options, run_key, wish};

type Disk = FileStore<MemDisk>;
type Act<'a> = &'a dyn Fn(&Disk, &<Disk as Store>::Guard) -> Result<(), Error>;

const LATE: &str = "; the change was made";

fn text() -> String {
    format!(
        "{{\"a\":{{\"updatedAt\":1700000000000,\"skillsSnapshot\":{{}}}},\"{}\":{{\"updatedAt\":1700000000000}}}}",
        run_key(1)
    )
}

/// Fails at each call in turn, and gives what was said after the change was made. Whether it was is for `is_made` to say.
fn said(
    before: impl Fn() -> World,
    act: impl Fn(&World) -> Option<Error>,
    is_made: impl Fn(&World) -> bool,
) -> Vec<String> {
    let (mut late, mut early) = (Vec::new(), 0);
    for at in 0.. {
        let world = before();
        world.disk.fail_at(at, true);
        let error = act(&world);
        let calls = world.disk.heal();
        if let Some(error) = error {
            assert_eq!(error.is_too_late(), is_made(&world), "call {at}: {error}");
            if error.is_too_late() {
                late.push(format!("{error} | {}", error.hint().unwrap_or_default()));
            } else {
                early += 1;
            }
        }
        if calls <= at {
            break;
        }
    }
    assert!(early > 3 && !late.is_empty(), "{early} {late:?}");
    late
}

#[test]
fn a_late_error_of_an_undo_or_a_compact_says_that_the_change_was_made() {
    let before = || {
        let world = World::with(&text());
        world.prune();
        world
    };
    let undo = |world: &World| {
        let run = "20261121T080000000Z-00000001".parse().unwrap();
        world.undo(&run, &wish(None)).1.error
    };
    let compact = |world: &World| {
        let fields = Slimming::FIELDS.map(str::to_owned).to_vec();
        let slimming =
            Slimming { fields, inactive: Age::from_hours(24), now: NOW, policy: Policy::default() };
        let options = Options { run: Some(world.run()), ..options() };
        sweep::compact(&world.store(), &slimming, &options).error
    };
    let has_run = |world: &World| world.text().contains(&run_key(1));
    let is_slim = |world: &World| !world.text().contains("skillsSnapshot");
    for late in [said(before, undo, has_run), said(before, compact, is_slim)] {
        assert!(late.iter().all(|error| error.contains(LATE) && !error.contains("removed")), "{late:#?}");
    }
    let prune = |world: &World| world.prune().1.error;
    let late = said(|| World::with(&text()), prune, |world| !has_run(world));
    assert!(late.iter().all(|error| error.contains("; the rows were removed")), "{late:#?}");
}

#[test]
fn a_pin_that_may_not_outlive_a_power_cut_is_told_to_be_in_force() {
    let guarded = |world: &World, act: Act<'_>| {
        let store = world.store();
        let guard = store.lock(Duration::ZERO, &Options::default().stop);
        guard.and_then(|guard| act(&store, &guard)).err()
    };
    let pin = |world: &World| {
        let pin = Pin { key: "a".into(), reason: None, until: None, at: NOW, by: None };
        guarded(world, &|store, guard| store.pin(guard, pin.clone()).map(drop))
    };
    let unpin = |world: &World| guarded(world, &|store, guard| store.unpin(guard, b"a").map(drop));
    let is_pinned = |world: &World| world.store().pins().unwrap().pins().hold(b"a", NOW);
    let late = said(|| World::with(&text()), pin, is_pinned);
    assert!(late.iter().all(|error| error.contains(LATE) && error.contains("is in force")), "{late:#?}");
    let pinned = || {
        let world = World::with(&text());
        assert!(pin(&world).is_none());
        world
    };
    let late = said(pinned, unpin, |world| !is_pinned(world));
    assert!(late.iter().all(|error| error.contains(LATE) && error.contains("is gone")), "{late:#?}");
}
