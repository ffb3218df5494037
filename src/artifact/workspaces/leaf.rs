//! One member on its way out: it goes only if it still is what was judged, and nothing goes that somebody has put in its place.
//!
//! A name is looked at and then removed, and no system has one call for both. What comes to stand there in between, for some
//! millionths of a second, goes in its place: in a trash that is seen and taken back, and without one it is not.

use std::{ffi::OsStr, io, path::Path};

use crate::{
    artifact::bin::must_be,
    fs::{self, Disk, Removed, Stat},
    trash::Moving,
};

/// A member as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    /// What [`Disk::stat_born`] told of it.
    pub(super) stat: Stat,
    /// Bytes of all of it, where that was looked at.
    pub(super) bytes: u64,
}

impl Member {
    /// Whether this is the one that was seen, and nobody has changed anything about it: numbers are given anew.
    fn is_unchanged(&self, stat: &Stat) -> bool {
        let seen = |stat: &Stat| {
            (stat.dev, stat.ino, stat.size, stat.modified_ns, stat.changed_ns, stat.is_file, stat.is_folder)
        };
        seen(&self.stat) == seen(stat) && self.is_moved(stat)
    }

    /// The same of what has another name since, which changes the time at which anything about it changed last.
    fn is_moved(&self, stat: &Stat) -> bool {
        let is_as_old = match (self.stat.born_ns, stat.born_ns) {
            (Some(seen), Some(born)) => seen == born,
            _ => self.stat.modified_ns == stat.modified_ns,
        };
        (self.stat.dev, self.stat.ino) == (stat.dev, stat.ino) && is_as_old
    }
}

/// What became of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It is gone.
    Gone,
    /// It is not what was seen any more, and is left alone.
    Changed,
    /// It could not go, and why; and whether something is in the trash all the same.
    Failed { why: String, went: bool },
}

impl End {
    fn failed(name: &OsStr, error: &io::Error) -> Self {
        Self::Failed { why: format!("cannot remove {}: {error}", name.to_string_lossy()), went: false }
    }
}

/// Removes a member for ever, if it is what was seen.
pub(super) fn remove<D: Disk>(
    disk: &D,
    (folder, name): (&D::Folder, &OsStr),
    member: Option<&Member>,
) -> End {
    match disk.stat_born(folder, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return End::Gone,
        Err(error) => return End::failed(name, &error),
        Ok(stat) if !member.is_some_and(|seen| seen.is_unchanged(&stat)) => return End::Changed,
        Ok(_) => {}
    }
    let Removed { left, .. } = fs::remove_all(disk, folder, name);
    left.first().map_or(End::Gone, |(path, error)| End::failed(Path::new(path).as_os_str(), error))
}

/// Moves a member into the trash under this number, and takes back what is not the one that was seen.
pub(super) fn put<D: Disk>(
    disk: &D,
    from: (&D::Folder, &OsStr),
    member: Option<&Member>,
    (moving, number): (&mut Moving<'_, '_, D>, usize),
) -> End {
    let before = moving.moved();
    match take(disk, moving, number, from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return End::Gone,
        Err(error) => return End::failed(from.1, &error),
        Ok(()) => {}
    }
    let (bundle, name) = moving.at(number);
    let stat = disk.stat_born(bundle, &name);
    let is_it = stat.is_ok_and(|stat| member.is_some_and(|seen| seen.is_moved(&stat)));
    match must_be(disk, moving, number, from, |_| is_it) {
        Ok(()) => End::Gone,
        // What could not be put back is in the trash, and has to be told for somebody to find it there.
        Err(why) => End::Failed { why, went: moving.moved() > before },
    }
}

