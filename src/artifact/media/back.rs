//! How things come back from the trash: a file to where it stood, with the references that it had.
//!
//! References are registered before their file comes back: until then the trash has it, and afterwards nobody can take it for
//! one that no reference names. Whoever is killed in between leaves references whose file is in the trash, with them in its list;
//! the same undo goes on from there.

use std::{collections::BTreeSet, io, path::PathBuf, sync::Mutex};

use super::{
    MediaRef,
    bin::Carried,
    let_go::BATCH,
    meta::Kept,
    record::{By, Mark, Record, Stored},
    room::{Desk, Room, rest},
    spot::Spot,
    state::dropped,
};
use crate::{
    artifact::past::Way,
    fs::{Disk, OUR_FOLDER, Stat},
    model::Timestamp,
    trash::{Opened, Thing},
};

const STEP: &str = "bring files back to";

/// The way back into a store's folder.
#[derive(Debug)]
pub(super) struct Back<'b, D: Disk> {
    pub(super) room: &'b Room<D>,
    pub(super) now: Timestamp,
    /// The folders that something came back to.
    pub(super) parents: Mutex<BTreeSet<PathBuf>>,
}

/// A thing that may come back.
struct Coming {
    number: usize,
    spot: Spot,
    /// Those of its references that are not known.
    refs: Vec<Stored>,
    is_note: bool,
}

impl<D: Disk> Way<D> for Back<'_, D> {
    fn is_free(&self, opened: &Opened<D>, number: usize, thing: &Thing) -> io::Result<bool> {
        let carried = read(thing)?;
        self.may_come(opened, number, &carried)
    }

    /// Open stores have their turn between two batches. When somebody asks to stop, or one batch could not be begun, the others
    /// stay: the same undo goes on from there.
    fn put_back(&self, opened: &Opened<D>, things: &[(usize, &Thing)]) -> Vec<io::Result<bool>> {
        let (mut over, mut is_first) = (None, true);
        let batches = things.chunks(BATCH).flat_map(|batch| {
            if over.is_none() && !std::mem::replace(&mut is_first, false) {
                rest();
            }
            let told = over.clone().map_or_else(|| self.put_batch(opened, batch), Err);
            told.unwrap_or_else(|why: String| {
                let failed = batch.iter().map(|_| Err(io::Error::other(why.clone()))).collect();
                over = Some(why);
                failed
            })
        });
        batches.collect()
    }

    fn settle(&self) -> io::Result<()> {
        let parents = std::mem::take(&mut *super::room::held(&self.parents));
        parents.iter().try_for_each(|parent| self.room.place.sync(parent))
    }
}

