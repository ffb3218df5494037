//! An on-disk lock beside a file: `<file>.lock`, as the processes of OpenClaw take it.
//!
//! It is made whole: a note is written under a private name and gets the lock's name by link(2), which fails when
//! something has it. So nobody ever sees a lock without its owner.
//!
//! A stale one is claimed by rename: it is moved to a private name and looked at again there. If it is another than the
//! one that was judged, somebody was quicker, and it is put back. Of our own processes only one at a time comes so far:
//! each does its attempt, and its release, in its turn, which is an flock that the kernel frees when its holder dies. So
//! no two of ours remove the same lock, and a lock that is put back meets no third. Who is stopped in its turn keeps the
//! others waiting until they give up; a release then goes on without, but for a lock that others may be taking over.
//!
//! Whoever has a lock asks [`Held::is_ours`] right before it does what the lock is for. Peers may have taken it for stale.

use std::{
    ffi::{OsStr, OsString},
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    judge::{Content, Found, Kind, Verdict, judge},
    mutex::wait_for,
    note::{self, MAX_NOTE, Note},
};
use crate::{
    fs::{Disk, Owner, Reader, Stat, Writer, is_temp_of, read_full, temp_name},
    model::Timestamp,
    process::{Identity, life},
};

/// The ending of every such lock.
pub const ENDING: &str = ".lock";

/// Who may take, take over or release a lock in a folder: one of us at a time.
/// No lock of a store is called so: they all have the ending.
pub const TURN: &str = "turn";

/// A turn takes microseconds. Whoever cannot have it in this time to release a lock does without.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often it is tried to release a lock.
const TRIES: u32 = 3;

/// The place of an on-disk lock, and all that is needed to take it.
#[derive(Debug)]
pub struct Sidecar<D: Disk> {
    disk: D,
    folder: Arc<D::Folder>,
    name: OsString,
    private: Arc<D::Folder>,
    owner: Owner,
    kind: Kind,
    me: Identity,
    patience: Duration,
}

/// How an attempt to take a lock ended.
#[derive(Debug)]
pub enum Attempt<D: Disk> {
    /// We have it.
    Held(Held<D>),
    /// Somebody has it.
    Taken(Found, Verdict),
    /// Somebody was taking or releasing it at the same moment: try again.
    Crossed,
}

/// A lock that we have, until it is released or dropped.
#[derive(Debug)]
pub struct Held<D: Disk> {
    sidecar: Arc<Sidecar<D>>,
    text: Vec<u8>,
    /// The lock's file, open: while it is, no other file can get its number.
    file: D::Reader,
    made: Stat,
    since: Instant,
    released: bool,
}

impl<D: Disk> Sidecar<D> {
    /// The lock of `kind` on the file `of` in `folder`, for files of `owner`. `private` is our own folder beside it.
    pub fn new(
        disk: D,
        folder: impl Into<Arc<D::Folder>>,
        of: &OsStr,
        private: Arc<D::Folder>,
        owner: Owner,
        kind: Kind,
    ) -> Arc<Self> {
        let mut name = of.to_owned();
        name.push(ENDING);
        Arc::new(Self {
            disk,
            folder: folder.into(),
            name,
            private,
            owner,
            kind,
            me: Identity::of_this_process(),
            patience: PATIENCE,
        })
    }

