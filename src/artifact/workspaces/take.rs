//! Taking groups away that have expired: secrets for ever, everything else into the trash.

use std::{ffi::OsStr, io, path::Path};

use super::{
    Role, Settings,
    look::{Base, Looked, Member, folders, look, mark},
    roster::Names,
    shape::MARKER,
    verdict::{Kept, Owned, Rule, Verdict, judge},
};
use crate::{
    artifact::{
        bin::{Bin, must_be},
        payloads,
    },
    fs::{self, Disk, RealDisk, Removed},
    lock::{Claim, Ownership, try_claim},
    model::Timestamp,
    trash::Thing,
};

/// A group that is to go.
#[derive(Debug)]
pub(super) struct Doomed<'g> {
    pub(super) main: &'g str,
    pub(super) names: &'g Names,
    pub(super) rule: Rule,
    /// Whether somebody worked in it when it was judged.
    pub(super) owned: Owned,
}

/// What became of a group that was to go.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) fate: Fate,
    /// Whether anything of it went, and how much.
    pub(super) went: bool,
    pub(super) bytes: u64,
}

/// How it ended for a group.
#[derive(Debug)]
pub(super) enum Fate {
    /// All that was to go is gone.
    Gone,
    /// It stays after all.
    Stays(Kept),
    /// Something of it could not go, and why.
    Failed(String),
}

impl Taken {
    pub(super) const fn stays(kept: Kept) -> Self {
        Self { fate: Fate::Stays(kept), went: false, bytes: 0 }
    }
}

impl Doomed<'_> {
    /// The members that go into the trash.
    fn kept(&self) -> impl Iterator<Item = &str> {
        let goes = |role: Role| role != Role::Secret && self.rule == Rule::Ttl;
        self.names.members.iter().filter(move |(role, _)| goes(*role)).map(|(_, name)| name.as_str())
    }

    /// How many they are.
    pub(super) fn things(&self) -> usize {
        self.kept().count()
    }
}

/// The things that these groups have for the trash, in their order.
pub(super) fn things(doomed: &[Doomed<'_>]) -> Vec<Thing> {
    let of = |group: &Doomed<'_>| {
        let main = group.main.to_owned();
        group.kept().map(|name| Thing::new(name.to_owned(), main.clone())).collect::<Vec<_>>()
    };
    doomed.iter().flat_map(of).collect()
}

/// What is needed to take groups away.
#[derive(Debug)]
pub(super) struct Taker<'w, 'b> {
    pub(super) base: &'w Base<'b>,
    pub(super) settings: &'w Settings,
    pub(super) now: Timestamp,
}

type Held = <RealDisk as Disk>::Appender;

impl Taker<'_, '_> {
    /// Takes one group, whose first thing has the number `first`.
    pub(super) fn take(&self, group: &Doomed<'_>, bin: &mut Bin<'_, '_, RealDisk>, first: usize) -> Taken {
        // Whoever would begin to work in it now finds its mark taken.
        let _held = match self.hold(group) {
            Err(fate) => return Taken { fate, went: false, bytes: 0 },
            Ok(held) => held,
        };
        let Some(_claims) = self.claim(group) else { return Taken::stays(Kept::Owned) };
        if self.has_news(group) {
            return Taken::stays(Kept::Touched);
        }
        // Between the look at all groups and now somebody may have written to this one. Its mark, where it has one, is ours by
        // now and tells nothing any more.
        let looked = look(self.base, (group.main, group.names), group.owned, self.settings, self.now);
        match judge(&looked.seen, self.settings, self.now) {
            Verdict::Sweep(rule) if rule == group.rule => self.take_members(group, &looked, bin, first),
            Verdict::Keep(kept) if !kept.is_understood() => Taken::stays(kept),
            _ => Taken::stays(Kept::Touched),
        }
    }

