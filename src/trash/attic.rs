//! Things in the trash that are no rows: folders and files, moved there as they are.
//!
//! `trash/<run>.<of>/` holds `things.jsonl`, the run's journal line and then one line for each thing, and the things under their
//! numbers in that list. The list is durable before the first thing moves, and each moves by one rename: so whoever finds the
//! folder unfinished need only look which numbers are there, and nothing is ever in two places. Of a thing that went without
//! leaving anything to move, `<number>.note` says that it went.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{FolderName, Identity, Line, RowsReader, RunId, Stage, Trash, bundle::MANIFEST};
use crate::fs::{self, Disk, Reader, Writer};

pub(super) const LIST: &str = "things.jsonl";
pub(super) const NEW_LIST: &str = "things.jsonl.tmp";

/// No list of ours is longer.
const MAX_LIST: u64 = 1 << 30;

/// Something that was moved into the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    /// Where it stood in the folder that was swept.
    pub name: String,
    /// What it belonged to.
    pub of: String,
    /// What else is needed to bring it back, for whoever put it here to say and to understand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<More>,
    /// What took its place, if a text of ours did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<Became>,
}

impl Thing {
    /// A thing that nothing more need be said of.
    #[must_use]
    pub const fn new(name: String, of: String) -> Self {
        Self { name, of, more: None, became: None }
    }
}

/// Something in the words of whoever wrote it down.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct More(Box<RawValue>);

impl PartialEq for More {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Eq for More {}

impl More {
    /// Writes something down.
    ///
    /// # Errors
    /// JSON has no words for it.
    pub fn of(what: &impl Serialize) -> serde_json::Result<Self> {
        serde_json::value::to_raw_value(what).map(Self)
    }

    /// How long it is.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.get().len()
    }

    /// What was written down.
    ///
    /// # Errors
    /// It is something else.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.0.get())
    }
}

/// A text that took the place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Became {
    /// What the other was then. If it is not that any more, somebody has added to it, and what he added is nowhere else.
    pub was: Identity,
    /// What the new one was then.
    pub is: Identity,
    /// What it says.
    #[serde(flatten)]
    pub text: Text,
}

/// A text, as it is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// How many bytes it has.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: String,
}

/// The things of one kind in the trash of a folder.
#[derive(Debug)]
pub struct Attic<'a, D: Disk> {
    pub(super) trash: Trash<'a, D>,
}

impl<'a, D: Disk> Attic<'a, D> {
    /// That of the trash `trash`.
    #[must_use]
    pub const fn new(trash: Trash<'a, D>) -> Self {
        Self { trash }
    }

