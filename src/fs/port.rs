//! What the rest of the house may do to a disk.

use std::{
    ffi::{OsStr, OsString},
    fmt, io,
    path::{Path, PathBuf},
};

use super::Attributes;

/// Whom a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Owner {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// A file's identity, size and times, as the file system tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stat {
    /// The device that the file is on.
    pub dev: u64,
    /// The file's number there.
    pub ino: u64,
    /// How many names it has.
    pub links: u64,
    /// Its size in bytes.
    pub size: u64,
    /// When its bytes changed last, in nanoseconds since 1970.
    pub modified_ns: i128,
    /// When anything about it changed last, in nanoseconds since 1970.
    pub changed_ns: i128,
    /// When the file was made, in nanoseconds since 1970, where the file system can tell and
    /// [`Disk::stat_born`] was asked.
    pub born_ns: Option<i128>,
    /// Whether it is a regular file.
    pub is_file: bool,
    /// Whether it is a folder, and no link to one.
    pub is_folder: bool,
    /// Whom it belongs to.
    pub owner: Owner,
}

/// The port to files and folders.
///
/// Names are single names inside an open folder, never paths; no call follows a link in one. An implementation must
/// make [`Disk::rename`] atomic for every reader and crash, and [`Disk::sync_folder`] make past renames in it durable.
pub trait Disk: fmt::Debug + Clone + Send + Sync + 'static {
    /// An open folder.
    type Folder: fmt::Debug + Send + Sync;
    /// A file open for reading.
    type Reader: Reader;
    /// A new file open for writing.
    type Writer: Writer;
    /// A file that is there already, open for adding to it.
    type Appender: Appender;
    /// A lock that is held until this is dropped, or its process dies.
    type Lock: fmt::Debug + Send + Sync;

    /// What the clock says by which this disk gives files their times, in nanoseconds since 1970.
    fn now_ns(&self) -> i128;

    /// The real path behind `path`, every link followed.
    ///
    /// # Errors
    /// As the operating system says; `NotFound` when there is nothing.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;

    /// All of the small file `name` in our own folder beside the file at `path`, where one glance tells it: without a link
    /// on the way to either, the file surely in `root`. `None` says nothing but that a closer look is needed.
    fn beside(&self, _path: &Path, _root: Option<&Path>, _name: &OsStr) -> Option<Vec<u8>> {
        None
    }

    /// Opens a folder by its real path. What is opened is what [`Disk::resolve`] told, or nothing is: a link that has come
    /// to stand anywhere on the way since is not followed.
    ///
    /// # Errors
    /// As the operating system says; also when it is no folder, or there is a link on the way.
    fn folder(&self, path: &Path) -> io::Result<Self::Folder>;

    /// The same to go on from it by names: it need not be readable, and cannot be listed.
    ///
    /// # Errors
    /// As for [`Disk::folder`].
    fn way(&self, path: &Path) -> io::Result<Self::Folder> {
        self.folder(path)
    }

    /// Opens the folder `name` inside another, if it is there.
    ///
    /// # Errors
    /// As for [`Disk::folder`].
    fn subfolder(&self, parent: &Self::Folder, name: &OsStr) -> io::Result<Self::Folder>;

    /// The same, but not where another file system is mounted, or a folder from elsewhere.
    ///
    /// # Errors
    /// As for [`Disk::folder`]; `CrossesDevices` where something is mounted.
    fn subfolder_here(&self, parent: &Self::Folder, name: &OsStr) -> io::Result<Self::Folder> {
        let folder = self.subfolder(parent, name)?;
        let device = |folder| self.stat(folder, OsStr::new(".")).map(|stat| stat.dev);
        if device(parent)? == device(&folder)? {
            Ok(folder)
        } else {
            Err(io::ErrorKind::CrossesDevices.into())
        }
    }

    /// Lets its owner do anything in an open folder; one that somebody made read-only cannot be emptied otherwise.
    ///
    /// # Errors
    /// As the operating system says.
    fn open_up(&self, _folder: &Self::Folder) -> io::Result<()> {
        Ok(())
    }

    /// Opens our own folder `name` inside another, making it if it is not there: open to nobody but its owner, and
    /// owned by `owner`.
    ///
    /// # Errors
    /// As the operating system says; also when what stands there is not ours to use.
    fn private_folder(&self, parent: &Self::Folder, name: &OsStr, owner: Owner) -> io::Result<Self::Folder>;

    /// Whether we may give files to `owner`: we are that user, or root.
    fn acts_for(&self, owner: Owner) -> bool;

    /// Looks at `name` without opening it; `.` is the folder itself.
    ///
    /// # Errors
    /// As the operating system says.
    fn stat(&self, folder: &Self::Folder, name: &OsStr) -> io::Result<Stat>;

    /// The same, and when it was made: what [`Disk::stat`] and an open file tell can be compared with each other, and not with
    /// this.
    ///
    /// # Errors
    /// As the operating system says.
    fn stat_born(&self, folder: &Self::Folder, name: &OsStr) -> io::Result<Stat> {
        self.stat(folder, name)
    }

    /// Opens a file for reading. Never hangs, whatever stands there.
    ///
    /// # Errors
    /// As the operating system says.
    fn open(&self, folder: &Self::Folder, name: &OsStr) -> io::Result<Self::Reader>;

    /// Makes a new file that only its owner can read.
    ///
    /// # Errors
    /// As the operating system says; `AlreadyExists` when the name is taken.
    fn create(&self, folder: &Self::Folder, name: &OsStr) -> io::Result<Self::Writer>;

    /// Opens a file that is there for adding to it, while nobody else of us does; `None` when somebody does. Never hangs,
    /// whatever stands there.
    ///
    /// # Errors
    /// As the operating system says.
    fn open_to_append(&self, folder: &Self::Folder, name: &OsStr) -> io::Result<Option<Self::Appender>>;

    /// Opens a file for reading, and tells whether somebody has its lock, that of [`Disk::open_to_append`]. While this is
    /// open nobody takes it, but may wait for it. Never hangs, whatever stands there, and changes nothing.
    ///
    /// # Errors
    /// As the operating system says.
    fn open_to_ask(&self, folder: &Self::Folder, name: &OsStr) -> io::Result<(Self::Reader, bool)>;

    /// Gives a file another name, atomically taking the place of whatever had it.
    ///
    /// # Errors
    /// As the operating system says; then nothing has changed.
    fn rename(&self, from: (&Self::Folder, &OsStr), to: (&Self::Folder, &OsStr)) -> io::Result<()>;

    /// Gives a file another name, whole and at once, if nothing has that name yet; `false` when something has it.
    ///
    /// # Errors
    /// As the operating system says; then nothing has changed.
    fn rename_new(&self, from: (&Self::Folder, &OsStr), to: (&Self::Folder, &OsStr)) -> io::Result<bool>;

    /// Lets two files change names, atomically; `false` where the file system cannot.
    ///
    /// # Errors
    /// As the operating system says; then nothing has changed.
    fn exchange(&self, one: (&Self::Folder, &OsStr), other: (&Self::Folder, &OsStr)) -> io::Result<bool>;

    /// Gives a file the present time.
    ///
    /// # Errors
    /// As the operating system says.
    fn touch(&self, folder: &Self::Folder, name: &OsStr) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the operating system says.
    fn remove(&self, folder: &Self::Folder, name: &OsStr) -> io::Result<()>;

    /// Removes a folder that is empty.
    ///
    /// # Errors
    /// As the operating system says.
    fn remove_folder(&self, parent: &Self::Folder, name: &OsStr) -> io::Result<()>;

    /// The names in a folder.
    ///
    /// # Errors
    /// As the operating system says.
    fn list(&self, folder: &Self::Folder) -> io::Result<Vec<OsString>>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// As the operating system says.
    fn sync_folder(&self, folder: &Self::Folder) -> io::Result<()>;

    /// Takes the lock `name` if it is free; `None` when somebody holds it. The file is made when it is not there, for
    /// `owner`, and never removed.
    ///
    /// # Errors
    /// As the operating system says; also when what stands there is no file of ours.
    fn try_lock(&self, folder: &Self::Folder, name: &OsStr, owner: Owner) -> io::Result<Option<Self::Lock>>;
}

