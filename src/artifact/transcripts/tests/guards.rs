//! What is put back, what lies in the trash, and what others take for theirs: nothing that somebody may still read or write to
//! is taken away.

use std::{fmt, sync::Mutex, time::Duration};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use super::{
    races::{FIRST, SECOND, add, age, at_calls, disk, has, switch_of_a_compaction},
    *,
};
use crate::{
    artifact::Past,
    fs::Writer,
    lock::Stop,
    model::ErrorKind,
    store::{FileStore, Store},
    trash::read_journal,
};

const TRASH: &str = "/t/.session-reaper/trash";

type Pen<T> = Arc<Mutex<Option<T>>>;

fn enter(disk: &MemDisk) {
    let base = Base::open(disk, Path::new("/t")).unwrap();
    drop(base.enter(&options()).unwrap());
}

/// A compaction that puts back what it took out, and what somebody has seen meanwhile.
fn put_back<T: Send + 'static>(
    trouble: fn(&MemDisk),
    see: fn(&MemDisk) -> T,
) -> (MemDisk, T, Result<Compacted, Error>) {
    let (switch, _) = switch_of_a_compaction();
    let (disk, seen) = (disk(), Pen::<T>::default());
    let to_see = Arc::clone(&seen);
    let hooked = at_calls(&disk, vec![switch, switch + 1], move |disk, which| match which {
        0 => trouble(disk),
        _ => *to_see.lock().unwrap() = Some(see(disk)),
    });
    let done = compact(&hooked);
    let seen = seen.lock().unwrap().take().unwrap();
    (disk, seen, done)
}

fn late(disk: &MemDisk) {
    add(disk, FIRST);
}

/// Killed right after the switch, which has taken out what somebody had added at the last moment.
fn killed() -> MemDisk {
    let (switch, _) = switch_of_a_compaction();
    let disk = disk();
    let _ = compact(&at_calls(&disk, vec![switch], |disk, _| late(disk)).ending_after(switch + 1));
    unlock(&disk);
    disk
}

/// What the journal says of the last run.
fn last_pruned(disk: &MemDisk) -> u64 {
    let ours = disk.folder(Path::new("/t/.session-reaper")).unwrap();
    read_journal(disk, &ours).unwrap().lines.last().unwrap().pruned
}

#[test]
fn i6_payloads_stay_that_somebody_may_have_read_of_before_the_old_text_was_put_back() {
    let (_, _, new) = compacted();
    for trouble in [late, unlock] {
        let (disk, read, done) = put_back(trouble, text);
        assert_eq!((&read, done.unwrap_err().is_too_late()), (&new, false));
        assert_ne!(text(&disk), new);
        disk.put(path(), &read);
        assert_eq!(payloads(&disk), 2);
    }
}

#[test]
fn i7_whoever_has_the_new_text_open_while_the_old_one_is_put_back_loses_no_line() {
    for trouble in [late, unlock] {
        let (disk, pen, done) = put_back(trouble, |disk| disk.pen(path()));
        let error = done.unwrap_err();
        assert!([ErrorKind::Unsettled, ErrorKind::Held].contains(&error.kind()) && !error.is_too_late());
        assert!(text(&disk).starts_with(transcript().as_bytes()));
        pen.unwrap().write_all(SECOND).unwrap();
        age(&disk);
        assert!(has(&disk, SECOND));
        assert_eq!(last_pruned(&disk), 0);
        let past = Past::of(&disk, &disk.folder(Path::new("/t")).unwrap(), super::super::KIND.into());
        let past = past.unwrap();
        assert_eq!((past.on_the_way, past.in_trash.len()), (0, 1));
        // There is nothing to take back.
        let before = text(&disk);
        assert_eq!(undo(&disk, &past.in_trash[0].line.run).unwrap().held_up, ["one.jsonl"]);
        assert_eq!(text(&disk), before);
    }
}

#[test]
fn i5_a_compaction_with_a_name_of_its_own_that_was_put_back_is_told_as_unsettled() {
    let (switch, _) = switch_of_a_compaction();
    let disk = disk();
    let run = RunId::new(now());
    let named = Options { run: Some(run), ..options() };
    let hooked = at_calls(&disk, vec![switch], |disk, _| late(disk));
    let error = compact_on(&hooked, path(), &settings(), now(), &named).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsettled, "{error}");
    assert_eq!(text(&disk), [transcript().as_bytes(), FIRST].concat());
}

