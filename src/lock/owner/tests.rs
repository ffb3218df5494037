//! Markers of this process, of real children that are killed, and of worlds that are thought up.
#![allow(clippy::disallowed_methods, reason = "tests make files as any program would")]

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::{fs::symlink, process::CommandExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use proptest::prelude::*;

use super::*;
use crate::fs::{MemDisk, RealDisk};

const MARK: &str = ".owner";
const NOBODY: Owner = Owner { uid: 0, gid: 0 };

struct Place {
    _dir: tempfile::TempDir,
    root: PathBuf,
    folder: <RealDisk as Disk>::Folder,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let folder = RealDisk.folder(&root).unwrap();
        Self { _dir: dir, root, folder }
    }

    fn owner(&self) -> Ownership {
        owner_of(&RealDisk, &self.folder, OsStr::new(MARK))
    }

    fn take(&self) -> Option<OwnerMark<RealDisk>> {
        OwnerMark::take(&RealDisk, &self.folder, OsStr::new(MARK), us()).unwrap()
    }

    fn claim(&self) -> Result<Claim<RealDisk>, Ownership> {
        try_claim(&RealDisk, &self.folder, OsStr::new(MARK))
    }

    fn names(&self) -> Vec<OsString> {
        std::fs::read_dir(&self.root).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    fn put(&self, text: &[u8]) {
        std::fs::write(self.root.join(MARK), text).unwrap();
    }

    /// A child that has taken the marker, and does what `part` says.
    fn child(&self, part: &str) -> Child {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["lock::owner::tests::child", "--ignored", "--exact", "--nocapture"])
            .envs([("OWNER_PART", part), ("OWNER_ROOT", self.root.to_str().unwrap())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.as_mut().unwrap());
        assert!(output.lines().any(|line| line.unwrap().contains("taken")));
        child
    }
}

fn us() -> Owner {
    Owner { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() }
}

/// What the children of other tests do; by itself it does nothing.
#[test]
#[ignore = "it is a part that other tests start"]
fn child() {
    let Some(root) = std::env::var_os("OWNER_ROOT") else { return };
    let folder = RealDisk.folder(Path::new(&root)).unwrap();
    let mark = OwnerMark::take(&RealDisk, &folder, OsStr::new(MARK), us()).unwrap().unwrap();
    println!("taken");
    if std::env::var("OWNER_PART").unwrap() == "exec" {
        let error = Command::new("cat").exec();
        println!("no exec: {error}");
        return;
    }
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
    drop(mark);
}

/// A marker of a process that has ended, of this world.
fn dead() -> Line {
    let mut child = Command::new("true").spawn().unwrap();
    let start = match life(child.id()) {
        Life::Here { start } => start,
        Life::Gone => Some(1),
    };
    child.wait().unwrap();
    Line { pid: child.id(), starttime: start, ..Line::ours() }
}

fn within_seconds(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        thread::yield_now();
    }
}

#[test]
fn what_is_taken_is_ours_until_it_is_left_or_we_end() {
    let place = Place::new();
    assert_eq!(place.owner(), Ownership::None);
    assert_eq!(place.claim().unwrap_err(), Ownership::None);
    let mark = place.take().unwrap();
    let me = Ownership::Alive(Some(Identity::of_this_process()));
    assert_eq!((place.owner(), place.claim().unwrap_err()), (me.clone(), me.clone()));
    assert!(mark.stands().unwrap() && place.take().is_none());
    drop(mark);
    // Nobody has the lock; the process lives.
    assert_eq!((place.owner(), place.claim().unwrap_err()), (me.clone(), me));
    let mark = place.take().unwrap();
    assert_eq!(place.names(), [MARK]);
    mark.leave().unwrap();
    assert_eq!((place.owner(), place.names().len()), (Ownership::None, 0));
}

#[test]
fn who_starts_other_programs_can_still_let_go_and_take_again() {
    let place = Place::new();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // Between its birth and its call of another program each child has what we have open.
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert!(Command::new("true").status().unwrap().success());
            }
        });
        for round in 0..300 {
            let taken = place.take();
            if taken.is_none() || round == 299 {
                stop.store(true, Ordering::Relaxed);
            }
            assert!(taken.is_some(), "round {round}");
        }
    });
}

