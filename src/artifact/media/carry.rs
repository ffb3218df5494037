//! How the net takes references and their files: into the trash, or for ever where there is none.
//!
//! What goes into the trash stands in the bundle's list before this begins. Then, under the store's lock: it is written down,
//! durably, that the references go and their files are on their way; each file moves by one rename; it is written down that they
//! are gone. Whoever takes the lock and finds a file that is still on its way knows that its mover was killed, or met an error:
//! is the file where it was, its references are registered again; is it not, it is in the trash, and so are they.

use std::{collections::BTreeSet, ffi::OsStr, io, path::PathBuf};

use super::{
    MediaRef,
    bin::{Bin, Carried, Moved},
    doomed::{Doomed, How},
    log,
    record::{By, Record},
    report::Outcome,
    room::{Desk, Room},
    spot::Spot,
    state::{State, dropped},
    sweep::{NET, STEP},
    told::Told,
};
use crate::{
    fs::Disk,
    model::{Error, ErrorKind, Timestamp},
    trash::{Attic, Trash},
};

/// Something with its number in the list.
pub(super) type Numbered<T> = (usize, T);

/// What became of one that was to move.
type Fate = Result<Moved, io::Error>;

impl<D: Disk> Room<D> {
    /// What is needed to bring these back.
    pub(super) fn carried(&self, doomed: &Doomed) -> Carried {
        let ledger = self.known();
        let state = &ledger.state;
        let file = state.files.get(&doomed.spot);
        let line = |reference: &MediaRef| {
            let (entry, file) = (state.refs.get(reference)?, file?);
            Some(entry.line(*reference, file.mark, entry.kept.or(file.kept)))
        };
        Carried { path: doomed.spot.clone(), refs: doomed.refs.iter().filter_map(line).collect() }
    }

    /// The lines that end what somebody had on its way into the trash who was killed, or met an error.
    pub(super) fn parked_ends(&self, state: &State) -> Vec<Record> {
        let (mut records, mut gone) = (Vec::new(), Vec::new());
        for spot in state.parked.keys() {
            let Some(file) = state.files.get(spot) else { continue };
            match self.place.look(spot) {
                Ok(stat) if file.mark.is_of(&stat) => {
                    records.extend(state.parked_at(spot).into_iter().map(Record::Store));
                }
                Ok(_) => gone.push(spot.clone()),
                Err(error) if self.place.is_absent(spot, &error) => gone.push(spot.clone()),
                // Nobody can tell: it stays on its way.
                Err(_) => {}
            }
        }
        if !gone.is_empty() {
            records.push(Record::Gone { paths: gone });
        }
        records
    }
}