impl<D: Disk> Back<'_, D> {
    /// Why nothing of it came back, where it could not be begun.
    fn put_batch(
        &self,
        opened: &Opened<D>,
        batch: &[(usize, &Thing)],
    ) -> Result<Vec<io::Result<bool>>, String> {
        let desk = if self.room.is_stopping() { Ok(None) } else { self.room.desk_of_sweep(STEP) };
        let desk = desk.map_err(|error| error.to_string())?;
        let mut desk = desk.ok_or("somebody asked to stop: it is still in the trash")?;
        let coming: Vec<io::Result<Option<Coming>>> =
            batch.iter().map(|(number, thing)| self.look(&desk, opened, *number, thing)).collect();
        let known = coming.iter().flatten().flatten();
        let stored: Vec<Record> = known.flat_map(|coming| coming.refs.clone()).map(Record::Store).collect();
        if !stored.is_empty() {
            desk.write(STEP, stored, true).map_err(|error| error.to_string())?;
        }
        let come = |coming: io::Result<Option<Coming>>| match coming? {
            None => Ok(false),
            Some(coming) => self.come(&mut desk, opened, &coming),
        };
        let told = coming.into_iter().map(come).collect();
        desk.compact();
        Ok(told)
    }

    /// What is to come back of a thing; `None` where something else has its place.
    fn look(
        &self,
        desk: &Desk<'_, D>,
        opened: &Opened<D>,
        number: usize,
        thing: &Thing,
    ) -> io::Result<Option<Coming>> {
        let carried = read(thing)?;
        let is_note = opened.is_note(number);
        if !self.may_come(opened, number, &carried)? {
            return Ok(None);
        }
        let moved = if is_note { None } else { Some(self.mark_of(opened, number)?) };
        let is_new = |stored: &Stored| !desk.ledger.state.refs.contains_key(&stored.reference);
        let renewed = |stored: Stored| {
            let (mark, at) = (moved.unwrap_or(stored.mark), self.now.as_millis());
            let kept = if carried.path.is_ours() { stored.kept } else { Some(Kept::Outside) };
            Stored { path: carried.path.clone(), mark, at, used: None, kept, ..stored }
        };
        let refs = carried.refs.into_iter().filter(is_new).map(renewed).collect();
        Ok(Some(Coming { number, spot: carried.path.clone(), refs, is_note }))
    }

    fn mark_of(&self, opened: &Opened<D>, number: usize) -> io::Result<Mark> {
        let (bundle, name) = opened.at(number);
        let stat: Stat = self.room.disk.stat_born(bundle, &name)?;
        if stat.is_file {
            // Where no births are told nothing fits this any more once it has moved, until it is marked anew.
            Ok(Mark::of(&stat))
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "what the trash has of it is no regular file"))
        }
    }

    /// Whether the file is there that references went from which left it.
    fn is_still_there(&self, carried: &Carried) -> bool {
        let is_it = |stat: &Stat| carried.refs.iter().all(|stored| stored.mark.is_of(stat));
        self.room.place.look(&carried.path).is_ok_and(|stat| is_it(&stat))
    }

    fn may_come(&self, opened: &Opened<D>, number: usize, carried: &Carried) -> io::Result<bool> {
        if opened.is_note(number) {
            return Ok(self.is_still_there(carried));
        }
        let spot = &carried.path;
        if !spot.is_ours() {
            return Err(odd());
        }
        match self.room.place.look(spot) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
            // Whoever was killed on the way back may have left it both names.
            Ok(_) => {
                self.room.place.within(spot, |folder, name| Ok(opened.is_also_at(number, (folder, name))))
            }
        }
    }

    /// Its references are registered. Where the file cannot come back to them, they go again.
    fn come(&self, desk: &mut Desk<'_, D>, opened: &Opened<D>, coming: &Coming) -> io::Result<bool> {
        if coming.is_note {
            return opened.take_note(coming.number).map(|()| true);
        }
        let is_back = self.put_one(opened, coming);
        let mut records = match &is_back {
            Ok(Some(stat)) => renewed(coming, stat),
            _ => vec![Record::Gone { paths: vec![coming.spot.clone()] }],
        };
        if !records.is_empty() {
            let refs: Vec<MediaRef> = coming.refs.iter().map(|stored| stored.reference).collect();
            records.insert(0, dropped(refs, By::Trash, self.room.disk.now_ns()));
            match desk.write(STEP, records, true) {
                // Nothing fits its mark then, and it is never unlinked for it.
                Err(error) if matches!(is_back, Ok(Some(_))) => {
                    super::log::failed("what a file is that came back could not be written down", &error);
                }
                written => written.map_err(|error| io::Error::other(error.to_string()))?,
            }
        }
        is_back.map(|stat| stat.is_some())
    }

    /// What it is by then, if it is back.
    fn put_one(&self, opened: &Opened<D>, coming: &Coming) -> io::Result<Option<Stat>> {
        let (place, parent) = (&self.room.place, coming.spot.path().parent().unwrap_or(coming.spot.path()));
        place.make_way(parent)?;
        place.within(&coming.spot, |folder, name| {
            let is_back = opened.put_back(coming.number, (folder, name))?;
            if is_back {
                // It is back whether or not its time can be changed.
                let _ = self.room.disk.touch(folder, name);
                super::room::held(&self.parents).insert(parent.to_owned());
            }
            // Nor is it lost where nobody can look at it: nothing fits its mark then, and it is never unlinked for it.
            Ok(is_back.then(|| self.room.disk.stat_born(folder, name).unwrap_or_default()))
        })
    }
}

/// The lines by which a file is known again that has come back, where nobody can tell when it was made: moving it and the change
/// of its time have happened to it since its references were registered.
fn renewed(coming: &Coming, stat: &Stat) -> Vec<Record> {
    let mark = Mark::of(stat);
    let is_it = |stored: &&Stored| stored.mark.born.is_none() && stored.mark.is_of(stat);
    coming.refs.iter().filter(is_it).map(|stored| Record::Store(Stored { mark, ..stored.clone() })).collect()
}

/// What a list says of a thing. One that somebody has changed could lead anywhere.
fn read(thing: &Thing) -> io::Result<Carried> {
    let more = thing.more.as_ref().ok_or_else(odd)?;
    let carried: Carried = more.read().map_err(|_| odd())?;
    if is_plain(&carried.path) { Ok(carried) } else { Err(odd()) }
}

/// Whether a path in the folder is made of plain names. Outside of it nothing is ever moved.
fn is_plain(spot: &Spot) -> bool {
    let path = spot.path().as_os_str().as_encoded_bytes();
    let names = path.strip_prefix(b"/").unwrap_or(path);
    let is_name = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&0);
    let is_into_ours = spot.is_ours() && spot.path().starts_with(OUR_FOLDER);
    names.split(|byte| *byte == b'/').all(is_name) && !is_into_ours
}

fn odd() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its list does not say where it stood")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn i10_no_path_leads_out_of_the_folder_or_into_ours() {
        for path in [
            "",
            ".",
            "..",
            "a/..",
            "../a",
            "a//b",
            "a/./b",
            "a/",
            ".session-reaper",
            ".session-reaper/a",
            "a\0",
        ] {
            assert!(!is_plain(&Spot::new(Path::new(path))), "{path:?}");
        }
        for path in ["a", "a/b.png", "a/.session-reaper", "/elsewhere/a"] {
            assert!(is_plain(&Spot::new(Path::new(path))), "{path:?}");
        }
    }
}
