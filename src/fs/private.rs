//! Our own folder and files beside a store, as they must be before we trust them.
//!
//! A store's folder belongs to its user, who can put there what he likes while root sweeps. So nothing that was there
//! already is given away, but for what only a sweep of root's can have made: a folder of root's, an empty file of root's
//! with a single name. Both are given to the user, or his own sweeps would be locked out.

use std::{
    ffi::OsStr,
    io,
    os::fd::{AsFd, OwnedFd},
};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use super::{
    Owner,
    attributes::change_owner,
    real::{FOLDER, NO_LINK, stat_of},
};

/// Our own folder beside the files of others.
pub const OUR_FOLDER: &str = ".session-reaper";

const ROOT: u32 = 0;

/// Opens our folder, making it if it is not there.
pub(super) fn folder(parent: &OwnedFd, name: &OsStr, owner: Owner) -> io::Result<OwnedFd> {
    let folder = match rustix::fs::openat(parent, name, FOLDER, Mode::empty()) {
        Err(Errno::NOENT) => make_folder(parent, name)?,
        other => other?,
    };
    let stat = rustix::fs::fstat(&folder)?;
    if stat.st_uid != owner.uid && stat.st_uid != ROOT {
        return Err(foreign("it belongs neither to the owner of the store nor to root"));
    }
    hand_to(&folder, owner)?;
    // A folder takes over the setgid bit of the one that it is made in.
    if Mode::from_raw_mode(stat.st_mode) != Mode::RWXU {
        rustix::fs::fchmod(&folder, Mode::RWXU)?;
    }
    Ok(folder)
}

fn make_folder(parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    match rustix::fs::mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => Ok(rustix::fs::openat(parent, name, FOLDER, Mode::empty())?),
        Err(error) => Err(error.into()),
    }
}

/// Opens an empty file of ours, making it if it is not there.
pub(super) fn file(folder: &OwnedFd, name: &OsStr, owner: Owner) -> io::Result<OwnedFd> {
    let made = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | NO_LINK;
    match rustix::fs::openat(folder, name, made, Mode::RUSR | Mode::WUSR) {
        Err(Errno::EXIST) => {}
        other => {
            let file = other?;
            hand_to(&file, owner)?;
            return Ok(file);
        }
    }
    let file = rustix::fs::openat(folder, name, OFlags::RDWR | NO_LINK, Mode::empty())?;
    let stat = stat_of(&rustix::fs::fstat(&file)?);
    if !stat.is_file || stat.links != 1 {
        return Err(foreign("it is no plain file with a single name"));
    }
    if stat.owner.uid == ROOT && stat.size == 0 {
        hand_to(&file, owner)?;
    }
    Ok(file)
}

/// Gives what we have open to `owner`, where that is another and we are root.
pub(super) fn hand_to(file: impl AsFd, owner: Owner) -> io::Result<()> {
    let stat = rustix::fs::fstat(&file)?;
    if !rustix::process::geteuid().is_root() || (stat.st_uid, stat.st_gid) == (owner.uid, owner.gid) {
        return Ok(());
    }
    change_owner(file, owner.uid, owner.gid)
}

fn foreign(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}
