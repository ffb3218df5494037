//! What only a store in a file can get wrong: links, owners, modes, leftovers, odd files, failing disks.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::Path,
    time::Duration,
};

use proptest::prelude::*;
use session_reaper::{
    ErrorKind, FileStore, Policy, Timestamp,
    fs::MemDisk,
    lock::Stop,
    policy::Detail,
    store::{Access, Request, Store},
    sweep::{self, Options, Outcome, StoreReport},
};

use super::options;

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
const OLD: &str = r#"{
  "agent:main:cron:a:run:0f6a2b1c-1111-4222-8333-444455556666": {
    "updatedAt": 1700000000000
  },
  "agent:main:main": {
    "updatedAt": 1700000000000
  }
}"#;
const NEW: &str = r#"{
  "agent:main:main": {
    "updatedAt": 1700000000000
  }
}"#;

fn prune(path: &Path) -> StoreReport {
    sweep::prune(&FileStore::new(path), &Policy::default(), NOW, &options())
}

fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.json");
    fs::write(&path, OLD).unwrap();
    (dir, path)
}

fn refused(path: &Path, kind: ErrorKind) -> String {
    let report = prune(path);
    let error = report.error.expect("an error");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains("nothing was removed"));
    format!("{error}; {}", error.hint().unwrap_or_default())
}

#[test]
fn i10_a_link_to_the_store_stays_and_its_target_is_replaced() {
    let (dir, path) = folder();
    let link = dir.path().join("link.json");
    symlink("sessions.json", &link).unwrap();
    assert_eq!(prune(&link).outcome, Outcome::Swept);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&path).unwrap(), NEW);
}

#[test]
fn a_store_with_two_names_is_refused() {
    let (dir, path) = folder();
    fs::hard_link(&path, dir.path().join("other.json")).unwrap();
    let message = refused(&path, ErrorKind::Refused);
    assert!(message.contains("hard link"), "{message}");
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
}

#[test]
fn a_folder_and_a_fifo_are_refused_without_hanging() {
    let dir = tempfile::tempdir().unwrap();
    assert!(refused(dir.path(), ErrorKind::Refused).contains("no regular file"));
    let fifo = dir.path().join("fifo");
    // Not by a program: until it has started it would hold the locks of the tests beside this one.
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
    assert!(refused(&fifo, ErrorKind::Refused).contains("no regular file"));
}

#[test]
fn what_is_missing_beside_a_store_does_not_make_the_store_missing() {
    let (dir, path) = folder();
    let store = FileStore::new(&path);
    let request = Request { policy: &Policy::default(), now: NOW, detail: Detail::Counts, digest: false };
    let (guard, planned) =
        (store.lock(Duration::from_secs(1), &Stop::default()).unwrap(), store.plan(&request).unwrap());
    fs::remove_dir_all(dir.path().join(".session-reaper")).unwrap();
    assert_eq!(
        store
            .commit(&guard, &planned, Access::Brief(Duration::ZERO), &crate::cause(), &Stop::default())
            .unwrap_err()
            .kind(),
        ErrorKind::Io
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
}

#[test]
fn a_missing_and_an_empty_store_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    assert!(refused(&dir.path().join("sessions.json"), ErrorKind::Missing).contains("find"));
    fs::write(dir.path().join("empty.json"), "").unwrap();
    assert!(refused(&dir.path().join("empty.json"), ErrorKind::Malformed).contains("backup"));
}