#[test]
fn what_is_left_late_takes_no_marker_of_another() {
    let place = Place::new();
    let (old, text) = (place.take().unwrap(), Line::ours().text().unwrap());
    std::fs::remove_file(place.root.join(MARK)).unwrap();
    place.put(&text);
    assert!(!old.stands().unwrap());
    old.leave().unwrap();
    assert_eq!(std::fs::read(place.root.join(MARK)).unwrap(), text);
}

#[test]
fn a_child_lives_until_it_is_killed_be_it_waited_for_or_not() {
    let place = Place::new();
    let mut child = place.child("wait");
    let Ownership::Alive(Some(who)) = place.owner() else { panic!("{:?}", place.owner()) };
    assert_eq!(who.pid, child.id());
    assert!(place.take().is_none() && place.claim().is_err());
    child.kill().unwrap();
    // It is a zombie by now, which holds nothing.
    within_seconds("a zombie is called alive", || place.owner() == Ownership::Dead(who.clone()));
    child.wait().unwrap();
    let claim = place.claim().unwrap();
    assert_eq!(claim.who(), &who);
    assert!(place.take().is_none() && place.claim().is_err());
    drop(claim);
    assert!(place.take().is_some());
    assert_eq!(place.names(), [MARK]);
}

#[test]
fn who_calls_another_program_lives_without_a_lock() {
    let place = Place::new();
    let mut child = place.child("exec");
    within_seconds("it still holds its lock", || {
        let (_, is_held) = RealDisk.open_to_ask(&place.folder, OsStr::new(MARK)).unwrap();
        !is_held
    });
    let pid = child.id();
    assert!(matches!(place.owner(), Ownership::Alive(Some(who)) if who.pid == pid));
    assert!(place.take().is_none() && place.claim().is_err());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(place.claim().is_ok());
}

#[test]
fn a_lock_that_is_held_beats_every_word() {
    let place = Place::new();
    for text in [dead().text().unwrap(), b"torn".to_vec(), Vec::new()] {
        place.put(&text);
        let held = RealDisk.open_to_append(&place.folder, OsStr::new(MARK)).unwrap().unwrap();
        assert!(matches!(place.owner(), Ownership::Alive(_)));
        assert!(place.take().is_none() && place.claim().is_err());
        drop(held);
    }
}

#[test]
fn i5_only_what_is_proven_to_be_dead_is_called_dead() {
    let me = Line {
        pid: 7,
        starttime: Some(70),
        boot_id: Some("b".to_owned()),
        namespace: Some("n".to_owned()),
        machine: Some("m".to_owned()),
    };
    let word = |word: &str| Some(word.to_owned());
    let here = |start| move |_| Life::Here { start };
    let judged = |line: Line, life: &dyn Fn(u32) -> Life| match line.judge(&me, life) {
        Ownership::Dead(_) => "dead",
        Ownership::Alive(_) => "alive",
        Ownership::Unknown(_) => "unknown",
        Ownership::None => "none",
    };
    let gone = |_| Life::Gone;
    assert_eq!(judged(me.clone(), &gone), "dead");
    assert_eq!(judged(me.clone(), &here(Some(70))), "alive");
    assert_eq!(judged(me.clone(), &here(Some(71))), "dead");
    assert_eq!(judged(me.clone(), &here(None)), "unknown");
    assert_eq!(judged(Line { starttime: None, ..me.clone() }, &here(Some(70))), "unknown");
    for life in [&gone as &dyn Fn(u32) -> Life, &here(Some(70))] {
        let other_boot = Line { boot_id: word("c"), ..me.clone() };
        assert_eq!(judged(other_boot.clone(), life), "dead");
        for stranger in [
            Line { machine: word("o"), ..other_boot.clone() },
            Line { machine: None, ..other_boot.clone() },
            Line { namespace: word("o"), ..other_boot },
            Line { namespace: word("o"), ..me.clone() },
            Line { namespace: None, ..me.clone() },
            Line { boot_id: None, ..me.clone() },
        ] {
            assert_eq!(judged(stranger.clone(), life), "unknown", "{stranger:?}");
        }
    }
    // Where our own system tells nothing, nothing is proven.
    let nobody = Line { boot_id: None, namespace: None, machine: None, ..me.clone() };
    assert!(matches!(me.judge(&nobody, gone), Ownership::Unknown(_)));
    assert!(matches!(nobody.judge(&nobody, gone), Ownership::Unknown(_)));
}