    /// Waits for its turn to release a lock no longer than this; a model checker has no time.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn with_patience(mut self: Arc<Self>, patience: Duration) -> Arc<Self> {
        if let Some(sidecar) = Arc::get_mut(&mut self) {
            sidecar.patience = patience;
        }
        self
    }

    /// The folder that the lock and its file are in.
    #[must_use]
    pub fn folder(&self) -> &D::Folder {
        &self.folder
    }

    /// Tries once to take the lock, for at most `max_hold` if the holder says so.
    ///
    /// # Errors
    /// As the operating system says; then the lock is not ours.
    pub fn attempt(self: &Arc<Self>, max_hold: Option<Duration>) -> io::Result<Attempt<D>> {
        self.attempt_if(max_hold, Verdict::may_be_taken)
    }

    /// The same, but one that stands there is taken over only if `may` says so as well as the rules.
    ///
    /// # Errors
    /// As for [`Sidecar::attempt`].
    pub fn attempt_if(
        self: &Arc<Self>,
        max_hold: Option<Duration>,
        may: impl FnOnce(Verdict) -> bool,
    ) -> io::Result<Attempt<D>> {
        let Some(_turn) = self.turn()? else { return Ok(Attempt::Crossed) };
        self.clear_temps()?;
        let now = Timestamp::from_nanos(self.disk.now_ns());
        if let Some((found, stat)) = self.look()? {
            let verdict = judge(self.kind, &found, now, &self.me, life);
            if !verdict.may_be_taken() || !may(verdict) {
                return Ok(Attempt::Taken(found, verdict));
            }
            if !self.take_away(&stat)? {
                return Ok(Attempt::Crossed);
            }
        }
        self.put_up(&Note::of(&self.me, now, max_hold))
    }

    /// What stands at the lock's name, if anything does. Never hangs, and follows nothing.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn look(&self) -> io::Result<Option<(Found, Stat)>> {
        look_at(&self.disk, &self.folder, &self.name)
    }

    /// Whether others may take over what stands there now.
    fn may_be_taken(&self) -> io::Result<bool> {
        let now = Timestamp::from_nanos(self.disk.now_ns());
        let found = self.look()?;
        Ok(found.is_some_and(|(found, _)| judge(self.kind, &found, now, &self.me, life).may_be_taken()))
    }

    /// Our turn to change what stands at a lock's name, if nobody else of us has it.
    fn turn(&self) -> io::Result<Option<D::Lock>> {
        self.disk.try_lock(&self.private, OsStr::new(TURN), self.owner)
    }

    /// Removes what attempts of those who were killed have left, if nobody else of us is at a lock just now.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn tidy(&self) -> io::Result<()> {
        match self.turn()? {
            Some(_turn) => self.clear_temps(),
            None => Ok(()),
        }
    }

    /// The same. Only in our turn.
    fn clear_temps(&self) -> io::Result<()> {
        for name in self.disk.list(&self.private)?.iter().filter(|name| is_temp_of(name, &self.name)) {
            if self.was_displaced(name)?
                && self.disk.rename_new((&self.private, name), (&self.folder, &self.name))?
            {
                continue;
            }
            match self.disk.remove(&self.private, name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether this is a gateway's lock that still counts, or no lock at all: somebody moved it away by mistake, and was
    /// killed before he could put it back.
    fn was_displaced(&self, name: &OsStr) -> io::Result<bool> {
        let now = Timestamp::from_nanos(self.disk.now_ns());
        let is_foreign = |found: &Found| match &found.content {
            Content::Note(note) => note.token.is_none(),
            content => *content == Content::NoLock,
        };
        let found = look_at(&self.disk, &self.private, name)?.filter(|(found, _)| is_foreign(found));
        Ok(found.is_some_and(|(found, _)| !judge(self.kind, &found, now, &self.me, life).may_be_taken()))
    }

    /// Makes the lock, unless there is one.
    fn put_up(self: &Arc<Self>, note: &Note) -> io::Result<Attempt<D>> {
        let text = note.text()?;
        let temp = Temp::new(self);
        let mut file = self.disk.create(&self.private, &temp.name)?;
        file.write_all(&text)?;
        file.hand_to(self.owner)?;
        let file = self.disk.open(&self.private, &temp.name)?;
        let made = file.stat()?;
        if !temp.become_lock()? && !self.has(&made)? {
            return Ok(Attempt::Crossed);
        }
        let since = Instant::now();
        Ok(Attempt::Held(Held { sidecar: Arc::clone(self), text, file, made, since, released: false }))
    }

    /// Whether the lock is that very file. A network file system may make a link and call it a failure.
    fn has(&self, made: &Stat) -> io::Result<bool> {
        match self.disk.stat(&self.folder, &self.name) {
            Ok(stat) => Ok((stat.dev, stat.ino) == (made.dev, made.ino)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes the lock if it is the very one that was seen; whatever else stands there stays, or is put back.
    fn take_away(&self, seen: &Stat) -> io::Result<bool> {
        let mut temp = Temp::new(self);
        match self.disk.rename((&self.folder, &self.name), (&self.private, &temp.name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            moved => moved?,
        }
        // Until it is known to be the right one it is not to be removed, whatever fails: the next attempt puts it back.
        temp.is_kept = true;
        let out = match self.disk.stat(&self.private, &temp.name) {
            // A release that could not have its turn: whoever has it has cleared this as a leftover.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            out => out?,
        };
        let is_right = is_same(&out, seen);
        if !is_right && !temp.become_lock()? {
            tracing::warn!(lock = %self.name.display(), "somebody's lock was displaced by another's");
        }
        temp.is_kept = false;
        Ok(is_right)
    }
}

/// A lock keeps its times when it gets another name, but for the last change of anything about it.
fn is_same(out: &Stat, seen: &Stat) -> bool {
    let identity = |stat: &Stat| (stat.dev, stat.ino, stat.size, stat.modified_ns);
    out.is_file && identity(out) == identity(seen)
}

/// What stands at `name`, if anything does. Never hangs, and follows nothing.
///
/// # Errors
/// As the operating system says.
pub fn look_at<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr) -> io::Result<Option<(Found, Stat)>> {
    let stat = match disk.stat(folder, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        stat => stat?,
    };
    let modified = Timestamp::from_nanos(stat.modified_ns);
    let content = if stat.is_file { read(disk, folder, name, &stat)? } else { Some(Content::NoFile) };
    Ok(content.map(|content| (Found { content, modified }, stat)))
}

/// What stands in the lock that was just looked at; `None` when it is gone or another now.
fn read<D: Disk>(disk: &D, folder: &D::Folder, name: &OsStr, stat: &Stat) -> io::Result<Option<Content>> {
    let file = match disk.open(folder, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(Some(Content::Forbidden)),
        file => file?,
    };
    let opened = file.stat()?;
    if (opened.dev, opened.ino) != (stat.dev, stat.ino) {
        return Ok(None);
    }
    if opened.size > MAX_NOTE as u64 {
        return Ok(Some(Content::NoLock));
    }
    Ok(Some(note::content(&read_start(&file)?)))
}

/// The first bytes of a file, more than any lock has.
fn read_start(file: &impl Reader) -> io::Result<Vec<u8>> {
    let mut text = vec![0; MAX_NOTE];
    let length = read_full(file, &mut text, 0)?;
    text.truncate(length);
    Ok(text)
}

impl<D: Disk> Held<D> {
    /// Whether the lock is still ours: the very file that we made, with our very token. A peer may have taken it for
    /// stale while we were stopped.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        !self.released && self.stands().unwrap_or(false)
    }

    fn stands(&self) -> io::Result<bool> {
        Ok(self.sidecar.has(&self.made)? && read_start(&self.file)? == self.text)
    }

    /// How long we have had it.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Removes the lock, if it is still ours.
    ///
    /// # Errors
    /// As the operating system says; then nobody knows whether the lock is still there.
    pub fn release(mut self) -> io::Result<()> {
        self.let_go()
    }

    /// A lock that stays keeps gateways waiting, so that a call that fails is made again.
    fn let_go(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.released, true) {
            return Ok(());
        }
        let mut done = self.give_back();
        for _ in 1..TRIES {
            if done.is_ok() {
                break;
            }
            // What was moved away by mistake is put back first.
            done = self.sidecar.tidy().and_then(|()| self.give_back());
        }
        done
    }

    fn give_back(&self) -> io::Result<()> {
        let held_us = self.since.elapsed().as_micros();
        let turn = wait_for(self.sidecar.patience, || self.sidecar.turn()).unwrap_or(None);
        // Out of turn an overdue lock is left alone: somebody may be taking it over, and what is theirs must not be moved.
        let is_safe = turn.is_some() || !self.sidecar.may_be_taken()?;
        if is_safe && self.stands()? {
            self.sidecar.take_away(&self.made)?;
        }
        tracing::debug!(lock = %self.sidecar.name.display(), held_us, "released");
        Ok(())
    }
}

impl<D: Disk> Drop for Held<D> {
    fn drop(&mut self) {
        if let Err(error) = self.let_go() {
            tracing::warn!(lock = %self.sidecar.name.display(), %error, "a lock could not be released");
        }
    }
}

/// A private name for what is on its way to or from a lock's name; what has it when this is dropped is removed.
struct Temp<'a, D: Disk> {
    sidecar: &'a Sidecar<D>,
    name: OsString,
    is_kept: bool,
}

impl<'a, D: Disk> Temp<'a, D> {
    fn new(sidecar: &'a Sidecar<D>) -> Self {
        Self { sidecar, name: temp_name(&sidecar.name), is_kept: false }
    }

    /// Gives the file the lock's name, if nothing has it.
    fn become_lock(&self) -> io::Result<bool> {
        let Sidecar { disk, folder, private, name, .. } = self.sidecar;
        disk.rename_new((private, &self.name), (folder, name))
    }
}

impl<D: Disk> Drop for Temp<'_, D> {
    fn drop(&mut self) {
        if !self.is_kept {
            // Mostly it has got another name; what a failure leaves is cleared by the next sweep.
            let _ = self.sidecar.disk.remove(&self.sidecar.private, &self.name);
        }
    }
}