    /// The names of its bundles, oldest first.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn names(&self) -> io::Result<Vec<FolderName>> {
        self.trash.names()
    }

    /// Begins a bundle for these things, and makes its list durable; `beside` is the folder that ours is in. From here on they
    /// may be moved.
    ///
    /// # Errors
    /// As the operating system says; then there is no bundle. `AlreadyExists` when a run of this name has left one: its things
    /// would be taken for ours.
    pub fn begin(&self, beside: &D::Folder, line: &Line, things: &[Thing]) -> io::Result<Moving<'_, 'a, D>> {
        if self.names()?.iter().any(|name| name.run == line.run) {
            let why = "a run of this name is in the trash already, or on its way there";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        let (around, bundle, name) = self.trash.begin_bundle(beside, &line.run, true)?;
        let moving = Moving { attic: self, around, bundle, name, moved: 0, is_ended: false };
        moving.write(line, things)?;
        Ok(moving)
    }

    /// Opens a bundle; `None` when it has no list: then nothing was ever moved into it.
    ///
    /// # Errors
    /// As the operating system says; `InvalidData` when its list is none.
    pub fn open(&self, name: &FolderName) -> io::Result<Option<Opened<D>>> {
        let bundle = self.trash.disk.subfolder(&self.trash.must_be_there()?, name.as_os_str())?;
        let text = match self.trash.disk.open(&bundle, OsStr::new(LIST)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => read(file?)?,
        };
        let mut lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let line =
            serde_json::from_slice(lines.next().unwrap_or_default()).map_err(|error| damaged(&error))?;
        let things = lines.map(|line| serde_json::from_slice(line).map_err(|error| damaged(&error)));
        Ok(Some(Opened {
            disk: self.trash.disk.clone(),
            line,
            things: things.collect::<Result<_, _>>()?,
            bundle,
        }))
    }

    /// Makes durable what lies in bundles that nobody has finished: before it is said that it has left the place where it stood.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn sync_unfinished(&self) -> io::Result<()> {
        let names = self.names()?;
        for name in names.iter().filter(|name| name.stage == Stage::Unfinished) {
            let bundle = self.trash.disk.subfolder(&self.trash.must_be_there()?, name.as_os_str())?;
            self.trash.disk.sync_folder(&bundle)?;
        }
        Ok(())
    }

    /// Whether this is the bundle of a store that is called as our kind is.
    #[must_use]
    pub fn is_of_a_store(&self, name: &FolderName) -> bool {
        let around = self.trash.must_be_there();
        let bundle = around.and_then(|around| self.trash.disk.subfolder(&around, name.as_os_str()));
        bundle.is_ok_and(|bundle| self.trash.disk.stat(&bundle, OsStr::new(MANIFEST)).is_ok())
    }

    /// The finished bundle of a run, if it is there.
    ///
    /// # Errors
    /// As for [`Attic::open`].
    pub fn find(&self, run: &RunId) -> io::Result<Option<Opened<D>>> {
        let names = self.names()?.into_iter();
        let mut names = names.filter(|name| name.run == *run && name.stage == Stage::Finished);
        names.next().map_or(Ok(None), |name| self.open(&name))
    }

    /// Gives a bundle its last name.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn finish(&self, name: &FolderName) -> io::Result<()> {
        self.trash.finish(name)?;
        self.trash.disk.sync_folder(&self.trash.must_be_there()?)
    }

    /// Takes a bundle away with all that is in it: in one step out of everybody's sight, then name by name.
    ///
    /// # Errors
    /// As the operating system says. What could not be removed goes the next time.
    pub fn purge(&self, name: &FolderName) -> io::Result<()> {
        let (folder, purged) = self.trash.hide(name)?;
        let removed = fs::remove_all(self.trash.disk, &folder, purged.as_os_str());
        removed.left.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// When a bundle was made or changed last, by the disk's clock.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn changed_ns(&self, name: &FolderName) -> io::Result<i128> {
        let stat = self.trash.disk.stat(&self.trash.must_be_there()?, name.as_os_str())?;
        Ok(stat.changed_ns)
    }
}

fn damaged(error: &serde_json::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the list of its things: {error}"))
}

fn read(file: impl Reader) -> io::Result<Vec<u8>> {
    if file.stat()?.size > MAX_LIST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the list of its things is too long"));
    }
    let mut text = Vec::new();
    RowsReader::of_file(file).each_chunk(|chunk| {
        text.extend_from_slice(chunk);
        Ok(())
    })?;
    Ok(text)
}

/// The text of a list. One that is too long to be read again is not written.
fn list_of(line: &Line, things: &[Thing], most: u64) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    for thing in things {
        text.push(b'\n');
        serde_json::to_writer(&mut text, thing)?;
        if text.len() as u64 >= most {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the list of its things would be too long",
            ));
        }
    }
    text.push(b'\n');
    Ok(text)
}

/// The name of a thing in its bundle.
pub(super) fn number(number: usize) -> OsString {
    number.to_string().into()
}

/// The name of the note that a thing went which there was nothing to move of.
fn note(number: usize) -> OsString {
    format!("{number}.note").into()
}

