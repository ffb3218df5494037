//! A disk in memory as the port to disks has it.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{
    super::{Appender, Attributes, Disk, Owner, Reader, Stat, Writer},
    MemDisk,
    world::{Content, MemEvent, SECOND_NS, open},
};

/// An open folder: its number.
type MemFolder = usize;

/// An open file.
#[derive(Debug)]
pub struct MemFile {
    pub(super) disk: MemDisk,
    pub(super) node: usize,
}

/// A held lock.
#[derive(Debug)]
pub struct MemLock {
    disk: MemDisk,
    node: usize,
}

/// A file open for adding to it, and the lock that keeps others from it.
#[derive(Debug)]
pub struct MemAppender(MemFile, #[expect(dead_code, reason = "held, never looked at")] MemLock);

impl Drop for MemLock {
    fn drop(&mut self) {
        self.disk.hook();
        open(&self.disk.world).locked.remove(&self.node);
    }
}

impl Disk for MemDisk {
    type Folder = MemFolder;
    type Reader = MemFile;
    type Writer = MemFile;
    type Appender = MemAppender;
    type Lock = MemLock;

    /// A second passes with every look at the clock.
    fn now_ns(&self) -> i128 {
        let mut world = open(&self.world);
        world.now += 1;
        world.now * SECOND_NS
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        self.called()?.walk(path).map(|_| path.to_owned())
    }

    fn folder(&self, path: &Path) -> io::Result<usize> {
        let world = self.called()?;
        let folder = world.walk(path)?;
        world.names(folder).map(|_| folder)
    }

    fn subfolder(&self, parent: &usize, name: &OsStr) -> io::Result<usize> {
        let world = self.called()?;
        let folder = world.find(*parent, name)?;
        world.names(folder).map(|_| folder)
    }

    fn private_folder(&self, parent: &usize, name: &OsStr, _owner: Owner) -> io::Result<usize> {
        let mut world = self.called()?;
        if let Ok(folder) = world.find(*parent, name) {
            return world.names(folder).map(|_| folder);
        }
        let made = world.add(Content::Folder(BTreeMap::new()));
        world.names_mut(*parent)?.insert(name.to_owned(), made);
        Ok(made)
    }

    fn acts_for(&self, _owner: Owner) -> bool {
        true
    }

    fn stat(&self, folder: &usize, name: &OsStr) -> io::Result<Stat> {
        let world = self.called()?;
        world.stat(world.find(*folder, name)?)
    }

    fn open(&self, folder: &usize, name: &OsStr) -> io::Result<MemFile> {
        let world = self.called()?;
        Ok(self.file(world.find(*folder, name)?))
    }

    fn create(&self, folder: &usize, name: &OsStr) -> io::Result<MemFile> {
        let mut world = self.called()?;
        if world.find(*folder, name).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let made = world.add(Content::File(Vec::new()));
        world.names_mut(*folder)?.insert(name.to_owned(), made);
        Ok(self.file(made))
    }

    fn open_to_append(&self, folder: &usize, name: &OsStr) -> io::Result<Option<MemAppender>> {
        let mut world = self.called()?;
        let node = world.find(*folder, name)?;
        let lock = world.locked.insert(node).then(|| MemLock { disk: self.clone(), node });
        Ok(lock.map(|lock| MemAppender(self.file(node), lock)))
    }

    fn open_to_ask(&self, folder: &usize, name: &OsStr) -> io::Result<(MemFile, bool)> {
        let world = self.called()?;
        let node = world.find(*folder, name)?;
        Ok((self.file(node), world.locked.contains(&node)))
    }

    fn rename(&self, from: (&usize, &OsStr), to: (&usize, &OsStr)) -> io::Result<()> {
        let mut world = self.called()?;
        let moved = world.names_mut(*from.0)?.remove(from.1).ok_or(ErrorKind::NotFound)?;
        world.names_mut(*to.0)?.insert(to.1.to_owned(), moved);
        world.tell(MemEvent::Removed { folder: *from.0, name: from.1.to_owned() });
        world.tell(MemEvent::Named { file: moved, name: to.1.to_owned() });
        Ok(())
    }

    fn rename_new(&self, from: (&usize, &OsStr), to: (&usize, &OsStr)) -> io::Result<bool> {
        let mut world = self.called()?;
        if world.find(*to.0, to.1).is_ok() {
            return Ok(false);
        }
        let moved = world.names_mut(*from.0)?.remove(from.1).ok_or(ErrorKind::NotFound)?;
        world.names_mut(*to.0)?.insert(to.1.to_owned(), moved);
        Ok(true)
    }

    fn exchange(&self, one: (&usize, &OsStr), other: (&usize, &OsStr)) -> io::Result<bool> {
        let intruder = open(&self.world).intruders.pop();
        if let Some((path, bytes)) = intruder.flatten() {
            self.put(&path, &bytes);
        }
        let mut world = self.called()?;
        if world.cannot_exchange {
            return Ok(false);
        }
        let (first, second) = (world.find(*one.0, one.1)?, world.find(*other.0, other.1)?);
        world.names_mut(*one.0)?.insert(one.1.to_owned(), second);
        world.names_mut(*other.0)?.insert(other.1.to_owned(), first);
        if world.lies_about_exchanges {
            return Err(io::Error::other("the exchange was made, and told as failed"));
        }
        Ok(true)
    }

    fn touch(&self, folder: &usize, name: &OsStr) -> io::Result<()> {
        let mut world = self.called()?;
        let node = world.find(*folder, name)?;
        world.node_mut(node).map(drop)
    }

    fn remove(&self, folder: &usize, name: &OsStr) -> io::Result<()> {
        let mut world = self.called()?;
        world.names_mut(*folder)?.remove(name).ok_or(ErrorKind::NotFound)?;
        world.is_full = false;
        world.tell(MemEvent::Removed { folder: *folder, name: name.to_owned() });
        Ok(())
    }

    fn remove_folder(&self, parent: &usize, name: &OsStr) -> io::Result<()> {
        let mut world = self.called()?;
        let folder = world.find(*parent, name)?;
        if !world.names(folder)?.is_empty() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        world.names_mut(*parent)?.remove(name).map(drop).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &usize) -> io::Result<Vec<OsString>> {
        self.called()?.names(*folder).map(|names| names.keys().cloned().collect())
    }

    fn sync_folder(&self, folder: &usize) -> io::Result<()> {
        self.called()?.tell(MemEvent::FolderSynced { folder: *folder });
        Ok(())
    }

    fn try_lock(&self, folder: &usize, name: &OsStr, _owner: Owner) -> io::Result<Option<MemLock>> {
        let mut world = self.called()?;
        let node = if let Ok(node) = world.find(*folder, name) {
            node
        } else {
            let made = world.add(Content::File(Vec::new()));
            world.names_mut(*folder)?.insert(name.to_owned(), made);
            made
        };
        drop(world);
        Ok(self.knock(node).then(|| MemLock { disk: self.clone(), node }))
    }
}

impl Reader for MemFile {
    fn stat(&self) -> io::Result<Stat> {
        let world = self.disk.called()?;
        world.stat(self.node)
    }

    fn attributes(&self) -> io::Result<Attributes> {
        let world = self.disk.called()?;
        world.node(self.node).map(|node| node.attributes.clone())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let world = self.disk.called()?;
        let Content::File(bytes) = &world.node(self.node)?.content else {
            return Err(ErrorKind::IsADirectory.into());
        };
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let rest = bytes.get(from..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        Ok(length)
    }
}

impl Writer for MemFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut world = self.disk.called()?;
        world.room()?;
        match &mut world.node_mut(self.node)?.content {
            Content::File(all) => all.extend_from_slice(bytes),
            Content::Folder(_) => return Err(ErrorKind::IsADirectory.into()),
        }
        world.tell(MemEvent::Written { file: self.node, bytes: bytes.to_vec() });
        Ok(())
    }

    fn adopt(&self, attributes: &Attributes) -> io::Result<()> {
        let mut world = self.disk.called()?;
        world.node_mut(self.node)?.attributes = attributes.clone();
        Ok(())
    }

    fn hand_to(&self, _owner: Owner) -> io::Result<()> {
        self.disk.called().map(drop)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.called()?.tell(MemEvent::Synced { file: self.node });
        Ok(())
    }
}

impl Appender for MemAppender {
    fn stat(&self) -> io::Result<Stat> {
        Reader::stat(&self.0)
    }

    /// Takes half of what it is given, as a disk may.
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut world = self.0.disk.called()?;
        world.room()?;
        let taken = bytes.get(..bytes.len().div_ceil(2)).unwrap_or_default();
        match &mut world.node_mut(self.0.node)?.content {
            Content::File(all) => all.extend_from_slice(taken),
            Content::Folder(_) => return Err(ErrorKind::IsADirectory.into()),
        }
        world.tell(MemEvent::Written { file: self.0.node, bytes: taken.to_vec() });
        Ok(taken.len())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        let mut world = self.0.disk.called()?;
        if let Content::File(all) = &mut world.node_mut(self.0.node)?.content {
            all.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        }
        world.tell(MemEvent::Cut { file: self.0.node, length });
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.0.disk.called()?.tell(MemEvent::Synced { file: self.0.node });
        Ok(())
    }
}