#[test]
fn i7_whoever_has_the_new_text_open_loses_no_line_wherever_those_who_put_the_old_one_back_are_killed() {
    for at in 1.. {
        let disk = killed();
        let mut pen = disk.pen(path()).unwrap();
        let ending = disk.clone().ending_after(at);
        if let Ok(base) = Base::open(&ending, Path::new("/t")) {
            drop(base.enter(&options()));
        }
        let is_over = !ending.has_ended();
        unlock(&disk);
        enter(&disk);
        pen.write_all(SECOND).unwrap();
        age(&disk);
        assert!(has(&disk, FIRST) && has(&disk, SECOND), "{at}");
        if is_over {
            assert!(at > 20, "{at}");
            break;
        }
    }
}

#[test]
fn a_killed_run_whose_text_was_put_back_is_no_compaction() {
    let disk = killed();
    enter(&disk);
    assert_eq!(text(&disk), [transcript().as_bytes(), FIRST].concat());
    assert_eq!(last_pruned(&disk), 0);
}

/// When the bundle and the folder of the transcript are made durable, and when the thing in the bundle gets its number.
fn order(disk: &MemDisk) -> Vec<String> {
    let bundle = disk.names(Path::new(TRASH)).pop().unwrap();
    let bundle = disk.folder(&Path::new(TRASH).join(bundle)).unwrap();
    let base = disk.folder(Path::new("/t")).unwrap();
    let told = disk.events().into_iter().filter_map(|event| match event {
        MemEvent::FolderSynced { folder } if folder == bundle => Some("bundle".to_owned()),
        MemEvent::FolderSynced { folder } if folder == base => Some("base".to_owned()),
        MemEvent::Named { name, .. } if name == "0" => Some("0".to_owned()),
        _ => None,
    });
    told.collect()
}

fn is_in_order(told: &[String], wanted: &[&str]) -> bool {
    told.windows(wanted.len()).any(|told| told == wanted)
}

#[test]
fn i3_what_came_out_is_durable_in_the_trash_before_what_took_its_place_is_durable_there() {
    let disk = disk();
    disk.watch();
    compact(&disk).unwrap();
    let told = order(&disk);
    assert!(is_in_order(&told, &["0", "bundle", "base"]), "{told:?}");
    let (switch, _) = switch_of_a_compaction();
    let disk = self::disk();
    let _ = compact(&disk.clone().ending_after(switch + 1));
    unlock(&disk);
    disk.watch();
    enter(&disk);
    let told = order(&disk);
    assert!(is_in_order(&told, &["0", "bundle", "base"]), "{told:?}");
}

#[test]
fn i3_what_is_put_back_is_durable_in_its_place_before_the_trash_is_without_it() {
    let disk = killed();
    disk.watch();
    enter(&disk);
    let told = order(&disk);
    assert!(is_in_order(&told, &["bundle", "base", "0", "bundle"]), "{told:?}");
}

#[test]
fn i7_a_store_that_is_called_as_transcripts_are_in_the_trash_takes_nothing_of_theirs() {
    let (switch, _) = switch_of_a_compaction();
    for is_purged in [false, true] {
        let disk = disk();
        disk.put(Path::new("/t/transcripts"), b"{}");
        let _ = compact(&disk.clone().ending_after(switch + 1));
        assert_ne!(text(&disk), transcript().as_bytes());
        if is_purged {
            unlock(&disk);
            enter(&disk);
            purge_half(&disk);
        }
        let store = FileStore::on(disk.clone(), "/t/transcripts");
        drop(store.lock(Duration::from_secs(0), &Stop::default()).unwrap());
        assert!(has(&disk, transcript().as_bytes()), "{is_purged}");
    }
}

#[test]
fn i7_a_bundle_of_such_a_store_is_none_of_ours() {
    let disk = disk();
    let bundle = Path::new(TRASH).join("20261121T080000250Z-1f2e3d4c.transcripts");
    for name in ["manifest.json", "rows.json"] {
        disk.put(&bundle.join(name), b"{}");
    }
    let folder = disk.folder(Path::new("/t")).unwrap();
    let past = Past::of(&disk, &folder, super::super::KIND.into()).unwrap();
    assert_eq!(past, Past::default());
    let base = Base::open(&disk, Path::new("/t")).unwrap();
    let (gone, _) = base.enter(&options()).unwrap().empty(|_| true);
    assert_eq!((gone, disk.names(&bundle).len()), (Vec::new(), 2));
}

/// The only bundle is on its way out of the trash.
fn purge_half(disk: &MemDisk) {
    let trash = disk.folder(Path::new(TRASH)).unwrap();
    let name = disk.names(Path::new(TRASH)).pop().unwrap();
    let purged = format!("{name}.purged");
    disk.rename((&trash, OsStr::new(&name)), (&trash, OsStr::new(&purged))).unwrap();
}