#[test]
fn i5_a_free_lock_proves_a_death_only_if_somebody_has_said_so_and_never_in_our_own_tree() {
    let place = Place::new();
    let word = |word: &str| Some(word.to_owned());
    let owner = |proof: Proof| proof.owner_of(&RealDisk, &place.folder, OsStr::new(MARK));
    let claim = || Proof::FreeLock.try_claim(&RealDisk, &place.folder, OsStr::new(MARK));
    let strangers = [
        Line { namespace: word("o"), ..Line::ours() },
        Line { boot_id: word("o"), machine: word("o"), ..Line::ours() },
        Line { boot_id: word("o"), machine: None, namespace: word("o"), ..Line::ours() },
    ];
    for stranger in strangers {
        place.put(&stranger.text().unwrap());
        assert!(matches!(owner(Proof::Process), Ownership::Unknown(_)) && place.take().is_none());
        assert_eq!(owner(Proof::FreeLock), Ownership::Dead(stranger.who()));
        let held = RealDisk.open_to_append(&place.folder, OsStr::new(MARK)).unwrap().unwrap();
        assert!(matches!(owner(Proof::FreeLock), Ownership::Alive(_)) && claim().is_err());
        drop(held);
        drop(claim().unwrap());
        let taken = Proof::FreeLock.take(&RealDisk, &place.folder, OsStr::new(MARK), us()).unwrap();
        assert!(taken.is_some_and(|mark| mark.stands().unwrap()));
    }
    // One of our own world is judged by its process, and what says nothing proves nothing.
    let parent = std::os::unix::process::parent_id();
    let Life::Here { start } = life(parent) else { panic!() };
    place.put(&Line { pid: parent, starttime: start, ..Line::ours() }.text().unwrap());
    assert!(matches!(owner(Proof::FreeLock), Ownership::Alive(_)) && claim().is_err());
    for line in [Line { namespace: None, ..Line::ours() }, Line { boot_id: None, ..Line::ours() }] {
        place.put(&line.text().unwrap());
        assert!(matches!(owner(Proof::FreeLock), Ownership::Unknown(_)) && claim().is_err());
    }
    place.put(b"torn");
    assert!(matches!(owner(Proof::FreeLock), Ownership::Unknown(_)) && claim().is_err());
}

#[test]
fn i5_what_is_no_file_is_nobodys_to_take_and_waits_for_nobody() {
    let place = Place::new();
    let path = place.root.join(MARK);
    let target = place.root.join("target");
    std::fs::write(&target, dead().text().unwrap()).unwrap();
    let makers: [&dyn Fn(); 4] = [
        &|| std::fs::create_dir(&path).unwrap(),
        &|| symlink(&target, &path).unwrap(),
        &|| symlink("nowhere", &path).unwrap(),
        &|| assert!(Command::new("mkfifo").arg(&path).status().unwrap().success()),
    ];
    for make in makers {
        make();
        assert_eq!(place.owner(), unknown("it is no file"));
        assert!(OwnerMark::take(&RealDisk, &place.folder, OsStr::new(MARK), us()).is_err());
        assert_eq!(place.claim().unwrap_err(), unknown("it is no file"));
        assert!(std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path)).is_ok());
    }
    assert!(Line::read(&std::fs::read(target).unwrap()).is_some());
}

