//! A contender as a process: it is told folders on its standard input, contends once in each, and tells how it went.
//!
//! The test binary runs itself for it. The room is a file that holders lock: the kernel lets go of it whatever becomes of
//! them, so that the detector cannot be fooled.

use std::{
    ffi::OsStr,
    fs::{File, TryLockError},
    io::{self, BufRead, Read, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use session_reaper::{
    fs::{Disk, Owner, RealDisk},
    lock::Kind,
};

use crate::{
    contend::{OURS, Protocol, Real, sidecar},
    naive::{Naive, Wrong},
};

/// What makes the test binary a contender; its value says whether a wrong one.
pub(crate) const ROLE: &str = "SESSION_REAPER_CONTENDER";
pub(crate) const NAIVE: &str = "naive";

/// What an answer begins with; libtest writes to the same pipe.
pub(crate) const ANSWER: &str = "contender: ";

/// The file in a lock's folder that is the room.
pub(crate) const ROOM: &str = "room";

/// How long a lock is held for.
const STAY: Duration = Duration::from_millis(1);
const PAUSE: Duration = Duration::from_micros(300);
const LIMIT: Duration = Duration::from_secs(30);

#[test]
#[ignore = "a process of the rig, no test"]
fn contender() {
    let Some(role) = std::env::var_os(ROLE) else { return };
    outnumber();
    for folder in io::stdin().lock().lines() {
        let folder = folder.unwrap();
        let answer = match contend_in(Path::new(&folder), role == NAIVE) {
            Ok(words) => words,
            Err(error) => format!("failed: {error}"),
        };
        let mut out = io::stdout().lock();
        out.write_all(format!("\n{ANSWER}{answer}\n").as_bytes()).unwrap();
        out.flush().unwrap();
    }
}

/// strace counts each thread's calls from one: who is to be killed at its first write must not be killed at libtest's. So
/// this thread has made more of each than the other before it begins.
fn outnumber() {
    for _ in 0..24 {
        let mut file = File::options().read(true).append(true).open("/dev/null").unwrap();
        rustix::fs::fstat(&file).unwrap();
        file.write_all(b"x").unwrap();
        assert_eq!(file.read(&mut [0]).unwrap() + file.read_at(&mut [0], 0).unwrap(), 0);
        rustix::fs::stat("/dev/null").unwrap();
    }
}

pub(crate) fn owner() -> Owner {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    Owner { uid: user.as_raw(), gid: group.as_raw() }
}

fn contend_in(folder: &Path, is_naive: bool) -> io::Result<String> {
    if !is_naive {
        let sidecar = sidecar(RealDisk, folder, Kind::Store, owner());
        return once(&Real { sidecar, hold: LIMIT }, folder);
    }
    let open = RealDisk.folder(folder)?;
    let private = Arc::new(RealDisk.private_folder(&open, OsStr::new(OURS), owner())?);
    once(&Naive::new(RealDisk, open, private, Kind::Store, Wrong::UnlinksByName), folder)
}

fn once<P: Protocol>(protocol: &P, folder: &Path) -> io::Result<String> {
    let begin = Instant::now();
    while begin.elapsed() < LIMIT {
        if let Some(held) = protocol.attempt()? {
            let words = stay(protocol, &held, folder)?;
            protocol.release(held)?;
            return Ok(words.to_owned());
        }
        thread::sleep(PAUSE);
    }
    Ok("late".to_owned())
}

/// One at a time.
fn stay<P: Protocol>(protocol: &P, held: &P::Held, folder: &Path) -> io::Result<&'static str> {
    let room = File::options().create(true).append(true).open(folder.join(ROOM))?;
    match room.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok("two holders"),
        locked => locked?,
    }
    thread::sleep(STAY);
    Ok(if protocol.is_ours(held) { "held" } else { "lost" })
}