#[test]
fn i7_what_a_killed_run_was_about_to_take_out_of_the_trash_is_looked_at_again() {
    for is_late in [false, true] {
        let disk = disk();
        let mut pen = disk.pen(path()).unwrap();
        compact(&disk).unwrap();
        purge_half(&disk);
        if is_late {
            pen.write_all(FIRST).unwrap();
        }
        enter(&disk);
        assert_eq!(has(&disk, FIRST), is_late);
        undo_all(&disk);
        assert_eq!(has(&disk, transcript().as_bytes()), is_late);
    }
}

#[test]
fn i7_what_a_killed_switch_took_out_waits_for_whoever_writes_to_the_new_text() {
    let disk = killed();
    let new = text(&disk);
    let folder = disk.folder(Path::new("/t")).unwrap();
    let writes = disk.open_to_append(&folder, OsStr::new("one.jsonl")).unwrap().unwrap();
    enter(&disk);
    assert_eq!(text(&disk), new);
    drop(writes);
    enter(&disk);
    assert_eq!(text(&disk), [transcript().as_bytes(), FIRST].concat());
}

#[test]
fn i7_a_line_that_is_added_at_any_moment_while_a_killed_run_is_finished_is_never_lost() {
    let (mut before, mut behind) = (0, 0);
    for at in 0.. {
        let disk = killed();
        enter(&at_calls(&disk, vec![at], |disk, _| add(disk, SECOND)));
        if !has(&disk, SECOND) {
            assert!(at > 20 && before > 9 && behind > 3, "{at}: {before} {behind}");
            break;
        }
        let is_back = text(&disk).starts_with(transcript().as_bytes());
        before += u64::from(!is_back);
        behind += u64::from(is_back);
        age(&disk);
        // What is not in the transcript comes back with an undo: nobody needs to have waited.
        undo_all(&disk);
        let text = text(&disk);
        let has_line = |line| memchr::memmem::find(&text, line).is_some();
        assert!(has_line(FIRST) && has_line(SECOND), "{at}, put back: {is_back}");
    }
}

#[test]
fn i4_of_two_compactions_the_newer_is_held_up_until_the_undo_of_the_older_is_taken_back() {
    let (disk, older, _) = compacted();
    let added = result(&"w".repeat(900));
    add(&disk, format!("{added}\n").as_bytes());
    let (grown, newer) = (text(&disk), compact(&disk).unwrap().run.unwrap());
    assert_eq!(undo(&disk, &older).unwrap().restored.len(), 1);
    assert!(text(&disk).starts_with(transcript().as_bytes()));
    assert_eq!(undo(&disk, &newer).unwrap().held_up.len(), 1);
    let folder = disk.folder(Path::new("/t")).unwrap();
    let past = Past::of(&disk, &folder, super::super::KIND.into()).unwrap();
    undo(&disk, &past.lines.iter().rev().find(|line| line.restored > 0).unwrap().run).unwrap();
    assert_eq!(undo(&disk, &newer).unwrap().restored.len(), 1);
    assert_eq!(text(&disk), grown);
}

/// Takes down the warnings of this thread.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<String>>);

impl Visit for Listener {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write as _;
        write!(self.0.lock().unwrap(), "{field} {value:?} ").unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What is warned of while somebody compacts.
fn warned(disk: &MemDisk) -> String {
    let listener = Listener::default();
    tracing::subscriber::with_default(listener.clone(), || {
        // Another thread may just have found nobody who listens.
        tracing::callsite::rebuild_interest_cache();
        compact(disk).unwrap();
    });
    listener.0.lock().unwrap().clone()
}

#[test]
fn lines_that_came_to_the_old_text_late_are_told_by_the_next_compaction() {
    let disk = disk();
    let mut pen = disk.pen(path()).unwrap();
    let run = compact(&disk).unwrap().run.unwrap();
    assert_eq!(warned(&disk), "");
    pen.write_all(FIRST).unwrap();
    let told = warned(&disk);
    assert!(told.contains(run.as_str()) && told.contains("undo"), "{told}");
}

#[test]
fn i5_a_last_line_that_is_not_ended_is_waited_for_where_nobody_waits_for_quiet() {
    let torn = transcript() + "{\"type\":\"mess";
    let disk = MemDisk::with_file(path(), torn.as_bytes());
    let error = compact(&disk).unwrap_err();
    assert_eq!((error.kind(), error.is_too_late()), (ErrorKind::Unsettled, false));
    assert_eq!((text(&disk), payloads(&disk)), (torn.into_bytes(), 0));
    assert!(compact_rested(&disk).unwrap().run.is_some());
}