impl<D: Disk> Desk<'_, D> {
    /// Ends what somebody else has begun: nobody moves anything who does not have the lock.
    pub(super) fn end_parked(&mut self, step: &'static str) -> Result<(), Error> {
        if self.ledger.state.parked.is_empty() {
            return Ok(());
        }
        let parked = self.ledger.state.parked.keys();
        let parents: BTreeSet<PathBuf> =
            parked.filter_map(|spot| Some(spot.path().parent()?.to_owned())).collect();
        for parent in &parents {
            // What has moved is written down as gone: after a power cut it must not be there again. Where the folder is gone
            // too, it is not.
            let _ = self.room.place.sync(parent);
        }
        let room = self.room;
        // The same for where it is by now: it may have moved a moment ago.
        let trash = Trash::new(&room.disk, &room.place.ours, room.place.owner, OsStr::new(NET.files));
        Attic::new(trash).sync_unfinished().map_err(room.fail(step))?;
        let records = room.parked_ends(&self.ledger.state);
        if records.is_empty() { Ok(()) } else { self.write(step, records, true) }
    }

    /// Nothing is stored where something moved away from while nobody can tell where that is: it would be taken for it.
    pub(super) fn must_be_settled(&mut self, step: &'static str, spot: &Spot) -> Result<(), Error> {
        if self.ledger.state.parked.contains_key(spot) {
            self.end_parked(step)?;
        }
        if self.ledger.state.parked.contains_key(spot) {
            let why =
                "what stood there was on its way into the trash, and nobody can tell whether it is there";
            return Err(Error::new(ErrorKind::Busy, step, spot.path(), why).with_hint("try again"));
        }
        Ok(())
    }

    /// Takes references that are too old, and the files that have no other. Tells what became of each.
    pub(super) fn take_files(
        &mut self,
        batch: &[Numbered<Doomed>],
        now: Timestamp,
        bin: &mut Bin<'_, '_, D>,
    ) -> Result<Vec<Told>, Error> {
        let (mut told, mut goes) = (Vec::new(), Vec::new());
        for (number, doomed) in batch {
            let at = (&doomed.spot, doomed.refs.as_slice());
            let (stays, again) = self.room.judge_file(&self.ledger.state, at, now);
            told.extend(stays);
            match again {
                Some(again) if again.refs == doomed.refs => goes.push((*number, again)),
                // Some of them were used meanwhile: the list says something else.
                Some(again) => told.extend(again.told(Outcome::Passed, 0)),
                None => {}
            }
        }
        told.extend(if bin.keeps() { self.put_away(goes, bin)? } else { self.end_for_ever(&goes)? });
        Ok(told)
    }

    fn end_for_ever(&mut self, goes: &[Numbered<Doomed>]) -> Result<Vec<Told>, Error> {
        let refs = goes.iter().flat_map(|(_, doomed)| doomed.refs.iter().copied()).collect();
        let fates = self.let_go(STEP, refs, By::Net)?;
        let told = |doomed: &Doomed| {
            let fate = fates.get(&doomed.spot).map(|fate| (fate.outcome, fate.bytes));
            let (outcome, bytes) = fate.unwrap_or((Outcome::Forgotten, 0));
            doomed.told(outcome, bytes)
        };
        Ok(goes.iter().flat_map(|(_, doomed)| told(doomed)).collect())
    }

    /// Into the trash.
    fn put_away(
        &mut self,
        goes: Vec<Numbered<Doomed>>,
        bin: &mut Bin<'_, '_, D>,
    ) -> Result<Vec<Told>, Error> {
        let mut told = Vec::new();
        let goes = noted(goes, bin, &mut told);
        if goes.is_empty() {
            return Ok(told);
        }
        let refs = goes.iter().flat_map(|(_, doomed)| doomed.refs.iter().copied()).collect();
        let now_ns = self.room.disk.now_ns();
        if let Err(error) = self.write(STEP, vec![dropped(refs, By::Trash, now_ns)], true) {
            take_notes(&goes, bin);
            return Err(error);
        }
        let mut fates: Vec<(Doomed, Fate)> = Vec::new();
        for (number, doomed) in goes {
            let fate = if doomed.how == How::Move {
                self.move_file(number, &doomed.spot, bin)
            } else {
                Ok(Moved::Gone)
            };
            fates.push((doomed, fate));
        }
        self.note_moved(&fates, bin);
        told.extend(fates.into_iter().flat_map(|(doomed, fate)| told_of(&doomed, &fate)));
        Ok(told)
    }

    fn move_file(&self, number: usize, spot: &Spot, bin: &mut Bin<'_, '_, D>) -> Fate {
        let Some(file) = self.ledger.state.files.get(spot) else { return Ok(Moved::Exchanged) };
        let mark = file.mark;
        self.room.place.within(spot, |folder, name| bin.take(&self.room.disk, (number, mark), (folder, name)))
    }

    /// Once the moves are durable they need not be remembered; of what has not moved the references are registered again.
    fn note_moved(&mut self, fates: &[(Doomed, Fate)], bin: &Bin<'_, '_, D>) {
        let moved = fates.iter().filter(|(doomed, fate)| doomed.how == How::Move && is_away(fate));
        let parents: BTreeSet<PathBuf> =
            moved.filter_map(|(doomed, _)| Some(doomed.spot.path().parent()?.to_owned())).collect();
        let synced = bin.sync();
        let unsure = |parent: &PathBuf| synced.is_err() || self.room.place.sync(parent).is_err();
        let unsure: BTreeSet<PathBuf> = parents.into_iter().filter(unsure).collect();
        let is_sure = |spot: &Spot| spot.path().parent().is_none_or(|parent| !unsure.contains(parent));
        let (mut records, mut gone) = (Vec::new(), Vec::new());
        for (Doomed { spot, .. }, fate) in fates {
            let is_going = self.ledger.state.going.contains(spot);
            match fate {
                _ if is_away(fate) && is_going && is_sure(spot) => gone.push(spot.clone()),
                _ if is_away(fate) => {}
                _ => records.extend(self.ledger.state.parked_at(spot).into_iter().map(Record::Store)),
            }
        }
        records.extend((!gone.is_empty()).then_some(Record::Gone { paths: gone }));
        if let Err(error) = if records.is_empty() { Ok(()) } else { self.write(STEP, records, true) } {
            log::failed("files are in the trash, but that could not be written down", &error);
        }
    }
}

