//! The marker of a living owner: a file that says whose a folder is, and an flock on it for as long as he lives.
//!
//! A marker appears whole and under its flock, by a link or a rename, so that nobody ever sees one without its owner; what
//! stands in a file that has the name never changes. The flock is believed first: who holds it lives, whatever stands there.
//! Where it is free, the process that is named may live all the same: it may have called another program, which has no
//! flock then, and there are file systems that know none. Only who is proven to be dead is called dead. Unknown means keep.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::wait_for;
use crate::{
    fs::{self, Disk, Owner, Stat, Writer as _},
    model::hex,
    process::{Identity, Life, World, life},
};

/// A marker is some two hundred bytes; whatever is larger is none.
const MAX_MARK: usize = 4096;
/// The name of a machine has 32 digits.
const MAX_MACHINE: usize = 128;
/// Who only asks has the lock for less than that.
const ASKING: Duration = Duration::from_millis(100);
/// So often somebody may come in between.
const ATTEMPTS: usize = 16;

/// Whose something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// There is no marker.
    None,
    /// Its owner lives. Who that is may not be readable.
    Alive(Option<Identity>),
    /// Its owner is proven to be dead.
    Dead(Identity),
    /// Nobody can say, and why: it stays.
    Unknown(String),
}

/// What proves that an owner whose lock is free is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Proof {
    /// That his process is not there any more. What runs in another pid namespace or on another machine cannot be seen, so
    /// that nobody knows.
    #[default]
    Process,
    /// For who is of another namespace, boot or machine: that his lock is free. True only where at most one process tree
    /// works at a time, as somebody has said.
    FreeLock,
}

/// What stands in a marker, as one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    pid: u32,
    starttime: Option<u64>,
    boot_id: Option<String>,
    namespace: Option<String>,
    /// The machine, so that one which has booted since is told from another that shares a disk.
    machine: Option<String>,
}

impl Line {
    fn ours() -> Self {
        Self::of(Identity::of_this_process(), machine())
    }

    fn of(who: Identity, machine: Option<String>) -> Self {
        let (boot_id, namespace) = who.world.map(|world| (world.boot, world.namespace)).unzip();
        Self { pid: who.pid, starttime: who.start, boot_id, namespace, machine }
    }

    fn read(text: &[u8]) -> Option<Self> {
        let line = text.strip_suffix(b"\n")?;
        serde_json::from_slice(line).ok().filter(|line: &Self| line.pid > 0)
    }

    fn text(&self) -> io::Result<Vec<u8>> {
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        Ok(text)
    }

    fn who(&self) -> Identity {
        let world = self.boot_id.clone().zip(self.namespace.clone());
        let world = world.map(|(boot, namespace)| World { boot, namespace });
        Identity { pid: self.pid, start: self.starttime, world }
    }

    /// Whether its process cannot be seen by `me`, as that of another tree.
    fn is_of_another_tree(&self, me: &Self) -> bool {
        let is_known = self.who().world.is_some() && me.who().world.is_some();
        is_known && (&self.namespace, &self.boot_id) != (&me.namespace, &me.boot_id)
    }

    /// What became of the process that is named here, as it is seen by `me`.
    fn judge(&self, me: &Self, life: impl FnOnce(u32) -> Life) -> Ownership {
        let who = self.who();
        if who.world.is_none() || self.namespace != me.namespace {
            return unknown("its process is one of another world");
        }
        if self.boot_id != me.boot_id {
            // What ran before the machine was booted has ended. Another machine boots at other times.
            let is_here = self.machine.is_some() && self.machine == me.machine && me.boot_id.is_some();
            return if is_here {
                Ownership::Dead(who)
            } else {
                unknown("its process may be on another machine")
            };
        }
        match (life(self.pid), self.starttime) {
            (Life::Gone, _) => Ownership::Dead(who),
            (Life::Here { start: Some(seen) }, Some(noted)) if seen != noted => Ownership::Dead(who),
            (Life::Here { start: Some(_) }, Some(_)) => Ownership::Alive(Some(who)),
            _ => unknown("the start of its process cannot be seen"),
        }
    }
}

fn unknown(why: impl Into<String>) -> Ownership {
    Ownership::Unknown(why.into())
}

/// A name for this machine that outlives its boots, where the system has one. Not the name itself, which is not for others.
pub(crate) fn machine() -> Option<String> {
    let name = fs::read_kernel(Path::new("/etc/machine-id"), MAX_MACHINE)?;
    let name = name.trim_ascii();
    let digest = Sha256::new().chain_update(b"session-reaper owner ").chain_update(name).finalize();
    (name.len() >= 32).then(|| hex(digest.get(..16).unwrap_or_default()))
}

