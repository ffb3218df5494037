//! Removing a group: secrets first, each member for itself, and a look afterwards.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    group::{Group, HOME_IS_IN_THERE, STEP, refused},
    home::Home,
    links::link_on_the_way,
    log,
    outcome::{Left, Outcome},
    shape::{MARKER, Role, Shape},
};
use crate::{
    artifact::signs,
    fs::{self, Disk, Freed, OUR_FOLDER, RealDisk},
    model::Error,
};

type Folder = <RealDisk as Disk>::Folder;

/// Nothing has such a name, or can have it.
const ABSENT: [io::ErrorKind; 2] = [io::ErrorKind::NotFound, io::ErrorKind::InvalidFilename];

/// Why a group with a folder in it that is swept is refused, and what to do.
const IS_SWEPT: (&str, &str) = (
    "session-reaper sweeps the jobs in that folder",
    "name the main folder of one job; a variable without a value, perhaps. If that folder is no longer swept, remove the \
     .session-reaper in it first",
);

/// What came of the removal of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The main path.
    pub path: PathBuf,
    /// Its members, in the order in which they went.
    pub members: Vec<Member>,
}

/// What came of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Where it is or was.
    pub path: PathBuf,
    /// What it is to its group.
    pub role: Role,
    /// How much of it is gone.
    pub freed: Freed,
    /// What became of it.
    pub outcome: Outcome,
}

impl Removal {
    /// Whether nothing of the group is there any more.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.members.iter().any(|member| matches!(member.outcome, Outcome::Left(_)))
    }

    /// How much is gone.
    #[must_use]
    pub fn freed(&self) -> Freed {
        self.members.iter().fold(Freed::default(), |all, member| all.and(member.freed))
    }
}

/// Removes a main path and what belongs to it, at once and as well as it can be done: for whoever ends a job, and has no other
/// chance. What is not there is no failure, and what is called like its results and has a mark, a secret or results of its own is
/// another job's. Not to be called within an asynchronous signal's handler, which may call nothing
/// that allocates: have a thread learn of the signal.
///
/// # Errors
/// The path means no group that may be removed ([`group_at`]). Nothing was removed then.
pub fn remove_group(path: &Path, shape: &Shape) -> Result<Removal, Error> {
    let begun = Instant::now();
    let removal = find(path, shape).map(|found| found.remove(shape));
    log::removed(path, &removal, begun.elapsed());
    removal
}

/// The group that a path means, if it may be removed.
///
/// # Errors
/// It is no group's ([`Group::of`]), one of its members is the home folder of this process or a folder that it is in, it is the
/// folder of all jobs, there is a link on the way to it, or the folder that it is in cannot be entered.
pub fn group_at(path: &Path, shape: &Shape) -> Result<Group, Error> {
    find(path, shape).map(|found| found.group)
}

/// A group, and the open folder that it is in; where there is none there is no group.
struct Found {
    group: Group,
    parent: Option<Folder>,
}

fn find(path: &Path, shape: &Shape) -> Result<Found, Error> {
    let home = Home::of_this_process();
    for home in &home.paths {
        Group::of(path, Some(home))?;
    }
    let group = Group::of(path, None)?;
    let parent = open(&group)?;
    let is_home = |name: &OsStr| {
        let stat = parent.as_ref().and_then(|parent| RealDisk.stat(parent, name).ok());
        stat.is_some_and(|stat| home.is_in(&stat))
    };
    if shape.members().any(|(_, suffix)| is_home(&group.member(suffix))) {
        return Err(refused(path, HOME_IS_IN_THERE));
    }
    if parent.as_ref().is_some_and(|parent| is_of_all_jobs(parent, &group, shape)) {
        return Err(refused(path, IS_SWEPT));
    }
    Ok(Found { group, parent })
}

/// Whether a main path is the folder of all jobs, which an empty variable at the end of a path names: by what a sweep has left in
/// it. Beside that folder is neither a secret nor a mark; where one is, somebody's job has left those signs in its own folder, or
/// fetched them, and that keeps no secret. A folder that nobody may look into is none of ours.
fn is_of_all_jobs(parent: &Folder, group: &Group, shape: &Shape) -> bool {
    let is_there = |suffix: &str| !is_absent(parent, &group.member(suffix));
    if shape.secrets().iter().map(String::as_str).chain([MARKER]).any(is_there) {
        return false;
    }
    let folder = RealDisk.subfolder(parent, &group.member(""));
    let ours = folder.and_then(|folder| RealDisk.subfolder(&folder, OsStr::new(OUR_FOLDER)));
    ours.is_ok_and(|ours| signs::has_files_of(&RealDisk, &ours, &[super::KIND]).unwrap_or(true))
}