#[test]
fn i2_mode_owner_and_attributes_stay() {
    let (_dir, path) = folder();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let root = rustix::process::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(&path, Some(65_534), Some(12)).unwrap();
    }
    let named = rustix::fs::setxattr(&path, "user.note", b"kept", rustix::fs::XattrFlags::empty()).is_ok();
    let before = fs::metadata(&path).unwrap();
    assert_eq!(prune(&path).outcome, Outcome::Swept);
    let after = fs::metadata(&path).unwrap();
    assert_eq!((before.mode(), before.uid(), before.gid()), (after.mode(), after.uid(), after.gid()));
    assert_ne!(before.ino(), after.ino());
    if named {
        let mut value = [0; 16];
        assert_eq!(rustix::fs::getxattr(&path, "user.note", &mut value[..]).unwrap(), 4);
    }
    if root {
        let ours = fs::metadata(path.with_file_name(".session-reaper/sessions.json.lock")).unwrap();
        assert_eq!((ours.uid(), ours.mode() & 0o777), (65_534, 0o600));
        assert_eq!(fs::metadata(path.with_file_name(".session-reaper")).unwrap().mode() & 0o777, 0o700);
    }
}

#[test]
fn leftovers_of_a_killed_sweep_are_cleared_and_nothing_else_is() {
    let (dir, path) = folder();
    let ours = dir.path().join(".session-reaper");
    fs::create_dir(&ours).unwrap();
    for name in ["sessions.json.77.0.tmp", "other.json.77.0.tmp", "note.txt"] {
        fs::write(ours.join(name), "left").unwrap();
    }
    assert_eq!(prune(&path).outcome, Outcome::Swept);
    let mut names: Vec<_> =
        fs::read_dir(&ours).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "journal.jsonl",
            "note.txt",
            "other.json.77.0.tmp",
            "sessions.json.lock",
            "sessions.json.state",
            "trash",
            "turn"
        ]
    );
}

#[test]
fn i10_our_folder_may_not_be_a_link_to_somewhere_else() {
    let (dir, path) = folder();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), dir.path().join(".session-reaper")).unwrap();
    assert!(prune(&path).error.is_some());
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_broken_state_costs_one_early_sweep_and_no_error() {
    let (dir, path) = folder();
    assert_eq!(prune(&path).outcome, Outcome::Swept);
    let state = dir.path().join(".session-reaper/sessions.json.state");
    for text in [
        "",
        "{",
        "[]",
        "{\"lastSweep\":\"x\"}",
        "{\"lastSweep\":9223372036854775807,\"failures\":4294967295}",
    ] {
        fs::write(&state, text).unwrap();
        let report = sweep::tick(&FileStore::new(&path), &Policy::default(), NOW, &options());
        assert_eq!(report.outcome, Outcome::Nothing, "{text}");
    }
}

const PATH: &str = "/s/sessions.json";

fn mem() -> MemDisk {
    MemDisk::with_file(PATH.as_ref(), OLD.as_bytes())
}

fn prune_on(disk: &MemDisk) -> StoreReport {
    sweep::prune(&FileStore::on(disk.clone(), PATH), &Policy::default(), NOW, &options())
}

#[test]
fn i3_i6_whichever_call_fails_the_store_is_old_or_new_and_no_trace_is_left() {
    for forever in [false, true] {
        let mut failing = 0;
        loop {
            let disk = mem();
            disk.fail_at(failing, forever);
            let report = prune_on(&disk);
            let reached = disk.heal() > failing;
            let text = disk.get(PATH.as_ref()).expect("the store is there");
            assert!(text == OLD.as_bytes() || text == NEW.as_bytes(), "call {failing}");
            let is_new = text == NEW.as_bytes();
            let too_late = report.error.as_ref().is_some_and(session_reaper::Error::is_too_late);
            assert_eq!(is_new, report.outcome == Outcome::Swept || too_late, "call {failing}: {report:?}");
            assert_eq!(
                report.pruned,
                u64::from(is_new),
                "call {failing}: what is gone is counted: {report:?}"
            );
            let again = prune_on(&disk);
            assert!(again.error.is_none(), "call {failing}: {again:?}");
            assert_eq!(disk.get(PATH.as_ref()).unwrap(), NEW.as_bytes());
            let left = disk.names(Path::new("/s/.session-reaper"));
            let whole = ["journal.jsonl", "sessions.json.lock", "sessions.json.state", "trash", "turn"];
            assert_eq!(left, whole, "call {failing}");
            let bundles = disk.names(Path::new("/s/.session-reaper/trash"));
            assert!(
                bundles.iter().all(|name| name.ends_with(".sessions.json")),
                "call {failing}: {bundles:?}"
            );
            failing += 1;
            if !reached {
                break;
            }
        }
        assert!(failing > 15, "only {failing} calls were made to fail");
    }
}

