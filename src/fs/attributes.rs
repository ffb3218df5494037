//! Owner, mode and extended attributes of a file: what a new file in the place of an old one must take over.
//!
//! On Linux an ACL is an extended attribute, so that it comes along with the others.

use std::{collections::BTreeMap, ffi::CString, io};

use rustix::{
    fd::AsFd,
    fs::{Gid, Mode, Uid, XattrFlags},
};

/// Attributes that a kernel makes from a file's bytes; a new file has its own.
const OF_THE_BYTES: [&[u8]; 2] = [b"security.ima", b"security.evm"];

/// The largest list and the largest value that Linux allows.
const MAX_XATTR: usize = 65_536;

/// Who may do what with a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The permission bits.
    pub mode: u32,
    /// The extended attributes by name.
    pub extended: BTreeMap<CString, Vec<u8>>,
}

impl Attributes {
    /// Reads the attributes of an open file.
    pub(super) fn of(file: impl AsFd) -> io::Result<Self> {
        let stat = rustix::fs::fstat(&file)?;
        let extended = match read_extended(&file) {
            Err(error) if is_unsupported(&error) => BTreeMap::new(),
            other => other?,
        };
        Ok(Self { uid: stat.st_uid, gid: stat.st_gid, mode: stat.st_mode & 0o7777, extended })
    }

    /// Gives them to an open file and looks whether it has them.
    pub(super) fn give_to(&self, file: impl AsFd) -> io::Result<()> {
        let had = Self::of(&file)?;
        if (had.uid, had.gid) != (self.uid, self.gid) {
            change_owner(&file, self.uid, self.gid)?;
        }
        self.give_extended(&file, &had)?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(self.mode)).map_err(|e| named("set the mode", e))?;
        if Self::of(&file)? == *self {
            return Ok(());
        }
        let why = "the new file did not take over the owner, mode or attributes of the old one";
        Err(io::Error::new(io::ErrorKind::Unsupported, why))
    }

    fn give_extended(&self, file: impl AsFd, had: &Self) -> io::Result<()> {
        for (name, value) in
            self.extended.iter().filter(|(name, value)| had.extended.get(*name) != Some(value))
        {
            rustix::fs::fsetxattr(&file, name.as_c_str(), value, XattrFlags::empty())
                .map_err(|e| named(&format!("set the attribute {}", name.to_string_lossy()), e))?;
        }
        for name in had.extended.keys().filter(|name| !self.extended.contains_key(*name)) {
            rustix::fs::fremovexattr(&file, name.as_c_str())
                .map_err(|e| named(&format!("remove the attribute {}", name.to_string_lossy()), e))?;
        }
        Ok(())
    }
}

/// Gives an open file or folder to another owner.
pub(super) fn change_owner(file: impl AsFd, uid: u32, gid: u32) -> io::Result<()> {
    let (owner, group) = (Uid::from_raw(uid), Gid::from_raw(gid));
    rustix::fs::fchown(file, Some(owner), Some(group))
        .map_err(|e| named("give it to the owner of the store", e))
}

fn named(what: &str, errno: rustix::io::Errno) -> io::Error {
    let error = io::Error::from(errno);
    let words = error.to_string();
    let words = words.split(" (os error").next().unwrap_or_default();
    io::Error::new(error.kind(), format!("cannot {what}: {words}"))
}

fn read_extended(file: impl AsFd) -> io::Result<BTreeMap<CString, Vec<u8>>> {
    let mut buffer = vec![0_u8; MAX_XATTR];
    let length = rustix::fs::flistxattr(&file, &mut buffer)?;
    let names = buffer.get(..length).unwrap_or_default().to_vec();
    let mut extended = BTreeMap::new();
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty() && !OF_THE_BYTES.contains(name))
    {
        let name = CString::new(name)?;
        let length = rustix::fs::fgetxattr(&file, name.as_c_str(), &mut buffer)?;
        extended.insert(name, buffer.get(..length).unwrap_or_default().to_vec());
    }
    Ok(extended)
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(rustix::io::Errno::NOTSUP.raw_os_error())
}