/// A folder that nobody may write to cannot be moved either.
fn take<D: Disk>(
    disk: &D,
    moving: &mut Moving<'_, '_, D>,
    number: usize,
    from: (&D::Folder, &OsStr),
) -> io::Result<()> {
    match moving.take(number, from) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let opened = disk.subfolder_here(from.0, from.1).and_then(|folder| disk.open_up(&folder));
            if opened.is_ok() { moving.take(number, from) } else { Err(error) }
        }
        moved => moved,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use super::*;
    use crate::{
        artifact::{nook::Nook, workspaces::KIND},
        fs::MemDisk,
        model::Timestamp,
        trash::{Cause, RunId, Thing},
    };

    const TOKEN: &str = "/base/w.cred.sh";

    fn name() -> &'static OsStr {
        OsStr::new("w.cred.sh")
    }

    fn token() -> MemDisk {
        MemDisk::with_file(Path::new(TOKEN), b"old token")
    }

    fn seen(disk: &MemDisk) -> Member {
        let stat = disk.stat_born(&disk.folder(Path::new("/base")).unwrap(), name()).unwrap();
        Member { stat, bytes: 9 }
    }

    /// Something happens before the call of this number through the disk that is told.
    fn before(disk: &MemDisk, number: u32, happens: impl Fn(&MemDisk) + Send + Sync + 'static) -> MemDisk {
        let (other, calls) = (disk.clone(), AtomicU32::new(0));
        disk.clone().with_hook(move || {
            if calls.fetch_add(1, Ordering::Relaxed) == number {
                happens(&other);
            }
        })
    }

    #[test]
    fn what_nobody_has_touched_goes() {
        let disk = token();
        let folder = disk.folder(Path::new("/base")).unwrap();
        assert_eq!(remove(&disk, (&folder, name()), None), End::Changed, "nobody has seen it");
        assert_eq!(remove(&disk, (&folder, name()), Some(&seen(&disk))), End::Gone);
        assert_eq!(remove(&disk, (&folder, name()), None), End::Gone);
    }

    /// By a rename, as tokens are, or as it stands; whatever the disk can tell of it.
    #[test]
    fn i1_a_token_that_is_renewed_after_it_was_judged_stays() {
        let renew: [fn(&MemDisk); 2] = [|disk| disk.put(Path::new(TOKEN), b"new token"), write_more];
        for disk in [token(), token().without_births()] {
            let member = seen(&disk);
            for renew in &renew {
                let busy = before(&disk, 1, *renew);
                let folder = busy.folder(Path::new("/base")).unwrap();
                assert_eq!(remove(&busy, (&folder, name()), Some(&member)), End::Changed);
                assert!(disk.get(Path::new(TOKEN)).is_some_and(|text| text != b"old token"));
                disk.put(Path::new(TOKEN), b"old token");
            }
        }
    }

    fn write_more(disk: &MemDisk) {
        let folder = disk.folder(Path::new("/base")).unwrap();
        let open = disk.open_to_append(&folder, name()).unwrap().unwrap();
        assert!(fs::Appender::append(&open, b"more").unwrap() > 0);
    }

    /// Its number alone is that of the next one as well: file systems give numbers anew.
    #[test]
    fn a_number_that_was_given_anew_is_not_the_one_that_was_seen() {
        let disk = token();
        let member = seen(&disk);
        let other = |change: fn(&mut Stat)| {
            let mut stat = member.stat;
            change(&mut stat);
            stat
        };
        assert!(member.is_unchanged(&member.stat) && member.is_moved(&member.stat));
        assert!(member.is_moved(&other(|stat| stat.changed_ns += 1)), "a rename changes that");
        let changes: [fn(&mut Stat); 4] = [
            |stat| stat.ino += 1,
            |stat| stat.dev += 1,
            |stat| stat.born_ns = stat.born_ns.map(|born| born + 1),
            |stat| (stat.born_ns, stat.modified_ns) = (None, stat.modified_ns + 1),
        ];
        for change in changes {
            assert!(!member.is_moved(&other(change)) && !member.is_unchanged(&other(change)));
        }
        let changes: [fn(&mut Stat); 3] =
            [|stat| stat.size += 1, |stat| stat.changed_ns += 1, |stat| stat.modified_ns += 1];
        for change in changes {
            assert!(!member.is_unchanged(&other(change)));
        }
    }

    /// Puts the token into a trash, while something happens before each of the calls for it; tells what came of it, how much is
    /// in the trash, and what stands in its place.
    fn put_beside(number: u32, happens: fn(&MemDisk)) -> (End, u64, Option<Vec<u8>>) {
        let disk = token();
        let member = seen(&disk);
        let base = disk.folder(Path::new("/base")).unwrap();
        let run = RunId::new(Timestamp::from_millis(1));
        let line = Cause::new(run, "prune", Timestamp::from_millis(1)).line(KIND, Timestamp::from_millis(1));
        let things = [Thing::new("w.cred.sh".to_owned(), "w".to_owned())];
        let busy = before(&disk, number, happens);
        let nook = Nook::enter(&disk, &base, KIND.into(), Duration::ZERO).unwrap().unwrap();
        let attic = nook.attic();
        let mut moving = attic.begin(&base, &line, &things).unwrap();
        // The trash is the disk's own; what is asked of the disk beside it is asked by whom others get in the way of.
        let end = put(&busy, (&base, name()), Some(&member), (&mut moving, 0));
        let moved = moving.moved();
        drop(moving);
        (end, moved, disk.get(Path::new(TOKEN)))
    }

    #[test]
    fn i9_what_is_in_the_trash_is_told_though_it_is_not_what_was_judged() {
        assert_eq!(put_beside(u32::MAX, |_| {}), (End::Gone, 1, None));
        // Something new stands in its place by the time that it is looked at in the trash, which it was exchanged in as well.
        let (end, moved, stands) = put_beside(0, |disk| {
            let bundle = bundle(disk);
            disk.put(&bundle.join("0"), b"another one's");
            disk.put(Path::new(TOKEN), b"new token");
        });
        assert!(
            matches!(&end, End::Failed { why, went: true } if why.contains("which is in the trash")),
            "{end:?}"
        );
        assert_eq!((moved, stands.as_deref()), (1, Some(&b"new token"[..])));
        // Where nothing does, it is put back.
        let (end, moved, stands) = put_beside(0, |disk| disk.put(&bundle(disk).join("0"), b"another one's"));
        assert!(
            matches!(&end, End::Failed { why, went: false } if why.contains("it is left alone")),
            "{end:?}"
        );
        assert_eq!((moved, stands.as_deref()), (0, Some(&b"another one's"[..])));
    }

    fn bundle(disk: &MemDisk) -> std::path::PathBuf {
        let trash = Path::new("/base").join(fs::OUR_FOLDER).join("trash");
        trash.join(&disk.names(&trash)[0])
    }
}
