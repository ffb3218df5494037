//! A disk in memory, for tests: the same port, every call of which can be made to fail.
//!
//! Every change moves its clock, so that fences work as on a real disk. [`MemDisk::fail_at`] makes the n-th call from now
//! fail, once or for ever; a test runs the same scenario for n = 0, 1, 2, ... until nothing fails any more.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    io::{self, ErrorKind},
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Attributes, Disk, Owner, Reader, Stat, Writer};

/// A disk in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemDisk {
    world: Arc<Mutex<World>>,
}

#[derive(Debug, Default)]
struct World {
    nodes: Vec<Node>,
    now: i128,
    calls: u64,
    fail_at: Option<(u64, bool)>,
    locked: BTreeSet<usize>,
    cannot_exchange: bool,
    intruders: Vec<Option<(PathBuf, Vec<u8>)>>,
}

#[derive(Debug, Clone)]
struct Node {
    content: Content,
    attributes: Attributes,
    changed: i128,
}

#[derive(Debug, Clone)]
enum Content {
    File(Vec<u8>),
    Folder(BTreeMap<OsString, usize>),
}

/// An open folder: its number.
type MemFolder = usize;

/// An open file.
#[derive(Debug)]
pub struct MemFile {
    world: Arc<Mutex<World>>,
    node: usize,
}

/// A held lock.
#[derive(Debug)]
pub struct MemLock {
    world: Arc<Mutex<World>>,
    node: usize,
}

impl Drop for MemLock {
    fn drop(&mut self) {
        open(&self.world).locked.remove(&self.node);
    }
}

