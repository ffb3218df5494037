//! A disk that remembers every write and every flush: one file in a FUSE file system, served by a thread of its own.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use fuser::{
    BackgroundSession, Errno, FileAttr, FileHandle, FileType, Filesystem, Generation, INodeNo, LockOwner,
    OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyWrite, Request, WriteFlags,
};

use crate::blocks::{Blocks, Piece, pieces};

/// The only file.
const FILE: INodeNo = INodeNo(2);

/// Nobody else changes it.
const LONG: Duration = Duration::from_hours(1);

/// What happened, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Write(Piece),
    /// All that was written before is on the disk from here on.
    Flush,
    /// The step of this number began.
    Began(usize),
    /// The step of this number was seen to have ended well.
    Ended(usize),
}

/// What was on the disk, and what happened to it since.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recording {
    pub(crate) base: Blocks,
    pub(crate) entries: Vec<Entry>,
}

#[derive(Debug, Default)]
struct Recorder {
    now: Blocks,
    recording: Option<Recording>,
}

impl Recorder {
    fn log(&mut self, entry: Entry) {
        if let Some(recording) = &mut self.recording {
            recording.entries.push(entry);
        }
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) {
        for piece in pieces(offset, bytes) {
            self.now.put(&piece);
            self.log(Entry::Write(piece));
        }
    }
}

/// The file system with the disk in it.
struct Server {
    name: String,
    size: u64,
    recorder: Arc<Mutex<Recorder>>,
}

fn lock(recorder: &Mutex<Recorder>) -> MutexGuard<'_, Recorder> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    fn attributes(&self, ino: INodeNo) -> FileAttr {
        let (kind, size) =
            if ino == FILE { (FileType::RegularFile, self.size) } else { (FileType::Directory, 0) };
        FileAttr {
            ino,
            size,
            blocks: size / 512,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm: 0o700,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }
}

impl Filesystem for Server {
    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if name == OsStr::new(&self.name) {
            reply.entry(&LONG, &self.attributes(FILE), Generation(0));
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&LONG, &self.attributes(ino));
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let length = u64::from(size).min(self.size.saturating_sub(offset));
        let bytes = lock(&self.recorder).now.read(offset, usize::try_from(length).unwrap_or(0));
        reply.data(&bytes);
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        lock(&self.recorder).write(offset, data);
        reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX));
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        lock(&self.recorder).log(Entry::Flush);
        reply.ok();
    }
}

/// The disk, for as long as it is there.
pub(crate) struct Disk {
    path: PathBuf,
    recorder: Arc<Mutex<Recorder>>,
    /// Ends with us, and takes the mount away.
    _session: BackgroundSession,
}

impl Disk {
    /// An empty disk as a file of this name in an empty folder.
    pub(crate) fn new(folder: &Path, name: &str, size: u64) -> Self {
        let recorder = Arc::new(Mutex::new(Recorder::default()));
        let server = Server { name: name.to_owned(), size, recorder: Arc::clone(&recorder) };
        let session = fuser::spawn_mount(server, folder, &fuser::Config::default()).expect("a FUSE mount");
        Self { path: folder.join(name), recorder, _session: session }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is on the disk now is what the recording begins with.
    pub(crate) fn start(&self) {
        let mut recorder = lock(&self.recorder);
        recorder.recording = Some(Recording { base: recorder.now.clone(), entries: Vec::new() });
    }

    pub(crate) fn mark(&self, entry: Entry) {
        lock(&self.recorder).log(entry);
    }

    pub(crate) fn stop(&self) -> Recording {
        lock(&self.recorder).recording.take().unwrap_or_default()
    }
}
