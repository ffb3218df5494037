//! What a look says and what a sweep does, and what ticks know of folders that others work in.

use proptest::prelude::*;
use session_reaper::{
    Timestamp,
    artifact::{
        self,
        media::{self, MediaStore, Options},
    },
    fs::{Disk, MemDisk},
    policy::Detail,
};

use crate::{
    memory::{disk, path},
    world::{delete, forget},
};

fn settings() -> Options {
    let options = Options::new("/base/media").unwrap();
    options.with_max_age("10s").and_then(|options| options.with_orphan_grace("10s")).unwrap()
}

fn options() -> artifact::Options {
    artifact::Options {
        items: Some(Detail::Everything),
        allow_clock_jump: true,
        ..artifact::Options::default()
    }
}

fn sweep(disk: &MemDisk, settings: &Options, now: Timestamp) -> artifact::Report {
    media::sweep_on(disk, settings, now, &options())
}

/// By the disk's clock, which goes on by a second with each change.
fn seconds(disk: &MemDisk, later: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::from_nanos(disk.now_ns()).as_millis() + later * 1_000)
}

fn what(report: &artifact::Report) -> Vec<(String, String, &'static str)> {
    let item = |item: &artifact::Item| (item.name.clone(), format!("{:?}", item.action), item.why);
    let mut all: Vec<_> = report.items.iter().map(item).collect();
    all.sort();
    all
}

#[test]
fn i9_what_leaves_a_folder_makes_nothing_else_in_it_young() {
    let disk = disk();
    let store = MediaStore::open_on(disk.clone(), settings(), seconds(&disk, 0)).unwrap();
    disk.put(&path("sub/stray"), b"1");
    disk.put(&path("sub/old"), b"2");
    store.store(&path("sub/old"), delete(), "s", seconds(&disk, 0)).unwrap();
    let now = seconds(&disk, 11);
    let seen = media::inspect_on(&disk, &settings(), now);
    assert_eq!(seen.swept, 2, "{seen:?}");
    let swept = sweep(&disk, &settings(), now);
    assert_eq!(what(&swept), what(&seen));
}

const NAMES: [&str; 8] = ["a", "b", "sub/a", "sub/b", "sub/c", "sub/deep/a", "sub/deep/b", "other/a"];

#[derive(Debug, Clone, Copy)]
enum Made {
    Stray,
    Stored,
    Forgotten,
}

fn made() -> impl Strategy<Value = (usize, Made)> {
    let how = prop_oneof![Just(Made::Stray), Just(Made::Stored), Just(Made::Forgotten)];
    (0..NAMES.len(), how)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn i9_a_look_says_what_a_sweep_does(all in prop::collection::vec(made(), 1..12), later in 0_i64..25, again in 0_i64..25) {
        let disk = disk();
        let store = MediaStore::open_on(disk.clone(), settings().with_enabled(false), seconds(&disk, 0)).unwrap();
        for (name, how) in all {
            disk.put(&path(NAMES[name]), b"12345");
            let meta = if matches!(how, Made::Stored) { delete() } else { forget() };
            if !matches!(how, Made::Stray) {
                store.store(&path(NAMES[name]), meta, "s", seconds(&disk, 0)).unwrap();
            }
        }
        for later in [later, again] {
            let now = seconds(&disk, later);
            let seen = media::inspect_on(&disk, &settings(), now);
            let swept = sweep(&disk, &settings(), now);
            prop_assert_eq!(what(&swept), what(&seen));
            prop_assert_eq!(swept.bytes_freed, seen.bytes_freed);
        }
    }
}

/// Two ticks, each a process of its own, between which somebody works in a folder with a stray file in it. Tells whether the
/// second one takes that.
fn two_ticks(between: impl Fn(&MemDisk)) -> bool {
    let disk = disk();
    let settings = settings().with_orphan_grace("10m").unwrap();
    drop(MediaStore::open_on(disk.clone(), settings.clone(), seconds(&disk, 0)).unwrap());
    disk.put(&path("sub/stray"), b"1");
    assert_eq!(sweep(&disk, &settings, seconds(&disk, 1)).swept, 0);
    for _ in 0..400 {
        disk.put(&path("sub/busy"), b"2");
    }
    between(&disk);
    let seen = media::inspect_on(&disk, &settings, seconds(&disk, 1));
    let swept = sweep(&disk, &settings, seconds(&disk, 1));
    assert_eq!(what(&swept), what(&seen));
    assert!(disk.get(&path("sub/busy")).is_some());
    disk.get(&path("sub/stray")).is_none()
}

const FOLDERS: &str = ".session-reaper/media.net.folders";

#[test]
fn i8_ticks_know_since_when_a_folder_has_been_there_in_which_others_work() {
    assert!(two_ticks(|_| {}), "a stray file in a busy folder never goes");
    // What is damaged or not there says nothing: the folder is as young as what happened in it.
    assert!(!two_ticks(|disk| {
        let mut bytes = disk.get(&path(FOLDERS)).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        bytes[30] ^= 1;
        disk.put(&path(FOLDERS), &bytes);
    }));
    assert!(!two_ticks(|disk| disk.put(&path(FOLDERS), &vec![b' '; 4 << 20])));
    // Another folder with this name has come to its place.
    assert!(!two_ticks(|disk| {
        let stray = disk.get(&path("sub/stray")).unwrap();
        let base = disk.folder(&path("")).unwrap();
        disk.rename((&base, "sub".as_ref()), (&base, "away".as_ref())).unwrap();
        disk.put(&path("sub/stray"), &stray);
        disk.put(&path("sub/busy"), b"2");
    }));
}
