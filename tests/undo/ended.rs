//! Ended or failing at each call to the disk: what is gone is in the trash, and the next run finishes.

use session_reaper::{
    FileStore, Policy,
    fs::MemDisk,
    sweep::{self, Options, RunId},
};

use crate::world::{NOW, OURS, PATH, World, options, run_key, wish};

fn text() -> String {
    let row = |key: String| format!("  \"{key}\": {{\n    \"updatedAt\": 1700000000000\n  }}");
    let rows = [row(run_key(1)), row("agent:main:main".to_owned()), row(run_key(2))];
    format!("{{\n{}\n}}", rows.join(",\n"))
}

/// What a process does before it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Prune,
    Undo,
}

impl Act {
    fn on(self, store: &FileStore<MemDisk>, options: &Options, run: &RunId) -> Option<session_reaper::Error> {
        match self {
            Self::Prune => sweep::prune(store, &Policy::default(), NOW, options).error,
            Self::Undo => sweep::undo(store, run, &wish(None), "undo", NOW, options).error,
        }
    }
}

/// A world in which an act is next, and the text before and after it.
fn before(act: Act) -> (World, RunId, String, String) {
    let world = World::with(&text());
    if act == Act::Prune {
        let after = World::with(&text());
        after.prune();
        return (world, after.run(), text(), after.text());
    }
    let (run, _) = world.prune();
    let swept = world.text();
    (world, run, swept, text())
}

/// I3 and I4 wherever it ended.
fn must_hold(world: &World, old: &str, new: &str, what: &str) {
    let found = world.text();
    assert!(found == old || found == new, "{what}: {found}");
    for number in [1, 2] {
        let key = run_key(number);
        let is_kept = world.trash().iter().any(|rows| rows.contains(&key));
        assert!(found.contains(&key) || is_kept, "{what}: {key} is lost");
    }
}

fn ended_at_every_call(act: Act) -> usize {
    for calls in 0.. {
        let (world, run, old, new) = before(act);
        let id = world.run();
        let dying = world.disk.clone().ending_after(calls);
        let options = Options { run: Some(id.clone()), ..options() };
        act.on(&FileStore::on(dying.clone(), PATH), &options, &run);
        let what = format!("ended after {calls} calls");
        must_hold(&world, &old, &new, &what);
        let was_done = world.text() == new;
        let (_, again) = if act == Act::Prune {
            let (id, report) = world.prune();
            (id, report.error)
        } else {
            let (id, report) = world.undo(&run, &wish(None));
            (id, report.error)
        };
        assert!(again.is_none(), "{what}: {again:?}");
        assert_eq!(world.text(), new, "{what}");
        assert_eq!(world.leftovers(), Vec::<String>::new(), "{what}");
        let (lines, _) = world.store().history().unwrap();
        let of_run = lines.iter().filter(|line| line.run == id).count();
        assert_eq!(of_run, usize::from(was_done), "{what}: {lines:?}");
        if !dying.has_ended() {
            return usize::try_from(calls).unwrap();
        }
    }
    panic!("it never came to its end")
}

#[test]
fn i4_a_sweep_that_ends_anywhere_loses_nothing_and_is_finished_by_the_next() {
    let calls = ended_at_every_call(Act::Prune);
    eprintln!("ended at each of {calls} calls");
    assert!(calls > 60, "{calls}");
}

#[test]
fn i4_an_undo_that_ends_anywhere_loses_nothing_and_is_finished_by_the_next() {
    let calls = ended_at_every_call(Act::Undo);
    eprintln!("ended at each of {calls} calls");
    assert!(calls > 60, "{calls}");
}

#[test]
fn a_run_that_keeps_nothing_stands_in_the_journal_if_its_rows_went_wherever_it_ended_and_whoever_wrote_since()
{
    for then in [None, Some(text().replace("main\"", "others\""))] {
        let (mut done, mut calls) = (0, 0);
        loop {
            let (world, _, _, new) = before(Act::Prune);
            let id = world.run();
            let dying = world.disk.clone().ending_after(calls);
            let options = Options { run: Some(id.clone()), trash: false, ..options() };
            sweep::prune(&FileStore::on(dying.clone(), PATH), &Policy::default(), NOW, &options);
            let was_done = world.text() == new;
            if let Some(text) = &then {
                world.write(text);
            }
            let (_, report) = world.prune();
            assert!(report.error.is_none(), "{:?}", report.error);
            let (lines, _) = world.store().history().unwrap();
            let of_run = lines.iter().filter(|line| line.run == id).count();
            assert_eq!(of_run, usize::from(was_done), "ended after {calls} calls: {lines:?}");
            assert_eq!(world.leftovers(), Vec::<String>::new());
            done += usize::from(was_done);
            calls += 1;
            if !dying.has_ended() {
                break;
            }
        }
        assert!(
            calls > 50 && done > 5 && i64::try_from(done).unwrap() < calls - 40,
            "{calls} calls, {done} done"
        );
    }
}

