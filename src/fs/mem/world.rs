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
#[expect(clippy::struct_excessive_bools, reason = "each is a way of its own in which a disk can fall short")]
pub(super) struct World {
    pub(super) nodes: Vec<Node>,
    pub(super) now: i128,
    pub(super) calls: u64,
    pub(super) fail_at: Option<(u64, bool)>,
    pub(super) locked: BTreeSet<usize>,
    pub(super) cannot_exchange: bool,
    pub(super) lies_about_exchanges: bool,
    pub(super) has_no_births: bool,
    pub(super) intruders: Vec<Option<(PathBuf, Vec<u8>)>>,
    /// What was changed and made durable, if somebody wants to know.
    pub(super) is_full: bool,
    pub(super) events: Option<Vec<MemEvent>>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("nodes", &self.nodes.len())
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

/// Something that was changed or made durable. Files and folders are numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemEvent {
    /// Bytes were added to a file.
    Written {
        /// The file.
        file: usize,
        /// What was added.
        bytes: Vec<u8>,
    },
    /// A file was cut.
    Cut {
        /// The file.
        file: usize,
        /// What was left of it.
        length: u64,
    },
    /// A file was made durable.
    Synced {
        /// The file.
        file: usize,
    },
    /// A file was given a name.
    Named {
        /// The file.
        file: usize,
        /// Its name.
        name: OsString,
    },
    /// A name was removed.
    Removed {
        /// The folder that it was in.
        folder: usize,
        /// The name.
        name: OsString,
    },
    /// The names in a folder were made durable.
    FolderSynced {
        /// The folder.
        folder: usize,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) attributes: Attributes,
    pub(super) changed: i128,
    pub(super) born: i128,
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

    /// Fails where there is no room for more.
    pub(super) fn room(&self) -> io::Result<()> {
        if self.is_full { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    pub(super) fn tell(&mut self, event: MemEvent) {
        if let Some(events) = &mut self.events {
            events.push(event);
        }
    }

    pub(super) fn add(&mut self, content: Content) -> usize {
        self.now += 1;
        self.nodes.push(Node {
            content,
            attributes: Attributes::default(),
            changed: self.now,
            born: self.now,
        });
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
            born_ns: (!self.has_no_births).then_some(node.born * SECOND_NS),
            is_file,
            is_folder,
            ..Stat::default()
        })
    }
}