    /// The lock of its mark, where it has one.
    fn hold(&self, group: &Doomed<'_>) -> Result<Option<Held>, Fate> {
        let name = mark(group.main);
        match RealDisk.open_to_append(&self.base.folder, OsStr::new(&name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !group.names.is_marked => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Fate::Stays(Kept::Touched)),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(Fate::Stays(Kept::Unreadable))
            }
            Err(error) => Err(Fate::Failed(told(&name, &error))),
            Ok(None) => Err(Fate::Stays(Kept::Owned)),
            // Somebody has marked it since the names were read.
            Ok(Some(_)) if !group.names.is_marked => Err(Fate::Stays(Kept::Touched)),
            Ok(held) => Ok(held),
        }
    }

    /// The right to what dead owners marked inside of members, as long as it is held; `None` where one may live by now.
    fn claim(&self, group: &Doomed<'_>) -> Option<Vec<Claim<RealDisk>>> {
        let claim = |folder| match try_claim(&RealDisk, &folder, OsStr::new(payloads::MARK)) {
            Ok(claim) => Some(Some(claim)),
            Err(Ownership::None) => Some(None),
            Err(_) => None,
        };
        let claims: Option<Vec<_>> = folders(self.base, group.names).map(claim).collect();
        Some(claims?.into_iter().flatten().collect())
    }

    /// Whether a member has come since the names were read.
    fn has_news(&self, group: &Doomed<'_>) -> bool {
        let is_known = |name: &str| group.names.members.iter().any(|(_, known)| known == name);
        let is_there = |name: &str| RealDisk.stat(&self.base.folder, OsStr::new(name)).is_ok();
        let mut members = self.settings.shape.members();
        members.any(|(_, suffix)| {
            let name = format!("{}{suffix}", group.main);
            !is_known(&name) && is_there(&name) && !self.is_its_own(&name)
        })
    }

    /// Whether a name that fits this group is that of a job of its own.
    fn is_its_own(&self, name: &str) -> bool {
        let is_there =
            |suffix: &str| RealDisk.stat(&self.base.folder, OsStr::new(&format!("{name}{suffix}"))).is_ok();
        let mut after = self.settings.shape.parts().map(|(_, suffix)| suffix).chain([MARKER]);
        self.settings.is_main(name) && after.any(is_there)
    }

    /// Secrets first; what cannot go keeps nothing else of the group from going, but for its mark.
    fn take_members(
        &self,
        group: &Doomed<'_>,
        looked: &Looked,
        bin: &mut Bin<'_, '_, RealDisk>,
        first: usize,
    ) -> Taken {
        let mut taken = Taken { fate: Fate::Gone, went: false, bytes: 0 };
        let (mut wrong, mut number) = (Vec::new(), first);
        for ((role, name), member) in group.names.members.iter().zip(&looked.members) {
            let went = match role {
                Role::Secret => self.remove(name),
                _ if group.rule == Rule::Ttl => {
                    number += 1;
                    self.put(name, member.as_ref(), bin, number - 1)
                }
                _ => continue,
            };
            taken.count(went, *member, &mut wrong);
        }
        if wrong.is_empty() && group.rule == Rule::Ttl && group.names.is_marked {
            wrong.extend(self.remove(&mark(group.main)).err());
        }
        if !wrong.is_empty() {
            taken.fate = Fate::Failed(wrong.join("; "));
        }
        taken
    }

    fn put(
        &self,
        name: &str,
        member: Option<&Member>,
        bin: &mut Bin<'_, '_, RealDisk>,
        number: usize,
    ) -> Result<(), String> {
        let moving = match bin {
            Bin::Nowhere => return self.remove(name),
            Bin::Shut(why) => return Err(format!("cannot keep {name} in the trash: {why}")),
            Bin::Trash(moving) => moving,
        };
        let from = (&self.base.folder, OsStr::new(name));
        let moved = match moving.take(number, from) {
            // A folder that nobody may write to cannot be moved either.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let opened = RealDisk.subfolder_here(from.0, from.1);
                let opened = opened.and_then(|folder| RealDisk.open_up(&folder));
                if opened.is_ok() { moving.take(number, from) } else { Err(error) }
            }
            moved => moved,
        };
        match moved {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(told(name, &error)),
            Ok(()) => {
                must_be(&RealDisk, moving, number, from, |stat| member.is_some_and(|seen| seen.is(stat)))
            }
        }
    }

    /// For ever. Tells what is left of it, if anything is.
    fn remove(&self, name: &str) -> Result<(), String> {
        let Removed { left, .. } = fs::remove_all(&RealDisk, &self.base.folder, OsStr::new(name));
        left.first().map_or(Ok(()), |(path, error)| {
            Err(format!("cannot remove {}: {error}", Path::new(path).display()))
        })
    }
}

impl Taken {
    fn count(&mut self, went: Result<(), String>, member: Option<Member>, wrong: &mut Vec<String>) {
        if let Err(why) = went {
            return wrong.push(why);
        }
        self.went = true;
        self.bytes += member.map_or(0, |member| member.bytes);
    }
}

fn told(name: &str, error: &io::Error) -> String {
    format!("cannot remove {name}: {error}")
}
