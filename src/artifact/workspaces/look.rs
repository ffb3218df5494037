//! What a group is by now: its members, their times, and whether somebody works in it.

use std::{ffi::OsStr, path::Path};

use super::{
    Role, Settings,
    home::Home,
    roster::Names,
    shape::MARKER,
    verdict::{Kept, Owned, Seen},
    walk::walk,
};
use crate::{
    fs::{self, Disk, RealDisk, Stat},
    lock::{Ownership, owner_of},
    model::Timestamp,
};

pub(super) type Folder = <RealDisk as Disk>::Folder;

/// The folder that groups are in, open, and its path.
#[derive(Debug)]
pub(super) struct Base<'a> {
    pub(super) path: &'a Path,
    pub(super) folder: Folder,
    pub(super) home: &'a Home,
}

/// What a group is by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Looked {
    pub(super) seen: Seen,
    /// Bytes of what was looked at.
    pub(super) bytes: u64,
    /// Those of its secrets alone.
    pub(super) secret_bytes: u64,
}

/// Looks at a group of which it is known whether it is `owned`.
///
/// # Errors
/// Why nobody can tell.
pub(super) fn look(
    base: &Base<'_>,
    (main, names): (&str, &Names),
    owned: Owned,
    settings: &Settings,
    now: Timestamp,
) -> Result<Looked, Kept> {
    let oldest = Timestamp::from_nanos(i128::MIN);
    let seen = Seen { newest: oldest, secret: None, owned };
    let mut looked = Looked { seen, bytes: 0, secret_bytes: 0 };
    if owned != Owned::Yes {
        for (role, name) in &names.members {
            looked.add(base, *role, name, |at| stays_at(at, settings, now))?;
        }
    }
    if names.members.is_empty() {
        // A mark alone is as old as it is.
        looked.seen.newest = marked_at(base, main)?;
    }
    Ok(looked)
}

/// Whether a time says by itself that the group stays.
fn stays_at(at: Timestamp, settings: &Settings, now: Timestamp) -> bool {
    settings.ttl.age().is_none_or(|age| at >= now.minus(age))
}

impl Looked {
    fn add(
        &mut self,
        base: &Base<'_>,
        role: Role,
        name: &str,
        new_enough: impl Fn(Timestamp) -> bool,
    ) -> Result<(), Kept> {
        let stat = RealDisk.stat(&base.folder, OsStr::new(name)).map_err(|_| Kept::Touched)?;
        must_be_a_member(base, role, name, &stat)?;
        // Where the group stays, nobody asks how new it is.
        let found = walk(&RealDisk, &base.folder, (OsStr::new(name), &stat), |at| {
            new_enough(at) || new_enough(self.seen.newest)
        })?;
        self.seen.newest = self.seen.newest.max(found.newest);
        self.bytes += found.bytes;
        if role == Role::Secret {
            self.seen.secret = self.seen.secret.max(Some(found.newest));
            self.secret_bytes += found.bytes;
        }
        Ok(())
    }
}

/// A main path is a folder, a secret a file; and no member is a link.
fn must_be_a_member(base: &Base<'_>, role: Role, name: &str, stat: &Stat) -> Result<(), Kept> {
    let fits = match role {
        Role::Main => stat.is_folder,
        Role::Secret | Role::Mark => stat.is_file,
        Role::Sibling => stat.is_folder || stat.is_file,
    };
    if base.home.is_in(stat) {
        return Err(Kept::Strange);
    }
    if fits {
        return Ok(());
    }
    let path = base.path.join(name);
    Err(match fs::read_link(&path) {
        None => Kept::Strange,
        Some(_) if fs::stat(&path).is_none() => Kept::DanglingLink,
        Some(_) => Kept::Link,
    })
}

/// The name of the mark of a group.
pub(super) fn mark(main: &str) -> String {
    format!("{main}{MARKER}")
}

/// Whether somebody works in a group.
pub(super) fn owned(base: &Base<'_>, main: &str, names: &Names) -> Owned {
    if !names.is_marked {
        return Owned::No;
    }
    match owner_of(&RealDisk, &base.folder, OsStr::new(&mark(main))) {
        Ownership::None | Ownership::Dead(_) => Owned::No,
        Ownership::Alive(_) => Owned::Yes,
        Ownership::Unknown(_) => Owned::Unseen,
    }
}

fn marked_at(base: &Base<'_>, main: &str) -> Result<Timestamp, Kept> {
    let stat = RealDisk.stat(&base.folder, OsStr::new(&mark(main))).map_err(|_| Kept::Touched)?;
    if stat.is_file { Ok(Timestamp::from_nanos(stat.modified_ns)) } else { Err(Kept::Strange) }
}
