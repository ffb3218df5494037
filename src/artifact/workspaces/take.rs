//! Taking groups away that have expired: secrets for ever, everything else into the trash.

use std::{ffi::OsStr, io};

use super::{
    Role,
    leaf::{self, End, Member},
    look::{Base, Gauge, Looked, folders, look, mark},
    roster::Names,
    shape::MARKER,
    verdict::{Kept, Marks, Rule, Verdict, judge},
};
use crate::{
    artifact::{bin::Bin, payloads},
    fs::{Appender, Disk, RealDisk},
    lock::{Claim, Ownership, try_claim},
    trash::Thing,
};

/// A group that is to go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doomed<'g> {
    pub(super) main: &'g str,
    pub(super) names: &'g Names,
    pub(super) rule: Rule,
    /// What its marks said when it was judged.
    pub(super) marks: Marks,
}

/// What became of a group that was to go.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) fate: Fate,
    /// By which rule it went in the end.
    pub(super) rule: Rule,
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
    pub(super) const fn stays(rule: Rule, kept: Kept) -> Self {
        Self::of(rule, Fate::Stays(kept))
    }

    /// Before anything went.
    const fn of(rule: Rule, fate: Fate) -> Self {
        Self { fate, rule, went: false, bytes: 0 }
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
    pub(super) gauge: Gauge<'w>,
}

type Held = <RealDisk as Disk>::Appender;

impl Taker<'_, '_> {
    /// Takes one group, whose first thing has the number `first`.
    pub(super) fn take(&self, group: &Doomed<'_>, bin: &mut Bin<'_, '_, RealDisk>, first: usize) -> Taken {
        let taken = self.try_take(group, bin, first);
        match taken.fate {
            // What is odd about the rest of it keeps no secret, also where that shows only now.
            Fate::Stays(kept) if group.rule == Rule::Ttl && !kept.is_understood() => {
                let marks = Marks { is_unclear: true, ..group.marks };
                let alone = self.try_take(&Doomed { rule: Rule::SecretTtl, marks, ..*group }, bin, first);
                if matches!(alone.fate, Fate::Stays(_)) { taken } else { alone }
            }
            _ => taken,
        }
    }

    fn try_take(&self, group: &Doomed<'_>, bin: &mut Bin<'_, '_, RealDisk>, first: usize) -> Taken {
        let stays = |kept| Taken::stays(group.rule, kept);
        // Whoever would begin to work in it now finds its mark taken.
        let held = match self.hold(group) {
            Err(fate) => return Taken::of(group.rule, fate),
            Ok(held) => held,
        };
        let _claims = match self.claim(group) {
            Err(kept) => return stays(kept),
            Ok(claims) => claims,
        };
        if self.has_news(group) {
            return stays(Kept::Touched);
        }
        // Between the look at all groups and now somebody may have written to this one. Its mark, where it has one, is ours by
        // now and tells nothing any more.
        let looked = look(self.base, (group.main, group.names), group.marks, &self.gauge);
        match judge(&looked.seen, self.gauge.settings, self.gauge.now) {
            Verdict::Sweep(rule) if rule == group.rule => {
                self.take_members(group, (&looked, held.as_ref()), bin, first)
            }
            Verdict::Keep(kept) if !kept.is_understood() => stays(kept),
            _ => stays(Kept::Touched),
        }
    }