#[test]
fn i6_a_call_that_fails_changes_nothing_or_says_what_it_changed() {
    for act in [Act::Prune, Act::Undo] {
        for forever in [false, true] {
            let mut failed = 0;
            for at in 0.. {
                let (world, run, old, new) = before(act);
                let options = Options { run: Some(world.run()), ..options() };
                world.disk.fail_at(at, forever);
                let error = act.on(&world.store(), &options, &run);
                let calls = world.disk.heal();
                let what = format!("call {at} failed, for ever {forever}: {error:?}");
                must_hold(&world, &old, &new, &what);
                match error {
                    Some(error) => {
                        failed += 1;
                        assert_eq!(error.is_too_late(), world.text() == new, "{what}");
                    }
                    None => assert_eq!(world.text(), new, "{what}"),
                }
                if calls <= at {
                    break;
                }
            }
            eprintln!("failed at {failed} calls");
            assert!(failed > 50);
        }
    }
}

#[test]
fn an_update_between_a_kill_and_the_next_run_leaves_the_bundle_where_rows_are_missing() {
    let mut kept = 0;
    for calls in 0..200 {
        let (world, run, _, _) = before(Act::Prune);
        let dying = world.disk.clone().ending_after(calls);
        Act::Prune.on(&FileStore::on(dying, PATH), &Options { run: Some(world.run()), ..options() }, &run);
        let unfinished = world.leftovers().iter().any(|name| name.ends_with(".unfinished"));
        let is_gone = !world.text().contains(&run_key(1));
        world.write(&world.text().replace("agent:main:main", "agent:main:other"));
        world.prune();
        must_hold(&world, &world.text(), "", &format!("{calls}"));
        kept += usize::from(unfinished && is_gone);
    }
    assert!(kept > 0);
}

#[test]
fn i6_a_run_that_keeps_nothing_says_what_it_did_whichever_call_fails() {
    for forever in [false, true] {
        let (mut failed, mut went_on) = (0, 0);
        for at in 0.. {
            let (world, _, old, new) = before(Act::Prune);
            let id = world.run();
            let options = Options { run: Some(id.clone()), trash: false, ..options() };
            world.disk.fail_at(at, forever);
            let error = sweep::prune(&world.store(), &Policy::default(), NOW, &options).error;
            let calls = world.disk.heal();
            let what = format!("call {at} failed, for ever {forever}: {error:?}");
            let is_done = error.as_ref().is_none_or(session_reaper::Error::is_too_late);
            assert_eq!(world.text(), if is_done { new } else { old }, "{what}");
            let (_, report) = world.prune();
            assert!(report.error.is_none(), "{what}: {:?}", report.error);
            let (lines, _) = world.store().history().unwrap();
            let of_run = lines.iter().filter(|line| line.run == id).count();
            assert_eq!(of_run, usize::from(is_done), "{what}: {lines:?}");
            assert_eq!(world.leftovers(), Vec::<String>::new(), "{what}");
            failed += usize::from(error.is_some());
            went_on += usize::from(error.is_none());
            if calls <= at {
                break;
            }
        }
        eprintln!("failed at {failed} calls, went on after {went_on}");
        assert!(failed > 40 && went_on > 1);
    }
}

#[test]
fn a_note_that_a_power_cut_has_torn_is_cleared() {
    let note = format!("{OURS}/sessions.json.begun");
    for torn in [&b""[..], b"{", b"{\"line\":null}", &[0; 700]] {
        let world = World::with(&text());
        world.prune();
        world.disk.put(note.as_ref(), torn);
        world.write(&text());
        let (_, report) = world.prune();
        assert!(report.error.is_none() && report.pruned == 2, "{report:?}");
        assert_eq!(world.leftovers(), Vec::<String>::new());
        assert_eq!(world.store().history().unwrap().0.len(), 2);
    }
}
