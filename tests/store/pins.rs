//! Pins beside a store: whatever happens, what is pinned stays, and what cannot be read is not taken for nothing.

use std::{path::Path, time::Duration};

use session_reaper::{
    Error, ErrorKind, FileStore, Key, Policy, Timestamp,
    fs::{Disk, MemDisk},
    lock::Stop,
    policy::KeepReason,
    store::{Pin, PinBook, Store},
    sweep::{self, Options, PlanFile, StoreReport},
};

use super::{options, text};

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
const HOUR: i64 = 3_600_000;
const PATH: &str = "/s/sessions.json";
const PINS: &str = "/s/.session-reaper/sessions.json.pins.json";

fn run(n: u32) -> String {
    format!("agent:main:cron:job:run:0f6a2b1c-1111-4222-8333-{n:012}")
}

fn store_text() -> Vec<u8> {
    let old = NOW.as_millis() - 48 * HOUR;
    text(&[(&run(1), old), (&format!("{}:x", run(1)), old), (&run(2), old), ("agent:main:main", old)])
}

fn pin(key: &str, until: Option<Timestamp>) -> Pin {
    Pin { key: Key::from(key), reason: Some("why".to_owned()), until, at: NOW, by: Some("me".to_owned()) }
}

fn set<D: Disk>(store: &FileStore<D>, pin: Pin) -> Result<Option<Pin>, Error> {
    store.pin(&store.lock(Duration::from_secs(5), &Stop::default())?, pin)
}

fn unset<D: Disk>(store: &FileStore<D>, key: &str) -> Result<Option<Pin>, Error> {
    store.unpin(&store.lock(Duration::from_secs(5), &Stop::default())?, key.as_bytes())
}

fn prune<D: Disk>(store: &FileStore<D>, now: Timestamp) -> StoreReport {
    sweep::prune(store, &Policy::default(), now, &options())
}

fn disk() -> (MemDisk, FileStore<MemDisk>) {
    let disk = MemDisk::with_file(PATH.as_ref(), &store_text());
    (disk.clone(), FileStore::on(disk, PATH))
}

#[test]
fn i1_a_pinned_row_stays_with_its_family_until_it_is_unpinned() {
    let (_, store) = disk();
    assert_eq!(set(&store, pin(&run(1), None)).unwrap(), None);
    let report = prune(&store, NOW);
    assert_eq!((report.pruned, report.kept), (1, 3), "{report:?}");
    assert_eq!(report.kept_by.get(&KeepReason::Pinned), Some(&1));
    assert_eq!(report.kept_by.get(&KeepReason::Family), Some(&1));
    assert_eq!(unset(&store, &run(1)).unwrap(), Some(pin(&run(1), None)));
    assert_eq!(unset(&store, &run(1)).unwrap(), None);
    assert_eq!(prune(&store, NOW).pruned, 2);
}

#[test]
fn i8_a_pin_ends_with_the_last_millisecond_of_its_time() {
    let (_, store) = disk();
    set(&store, pin(&run(1), Some(NOW))).unwrap();
    assert_eq!(prune(&store, NOW).pruned, 1);
    assert_eq!(prune(&store, Timestamp::from_millis(NOW.as_millis() + 1)).pruned, 2);
}

#[test]
fn a_second_pin_replaces_the_first_and_all_are_read_back() {
    let (_, store) = disk();
    set(&store, pin("a\u{1f600}", None)).unwrap();
    set(&store, pin("b", Some(NOW))).unwrap();
    let again = Pin { reason: None, ..pin("a\u{1f600}", Some(NOW)) };
    assert_eq!(set(&store, again.clone()).unwrap(), Some(pin("a\u{1f600}", None)));
    let surrogate = Pin { key: Key::from_wtf8(b"x\xed\xa0\x80"), ..pin("", None) };
    set(&store, surrogate.clone()).unwrap();
    assert_eq!(store.pins().unwrap().all(), [pin("b", Some(NOW)), again, surrogate]);
}

