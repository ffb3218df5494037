//! What a group is by now: its members, their times, and whether somebody works in it.

use std::{ffi::OsStr, path::Path};

use super::{
    Role, Settings,
    home::Home,
    leaf::Member,
    roster::Names,
    shape::MARKER,
    verdict::{Kept, Marks, Owned, Seen},
    walk::{Found, walk},
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

/// What a group is by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Looked {
    pub(super) seen: Seen,
    /// Whether all of it was looked at, so that its newest time is known.
    pub(super) is_whole: bool,
    /// Its members in the order of their names, as far as they were looked at.
    pub(super) members: Vec<Option<Member>>,
}

/// By what groups are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gauge<'s> {
    pub(super) settings: &'s Settings,
    pub(super) now: Timestamp,
    /// Whether somebody wants to know all of what stays as well: then nothing is enough before the end.
    pub(super) is_whole: bool,
}

impl Gauge<'_> {
    /// Whether what was written then keeps its group, so that no more need be known.
    fn is_enough(&self, at: Timestamp) -> bool {
        !self.is_whole && self.settings.ttl.age().is_none_or(|age| at >= self.now.minus(age))
    }
}

/// Looks at a group of which it is known what its marks say.
pub(super) fn look(
    base: &Base<'_>,
    (main, names): (&str, &Names),
    Marks { owned, is_unclear }: Marks,
    gauge: &Gauge<'_>,
) -> Looked {
    let newest = if is_unclear { Err(Kept::Unclear) } else { Ok(Timestamp::from_nanos(i128::MIN)) };
    let mut seen = Seen { newest, secret: None, owned, clock: gauge.now };
    if owned == Owned::Yes && !gauge.is_whole {
        seen.newest = Err(Kept::Owned);
        return Looked { seen, is_whole: false, members: vec![None; names.members.len()] };
    }
    if names.is_marked {
        seen.newest = seen.newest.and_then(|_| marked_at(base, main));
    }
    let mut is_whole = true;
    let mut member = |(role, name): &(Role, String)| {
        let is_enough = |at| gauge.is_enough(at) || seen.newest.is_ok_and(|known| gauge.is_enough(known));
        let (found, member) = look_at(base, *role, name, is_enough);
        let newest = found.map(|found| found.newest);
        if *role == Role::Secret {
            seen.secret =
                seen.secret.max(newest.ok().zip(member).map(|(at, member)| written(at, &member, gauge.now)));
        }
        is_whole &= found.is_ok_and(|found| found.is_whole);
        seen.newest = seen.newest.and_then(|known| Ok(known.max(newest?)));
        member
    };
    let members = names.members.iter().map(&mut member).collect();
    // Not before: what was written until then may be in it.
    seen.clock = Timestamp::from_nanos(RealDisk.now_ns());
    Looked { seen, is_whole, members }
}

/// The newest time in a member, or as new a one as is enough.
fn look_at(
    base: &Base<'_>,
    role: Role,
    name: &str,
    is_enough: impl Fn(Timestamp) -> bool,
) -> (Result<Found, Kept>, Option<Member>) {
    let Ok(stat) = RealDisk.stat_born(&base.folder, OsStr::new(name)) else {
        return (Err(Kept::Touched), None);
    };
    let found = must_be_a_member(base, role, name, &stat)
        .and_then(|()| walk(&RealDisk, &base.folder, (OsStr::new(name), &stat), is_enough));
    let bytes = found.ok().filter(|found| found.is_whole).map_or(0, |found| found.bytes);
    // What nobody could judge nobody may take.
    (found, found.is_ok().then_some(Member { stat, bytes }))
}

/// When a secret was written. A time to come, which somebody has set, keeps none: what happened to it last was then or before.
fn written(at: Timestamp, secret: &Member, now: Timestamp) -> Timestamp {
    let clock = Timestamp::from_nanos(RealDisk.now_ns());
    if at > now.max(clock) { at.min(Timestamp::from_nanos(secret.stat.changed_ns)) } else { at }
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

/// What is called as a mark is inside of members: whether an owner of one lives, and whether nobody can say that of one.
fn marked_inside(base: &Base<'_>, names: &Names) -> (bool, bool) {
    let owner = |folder| owner_of(&RealDisk, &folder, OsStr::new(payloads::MARK));
    folders(base, names).map(owner).fold((false, false), |(is_alive, is_unclear), owner| match owner {
        Ownership::Alive(_) => (true, is_unclear),
        Ownership::Unknown(_) => (is_alive, true),
        Ownership::None | Ownership::Dead(_) => (is_alive, is_unclear),
    })
}

/// The name of the mark of a group.
pub(super) fn mark(main: &str) -> String {
    format!("{main}{MARKER}")
}

/// What the marks of a group say.
pub(super) fn marks(base: &Base<'_>, main: &str, names: &Names) -> Marks {
    let (is_alive, is_unclear) = marked_inside(base, names);
    let owned = if is_alive { Owned::Yes } else { owned(base, main, names) };
    Marks { owned, is_unclear }
}

/// Whether somebody works in a group, by its own mark.
fn owned(base: &Base<'_>, main: &str, names: &Names) -> Owned {
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
