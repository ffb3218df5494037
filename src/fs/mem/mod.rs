//! A disk in memory, for tests: the same port, every call of which can be made to fail.
//!
//! Every change moves its clock, so that fences work as on a real disk. [`MemDisk::fail_at`] makes the n-th call from now
//! fail, once or for ever; a test runs the same scenario for n = 0, 1, 2, ... until nothing fails any more.

mod port;
mod world;

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Component, Path},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};

pub use port::MemFile;
pub use world::MemEvent;
use world::{Content, Node, World, open};

/// A disk in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemDisk {
    world: Arc<Mutex<World>>,
    before: Option<Hook>,
    left: Option<Arc<AtomicI64>>,
    knocks: usize,
}

/// What a test wants to happen before every call.
#[derive(Clone)]
struct Hook(Arc<dyn Fn() + Send + Sync>);

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
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

    /// Another writer writes into a file as it stands, in the tick of the clock in which it was written last: its times
    /// stay what they were.
    pub fn scribble(&self, path: &Path, bytes: &[u8]) {
        let mut world = open(&self.world);
        let found = world.walk(path).ok().and_then(|node| world.nodes.get_mut(node));
        if let Some(Node { content: Content::File(all), .. }) = found {
            *all = bytes.to_vec();
        }
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

    /// Lets there be no room for anything more, until the next file is removed.
    pub fn fill(&self) {
        open(&self.world).is_full = true;
    }

    /// Notes from now on what is changed and what is made durable, in their order.
    pub fn watch(&self) {
        open(&self.world).events = Some(Vec::new());
    }

    /// What has been noted since [`MemDisk::watch`].
    #[must_use]
    pub fn events(&self) -> Vec<MemEvent> {
        open(&self.world).events.clone().unwrap_or_default()
    }

    /// Makes this a disk that cannot exchange two names.
    #[must_use]
    pub fn without_exchange(self) -> Self {
        open(&self.world).cannot_exchange = true;
        self
    }

    /// Makes this a disk that cannot tell when a file was made.
    #[must_use]
    pub fn without_births(self) -> Self {
        open(&self.world).has_no_births = true;
        self
    }

    /// Lets exchanges happen from now on and be told as failed, as a server may whose answer is lost; or not any more.
    pub fn lie_about_exchanges(&self, lies: bool) {
        open(&self.world).lies_about_exchanges = lies;
    }

    /// The file at `path` as another program has it open for adding to it, who knows no lock. It stays the same file, whatever
    /// becomes of its names.
    #[must_use]
    pub fn pen(&self, path: &Path) -> Option<MemFile> {
        let node = open(&self.world).walk(path).ok()?;
        Some(self.file(node))
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

    /// Lets `before` happen before every call through this handle and what it opens; other handles know nothing of it.
    /// A model checker gives other threads their turn there.
    #[must_use]
    pub fn with_hook(mut self, before: impl Fn() + Send + Sync + 'static) -> Self {
        self.before = Some(Hook(Arc::new(before)));
        self
    }

    /// Lets this handle and what it opens end after `calls` calls, as a process ends that is killed: each later call
    /// fails and does nothing, but for the locks, which go free. Other handles know nothing of it.
    #[must_use]
    pub fn ending_after(mut self, calls: i64) -> Self {
        self.left = Some(Arc::new(AtomicI64::new(calls)));
        self
    }

    /// Whether this handle has met its end.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.left.as_ref().is_some_and(|left| left.load(Ordering::SeqCst) < 0)
    }

    /// Lets a lock that is busy be tried so many times more through this handle, with the hook before each, before it is
    /// called busy: waiting without a clock.
    #[must_use]
    pub fn knocking(mut self, times: usize) -> Self {
        self.knocks = times;
        self
    }

    fn knock(&self, node: usize) -> bool {
        (0..=self.knocks).any(|again| {
            if again > 0 {
                self.hook();
            }
            open(&self.world).locked.insert(node)
        })
    }

    fn spend(&self) -> io::Result<()> {
        match &self.left {
            Some(left) if left.fetch_sub(1, Ordering::SeqCst) <= 0 => {
                Err(io::Error::other("the process that makes this call has ended"))
            }
            _ => Ok(()),
        }
    }

    fn hook(&self) {
        if let Some(Hook(before)) = &self.before {
            before();
        }
    }

    fn called(&self) -> io::Result<MutexGuard<'_, World>> {
        self.hook();
        self.spend()?;
        let mut world = open(&self.world);
        world.call()?;
        Ok(world)
    }

    fn file(&self, node: usize) -> MemFile {
        MemFile { disk: self.clone(), node }
    }
}