/// Whether a member is that of another group, called like the results of this one: as for a sweep, what is named after it tells.
/// Which names jobs have is not known here.
fn is_its_own(parent: &Folder, (group, shape): (&Group, &Shape), name: &OsStr) -> io::Result<bool> {
    let ours: Vec<OsString> = shape.parts().map(|(_, suffix)| group.member(suffix)).collect();
    for suffix in shape.parts().map(|(_, suffix)| suffix).chain([MARKER]) {
        let name = [name, OsStr::new(suffix)].into_iter().collect::<OsString>();
        if ours.contains(&name) {
            continue;
        }
        match RealDisk.stat(parent, &name) {
            Err(error) if !ABSENT.contains(&error.kind()) => return Err(error),
            Err(_) => {}
            Ok(_) => return Ok(true),
        }
    }
    Ok(false)
}

/// Opens the folder that a group is in. No link is followed on the way: whoever may put one there could lead us anywhere.
fn open(group: &Group) -> Result<Option<Folder>, Error> {
    let error = match RealDisk.way(&group.parent) {
        Ok(folder) => return Ok(Some(folder)),
        Err(error) => error,
    };
    if let Some(refusal) = link_on_the_way(STEP, &group.path(), &group.parent) {
        return Err(refusal);
    }
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
        _ => Err(Error::io("enter the folder of the group", &group.path(), error)
            .with_hint("run it as a user who may look up names in that folder")),
    }
}

impl Found {
    fn remove(self, shape: &Shape) -> Removal {
        let Self { group, parent } = self;
        let member = |(role, suffix)| {
            let path = group.parent.join(group.member(suffix));
            Member { path, role, freed: Freed::default(), outcome: Outcome::Absent }
        };
        let mut members: Vec<Member> = shape.members().map(member).collect();
        if let Some(parent) = &parent {
            members
                .retain_mut(|member| member.role != Role::Sibling || member.is_ours(parent, (&group, shape)));
            // Few groups have a mark: one that is not there is not worth a word.
            members.extend(Some(member((Role::Mark, MARKER))).filter(|mark| !is_absent(parent, mark.name())));
            // What somebody has made anew meanwhile goes as well, and nobody is waited for any longer.
            for _ in 0..2 {
                members
                    .iter_mut()
                    .filter(|member| !member.is_left())
                    .for_each(|member| member.remove(parent));
            }
            for member in &mut members {
                member.look(parent);
            }
        }
        Removal { path: group.path(), members }
    }
}

impl Member {
    fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Where nobody can tell whose it is, it is left, and told.
    fn is_ours(&mut self, parent: &Folder, group: (&Group, &Shape)) -> bool {
        let is_its_own = is_its_own(parent, group, self.name());
        if let Err(error) = &is_its_own {
            self.outcome = Outcome::Left(Left::because(&self.path, error));
        }
        !is_its_own.unwrap_or(false)
    }

    const fn is_left(&self) -> bool {
        matches!(self.outcome, Outcome::Left(_))
    }

    fn remove(&mut self, parent: &Folder) {
        if is_absent(parent, self.name()) {
            return;
        }
        let removed = fs::remove_all(&RealDisk, parent, self.name());
        self.freed = self.freed.and(removed.freed);
        let around = self.path.parent().unwrap_or(&self.path);
        self.outcome = Left::of(&removed, around).map_or(Outcome::Removed, Outcome::Left);
    }

    /// Nothing is said to be gone that is there.
    fn look(&mut self, parent: &Folder) {
        if !self.is_left() && !is_absent(parent, self.name()) {
            self.outcome = Outcome::Left(Left::again(&self.path));
        }
    }
}

/// Whether nothing has this name, or can have it, for certain.
fn is_absent(parent: &Folder, name: &OsStr) -> bool {
    RealDisk.stat(parent, name).is_err_and(|error| ABSENT.contains(&error.kind()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make files as any program would")]

    use super::*;

    #[test]
    fn what_is_there_is_never_said_to_be_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap().join("w.cred.sh");
        let parent = RealDisk.way(path.parent().unwrap()).unwrap();
        let gone = Member { path, role: Role::Secret, freed: Freed::default(), outcome: Outcome::Removed };
        let mut member = gone.clone();
        member.look(&parent);
        assert_eq!(member, gone);
        std::fs::write(&gone.path, "made anew").unwrap();
        member.look(&parent);
        assert_eq!(member.outcome, Outcome::Left(Left::again(&gone.path)));
    }
}
