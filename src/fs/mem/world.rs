//! What a disk in memory holds, and what is to happen to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fmt,
    io::{self, ErrorKind},
    path::{Component, Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::super::{Attributes, Stat};

pub(super) const SECOND_NS: i128 = 1_000_000_000;

#[derive(Default)]
pub(super) struct World {
    pub(super) nodes: Vec<Node>,
    pub(super) now: i128,
    pub(super) calls: u64,
    pub(super) fail_at: Option<(u64, bool)>,
    pub(super) locked: BTreeSet<usize>,
    pub(super) cannot_exchange: bool,
    pub(super) intruders: Vec<Option<(PathBuf, Vec<u8>)>>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("nodes", &self.nodes.len())
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) attributes: Attributes,
    pub(super) changed: i128,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    File(Vec<u8>),
    Folder(BTreeMap<OsString, usize>),
}

pub(super) fn open(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// Counts a call and fails it when its turn has come.
    pub(super) fn call(&mut self) -> io::Result<()> {
        let call = self.calls;
        self.calls += 1;
        match self.fail_at {
            Some((at, forever)) if call == at || forever && call > at => {
                Err(io::Error::other(format!("call {call} was made to fail")))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn add(&mut self, content: Content) -> usize {
        self.now += 1;
        self.nodes.push(Node { content, attributes: Attributes::default(), changed: self.now });
        self.nodes.len() - 1
    }

    pub(super) fn node(&self, number: usize) -> io::Result<&Node> {
        self.nodes.get(number).ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(super) fn node_mut(&mut self, number: usize) -> io::Result<&mut Node> {
        self.now += 1;
        let now = self.now;
        let node = self.nodes.get_mut(number).ok_or(ErrorKind::NotFound)?;
        node.changed = now;
        Ok(node)
    }

    pub(super) fn names(&self, folder: usize) -> io::Result<&BTreeMap<OsString, usize>> {
        match &self.node(folder)?.content {
            Content::Folder(names) => Ok(names),
            Content::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn names_mut(&mut self, folder: usize) -> io::Result<&mut BTreeMap<OsString, usize>> {
        match &mut self.node_mut(folder)?.content {
            Content::Folder(names) => Ok(names),
            Content::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn find(&self, folder: usize, name: &OsStr) -> io::Result<usize> {
        if name == "." {
            return Ok(folder);
        }
        self.names(folder)?.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(super) fn walk(&self, path: &Path) -> io::Result<usize> {
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

    pub(super) fn stat(&self, number: usize) -> io::Result<Stat> {
        let node = self.node(number)?;
        let (size, is_file) = match &node.content {
            Content::File(bytes) => (bytes.len() as u64, true),
            Content::Folder(_) => (0, false),
        };
        let is_folder = !is_file;
        let (modified_ns, changed_ns) = (node.changed * SECOND_NS, node.changed * SECOND_NS);
        Ok(Stat {
            dev: 1,
            ino: number as u64,
            links: 1,
            size,
            modified_ns,
            changed_ns,
            is_file,
            is_folder,
            ..Stat::default()
        })
    }
}