/// A bundle that things are moved into.
#[derive(Debug)]
pub struct Moving<'t, 'a, D: Disk> {
    pub(super) attic: &'t Attic<'a, D>,
    around: D::Folder,
    pub(super) bundle: D::Folder,
    name: FolderName,
    pub(super) moved: u64,
    is_ended: bool,
}

impl<D: Disk> Moving<'_, '_, D> {
    pub(super) fn disk(&self) -> &D {
        self.attic.trash.disk
    }

    fn write(&self, line: &Line, things: &[Thing]) -> io::Result<()> {
        let text = list_of(line, things, MAX_LIST)?;
        let (new, list) = (OsStr::new(NEW_LIST), OsStr::new(LIST));
        let mut file = self.disk().create(&self.bundle, new)?;
        file.hand_to(self.attic.trash.owner)?;
        file.write_all(&text)?;
        file.sync()?;
        // Where there is a list, it is whole.
        self.disk().rename((&self.bundle, new), (&self.bundle, list))?;
        self.disk().sync_folder(&self.bundle)?;
        self.disk().sync_folder(&self.around)
    }

    /// Writes the list anew, which may only have become longer, and makes it durable.
    ///
    /// # Errors
    /// As the operating system says; then the list is what it was, or the new one.
    pub fn list(&self, line: &Line, things: &[Thing]) -> io::Result<()> {
        self.write(line, things)
    }

    /// Notes that the thing with this number goes, of which there is nothing to move. Durable once this is settled.
    ///
    /// # Errors
    /// As the operating system says; then there may be a note or none.
    pub fn note(&mut self, thing: usize) -> io::Result<()> {
        let made = self.disk().create(&self.bundle, &note(thing));
        made.and_then(|file| file.hand_to(self.attic.trash.owner))?;
        self.moved += 1;
        Ok(())
    }

    /// Takes away the note that the thing with this number goes: it stays after all.
    ///
    /// # Errors
    /// As the operating system says; then the note may still be there.
    pub fn take_note(&mut self, thing: usize) -> io::Result<()> {
        self.disk().remove(&self.bundle, &note(thing))?;
        self.moved = self.moved.saturating_sub(1);
        Ok(())
    }

    /// Moves the thing with this number in the list here.
    ///
    /// # Errors
    /// As the operating system says; then it is where it was.
    pub fn take(&mut self, thing: usize, from: (&D::Folder, &OsStr)) -> io::Result<()> {
        self.disk().rename(from, (&self.bundle, &number(thing)))?;
        self.moved += 1;
        Ok(())
    }

    /// What was moved here under this number, as a name in an open folder.
    #[must_use]
    pub fn at(&self, thing: usize) -> (&D::Folder, OsString) {
        (&self.bundle, number(thing))
    }

    /// Puts the thing with this number where it was, unless something else has come to stand there: then it stays.
    ///
    /// # Errors
    /// As the operating system says; then it is still here.
    pub fn put_back(&mut self, thing: usize, to: (&D::Folder, &OsStr)) -> io::Result<bool> {
        let is_back = self.disk().rename_new((&self.bundle, &number(thing)), to)?;
        self.moved -= u64::from(is_back);
        Ok(is_back)
    }

    /// How many things are in here.
    #[must_use]
    pub const fn moved(&self) -> u64 {
        self.moved
    }

    /// Makes durable what was moved. The folder that it came from is the caller's to sync.
    ///
    /// # Errors
    /// As the operating system says; the bundle stays, for the next one to finish.
    pub fn settle(&self) -> io::Result<()> {
        self.disk().sync_folder(&self.bundle)
    }

    /// The bundle is whole: it gets its last name, or where nothing was moved it vanishes.
    ///
    /// # Errors
    /// As the operating system says; the bundle stays, for the next one to finish.
    pub fn finish(mut self) -> io::Result<()> {
        self.is_ended = true;
        if self.moved == 0 { self.attic.discard(&self.name) } else { self.attic.finish(&self.name) }
    }
}