#[test]
fn i5_pins_that_cannot_be_understood_refuse_every_sweep_and_change_nothing() {
    let good = r#"{"schema":"session-reaper-pins/1","pins":[]}"#;
    let mut looked = 0;
    for (pins, kind) in [
        ("", ErrorKind::Malformed),
        ("{", ErrorKind::Malformed),
        ("[]", ErrorKind::Malformed),
        (good.trim_end_matches('}'), ErrorKind::Malformed),
        (r#"{"schema":"session-reaper-pins/1"}"#, ErrorKind::Malformed),
        (r#"{"schema":"session-reaper-pins/1","pins":[{"key":"a"}]}"#, ErrorKind::Malformed),
        (r#"{"schema":"session-reaper-pins/2","pins":{}}"#, ErrorKind::Refused),
    ] {
        let (disk, store) = disk();
        let mut plan = Vec::new();
        sweep::plan(&store, &Policy::default(), NOW, &options(), Some(&mut plan));
        disk.put(PINS.as_ref(), pins.as_bytes());
        let file = PlanFile::parse(Path::new("p"), std::str::from_utf8(&plan).unwrap()).unwrap();
        let dry = Options { dry_run: true, ..options() };
        for report in [
            prune(&store, NOW),
            sweep::tick(&store, &Policy::default(), NOW, &Options { force: true, ..options() }),
            sweep::prune(&store, &Policy::default(), NOW, &dry),
            sweep::plan(&store, &Policy::default(), NOW, &options(), None),
            sweep::apply(&store, &file, &options()),
        ] {
            let error = report.error.as_ref().unwrap_or_else(|| panic!("{pins}: {report:?}"));
            assert_eq!((error.kind(), error.path()), (kind, Path::new(PINS)));
            assert!(error.hint().is_some() && report.pruned == 0);
            looked += 1;
        }
        let refused = set(&store, pin("a", None)).unwrap_err();
        assert_eq!(refused.kind(), kind, "nor is it written over");
        assert_eq!(disk.get(PATH.as_ref()).unwrap(), store_text());
        assert_eq!(disk.get(PINS.as_ref()).unwrap(), pins.as_bytes());
    }
    assert_eq!(looked, 35);
}

#[test]
fn i5_whichever_call_fails_no_sweep_takes_what_is_pinned() {
    let (mut failed, mut swept) = (0, 0);
    for call in 0.. {
        let (disk, store) = disk();
        set(&store, pin(&run(1), None)).unwrap();
        disk.fail_at(call, false);
        let report = prune(&store, NOW);
        let calls = disk.heal();
        let left = disk.get(PATH.as_ref()).unwrap();
        assert!(String::from_utf8(left).unwrap().contains(&run(1)), "call {call}: {report:?}");
        if report.error.is_some() {
            failed += 1;
        } else {
            swept += 1;
        }
        if calls <= call {
            break;
        }
    }
    assert!(failed > 20 && swept > 0, "{failed} {swept}");
}

#[test]
fn i3_i6_whichever_call_fails_pins_are_old_or_new_and_no_trace_is_left() {
    let mut failed = 0;
    for call in 0.. {
        let (disk, store) = disk();
        set(&store, pin("old", None)).unwrap();
        let guard = store.lock(Duration::from_secs(5), &Stop::default()).unwrap();
        disk.fail_at(call, false);
        let done = store.pin(&guard, pin("new", None));
        let calls = disk.heal();
        let keys: Vec<_> = book(&store).all().iter().map(|pin| pin.key.to_text().into_owned()).collect();
        match &done {
            Ok(_) => assert_eq!(keys, ["old", "new"]),
            Err(error) => {
                failed += 1;
                assert!(keys == ["old"] || keys == ["old", "new"], "call {call}: {keys:?}");
                assert!(error.to_string().contains("sessions.json"), "{error}");
            }
        }
        let names = disk.names("/s/.session-reaper".as_ref());
        assert!(names.iter().all(|name| !name.contains(".tmp")), "call {call}: {names:?}");
        assert_eq!(disk.get(PATH.as_ref()).unwrap(), store_text());
        if calls <= call {
            break;
        }
    }
    assert!(failed >= 7, "only {failed} calls");
}

fn book<D: Disk>(store: &FileStore<D>) -> PinBook {
    store.pins().unwrap()
}

#[test]
fn on_a_real_disk_pins_are_their_owners_alone_and_of_one_store() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.json");
    std::fs::write(&path, store_text()).unwrap();
    std::fs::write(dir.path().join("other.json"), store_text()).unwrap();
    let store = FileStore::new(&path);
    assert_eq!(store.pins().unwrap(), PinBook::default());
    assert!(!dir.path().join(".session-reaper").exists(), "to look leaves no trace");
    set(&store, pin(&run(2), None)).unwrap();
    let pins = dir.path().join(".session-reaper/sessions.json.pins.json");
    assert_eq!(std::fs::metadata(&pins).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(prune(&store, NOW).pruned, 2);
    assert_eq!(prune(&FileStore::new(dir.path().join("other.json")), NOW).pruned, 3);
    // A folder in its place can be read by nobody.
    std::fs::remove_file(&pins).unwrap();
    std::fs::create_dir(&pins).unwrap();
    let error = prune(&store, NOW).error.unwrap();
    assert!(error.path().ends_with("sessions.json.pins.json") && error.kind() == ErrorKind::Io, "{error}");
}
