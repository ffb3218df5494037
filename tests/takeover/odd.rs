//! Whatever stands at a lock's name: an attempt ends at once, takes only what the rules give, and leaves all else as it is.

use std::{
    fs::{self, File, Permissions},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use session_reaper::{
    fs::RealDisk,
    lock::{Attempt, Kind, Sidecar, Verdict},
    model::Timestamp,
};
use tempfile::TempDir;

use crate::{
    contend::{DAY, LOCK, dead_pid, me, sidecar, text},
    contender::owner,
    rig::left_in,
};

/// How the private names for a lock on its way begin.
const TEMPS: &str = "sessions.json.lock.";

const AT_ONCE: Duration = Duration::from_secs(1);

/// A real folder for one lock.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.folder().join(LOCK)
    }

    pub(crate) fn sidecar(&self) -> Arc<Sidecar<RealDisk>> {
        sidecar(RealDisk, self.folder(), Kind::Store, owner())
    }

    /// Puts a lock there that was written so many seconds ago.
    pub(crate) fn write(&self, bytes: &[u8], age_s: i64) {
        fs::write(self.lock(), bytes).unwrap();
        File::options().write(true).open(self.lock()).unwrap().set_modified(ago(age_s)).unwrap();
    }

    /// What stands at the name: enough to see that nobody touched it.
    pub(crate) fn seen(&self) -> (u64, u32, u64, i64, i64, Vec<u8>) {
        let found = fs::symlink_metadata(self.lock()).unwrap();
        let is_small = found.is_file() && found.len() < 100_000 && found.mode() & 0o777 != 0;
        let bytes = if is_small { fs::read(self.lock()).unwrap() } else { Vec::new() };
        (found.ino(), found.mode(), found.len(), found.mtime(), found.mtime_nsec(), bytes)
    }

    /// One attempt, which must not take long.
    pub(crate) fn attempt(&self) -> Attempt<RealDisk> {
        let begin = Instant::now();
        let attempt = self.sidecar().attempt(None).unwrap();
        assert!(begin.elapsed() < AT_ONCE, "it took {:?}", begin.elapsed());
        attempt
    }

    /// Nobody may take it, and it stays as it is.
    pub(crate) fn must_stay(&self, why: Verdict) {
        let before = self.seen();
        match self.attempt() {
            Attempt::Taken(_, verdict) => assert_eq!(verdict, why),
            other => panic!("it was taken: {other:?}"),
        }
        assert_eq!(self.seen(), before);
        assert!(!left_in(self.folder()).iter().any(|name| name.starts_with(TEMPS)));
    }

    /// It is taken over, and afterwards nothing is left.
    pub(crate) fn must_be_taken(&self) {
        match self.attempt() {
            Attempt::Held(held) => {
                assert!(held.is_ours());
                held.release().unwrap();
            }
            other => panic!("it was not taken: {other:?}"),
        }
        assert!(!left_in(self.folder()).iter().any(|name| name.starts_with(LOCK)));
    }
}

fn ago(age_s: i64) -> SystemTime {
    let span = Duration::from_secs(age_s.unsigned_abs());
    if age_s < 0 { SystemTime::now() + span } else { SystemTime::now() - span }
}

pub(crate) fn time(age_s: i64) -> Timestamp {
    let millis = ago(age_s).duration_since(UNIX_EPOCH).unwrap().as_millis();
    Timestamp::from_millis(i64::try_from(millis).unwrap())
}

/// Makes everything at the name old, a link itself and not what it leads to.
fn make_old(path: &Path) {
    let touched = Command::new("touch").args(["-h", "-d", "1 hour ago"]).arg(path).status().unwrap();
    assert!(touched.success());
}

#[test]
fn an_empty_or_torn_lock_stands_for_thirty_seconds() {
    for bytes in [&b""[..], b"{\"pid\": 1, \"crea", b"\0\0\0\0", b"{", b"{\n  \"pi"] {
        let place = Place::new();
        place.write(bytes, 25);
        place.must_stay(Verdict::Unknown);
        place.write(bytes, 31);
        place.must_be_taken();
    }
}

#[test]
fn a_huge_lock_is_not_read_to_its_end() {
    let place = Place::new();
    place.write(b"{", 0);
    File::options().write(true).open(place.lock()).unwrap().set_len(1 << 30).unwrap();
    place.must_stay(Verdict::Odd);
    make_old(&place.lock());
    place.must_stay(Verdict::Odd);
}

