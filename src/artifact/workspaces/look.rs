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
    artifact::{media, payloads, signs},
    fs::{self, Disk, OUR_FOLDER, RealDisk, Stat},
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

/// A member as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    ino: u64,
    /// Bytes of what was looked at.
    pub(super) bytes: u64,
}

impl Member {
    /// Whether this is the one that was seen.
    pub(super) const fn is(&self, stat: &Stat) -> bool {
        self.ino == stat.ino
    }
}

/// What a group is by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Looked {
    pub(super) seen: Seen,
    /// Its members in the order of their names, as far as they were looked at.
    pub(super) members: Vec<Option<Member>>,
}

/// Looks at a group of which it is known whether it is `owned`.
pub(super) fn look(
    base: &Base<'_>,
    (main, names): (&str, &Names),
    owned: Owned,
    settings: &Settings,
    now: Timestamp,
) -> Looked {
    let oldest = Timestamp::from_nanos(i128::MIN);
    let mut seen = Seen { newest: Ok(oldest), secret: None, owned };
    if owned == Owned::Yes {
        seen.newest = Err(Kept::Owned);
        return Looked { seen, members: vec![None; names.members.len()] };
    }
    if names.is_marked {
        seen.newest = marked_at(base, main);
    }
    let stays = |at: Timestamp| settings.ttl.age().is_none_or(|age| at >= now.minus(age));
    let mut member = |(role, name): &(Role, String)| {
        let (newest, member) = look_at(base, *role, name, |at| stays(at) || seen.newest.is_ok_and(stays));
        if *role == Role::Secret {
            seen.secret = seen.secret.max(newest.ok());
        }
        seen.newest = seen.newest.and_then(|known| Ok(known.max(newest?)));
        member
    };
    let members = names.members.iter().map(&mut member).collect();
    Looked { seen, members }
}

/// The newest time in a member, or as new a one as is enough.
fn look_at(
    base: &Base<'_>,
    role: Role,
    name: &str,
    is_enough: impl Fn(Timestamp) -> bool,
) -> (Result<Timestamp, Kept>, Option<Member>) {
    let Ok(stat) = RealDisk.stat(&base.folder, OsStr::new(name)) else { return (Err(Kept::Touched), None) };
    let found = must_be_a_member(base, role, name, &stat)
        .and_then(|()| walk(&RealDisk, &base.folder, (OsStr::new(name), &stat), is_enough));
    let member = Member { ino: stat.ino, bytes: found.map_or(0, |found| found.bytes) };
    (found.map(|found| found.newest), Some(member))
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
        return if stat.is_folder && is_store(base, name) { Err(Kept::Store) } else { Ok(()) };
    }
    let path = base.path.join(name);
    Err(match fs::read_link(&path) {
        None => Kept::Strange,
        Some(_) if fs::stat(&path).is_none() => Kept::DanglingLink,
        Some(_) => Kept::Link,
    })
}

/// Whether a member is a media store or a spool: what lives in there only its own sweep knows.
fn is_store(base: &Base<'_>, name: &str) -> bool {
    let inner = RealDisk.subfolder_here(&base.folder, OsStr::new(name));
    let ours = inner.and_then(|inner| RealDisk.subfolder_here(&inner, OsStr::new(OUR_FOLDER)));
    // What nobody may look into, the walk tells.
    ours.is_ok_and(|ours| {
        signs::has_files_of(&RealDisk, &ours, &[media::KIND, payloads::KIND]).unwrap_or(true)
    })
}

/// The members of a group that are folders and may have a mark inside, as a session of a spool has.
pub(super) fn folders(base: &Base<'_>, names: &Names) -> impl Iterator<Item = Folder> {
    let members = names.members.iter().filter(|(role, _)| *role != Role::Secret);
    members.filter_map(|(_, name)| RealDisk.subfolder_here(&base.folder, OsStr::new(name)).ok())
}

/// Whether somebody who is not proven to be dead has marked a member inside of it.
fn is_owned_inside(base: &Base<'_>, names: &Names) -> bool {
    folders(base, names).any(|folder| {
        let owner = owner_of(&RealDisk, &folder, OsStr::new(payloads::MARK));
        matches!(owner, Ownership::Alive(_) | Ownership::Unknown(_))
    })
}

/// The name of the mark of a group.
pub(super) fn mark(main: &str) -> String {
    format!("{main}{MARKER}")
}

/// Whether somebody works in a group.
pub(super) fn owned(base: &Base<'_>, main: &str, names: &Names) -> Owned {
    if is_owned_inside(base, names) {
        return Owned::Yes;
    }
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