/// What was seen of a marker at one moment.
struct Seen {
    stat: Stat,
    is_held: bool,
    line: Option<Line>,
}

impl Seen {
    fn judge(&self, me: &Line, proof: Proof) -> Ownership {
        match &self.line {
            line if self.is_held => Ownership::Alive(line.as_ref().map(Line::who)),
            Some(line) if proof == Proof::FreeLock && line.is_of_another_tree(me) => {
                Ownership::Dead(line.who())
            }
            Some(line) => line.judge(me, life),
            None => unknown("it is empty, torn or no marker"),
        }
    }
}

/// Looks at a marker; `None` when there is none.
fn look<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr) -> io::Result<Option<Seen>> {
    for _ in 0..ATTEMPTS {
        let Some(stat) = there(disk.stat(folder, name))? else { return Ok(None) };
        if !stat.is_file {
            return Err(io::Error::other("it is no file"));
        }
        let Some((file, is_held)) = there(disk.open_to_ask(folder, name))? else { continue };
        let text = fs::read_whole(&file, MAX_MARK)?;
        // While the file is open to ask nobody takes it, but for who had it before or has put another in its place.
        let is_still = there(disk.stat(folder, name))?.is_some_and(|now| is_same(&now, &stat));
        if is_still && is_same(&fs::Reader::stat(&file)?, &stat) {
            return Ok(Some(Seen { stat, is_held, line: Line::read(&text) }));
        }
    }
    Err(io::Error::other("it changes all the time"))
}

/// What is not there is no failure.
fn there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

const fn is_same(one: &Stat, other: &Stat) -> bool {
    one.dev == other.dev && one.ino == other.ino
}

/// Whose the folder is that has this marker. Changes nothing, waits for nobody, and keeps no owner from taking it for longer
/// than he is ready to wait.
pub fn owner_of<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr) -> Ownership {
    Proof::Process.owner_of(disk, folder, name)
}

impl Proof {
    /// The same as [`owner_of`], by this proof.
    pub fn owner_of<D: Disk>(self, disk: &D, folder: &D::Folder, name: &OsStr) -> Ownership {
        match look(disk, folder, name) {
            Ok(None) => Ownership::None,
            Ok(Some(seen)) => seen.judge(&Line::ours(), self),
            Err(error) => unknown(error.to_string()),
        }
    }

    /// The same as [`OwnerMark::take`], by this proof.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn take<D: Disk>(
        self,
        disk: &D,
        folder: &D::Folder,
        name: &OsStr,
        owner: Owner,
    ) -> io::Result<Option<OwnerMark<D>>> {
        let me = Line::ours();
        for _ in 0..ATTEMPTS {
            let seen = look(disk, folder, name)?;
            if seen.as_ref().is_some_and(|seen| !may_replace(seen, &me, self)) {
                return Ok(None);
            }
            match OwnerMark::try_take(disk, folder, name, owner, seen.as_ref(), &me) {
                Ok(None) if seen.is_some_and(|seen| seen.is_held) => return Ok(None),
                Ok(None) => {}
                // Somebody has cleared away what was on its way, or a dead one of our number has left his.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {}
                taken => return taken,
            }
        }
        Ok(None)
    }

    /// The same as [`try_claim`], by this proof.
    ///
    /// # Errors
    /// Whose it is otherwise: it has no marker, its owner lives, or nobody can say.
    pub fn try_claim<D: Disk>(
        self,
        disk: &D,
        folder: &D::Folder,
        name: &OsStr,
    ) -> Result<Claim<D>, Ownership> {
        let fail = |error: io::Error| unknown(error.to_string());
        let seen = look(disk, folder, name).map_err(fail)?.ok_or(Ownership::None)?;
        let who = match seen.judge(&Line::ours(), self) {
            Ownership::Dead(who) => who,
            other => return Err(other),
        };
        // Who has it by now lives, or is about to remove it himself.
        let held = hold(disk, folder, name, &seen).map_err(fail)?.ok_or(Ownership::Alive(None))?;
        Ok(Claim { who, held })
    }
}