#[test]
fn of_many_who_want_what_a_dead_one_left_one_gets_it_and_who_asks_keeps_nobody_from_it() {
    let place = Place::new();
    let text = dead().text().unwrap();
    for round in 0..40 {
        place.put(&text);
        let (begin, stop) = (Barrier::new(5), AtomicBool::new(false));
        let taken = thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        assert!(!matches!(place.owner(), Ownership::None | Ownership::Unknown(_)));
                    }
                });
            }
            let takers: Vec<_> = (0..5)
                .map(|number| {
                    let (place, begin) = (&place, &begin);
                    scope.spawn(move || {
                        begin.wait();
                        let claim = (number == 0).then(|| place.claim().ok()).flatten();
                        let got = claim.is_some();
                        let mark = if number == 0 { None } else { place.take() };
                        begin.wait();
                        (got, mark)
                    })
                })
                .collect();
            let taken: Vec<_> = takers.into_iter().map(|taker| taker.join().unwrap()).collect();
            stop.store(true, Ordering::Relaxed);
            taken
        });
        let marks = taken.iter().filter(|(_, mark)| mark.is_some()).count();
        let claims = taken.iter().filter(|(claim, _)| *claim).count();
        assert_eq!(marks + claims, 1, "round {round}");
        drop(taken);
        std::fs::remove_file(place.root.join(MARK)).unwrap();
        assert_eq!(place.names(), [""; 0], "round {round}");
    }
}

fn in_memory(text: &[u8]) -> (MemDisk, usize) {
    let disk = MemDisk::with_file(Path::new("/dir/.owner"), text);
    let folder = disk.folder(Path::new("/dir")).unwrap();
    (disk, folder)
}

#[test]
fn i3_whenever_who_takes_one_is_killed_the_marker_is_whole_and_can_be_taken() {
    for old in [None, Some(dead().text().unwrap())] {
        for calls in 0.. {
            let (disk, folder) = in_memory(old.as_deref().unwrap_or_default());
            if old.is_none() {
                disk.remove(&folder, OsStr::new(MARK)).unwrap();
            }
            let dying = disk.clone().ending_after(calls);
            let taken = OwnerMark::take(&dying, &folder, OsStr::new(MARK), NOBODY);
            let is_done = taken.is_ok();
            drop(taken);
            match disk.get(Path::new("/dir/.owner")) {
                Some(text) => assert!(Line::read(&text).is_some(), "after {calls} calls"),
                None => assert!(old.is_none(), "after {calls} calls"),
            }
            let again = OwnerMark::take(&disk, &folder, OsStr::new(MARK), NOBODY).unwrap();
            assert!(again.is_some(), "after {calls} calls");
            if is_done {
                assert!(calls > 6);
                break;
            }
        }
    }
}

#[test]
fn i6_whatever_call_fails_nothing_is_left_on_its_way() {
    for at in 0.. {
        let (disk, folder) = in_memory(&dead().text().unwrap());
        disk.fail_at(at, false);
        let taken = OwnerMark::take(&disk, &folder, OsStr::new(MARK), NOBODY);
        let calls = disk.heal();
        assert_eq!(disk.names(Path::new("/dir")), [MARK], "call {at}");
        if calls <= at {
            assert!(taken.unwrap().is_some());
            break;
        }
        assert!(taken.is_err(), "call {at}");
    }
}

proptest! {
    #[test]
    fn i5_what_is_torn_or_somebody_elses_is_never_dead(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (disk, folder) = in_memory(&bytes);
        prop_assert!(matches!(owner_of(&disk, &folder, OsStr::new(MARK)), Ownership::Unknown(_)));
        prop_assert!(try_claim(&disk, &folder, OsStr::new(MARK)).is_err());
        prop_assert!(OwnerMark::take(&disk, &folder, OsStr::new(MARK), NOBODY).unwrap().is_none());
        prop_assert_eq!(disk.get(Path::new("/dir/.owner")), Some(bytes));
    }

    #[test]
    fn i5_a_marker_with_a_part_missing_or_a_byte_changed_is_dead_only_if_it_still_says_so(
        cut in 0_usize..400, at in 0_usize..400, byte in any::<u8>(),
    ) {
        let whole = Line { pid: u32::MAX, ..Line::ours() }.text().unwrap();
        let torn = &whole[..cut.min(whole.len() - 1)];
        let (disk, folder) = in_memory(torn);
        prop_assert!(matches!(owner_of(&disk, &folder, OsStr::new(MARK)), Ownership::Unknown(_)));
        let mut flipped = whole.clone();
        flipped[at % whole.len()] = byte;
        disk.put(Path::new("/dir/.owner"), &flipped);
        if let Ownership::Dead(who) = owner_of(&disk, &folder, OsStr::new(MARK)) {
            // Nothing that makes a process of this world another's may have changed.
            prop_assert_eq!(who.world.unwrap().namespace, Line::ours().namespace.unwrap());
        }
    }
}