/// Those of which it stands in the trash, or will stand there once they have moved, that they go.
fn noted<D: Disk>(
    goes: Vec<Numbered<Doomed>>,
    bin: &mut Bin<'_, '_, D>,
    told: &mut Vec<Told>,
) -> Vec<Numbered<Doomed>> {
    let (mut noted, mut has_notes) = (Vec::new(), false);
    for (number, doomed) in goes {
        has_notes |= doomed.how == How::Note;
        match note(number, &doomed, bin) {
            Ok(()) => noted.push((number, doomed)),
            Err(why) => told.extend(failed(&doomed, &why)),
        }
    }
    // Notes count once they are durable.
    match if has_notes { bin.sync() } else { Ok(()) } {
        Ok(()) => noted,
        Err(error) => {
            take_notes(&noted, bin);
            told.extend(noted.iter().flat_map(|(_, doomed)| failed(doomed, &error.to_string())));
            Vec::new()
        }
    }
}

/// References that stay are not in the trash: an undo would bring them back after their owner has let them go.
fn take_notes<D: Disk>(stay: &[Numbered<Doomed>], bin: &mut Bin<'_, '_, D>) {
    for (number, _) in stay.iter().filter(|(_, doomed)| doomed.how == How::Note) {
        if let Err(error) = bin.take_note(*number) {
            log::failed("a reference stays, but the trash says that it went", &error);
        }
    }
}

fn note<D: Disk>(number: usize, doomed: &Doomed, bin: &mut Bin<'_, '_, D>) -> Result<(), String> {
    match (bin.shut(), doomed.how) {
        (Some(why), _) => Err(why.to_owned()),
        (None, How::Note) => bin.note(number).map_err(|error| error.to_string()),
        (None, How::Move | How::Drop) => Ok(()),
    }
}

fn failed(doomed: &Doomed, why: &str) -> Vec<Told> {
    let told = doomed.told(Outcome::NotRemoved, 0).into_iter();
    told.map(|told| told.with_error(why)).collect()
}

const fn is_away(fate: &Fate) -> bool {
    matches!(fate, Ok(Moved::Gone | Moved::Stuck))
}

fn told_of(doomed: &Doomed, fate: &Fate) -> Vec<Told> {
    match fate {
        Ok(Moved::Gone) => doomed.told(doomed.outcome, doomed.bytes),
        Ok(Moved::Exchanged) => doomed.told(Outcome::Passed, 0),
        Ok(Moved::Stuck) => failed(doomed, "it was exchanged for another meanwhile, which is in the trash"),
        Err(error) => failed(doomed, &format!("cannot move it into the trash: {error}")),
    }
}
