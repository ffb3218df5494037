//! Taking a run back when the store has gone on living.

use std::collections::BTreeSet;

use session_reaper::{
    Key,
    lock::Stop,
    store::{Force, Pin, Returned, Store, Wish},
    sweep::{self, Options, Outcome, UndoReport},
};

use crate::world::{NOW, OURS, World, options, run_key, wish};

fn row(key: &str, note: &str) -> String {
    format!("  \"{key}\": {{\n    \"updatedAt\": 1700000000000,\n    \"x\": \"{note}\"\n  }}")
}

fn store(rows: &[String]) -> String {
    if rows.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n}}", rows.join(",\n")) }
}

fn fates(report: &UndoReport) -> Vec<(String, Returned)> {
    report.items.iter().map(|row| (row.key.to_text().into_owned(), row.what)).collect()
}

/// main, run 1, group, run 2; both runs gone.
fn pruned() -> (World, sweep::RunId) {
    let rows =
        [row("agent:main:main", "m"), row(&run_key(1), "1"), row("x:group:1", "g"), row(&run_key(2), "2")];
    let world = World::with(&store(&rows));
    let (run, report) = world.prune();
    assert_eq!(report.pruned, 2);
    (world, run)
}

#[test]
fn rows_come_back_to_where_they_stood_beside_rows_that_are_newer() {
    let (world, run) = pruned();
    world.write(&store(&[row("agent:main:main", "newer"), row("x:group:1", "g"), row("x:group:2", "new")]));
    let (_, report) = world.undo(&run, &wish(None));
    assert_eq!((report.restored, report.held_up), (2, 0), "{report:?}");
    let expected = [
        row("agent:main:main", "newer"),
        row(&run_key(1), "1"),
        row("x:group:1", "g"),
        row(&run_key(2), "2"),
        row("x:group:2", "new"),
    ];
    assert_eq!(world.text(), store(&expected));
}

#[test]
fn a_key_that_lives_again_stays_and_is_told() {
    let (world, run) = pruned();
    let living = [row("agent:main:main", "m"), row(&run_key(1), "alive")];
    world.write(&store(&living));
    let (_, report) = world.undo(&run, &wish(None));
    assert_eq!((report.outcome, report.restored, report.held_up), (Outcome::Restored, 1, 1));
    assert_eq!(fates(&report), [(run_key(1), Returned::LivesAgain), (run_key(2), Returned::Restored)]);
    assert_eq!(world.text(), store(&[living[0].clone(), living[1].clone(), row(&run_key(2), "2")]));
}

#[test]
fn forced_it_gets_its_old_row_and_that_can_be_taken_back() {
    for force in [Force::All, Force::Keys(BTreeSet::from([Key::from(&*run_key(1))]))] {
        let (world, run) = pruned();
        let living = store(&[row("agent:main:main", "m"), row(&run_key(1), "alive")]);
        world.write(&living);
        let (undo, report) = world.undo(&run, &Wish { force, ..Wish::default() });
        assert_eq!((report.restored, report.held_up), (2, 0));
        assert_eq!(
            world.text(),
            store(&[row("agent:main:main", "m"), row(&run_key(1), "1"), row(&run_key(2), "2")])
        );
        let (_, report) = world.undo(&undo, &wish(None));
        assert_eq!((report.restored, report.pruned), (1, 1), "{report:?}");
        assert_eq!(world.text(), living);
    }
    let (world, run) = pruned();
    let living = store(&[row(&run_key(1), "alive")]);
    world.write(&living);
    let other = Force::Keys(BTreeSet::from([Key::from("other")]));
    let (_, report) = world.undo(&run, &Wish { force: other, ..Wish::default() });
    assert_eq!((report.restored, report.held_up), (1, 1));
}

#[test]
fn one_row_alone_comes_back() {
    let (world, run) = pruned();
    let before = world.text();
    let (_, report) = world.undo(&run, &wish(Some(&run_key(2))));
    assert_eq!((report.restored, report.items.len()), (1, 1));
    assert!(world.text().contains(&row(&run_key(2), "2")) && !world.text().contains(&run_key(1)));
    let (_, report) = world.undo(&run, &wish(Some("never was")));
    assert_eq!((report.outcome, report.items.len()), (Outcome::Nothing, 0));
    let (_, report) = world.undo(&run, &wish(None));
    assert_eq!(report.restored, 1, "the other one: {before}");
}