/// A store may have the name of another one's lock.
#[test]
fn a_file_that_says_nothing_that_a_lock_says_is_never_taken() {
    for bytes in [
        &b"{\"agent:main:main\":{\"updatedAt\":1}}"[..],
        b"{}",
        b"[1]",
        b"null",
        b"\xff\xfe",
        b"version: 1",
        b"{\"a\":1e999}\n",
    ] {
        let place = Place::new();
        place.write(bytes, 31);
        place.must_stay(Verdict::Odd);
    }
}

/// A folder, a pipe, a socket and links, fresh and old: only a person removes them.
#[test]
fn what_is_no_file_is_never_taken_nor_followed() {
    let makers: [fn(&Place); 5] = [
        |place| fs::create_dir(place.lock()).unwrap(),
        |place| assert!(Command::new("mkfifo").arg(place.lock()).status().unwrap().success()),
        |place| drop(UnixListener::bind(place.lock()).unwrap()),
        |place| symlink("target", place.lock()).unwrap(),
        |place| symlink("nothing", place.lock()).unwrap(),
    ];
    for make in makers {
        let place = Place::new();
        let target = place.folder().join("target");
        fs::write(&target, "what the link leads to").unwrap();
        let inode = fs::metadata(&target).unwrap().ino();
        make(&place);
        place.must_stay(Verdict::Odd);
        make_old(&place.lock());
        place.must_stay(Verdict::Odd);
        assert_eq!(fs::read(&target).unwrap(), b"what the link leads to");
        assert_eq!(fs::metadata(&target).unwrap().ino(), inode);
    }
}

#[test]
fn a_live_owner_keeps_its_lock_for_thirty_seconds_whichever_form_it_has() {
    let (pid, start) = (me().pid, me().start.unwrap());
    let place = Place::new();
    for lock in [
        text(pid, start, time(25), DAY),
        format!("{{\"pid\":{pid},\"createdAt\":\"{}\",\"starttime\":{start}}}", time(25)).into_bytes(),
    ] {
        place.write(&lock, 25);
        place.must_stay(Verdict::Alive);
    }
    place.write(format!("{{\"pid\":{pid},\"startedAt\":{}}}", time(25).as_millis()).as_bytes(), 25);
    place.must_stay(Verdict::Unknown);
    place.write(&text(pid, start, time(31), DAY), 31);
    place.must_be_taken();
}

#[test]
fn a_number_that_was_given_again_is_believed_only_in_our_own_world() {
    let (pid, start) = (me().pid, me().start.unwrap());
    let place = Place::new();
    place.write(&text(pid, start + 1, time(0), DAY), 0);
    place.must_be_taken();
    place.write(&text(dead_pid(), start, time(0), DAY), 0);
    place.must_be_taken();
    for (pid, start) in [(pid, start + 1), (dead_pid(), 1)] {
        let foreign = format!("{{\"pid\":{pid},\"createdAt\":\"{}\",\"starttime\":{start}}}", time(0));
        place.write(foreign.as_bytes(), 0);
        place.must_stay(Verdict::Unknown);
    }
}

#[test]
fn a_locks_own_time_counts_and_its_files_where_it_tells_none_that_can_be() {
    let dead = dead_pid();
    let place = Place::new();
    let at = |age| format!("{{\"pid\":{dead},\"createdAt\":\"{}\"}}", time(age)).into_bytes();
    for (bytes, file_age, is_taken) in [
        (at(31), 0, true),
        (at(25), 0, false),
        (at(25), 3_600, false),
        (at(-3_600), 25, false),
        (at(-3_600), 31, true),
        (format!("{{\"pid\":{dead},\"createdAt\":\"soon\"}}").into_bytes(), 25, false),
        (format!("{{\"pid\":{dead},\"createdAt\":\"soon\"}}").into_bytes(), 31, true),
        (format!("{{\"pid\":{dead},\"startedAt\":1}}").into_bytes(), 25, false),
        (format!("{{\"pid\":{dead},\"startedAt\":1}}").into_bytes(), 31, true),
        (b"{\"pid\":null}".to_vec(), 25, false),
        (b"{\"pid\":null}".to_vec(), 31, true),
    ] {
        place.write(&bytes, file_age);
        if is_taken { place.must_be_taken() } else { place.must_stay(Verdict::Unknown) }
    }
}

/// Root may read everything; for others see `worlds`.
#[test]
fn a_lock_that_nobody_may_read_is_not_taken_by_those_who_cannot() {
    let place = Place::new();
    place.write(b"{\"pid\":1}", 3_600);
    fs::set_permissions(place.lock(), Permissions::from_mode(0o000)).unwrap();
    if rustix::process::geteuid().is_root() {
        place.must_be_taken();
    } else {
        place.must_stay(Verdict::Unknown);
    }
}
