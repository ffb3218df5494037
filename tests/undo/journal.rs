//! The journal: a line for each run, and a torn end healed before the next.

use session_reaper::sweep::Outcome;

use crate::world::{OURS, World, run_key, wish};

fn world() -> World {
    let key = run_key(1);
    World::with(&format!("{{\"agent:main:main\":{{}},\"{key}\":{{\"updatedAt\":1700000000000}}}}"))
}

fn journal(world: &World) -> String {
    String::from_utf8(world.disk.get(format!("{OURS}/journal.jsonl").as_ref()).unwrap()).unwrap()
}

#[test]
fn every_run_and_every_undo_has_one_line() {
    let world = world();
    let (run, _) = world.prune();
    let (undo, _) = world.undo(&run, &wish(None));
    let (nothing, report) = world.undo(&run, &wish(None));
    assert_eq!(report.outcome, Outcome::Nothing);
    let (lines, unreadable) = world.store().history().unwrap();
    assert_eq!(unreadable, 0);
    let told: Vec<_> = lines
        .iter()
        .map(|line| (&line.run, &*line.verb, line.pruned, line.restored, line.undoes.as_ref()))
        .collect();
    assert_eq!(
        told,
        [(&run, "prune", 1, 0, None), (&undo, "undo", 0, 1, Some(&run))],
        "and none of {nothing}"
    );
    assert_eq!((lines[0].scanned, lines[0].kept, lines[0].by_rule["cron-run"]), (2, 1, 1));
    assert_eq!(lines[0].policy.as_ref().unwrap().len(), 64);
    assert_eq!(journal(&world).lines().count(), 2);
}

#[test]
fn a_sweep_that_removes_nothing_leaves_no_line_and_no_trash() {
    let world = World::with("{\"agent:main:main\":{}}");
    world.prune();
    assert_eq!(world.disk.get(format!("{OURS}/journal.jsonl").as_ref()), None);
    assert!(!world.disk.names(OURS.as_ref()).contains(&"trash".to_owned()));
}

#[test]
fn a_torn_end_is_healed_before_the_next_line() {
    let world = world();
    let (run, _) = world.prune();
    let first = journal(&world);
    // Half a line goes; a whole one that only lacks its end stays.
    for (torn, kept) in
        [(format!("{first}{}", first.split_at(first.len() / 2).0), 1), (first.trim_end().to_owned(), 1)]
    {
        let world = self::world();
        world.disk.put(format!("{OURS}/journal.jsonl").as_ref(), torn.as_bytes());
        let (second, report) = world.prune();
        assert!(report.error.is_none(), "{:?}", report.error);
        let (lines, unreadable) = world.store().history().unwrap();
        assert_eq!(lines.iter().map(|line| &line.run).collect::<Vec<_>>(), [&run, &second][..=kept]);
        assert_eq!((unreadable, journal(&world).lines().count()), (0, 2), "{}", journal(&world));
        assert!(journal(&world).ends_with('\n'));
    }
}

#[test]
fn lines_that_nobody_can_read_are_counted_and_stay() {
    let world = world();
    world.disk.put(format!("{OURS}/journal.jsonl").as_ref(), b"what is this?\n");
    world.prune();
    let (lines, unreadable) = world.store().history().unwrap();
    assert_eq!((lines.len(), unreadable), (1, 1));
    assert!(journal(&world).starts_with("what is this?\n"));
}

#[test]
fn a_line_that_is_too_long_is_counted_and_the_next_one_is_read() {
    let world = world();
    let (run, _) = world.prune();
    // White space is no reason to hold two million bytes of it.
    let line = journal(&world);
    let long = format!("{}{}\n", line.trim_end(), " ".repeat(2 << 20));
    let endless = "x".repeat(3 << 20);
    let text = format!("{long}{line}{endless}");
    world.disk.put(format!("{OURS}/journal.jsonl").as_ref(), text.as_bytes());
    let (lines, unreadable) = world.store().history().unwrap();
    assert_eq!((lines.iter().map(|line| &line.run).collect::<Vec<_>>(), unreadable), (vec![&run], 2));
    // Whoever writes next begins a line of his own.
    let (undo, report) = world.undo(&run, &wish(None));
    assert!(report.error.is_none(), "{:?}", report.error);
    let (lines, unreadable) = world.store().history().unwrap();
    assert_eq!((lines.last().map(|line| &line.run), unreadable), (Some(&undo), 2));
}

#[test]
fn a_list_of_the_trash_holds_no_rows_places() {
    let world = world();
    world.prune();
    let listed = world.store().trashed().unwrap().bundles.remove(0);
    assert_eq!(listed.manifest.removed.unwrap().rows, 1);
    assert_eq!(listed.manifest.placement, session_reaper::trash::Placement::default());
}