#[test]
fn what_is_there_already_is_nothing_to_do() {
    let (world, run) = pruned();
    world.undo(&run, &wish(None));
    let text = world.text();
    let (_, report) = world.undo(&run, &wish(None));
    assert_eq!((report.outcome, report.restored, report.held_up), (Outcome::Nothing, 0, 0));
    assert_eq!(world.text(), text);
}

#[test]
fn rows_come_back_into_a_store_that_was_emptied_or_begun_anew() {
    for (then, expected) in
        [("{}", "{  \"a\"}"), ("{ }", "x"), ("{\"x:group:9\":{}}", "y"), ("{\n  \"x:group:9\": {}\n}\n", "z")]
    {
        let (world, run) = pruned();
        world.write(then);
        let (_, report) = world.undo(&run, &wish(None));
        assert_eq!(report.restored, 2, "{then} {expected}: {report:?}");
        let rows: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&world.text()).unwrap();
        assert_eq!(rows.len(), 2 + usize::from(then.contains("group")), "{}", world.text());
        assert!(world.text().contains(row(&run_key(1), "1").trim_start()), "{}", world.text());
    }
}

#[test]
fn of_a_run_of_every_row_some_come_back_beside_new_ones() {
    let world = World::with(&store(&[row(&run_key(1), "1"), row(&run_key(2), "2"), row(&run_key(3), "3")]));
    let (run, report) = world.prune();
    assert_eq!((report.pruned, world.text().as_str()), (3, "{}"));
    world.write(&store(&[row("x:group:1", "g"), row(&run_key(2), "alive")]));
    let (_, report) = world.undo(&run, &wish(None));
    assert_eq!((report.restored, report.held_up), (2, 1));
    let rows: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&world.text()).unwrap();
    assert_eq!(rows.keys().len(), 4, "{}", world.text());
}

#[test]
fn a_row_that_changed_since_it_came_back_is_not_taken_again() {
    let (world, run) = pruned();
    let (undo, _) = world.undo(&run, &wish(None));
    world.write(&world.text().replace("\"x\": \"1\"", "\"x\": \"touched\""));
    let (_, report) = world.undo(&undo, &wish(None));
    assert_eq!((report.pruned, report.held_up), (1, 1));
    assert_eq!(fates(&report), [(run_key(1), Returned::ChangedSince), (run_key(2), Returned::RemovedAgain)]);
    assert!(world.text().contains("touched") && !world.text().contains(&run_key(2)));
}

/// main and two runs, one of which lives again; the whole was undone by force.
fn forced() -> (World, sweep::RunId) {
    let world =
        World::with(&store(&[row("agent:main:main", "m"), row(&run_key(1), "1"), row(&run_key(2), "2")]));
    let (run, _) = world.prune();
    world.write(&store(&[row("agent:main:main", "m"), row(&run_key(1), "alive")]));
    let (undo, report) = world.undo(&run, &Wish { force: Force::All, ..Wish::default() });
    assert_eq!((report.restored, report.held_up), (2, 0));
    (world, undo)
}

/// The keys that JavaScript sees, sorted.
fn keys(world: &World) -> Vec<String> {
    let rows: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&world.text()).unwrap_or_else(|error| panic!("{error}: {}", world.text()));
    rows.keys().cloned().collect()
}

#[test]
fn rows_that_come_and_go_in_one_undo_leave_a_store_whatever_stands_there() {
    let main = "agent:main:main".to_owned();
    for (then, expected) in [
        (store(&[row(&run_key(2), "2")]), vec![run_key(1)]),
        (store(&[row(&main, "m"), row(&run_key(2), "2")]), vec![run_key(1), main.clone()]),
        (store(&[row(&run_key(2), "2"), row(&main, "m")]), vec![run_key(1), main.clone()]),
        (store(&[]), vec![run_key(1)]),
        (store(&[row(&main, "m")]), vec![run_key(1), main.clone()]),
    ] {
        let (world, undo) = forced();
        world.write(&then);
        let (again, report) = world.undo(&undo, &wish(None));
        assert!(report.error.is_none(), "{then}: {:?}", report.error);
        assert_eq!(keys(&world), expected, "{then}");
        // And back once more, in a store that was emptied or not.
        for then in [None, Some("{}".to_owned())] {
            if let Some(then) = then {
                world.write(&then);
            }
            let (_, report) = world.undo(&again, &wish(None));
            assert!(report.error.is_none(), "{:?}", report.error);
            keys(&world);
        }
    }
}

