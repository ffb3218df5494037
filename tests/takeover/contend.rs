//! What every rig here shares: a place with a dead lock, a way to contend for it, and a room that holds one at a time.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use session_reaper::{
    fs::{Disk, MemDisk, Owner},
    lock::{Attempt, Held, Kind, Note, Sidecar},
    model::Timestamp,
    process::Identity,
};

pub(crate) const LOCK: &str = "sessions.json.lock";
pub(crate) const OURS: &str = ".session-reaper";
pub(crate) const TURN: &str = "turn";

/// Locks in memory are held for this long at most: seconds fly on a disk in memory.
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// A way to take a lock: the real one, or one that is wrong on purpose.
pub(crate) trait Protocol: Send + Sync + 'static {
    type Held: Send;

    /// Tries once; `None` when it is to be tried again.
    fn attempt(&self) -> io::Result<Option<Self::Held>>;
    fn is_ours(&self, held: &Self::Held) -> bool;
    fn release(&self, held: Self::Held) -> io::Result<()>;
}

/// The protocol that all this is about.
pub(crate) struct Real<D: Disk> {
    pub(crate) sidecar: Arc<Sidecar<D>>,
    pub(crate) hold: Duration,
}

impl<D: Disk> Protocol for Real<D>
where
    D::Lock: 'static,
{
    type Held = Held<D>;

    fn attempt(&self) -> io::Result<Option<Held<D>>> {
        match self.sidecar.attempt(Some(self.hold))? {
            Attempt::Held(held) => Ok(Some(held)),
            Attempt::Taken(..) | Attempt::Crossed => Ok(None),
        }
    }

    fn is_ours(&self, held: &Held<D>) -> bool {
        held.is_ours()
    }

    fn release(&self, held: Held<D>) -> io::Result<()> {
        held.release()
    }
}

/// The real protocol in the folder at `store`.
pub(crate) fn sidecar<D: Disk>(disk: D, store: &Path, kind: Kind, owner: Owner) -> Arc<Sidecar<D>> {
    let folder = disk.folder(store).unwrap();
    let private = Arc::new(disk.private_folder(&folder, OsStr::new(OURS), owner).unwrap());
    Sidecar::new(disk, folder, OsStr::new("sessions.json"), private, owner, kind)
}

/// The number of a process that has ended and was waited for.
pub(crate) fn dead_pid() -> u32 {
    static DEAD: OnceLock<u32> = OnceLock::new();
    *DEAD.get_or_init(|| {
        let mut child = Command::new("true").stdin(Stdio::null()).spawn().unwrap();
        child.wait().unwrap();
        child.id()
    })
}

/// A number that no process ever has: Linux ends below it.
pub(crate) const NOBODYS: u32 = 4_194_305;

/// This process, its `/proc` read once.
pub(crate) fn me() -> &'static Identity {
    static ME: OnceLock<Identity> = OnceLock::new();
    ME.get_or_init(Identity::of_this_process)
}

/// A lock in our own form.
pub(crate) fn text(pid: u32, start: u64, created: Timestamp, hold: Duration) -> Vec<u8> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let world = me().world.as_ref().expect("Linux tells which boot and namespace this is");
    let token = format!("{:032x}", NEXT.fetch_add(1, Ordering::SeqCst));
    let note = serde_json::json!({
        "pid": pid, "createdAt": created.to_string(), "maxHoldMs": u64::try_from(hold.as_millis()).unwrap(),
        "starttime": start, "startedAt": created.as_millis(), "by": "session-reaper", "token": token,
        "bootId": world.boot, "namespace": world.namespace,
    });
    serde_json::to_vec_pretty(&note).unwrap()
}

/// A lock whose owner was seen to die.
pub(crate) fn dead_text(created: Timestamp) -> Vec<u8> {
    text(dead_pid(), 1, created, 2 * DAY)
}