impl<D: Disk> Drop for Moving<'_, '_, D> {
    fn drop(&mut self) {
        if !self.is_ended && self.moved == 0 {
            // The next sweep clears what is left, and sees to what is somebody's.
            let _ = self.attic.discard(&self.name);
        }
    }
}

/// A bundle of things, open.
#[derive(Debug)]
pub struct Opened<D: Disk> {
    pub(super) disk: D,
    pub(super) bundle: D::Folder,
    /// What the run was.
    pub line: Line,
    things: Vec<Thing>,
}

impl<D: Disk> Opened<D> {
    /// The things that are still in it, by their numbers. What cannot be looked at is there.
    pub fn things(&self) -> impl Iterator<Item = (usize, &Thing)> {
        let is_here =
            move |number: &usize| !self.is_absent(&self::number(*number)) || !self.is_absent(&note(*number));
        self.things.iter().enumerate().filter(move |(number, _)| is_here(number))
    }

    fn is_absent(&self, name: &OsStr) -> bool {
        self.disk.stat(&self.bundle, name).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Whether all that is here of a thing is the note that it went.
    #[must_use]
    pub fn is_note(&self, thing: usize) -> bool {
        self.is_absent(&number(thing))
    }

    /// Takes away the note that a thing went: it is back.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn take_note(&self, thing: usize) -> io::Result<()> {
        self.disk.remove(&self.bundle, &note(thing))
    }

    /// What is here under this number, as a name in an open folder.
    #[must_use]
    pub fn at(&self, thing: usize) -> (&D::Folder, OsString) {
        (&self.bundle, number(thing))
    }

    /// The thing with this number in the list, whether or not it is here.
    #[must_use]
    pub fn listed(&self, thing: usize) -> Option<&Thing> {
        self.things.get(thing)
    }

    /// Opens a thing that is a file.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn read(&self, thing: usize) -> io::Result<D::Reader> {
        self.disk.open(&self.bundle, &number(thing))
    }

    /// Puts a thing back where it was, unless something else has come to stand there: then it stays here.
    ///
    /// # Errors
    /// As the operating system says; then it is still here.
    pub fn put_back(&self, thing: usize, to: (&D::Folder, &OsStr)) -> io::Result<bool> {
        if self.disk.rename_new((&self.bundle, &number(thing)), to)? {
            return Ok(true);
        }
        if !self.is_also_at(thing, to) {
            return Ok(false);
        }
        self.disk.remove(&self.bundle, &number(thing)).map(|()| true)
    }

    /// Whether a file has two names, its number here and the one that it had: whoever put it back was killed in between.
    #[must_use]
    pub fn is_also_at(&self, thing: usize, to: (&D::Folder, &OsStr)) -> bool {
        let (here, there) = (self.disk.stat(&self.bundle, &number(thing)), self.disk.stat(to.0, to.1));
        here.ok().zip(there.ok()).is_some_and(|(here, there)| {
            here.is_file && there.is_file && (here.dev, here.ino) == (there.dev, there.ino)
        })
    }

    /// Makes durable what was put back. The folder that it went to is the caller's to sync, before this.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn settle(&self) -> io::Result<()> {
        self.disk.sync_folder(&self.bundle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Timestamp, trash::Cause};

    #[test]
    fn a_list_that_could_not_be_read_again_is_not_written() {
        let now = Timestamp::from_millis(1);
        let line = Cause::new(RunId::new(now), "prune", now).line("media", now);
        let things = ["a", "b"].map(|name| Thing::new(name.to_owned(), name.to_owned()));
        let text = list_of(&line, &things, 1 << 20).unwrap();
        assert_eq!(text.split(|byte| *byte == b'\n').count(), 4);
        assert_eq!(list_of(&line, &things, text.len() as u64).unwrap(), text);
        let error = list_of(&line, &things, text.len() as u64 - 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