fn open(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// Counts a call and fails it when its turn has come.
    fn call(&mut self) -> io::Result<()> {
        let call = self.calls;
        self.calls += 1;
        match self.fail_at {
            Some((at, forever)) if call == at || forever && call > at => {
                Err(io::Error::other(format!("call {call} was made to fail")))
            }
            _ => Ok(()),
        }
    }

    fn add(&mut self, content: Content) -> usize {
        self.now += 1;
        self.nodes.push(Node { content, attributes: Attributes::default(), changed: self.now });
        self.nodes.len() - 1
    }

    fn node(&self, number: usize) -> io::Result<&Node> {
        self.nodes.get(number).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn node_mut(&mut self, number: usize) -> io::Result<&mut Node> {
        self.now += 1;
        let now = self.now;
        let node = self.nodes.get_mut(number).ok_or(ErrorKind::NotFound)?;
        node.changed = now;
        Ok(node)
    }

    fn names(&self, folder: usize) -> io::Result<&BTreeMap<OsString, usize>> {
        match &self.node(folder)?.content {
            Content::Folder(names) => Ok(names),
            Content::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn names_mut(&mut self, folder: usize) -> io::Result<&mut BTreeMap<OsString, usize>> {
        match &mut self.node_mut(folder)?.content {
            Content::Folder(names) => Ok(names),
            Content::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn find(&self, folder: usize, name: &OsStr) -> io::Result<usize> {
        self.names(folder)?.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn walk(&self, path: &Path) -> io::Result<usize> {
        let mut at = 0;
        for part in path.components() {
            match part {
                Component::Normal(name) => at = self.find(at, name)?,
                Component::RootDir => at = 0,
                _ => return Err(ErrorKind::InvalidInput.into()),
            }
        }
        Ok(at)
    }

    fn stat(&self, number: usize) -> io::Result<Stat> {
        let node = self.node(number)?;
        let (size, is_file) = match &node.content {
            Content::File(bytes) => (bytes.len() as u64, true),
            Content::Folder(_) => (0, false),
        };
        let (modified_ns, changed_ns) = (node.changed, node.changed);
        Ok(Stat {
            dev: 1,
            ino: number as u64,
            links: 1,
            size,
            modified_ns,
            changed_ns,
            is_file,
            ..Stat::default()
        })
    }
}

impl MemDisk {
    /// A disk with one folder and one file in it.
    #[must_use]
    pub fn with_file(path: &Path, bytes: &[u8]) -> Self {
        let disk = Self::default();
        open(&disk.world).add(Content::Folder(BTreeMap::new()));
        disk.put(path, bytes);
        disk
    }

    /// Puts a file there as another writer does: whole, in a rename. Folders on the way are made.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut world = open(&self.world);
        let mut folder = 0;
        let parts: Vec<_> = path.components().filter(|part| *part != Component::RootDir).collect();
        let Some((name, parents)) = parts.split_last() else { return };
        for parent in parents {
            folder = world.find(folder, parent.as_os_str()).unwrap_or_else(|_| {
                let made = world.add(Content::Folder(BTreeMap::new()));
                world.names_mut(folder).map(|names| names.insert(parent.into(), made)).ok();
                made
            });
        }
        let made = world.add(Content::File(bytes.to_vec()));
        world.names_mut(folder).map(|names| names.insert(name.into(), made)).ok();
    }

    /// The bytes of a file, if it is there.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<Vec<u8>> {
        let world = open(&self.world);
        match &world.node(world.walk(path).ok()?).ok()?.content {
            Content::File(bytes) => Some(bytes.clone()),
            Content::Folder(_) => None,
        }
    }

    /// The names in a folder, if it is there.
    #[must_use]
    pub fn names(&self, path: &Path) -> Vec<String> {
        let world = open(&self.world);
        let names = world.walk(path).and_then(|folder| world.names(folder).cloned()).unwrap_or_default();
        names.into_keys().map(|name| name.to_string_lossy().into_owned()).collect()
    }

    /// Makes the `at`-th call from now fail, and all after it when `forever`.
    pub fn fail_at(&self, at: u64, forever: bool) {
        let mut world = open(&self.world);
        (world.calls, world.fail_at) = (0, Some((at, forever)));
    }

    /// Makes this a disk that cannot exchange two names.
    #[must_use]
    pub fn without_exchange(self) -> Self {
        open(&self.world).cannot_exchange = true;
        self
    }

    /// Another program puts `bytes` at `path` right before the next exchange of two names; the last one told comes first.
    pub fn intrude(&self, path: &Path, bytes: &[u8]) {
        open(&self.world).intruders.push(Some((path.to_owned(), bytes.to_vec())));
    }

    /// Nobody comes before one exchange, in the order in which intruders come.
    pub fn rest(&self) {
        open(&self.world).intruders.push(None);
    }

    /// How many of those that were told to intrude have not come yet.
    #[must_use]
    pub fn intruders(&self) -> usize {
        open(&self.world).intruders.len()
    }

    /// Makes no call fail any more; tells how many there were since [`MemDisk::fail_at`].
    #[must_use]
    pub fn heal(&self) -> u64 {
        let mut world = open(&self.world);
        world.fail_at = None;
        world.calls
    }

    fn called(&self) -> io::Result<MutexGuard<'_, World>> {
        let mut world = open(&self.world);
        world.call()?;
        Ok(world)
    }

    fn file(&self, node: usize) -> MemFile {
        MemFile { world: Arc::clone(&self.world), node }
    }
}

impl Disk for MemDisk {
    type Folder = MemFolder;
    type Reader = MemFile;
    type Writer = MemFile;
    type Lock = MemLock;

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

    fn rename(&self, from: (&usize, &OsStr), to: (&usize, &OsStr)) -> io::Result<()> {
        let mut world = self.called()?;
        let moved = world.names_mut(*from.0)?.remove(from.1).ok_or(ErrorKind::NotFound)?;
        world.names_mut(*to.0)?.insert(to.1.to_owned(), moved);
        Ok(())
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
        Ok(true)
    }

    fn remove(&self, folder: &usize, name: &OsStr) -> io::Result<()> {
        self.called()?.names_mut(*folder)?.remove(name).map(drop).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &usize) -> io::Result<Vec<OsString>> {
        self.called()?.names(*folder).map(|names| names.keys().cloned().collect())
    }

    fn sync_folder(&self, _folder: &usize) -> io::Result<()> {
        self.called().map(drop)
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
        Ok(world.locked.insert(node).then(|| MemLock { world: Arc::clone(&self.world), node }))
    }
}

impl Reader for MemFile {
    fn stat(&self) -> io::Result<Stat> {
        let mut world = open(&self.world);
        world.call()?;
        world.stat(self.node)
    }

    fn attributes(&self) -> io::Result<Attributes> {
        let mut world = open(&self.world);
        world.call()?;
        world.node(self.node).map(|node| node.attributes.clone())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut world = open(&self.world);
        world.call()?;
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
        let mut world = open(&self.world);
        world.call()?;
        match &mut world.node_mut(self.node)?.content {
            Content::File(all) => all.extend_from_slice(bytes),
            Content::Folder(_) => return Err(ErrorKind::IsADirectory.into()),
        }
        Ok(())
    }

    fn adopt(&self, attributes: &Attributes) -> io::Result<()> {
        let mut world = open(&self.world);
        world.call()?;
        world.node_mut(self.node)?.attributes = attributes.clone();
        Ok(())
    }

    fn hand_to(&self, _owner: Owner) -> io::Result<()> {
        open(&self.world).call()
    }

    fn sync(&self) -> io::Result<()> {
        open(&self.world).call()
    }
}