#[test]
fn a_key_that_stands_twice_goes_and_comes_whole() {
    let key = run_key(1);
    let twice = |other: &str| {
        store(&[row(&key, "first"), row("agent:main:main", "m"), row(&key, other), row(&run_key(2), "2")])
    };
    for other in ["first", "second"] {
        let world = World::with(&twice(other));
        let (run, _) = world.prune();
        let swept = world.text();
        let (undo, _) = world.undo(&run, &wish(None));
        assert_eq!(world.text(), twice(other));
        let (redo, report) = world.undo(&undo, &wish(None));
        assert_eq!((world.text(), report.held_up), (swept.clone(), 0));
        assert_eq!(report.scanned, report.kept + report.pruned);
        let (_, report) = world.undo(&redo, &wish(None));
        assert!(report.error.is_none(), "{:?}", report.error);
        assert_eq!(world.text(), twice(other), "a bundle of a bundle is whole");
        // A gateway that writes its store folds the two into one.
        world.write(&store(&[row("agent:main:main", "m"), row(&key, other)]));
        let (_, report) = world.undo(&undo, &wish(None));
        assert_eq!(report.scanned, report.kept + report.pruned, "{report:?}");
    }
}

#[test]
fn what_is_pinned_is_not_taken_by_an_undo_nor_overwritten_by_force() {
    let (world, run) = pruned();
    let (undo, _) = world.undo(&run, &wish(None));
    let pin = |key: &str| {
        let guard = world.store().lock(std::time::Duration::ZERO, &Stop::default()).unwrap();
        let pin = Pin { key: key.into(), reason: None, until: None, at: NOW, by: None };
        world.store().pin(&guard, pin).unwrap();
    };
    pin(&run_key(1));
    let (_, report) = world.undo(&undo, &wish(None));
    assert_eq!(fates(&report), [(run_key(1), Returned::Pinned), (run_key(2), Returned::RemovedAgain)]);
    assert!(world.text().contains(&run_key(1)));
    world.write(&world.text().replace("\"x\": \"1\"", "\"x\": \"new\""));
    let (_, report) = world.undo(&run, &Wish { force: Force::All, ..Wish::default() });
    assert_eq!(fates(&report), [(run_key(1), Returned::Pinned), (run_key(2), Returned::Restored)]);
}

#[test]
fn a_run_of_a_name_that_is_in_the_trash_already_is_refused_and_changes_nothing() {
    let (world, run) = pruned();
    world.write(&store(&[row("agent:main:main", "m"), row(&run_key(3), "3")]));
    let before = world.text();
    let options = Options { run: Some(run), ..options() };
    let report = sweep::prune(&world.store(), &session_reaper::Policy::default(), NOW, &options);
    assert!(report.error.is_some());
    assert_eq!(world.text(), before);
    assert!(world.prune().1.error.is_none(), "and nobody is locked out");
}

#[test]
fn an_unfinished_bundle_that_nobody_can_judge_is_kept_and_locks_nobody_out() {
    let (world, run) = pruned();
    let bundle = |ending: &str| format!("{OURS}/trash/{run}.sessions.json{ending}");
    for name in ["manifest.json", "rows.json"] {
        let bytes = world.disk.get(format!("{}/{name}", bundle("")).as_ref()).unwrap();
        let bytes = if name == "rows.json" { b"{]".to_vec() } else { bytes };
        world.disk.put(format!("{}/{name}", bundle(".unfinished")).as_ref(), &bytes);
    }
    world.write(&store(&[row("agent:main:main", "changed"), row(&run_key(4), "4")]));
    assert!(world.prune().1.error.is_none());
    let unfinished = world.leftovers();
    let kept = world.disk.names(format!("{OURS}/trash").as_ref());
    assert!(kept.len() >= 2, "{kept:?} {unfinished:?}");
}