const THEIRS: &str = r#"{"agent:main:main":{"updatedAt":1700000000001}}"#;
const THEIRS_AFTER: &str = r#"{"agent:main:main":{"updatedAt":1700000000002}}"#;

#[test]
fn i7_an_update_between_the_last_look_and_the_swap_is_put_back() {
    for intruders in [&[THEIRS][..], &[THEIRS_AFTER, THEIRS], &[THEIRS_AFTER, THEIRS, THEIRS, THEIRS]] {
        let disk = mem();
        for text in intruders {
            disk.intrude(PATH.as_ref(), text.as_bytes());
        }
        let report = prune_on(&disk);
        assert_eq!((report.outcome, report.error.is_none()), (Outcome::Nothing, true), "{report:?}");
        assert_eq!(disk.get(PATH.as_ref()).unwrap(), intruders[0].as_bytes());
        let mut left = disk.names(Path::new("/s/.session-reaper"));
        // What came between two who honour no lock is nobody's to throw away.
        let rescued = left.iter().filter(|name| name.contains(".rescued")).count();
        assert_eq!(rescued > 0, intruders.len() > 1, "{left:?}");
        left.retain(|name| !name.contains(".rescued"));
        assert_eq!(left, ["journal.jsonl", "sessions.json.lock", "sessions.json.state", "trash", "turn"]);
        assert!(disk.names(Path::new("/s/.session-reaper/trash")).is_empty(), "nothing went");
    }
}

#[test]
fn i7_whichever_call_fails_no_update_of_an_intruder_is_gone() {
    let (mut failing, mut brought_back) = (0, 0);
    loop {
        let disk = mem();
        disk.intrude(PATH.as_ref(), THEIRS.as_bytes());
        disk.fail_at(failing, true);
        let report = prune_on(&disk);
        if disk.heal() <= failing {
            break;
        }
        let kept = ["/s/sessions.json", "/s/.session-reaper/sessions.json.rescued"];
        let mut texts: Vec<_> = kept.iter().filter_map(|path| disk.get(path.as_ref())).collect();
        let ours = disk.names(Path::new("/s/.session-reaper"));
        let left = ours.iter().map(|name| format!("/s/.session-reaper/{name}"));
        texts.extend(left.filter_map(|path| disk.get(path.as_ref())));
        let newest = if disk.intruders() == 0 { THEIRS } else { OLD };
        assert!(texts.iter().any(|text| text == newest.as_bytes()), "call {failing}: {report:?}");
        // Nobody has written since: the next sweep, which finds nothing to remove in it, gives the update its place.
        if disk.intruders() == 0 && disk.get("/s/.session-reaper/sessions.json.rescued".as_ref()).is_none() {
            assert!(prune_on(&disk).error.is_none(), "call {failing}");
            assert_eq!(disk.get(PATH.as_ref()).unwrap(), THEIRS.as_bytes(), "call {failing}");
            let left = disk.names(Path::new("/s/.session-reaper"));
            assert!(left.iter().all(|name| !name.ends_with("swap") && !name.ends_with("tmp")), "{left:?}");
            brought_back += 1;
        }
        failing += 1;
    }
    assert!(
        failing > 40 && brought_back > 4,
        "{failing} calls were made to fail, {brought_back} brought back"
    );
}