/// A disk in memory where a dead lock stands.
pub(crate) struct Scene(pub(crate) MemDisk);

impl Scene {
    pub(crate) fn new() -> Self {
        let scene = Self(MemDisk::with_file(Path::new("/store/sessions.json"), b"{}"));
        let folder = scene.0.folder(Path::new("/store")).unwrap();
        scene.0.private_folder(&folder, OsStr::new(OURS), Owner::default()).unwrap();
        scene.put(&dead_text(Timestamp::from_nanos(scene.0.now_ns())));
        scene
    }

    pub(crate) fn put(&self, lock: &[u8]) {
        self.0.put(Path::new("/store/sessions.json.lock"), lock);
    }

    pub(crate) fn lock(&self) -> Option<Vec<u8>> {
        self.0.get(Path::new("/store/sessions.json.lock"))
    }

    /// The real protocol through a handle of this disk; a release waits for its turn as long as `patience`.
    pub(crate) fn real(disk: MemDisk, hold: Duration, patience: Duration) -> Real<MemDisk> {
        let sidecar = sidecar(disk, Path::new("/store"), Kind::Transcript, Owner::default());
        Real { sidecar: sidecar.with_patience(patience), hold }
    }

    /// A holder was killed: if the lock is its, it is a dead one from now on.
    pub(crate) fn bury(&self, hold: Duration) {
        let note = self.lock().and_then(|bytes| Note::read(&bytes));
        if note.is_some_and(|note| note.max_hold == Some(hold)) {
            self.put(&dead_text(Timestamp::from_nanos(self.0.now_ns())));
        }
    }

    /// Whoever comes last gets the lock; when it has left there is no trace.
    pub(crate) fn must_be_clean_after_one_more(&self) {
        let last = Self::real(self.0.clone(), DAY, Duration::ZERO);
        let held = last.attempt().unwrap().expect("nobody is there, and the lock cannot be had");
        assert!(held.is_ours());
        held.release().unwrap();
        assert_eq!(self.0.names(Path::new("/store")), [OURS, "sessions.json"]);
        assert_eq!(self.0.names(&Path::new("/store").join(OURS)), [TURN]);
    }

    /// The names in our folder, our mutex left out.
    pub(crate) fn temps(&self) -> Vec<String> {
        let mut names = self.0.names(&Path::new("/store").join(OURS));
        names.retain(|name| name != TURN);
        names
    }
}

/// A room for one.
#[derive(Debug, Default)]
pub(crate) struct Room(AtomicUsize);

/// Somebody in the room, until it is dropped.
pub(crate) struct Inside<'a>(&'a Room);

impl Room {
    pub(crate) fn enter(&self) -> Inside<'_> {
        assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), 0, "two holders");
        Inside(self)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Comes `turns` times with so many tries each; tells how often it had the lock. `pause` lets others go on.
///
/// # Errors
/// When a call fails, or the lock is lost while somebody is in the room.
pub(crate) fn contend<P: Protocol>(
    protocol: &P,
    room: &Room,
    (turns, tries): (usize, usize),
    pause: impl Fn(),
) -> io::Result<usize> {
    let mut had = 0;
    for _ in 0..turns {
        for _ in 0..tries {
            let Some(held) = protocol.attempt()? else {
                pause();
                continue;
            };
            stay(protocol, &held, room, &pause)?;
            protocol.release(held)?;
            had += 1;
            break;
        }
    }
    Ok(had)
}

/// What a lock is for: nobody else is here, and it stays so.
fn stay<P: Protocol>(protocol: &P, held: &P::Held, room: &Room, pause: impl Fn()) -> io::Result<()> {
    let _inside = room.enter();
    pause();
    let ours = protocol.is_ours(held);
    pause();
    if ours { Ok(()) } else { Err(io::Error::other("the lock was lost while it was held")) }
}

/// The names that a real folder has.
pub(crate) fn names(folder: &Path) -> Vec<OsString> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}