    /// The lock of its mark, where it has one.
    fn hold(&self, group: &Doomed<'_>) -> Result<Option<Held>, Fate> {
        let name = mark(group.main);
        match RealDisk.open_to_append(&self.base.folder, OsStr::new(&name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !group.names.is_marked => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Fate::Stays(Kept::Touched)),
            // What nobody can open nobody holds, and a mark that is none keeps no secret.
            Err(_) if group.rule == Rule::SecretTtl => Ok(None),
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

    /// The right to what dead owners marked inside of members, as long as it is held; why there is none where one may live by
    /// now.
    fn claim(&self, group: &Doomed<'_>) -> Result<Vec<Claim<RealDisk>>, Kept> {
        let claim = |folder| match try_claim(&RealDisk, &folder, OsStr::new(payloads::MARK)) {
            Ok(claim) => Ok(Some(claim)),
            Err(Ownership::None) => Ok(None),
            Err(Ownership::Unknown(_)) if group.rule == Rule::SecretTtl => Ok(None),
            Err(Ownership::Unknown(_)) => Err(Kept::Unclear),
            Err(_) => Err(Kept::Owned),
        };
        folders(self.base, group.names).filter_map(|folder| claim(folder).transpose()).collect()
    }

    /// Whether a member has come since the names were read.
    fn has_news(&self, group: &Doomed<'_>) -> bool {
        let is_known = |name: &str| group.names.members.iter().any(|(_, known)| known == name);
        let is_there = |name: &str| RealDisk.stat(&self.base.folder, OsStr::new(name)).is_ok();
        let mut members = self.gauge.settings.shape.members();
        members.any(|(_, suffix)| {
            let name = format!("{}{suffix}", group.main);
            !is_known(&name) && is_there(&name) && !self.is_its_own(&name)
        })
    }

    /// Whether a name that fits this group is that of a job of its own.
    fn is_its_own(&self, name: &str) -> bool {
        let is_there =
            |suffix: &str| RealDisk.stat(&self.base.folder, OsStr::new(&format!("{name}{suffix}"))).is_ok();
        let mut after = self.gauge.settings.shape.parts().map(|(_, suffix)| suffix).chain([MARKER]);
        self.gauge.settings.is_main(name) && after.any(is_there)
    }

    /// Secrets first; what cannot go keeps nothing else of the group from going, but for its mark.
    fn take_members(
        &self,
        group: &Doomed<'_>,
        (looked, held): (&Looked, Option<&Held>),
        bin: &mut Bin<'_, '_, RealDisk>,
        first: usize,
    ) -> Taken {
        let mut taken = Taken::of(group.rule, Fate::Gone);
        let (mut wrong, mut number) = (Vec::new(), first);
        for ((role, name), member) in group.names.members.iter().zip(&looked.members) {
            let end = match role {
                // One that is odd stays, as whatever else is.
                Role::Secret if member.is_none() && group.rule == Rule::SecretTtl => continue,
                Role::Secret => {
                    leaf::remove(&RealDisk, (&self.base.folder, OsStr::new(name)), member.as_ref())
                }
                _ if group.rule == Rule::Ttl => {
                    number += 1;
                    self.put(name, member.as_ref(), bin, number - 1)
                }
                _ => continue,
            };
            if end == End::Changed && !taken.went {
                // Whoever renews a token, or writes to what goes first, is at work.
                return Taken::stays(group.rule, Kept::Touched);
            }
            wrong.extend(taken.count(name, end, *member));
        }
        if let Some(held) = held.filter(|_| wrong.is_empty() && group.rule == Rule::Ttl) {
            wrong.extend(self.remove_mark(group, held).err());
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
    ) -> End {
        let from = (&self.base.folder, OsStr::new(name));
        match bin {
            Bin::Nowhere => leaf::remove(&RealDisk, from, member),
            Bin::Shut(why) => {
                End::Failed { why: format!("cannot keep {name} in the trash: {why}"), went: false }
            }
            Bin::Trash(moving) => leaf::put(&RealDisk, from, member, (moving, number)),
        }
    }

    /// Its mark goes last, unless somebody has put another one there.
    fn remove_mark(&self, group: &Doomed<'_>, held: &Held) -> Result<(), String> {
        let name = mark(group.main);
        let removed = || {
            let (seen, stat) = (Appender::stat(held)?, RealDisk.stat(&self.base.folder, OsStr::new(&name))?);
            let is_it = (seen.dev, seen.ino) == (stat.dev, stat.ino);
            if is_it { RealDisk.remove(&self.base.folder, OsStr::new(&name)) } else { Ok(()) }
        };
        match removed() {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(told(&name, &error)),
            _ => Ok(()),
        }
    }
}

impl Taken {
    /// Counts what became of a member; what is wrong with it is told of the group.
    fn count(&mut self, name: &str, end: End, member: Option<Member>) -> Option<String> {
        match end {
            End::Gone => {
                self.went = true;
                self.bytes += member.map_or(0, |member| member.bytes);
                None
            }
            End::Changed => Some(format!("{name} has changed meanwhile: it is left alone")),
            End::Failed { why, went } => {
                self.went |= went;
                Some(why)
            }
        }
    }
}

fn told(name: &str, error: &io::Error) -> String {
    format!("cannot remove {name}: {error}")
}