/// Opens a marker that was seen, with its lock; `None` when somebody has it, or has put another in its place.
fn hold<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr, seen: &Seen) -> io::Result<Option<D::Appender>> {
    let held = match wait_for(ASKING, || disk.open_to_append(folder, name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        held => held?,
    };
    let Some(held) = held else { return Ok(None) };
    // Its number alone could be that of a later one.
    let is_it = fs::Appender::stat(&held)? == seen.stat;
    let now = there(disk.stat(folder, name))?;
    let is_it = is_it && now.is_some_and(|now| is_same(&now, &seen.stat));
    Ok(is_it.then_some(held))
}

/// That something is ours, for as long as this lives, and the process with it. The marker stays when this is dropped, as it
/// does when the process is killed, and then says that its owner is dead once the process is.
#[derive(Debug)]
pub struct OwnerMark<D: Disk> {
    disk: D,
    folder: D::Folder,
    name: OsString,
    held: D::Appender,
}

impl<D: Disk> OwnerMark<D> {
    /// Marks a folder as ours by the file `name` in there, given to `owner`. A marker of somebody who is proven to be dead,
    /// or of this process that nobody holds, is replaced; `None` when it is, or may be, another's.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn take(disk: &D, folder: &D::Folder, name: &OsStr, owner: Owner) -> io::Result<Option<Self>> {
        Proof::Process.take(disk, folder, name, owner)
    }

    /// `None` when somebody came in between.
    fn try_take(
        disk: &D,
        folder: &D::Folder,
        name: &OsStr,
        owner: Owner,
        seen: Option<&Seen>,
        me: &Line,
    ) -> io::Result<Option<Self>> {
        let own = disk.subfolder(folder, OsStr::new("."))?;
        // Held until ours has taken its place: of those who would replace it only one comes this far.
        let old = match seen {
            Some(seen) => match hold(disk, folder, name, seen)? {
                Some(old) => Some(old),
                None => return Ok(None),
            },
            None => None,
        };
        let temp = fs::temp_name(name);
        let placed = make(disk, folder, &temp, owner, me).and_then(|held| {
            let is_placed = match old {
                Some(_) => disk.rename((folder, &temp), (folder, name)).map(|()| true),
                None => disk.rename_new((folder, &temp), (folder, name)),
            }?;
            Ok(is_placed.then_some(held))
        });
        if !matches!(placed, Ok(Some(_))) {
            // The first error is the one to tell.
            let _ = disk.remove(folder, &temp);
        }
        let mark = |held| Self { disk: disk.clone(), folder: own, name: name.to_owned(), held };
        placed.map(|held| held.map(mark))
    }

    /// Whether the marker still has its name, in a folder that still is where it was.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn stands(&self) -> io::Result<bool> {
        let stat = there(self.disk.stat(&self.folder, &self.name))?;
        let held = fs::Appender::stat(&self.held)?;
        Ok(stat.is_some_and(|stat| is_same(&stat, &held)))
    }

    /// Removes the marker: what it stood for is nobody's any more.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn leave(self) -> io::Result<()> {
        if self.stands()? { there(self.disk.remove(&self.folder, &self.name)).map(drop) } else { Ok(()) }
    }
}

/// Our own may be held for a moment after we have let it go: by a child that is about to call another program.
fn may_replace(seen: &Seen, me: &Line, proof: Proof) -> bool {
    seen.line.as_ref() == Some(me) || matches!(seen.judge(me, proof), Ownership::Dead(_))
}

/// A new marker under a name of its own, durable and with its lock.
fn make<D: Disk>(
    disk: &D,
    folder: &D::Folder,
    temp: &OsStr,
    owner: Owner,
    me: &Line,
) -> io::Result<D::Appender> {
    let mut file = disk.create(folder, temp)?;
    file.write_all(&me.text()?)?;
    file.keep_private()?;
    file.hand_to(owner)?;
    file.sync()?;
    disk.open_to_append(folder, temp)?.ok_or_else(|| io::ErrorKind::ResourceBusy.into())
}

/// No process has this number: systems give none that is so large.
const NOBODY: u32 = u32::MAX;

/// Marks a folder as one of a dead owner of this machine, whatever marker it has: to be called where it is known that its owner
/// is dead, and his marker is lost.
///
/// # Errors
/// As the operating system says.
pub(crate) fn mark_dead<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr, owner: Owner) -> io::Result<()> {
    let temp = fs::temp_name(name);
    let line = Line { pid: NOBODY, ..Line::ours() };
    let made = make(disk, folder, &temp, owner, &line).map(drop);
    let placed = made.and_then(|()| disk.rename((folder, &temp), (folder, name)));
    if placed.is_err() {
        // The first error is the one to tell.
        let _ = disk.remove(folder, &temp);
    }
    placed
}

/// The right to remove what a dead owner left: while this lives, nobody takes it in his place.
#[derive(Debug)]
pub struct Claim<D: Disk> {
    who: Identity,
    #[expect(dead_code, reason = "held, never looked at")]
    held: D::Appender,
}

impl<D: Disk> Claim<D> {
    /// Who owned it.
    #[must_use]
    pub const fn who(&self) -> &Identity {
        &self.who
    }
}

/// Claims what a dead owner left, to remove it.
///
/// # Errors
/// Whose it is otherwise: it has no marker, its owner lives, or nobody can say.
pub fn try_claim<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr) -> Result<Claim<D>, Ownership> {
    Proof::Process.try_claim(disk, folder, name)
}

#[cfg(test)]
mod tests;