#[test]
fn a_store_that_never_rests_is_told_as_such_and_left_as_it_was_written_last() {
    let disk = mem();
    for _ in 0..10 {
        disk.rest();
        disk.intrude(PATH.as_ref(), OLD.as_bytes());
    }
    let report = prune_on(&disk);
    let error = report.error.unwrap();
    assert_eq!((report.outcome, error.kind()), (Outcome::Failed, ErrorKind::Unsettled), "{error}");
    assert_eq!((disk.get(PATH.as_ref()).unwrap().as_slice(), disk.intruders()), (OLD.as_bytes(), 0));
}

#[test]
fn a_tick_that_is_refused_waits_before_it_tries_again() {
    let (dir, path) = folder();
    fs::hard_link(&path, dir.path().join("other.json")).unwrap();
    let tick = || sweep::tick(&FileStore::new(&path), &Policy::default(), NOW, &options()).outcome;
    assert_eq!((tick(), tick()), (Outcome::Refused, Outcome::Throttled));
}

#[test]
fn i10_a_lock_that_has_a_second_name_is_no_lock_of_ours() {
    let (dir, path) = folder();
    let ours = dir.path().join(".session-reaper");
    fs::create_dir(&ours).unwrap();
    let foreign = dir.path().join("foreign");
    fs::write(&foreign, "").unwrap();
    fs::hard_link(&foreign, ours.join("sessions.json.lock")).unwrap();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(65_534), Some(65_534)).unwrap();
    }
    let before = fs::metadata(&foreign).unwrap();
    assert!(prune(&path).error.is_some());
    assert_eq!(fs::metadata(&foreign).unwrap().uid(), before.uid());
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
}

#[test]
fn a_disk_that_cannot_exchange_names_gets_a_plain_rename() {
    let disk = mem().without_exchange();
    assert_eq!(prune_on(&disk).outcome, Outcome::Swept);
    assert_eq!(disk.get(PATH.as_ref()).unwrap(), NEW.as_bytes());
}

fn any_store() -> impl Strategy<Value = Vec<(String, Option<i64>)>> {
    let key = prop_oneof![
        4 => (0..5_u32, 0..2_u32).prop_map(|(n, child)| {
            let child = if child == 0 { "" } else { ":subagent:x" };
            format!("agent:main:cron:a:run:0f6a2b1c-1111-4222-8333-{n:012}{child}")
        }),
        1 => prop::sample::select(vec!["agent:main:main", "cron:a", "", "é\u{2028}\"\\"]).prop_map(str::to_owned),
    ];
    let age = prop_oneof![4 => (0..60_i64 * 3_600_000).prop_map(|age| Some(NOW.as_millis() - age)), 1 => Just(None)];
    prop::collection::vec((key, age), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn i9_a_plan_is_what_is_applied_and_a_second_run_finds_nothing(rows in any_store()) {
        let row = |(key, at): &(String, Option<i64>)| {
            let value = at.map_or("{}".to_owned(), |at| format!("{{\"updatedAt\":{at}}}"));
            format!("{}:{value}", serde_json::to_string(key).unwrap())
        };
        let text = format!("{{{}}}", rows.iter().map(row).collect::<Vec<_>>().join(","));
        let disk = MemDisk::with_file(PATH.as_ref(), text.as_bytes());
        let store = FileStore::on(disk.clone(), PATH);
        let dry = Options { dry_run: true, ..options() };
        let planned = sweep::prune(&store, &Policy::default(), NOW, &dry);
        prop_assert_eq!(disk.get(PATH.as_ref()).unwrap(), text.as_bytes());
        let real = prune_on(&disk);
        prop_assert_eq!((planned.pruned, planned.kept, planned.bytes_after), (real.pruned, real.kept, real.bytes_after));
        let left = disk.get(PATH.as_ref()).unwrap();
        prop_assert_eq!(left.len() as u64, real.bytes_after);
        let again = prune_on(&disk);
        prop_assert_eq!((again.pruned, again.scanned), (0, real.kept));
        prop_assert_eq!(disk.get(PATH.as_ref()).unwrap(), left);
    }
}