/// A file open for reading.
pub trait Reader: fmt::Debug + Send + Sync {
    /// Identity, size and times of the open file.
    ///
    /// # Errors
    /// As the operating system says.
    fn stat(&self) -> io::Result<Stat>;

    /// Owner, mode and extended attributes (ACLs among them).
    ///
    /// # Errors
    /// As the operating system says.
    fn attributes(&self) -> io::Result<Attributes>;

    /// Reads at an offset; 0 at the end.
    ///
    /// # Errors
    /// As the operating system says.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// A new file open for writing.
pub trait Writer: fmt::Debug + Send {
    /// Writes all of `bytes` at the end.
    ///
    /// # Errors
    /// As the operating system says.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Gives the file the owner, mode and extended attributes of another, or fails.
    ///
    /// # Errors
    /// As the operating system says; also when the file does not have them afterwards.
    fn adopt(&self, attributes: &Attributes) -> io::Result<()>;

    /// Lets its owner read and write it and nobody else, whatever this process takes away from new files.
    ///
    /// # Errors
    /// As the operating system says.
    fn keep_private(&self) -> io::Result<()> {
        Ok(())
    }

    /// Gives the file to `owner`, where that is another and we are root; nothing else about it changes.
    ///
    /// # Errors
    /// As the operating system says.
    fn hand_to(&self, owner: Owner) -> io::Result<()>;

    /// Makes the bytes durable. After an error nobody knows what is on the disk: throw the file away.
    ///
    /// # Errors
    /// As the operating system says.
    fn sync(&self) -> io::Result<()>;
}

/// A file open for adding to it. While this is there nobody else has it open so; the kernel sees to that even when its
/// process is stopped, and ends it when it dies.
pub trait Appender: fmt::Debug + Send {
    /// Identity, size and times of the open file.
    ///
    /// # Errors
    /// As the operating system says.
    fn stat(&self) -> io::Result<Stat>;

    /// Writes the start of `bytes` at the end, wherever that is by now: never over what somebody else has written. Tells
    /// how many bytes were taken.
    ///
    /// # Errors
    /// As the operating system says; then nothing was written.
    fn append(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Takes away everything behind the first `length` bytes.
    ///
    /// # Errors
    /// As the operating system says.
    fn cut(&self, length: u64) -> io::Result<()>;

    /// Makes the bytes durable.
    ///
    /// # Errors
    /// As the operating system says.
    fn sync(&self) -> io::Result<()>;
}
