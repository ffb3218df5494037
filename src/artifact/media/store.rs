//! Storing, finding and releasing: the store as its owner has it.

use std::{path::Path, sync::Arc, time::Duration};

use super::{
    Lease, Media, MediaRef, Meta, Options, Owned, Report,
    let_go::{BATCH, Fates},
    log,
    meta::Kept,
    record::{By, Mark, Record, Stored},
    reference::chance,
    report::Outcome,
    room::{Desk, Ended, PATIENCE, Room, rest},
    spot::Spot,
    worker::Worker,
};
use crate::{
    clock,
    fs::{Disk, RealDisk},
    model::{Error, ErrorKind, Timestamp},
};

/// What is being done, for errors.
const STORE: &str = "store a file in";
const RELEASE: &str = "release files of";
const LEASE: &str = "lease a file of";

/// A use is written down at most this often for each reference.
const RENEWAL: i64 = 60_000;

/// Files of others, each under a name that lasts, for as long as somebody needs them.
///
/// Any number of stores, in any number of processes, may have the same folder open.
#[derive(Debug)]
pub struct MediaStore<D: Disk = RealDisk> {
    pub(super) room: Arc<Room<D>>,
    pub(super) worker: Worker,
}

/// What came of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Released {
    /// How many references went.
    pub references: u64,
    /// How many files went.
    pub files: u64,
    /// How much room they had.
    pub bytes_freed: u64,
    /// How many files stay: they are not ours to remove, or have other references.
    pub kept: u64,
    /// How many files are still there, and go later: they are in use, or could not be removed.
    pub waiting: u64,
}

/// What a store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// How many references there are, also to files elsewhere.
    pub references: u64,
    /// How many files in the store's folder they name.
    pub files: u64,
    /// How long those are together.
    pub bytes: u64,
}

impl MediaStore {
    /// Opens the store in a folder, which is made if it is not there. What a killed process had begun is ended, and where there
    /// is a net, references go whose files are gone, and old files that no reference names.
    ///
    /// # Errors
    /// The folder or the ledger in it cannot be read or written.
    pub fn open(options: Options, now: Timestamp) -> Result<Self, Error> {
        Self::open_on(RealDisk, options, now)
    }
}

impl<D: Disk> MediaStore<D> {
    /// The same on another disk.
    ///
    /// # Errors
    /// As for [`MediaStore::open`].
    pub fn open_on(disk: D, options: Options, now: Timestamp) -> Result<Self, Error> {
        const STEP: &str = "open the media store in";
        let room = Room::open(disk, options)?;
        let opened = room.desk(STEP)?;
        opened.ledger.tidy(&room.place).map_err(room.fail(STEP))?;
        opened.ledger.mark_if_empty(&room.place).map_err(room.fail(STEP))?;
        let is_marked = room.place.is_marked().map_err(room.fail(STEP))?;
        log::opened(&room.options, &room.place.path, opened.ledger.state.refs.len(), is_marked);
        drop(opened);
        let store = Self { room: Arc::new(room), worker: Worker::default() };
        store.room.reconcile(now);
        Ok(store)
    }

    /// Registers a file under a new name. It is neither moved nor copied; it is known by its real path, links followed.
    ///
    /// # Errors
    /// There is no regular file, it is one of the store's own, or the ledger cannot be written. Then nothing is stored.
    pub fn store(&self, path: &Path, meta: Meta, scope: &str, now: Timestamp) -> Result<Media, Error> {
        let mut desk = self.room.desk(STORE)?;
        // Under the lock: nobody removes it between this look and the note.
        let found = self.room.place.locate(path)?;
        desk.must_be_settled(STORE, &found.spot)?;
        let kept = Kept::of(&meta, found.spot.is_ours());
        let reference = MediaRef::new();
        let stored = Stored {
            reference,
            path: found.spot,
            mark: Mark::of(&found.stat),
            at: now.as_millis(),
            used: None,
            scope: scope.to_owned(),
            meta,
            kept,
        };
        desk.write(STORE, vec![Record::Store(stored)], true)?;
        desk.media(reference)
    }

    /// The same with a handle that releases the file when it is dropped.
    ///
    /// # Errors
    /// As for [`MediaStore::store`].
    pub fn store_owned(
        &self,
        path: &Path,
        meta: Meta,
        scope: &str,
        now: Timestamp,
    ) -> Result<Owned<D>, Error> {
        let media = self.store(path, meta, scope, now)?;
        Ok(Owned::new(Arc::clone(&self.room), media))
    }

    /// Where a file is, and what was said of it. This counts as a use.
    ///
    /// # Errors
    /// Nobody has stored this, or it was released ([`ErrorKind::Gone`]); the file is not there any more
    /// ([`ErrorKind::Missing`]); it cannot be looked at ([`ErrorKind::Io`]).
    pub fn resolve(&self, reference: MediaRef, now: Timestamp) -> Result<Media, Error> {
        const STEP: &str = "resolve";
        let mut desk = self.room.desk("resolve a reference in")?;
        let media = desk.media(reference)?;
        let spot = desk.spot_of(reference)?;
        match self.room.place.look(&spot) {
            Ok(stat) if stat.is_file => {}
            Ok(_) => return Err(not_there(reference, &media, "what stands there is no regular file")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(not_there(reference, &media, "no such file"));
            }
            Err(error) => return Err(Error::io(STEP, &media.path, error)),
        }
        desk.renew(reference, now);
        Ok(media)
    }

    /// Lets a reference go, and its file with the last one. An unknown one is no failure.
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub fn release(&self, reference: MediaRef) -> Result<Released, Error> {
        self.room.release(&[reference], PATIENCE)
    }

    /// Lets all references of a scope go. An unknown one is no failure.
    ///
    /// # Errors
    /// As for [`MediaStore::release`].
    pub fn release_all(&self, scope: &str) -> Result<Released, Error> {
        let desk = self.room.desk(RELEASE)?;
        let refs: Option<Vec<MediaRef>> =
            desk.ledger.state.scopes.get(scope).map(|refs| refs.iter().copied().collect());
        drop(desk);
        self.room.release(&refs.unwrap_or_default(), PATIENCE)
    }

    /// Keeps a file for as long as the lease lives, however old it becomes, and whoever lets it go. Its beginning and its end
    /// count as uses.
    ///
    /// # Errors
    /// Nobody has stored this, or it was released ([`ErrorKind::Gone`]); or the ledger cannot be written.
    pub fn lease(&self, reference: MediaRef) -> Result<Lease<D>, Error> {
        let mut desk = self.room.desk(LEASE)?;
        let (spot, id) = (desk.spot_of(reference)?, chance());
        let leased = self.room.new_lease(id, spot).map_err(self.room.fail(LEASE))?;
        // Not durable: who holds it does not outlive the machine either.
        desk.write(LEASE, vec![Record::Lease(leased)], false)?;
        // The lease counts, whether or not the use can be noted: at its end that is tried again.
        desk.renew(reference, clock::now());
        Ok(Lease::new(Arc::clone(&self.room), id, reference))
    }

    /// Removes what is too old, ends what was begun, and looks for files that no reference names. Never fails: what went
    /// wrong stands in the report.
    pub fn clean_expired(&self, now: Timestamp) -> Report {
        self.room.sweep(now)
    }

    /// What is registered, and what it takes on the disk. Each file counts once, and those in the store's folder alone: what is
    /// elsewhere, or cannot be looked at, is somebody else's.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn usage(&self) -> Result<Usage, Error> {
        let desk = self.room.desk("count the files in")?;
        let state = &desk.ledger.state;
        let references = state.refs.len() as u64;
        let spots: Vec<Spot> = state
            .files
            .iter()
            .filter(|(spot, file)| spot.is_ours() && file.refs > 0)
            .map(|(spot, _)| spot.clone())
            .collect();
        drop(desk);
        let sizes = spots.iter().filter_map(|spot| self.room.place.look(spot).ok());
        let sizes = sizes.filter(|stat| stat.is_file).map(|stat| stat.size);
        let (files, bytes) = sizes.fold((0, 0), |(files, bytes), size| (files + 1, bytes + size));
        Ok(Usage { references, files, bytes })
    }

    /// How many references there are, as far as this store knows.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn references(&self) -> Result<usize, Error> {
        Ok(self.room.desk("count the references in")?.ledger.state.refs.len())
    }
}

fn not_there(reference: MediaRef, media: &Media, why: &str) -> Error {
    let error =
        Error::new(ErrorKind::Missing, "resolve", &media.path, format!("{reference} is stored, but {why}"));
    error.with_hint("release it if the file is not coming back")
}

impl<D: Disk> Room<D> {
    /// Lets references go in the name of their owner.
    pub(super) fn release(&self, refs: &[MediaRef], patience: Duration) -> Result<Released, Error> {
        let mut released = Released::default();
        for (number, batch) in refs.chunks(BATCH).enumerate() {
            if number > 0 {
                rest();
            }
            let batch = self.release_batch(batch, patience, &mut released);
            // What went before stays gone: whoever hears of this is not told that nothing did.
            batch.map_err(|error| if released.references > 0 { error.half_way() } else { error })?;
        }
        Ok(released)
    }

    fn release_batch(
        &self,
        batch: &[MediaRef],
        patience: Duration,
        released: &mut Released,
    ) -> Result<(), Error> {
        let mut desk = self.desk_within(RELEASE, patience)?;
        let known = batch.iter().filter(|reference| desk.ledger.state.refs.contains_key(reference));
        let known: Vec<MediaRef> = known.copied().collect();
        let references = known.len() as u64;
        let fates = desk.let_go(RELEASE, known, By::Owner)?;
        released.references += references;
        released.count(&fates);
        desk.compact();
        Ok(())
    }

    /// Ends a lease; a file that waited for that goes.
    pub(super) fn end(&self, ended: Ended, patience: Duration) -> Result<(), Error> {
        let mut desk = self.desk_within(LEASE, patience)?;
        let state = &desk.ledger.state;
        let spot = state.leases.get(&ended.id).map(|lease| lease.path.clone());
        let waiting = spot.into_iter().filter(|spot| state.going.contains(spot)).collect();
        desk.write_ends(LEASE, &[ended], Vec::new())?;
        drop(desk.remove(LEASE, waiting, true));
        desk.compact();
        Ok(())
    }
}

impl Released {
    fn count(&mut self, fates: &Fates) {
        for fate in fates.values() {
            self.bytes_freed += fate.bytes;
            let counter = match fate.outcome {
                Outcome::Removed => &mut self.files,
                Outcome::NotRemoved | Outcome::Leased => &mut self.waiting,
                Outcome::Absent => continue,
                _ => &mut self.kept,
            };
            *counter += 1;
        }
    }
}

impl<D: Disk> Desk<'_, D> {
    fn media(&self, reference: MediaRef) -> Result<Media, Error> {
        self.ledger.state.media(reference, &self.room.place).ok_or_else(|| unknown(reference))
    }

    fn spot_of(&self, reference: MediaRef) -> Result<Spot, Error> {
        self.ledger
            .state
            .refs
            .get(&reference)
            .map(|entry| entry.spot.clone())
            .ok_or_else(|| unknown(reference))
    }

    /// Writes down that leases have ended, and that what was leased was in use until then: the next sweep is not to take it
    /// at once.
    pub(super) fn write_ends(
        &mut self,
        step: &'static str,
        ended: &[Ended],
        mut others: Vec<u64>,
    ) -> Result<(), Error> {
        let refs = &self.ledger.state.refs;
        let was_noted = |ended: &&Ended| {
            refs.get(&ended.reference).is_none_or(|entry| entry.noted >= ended.at.as_millis())
        };
        let used = ended.iter().filter(|ended| !was_noted(ended));
        let mut records: Vec<Record> =
            used.map(|ended| Record::Used { reference: ended.reference, at: ended.at.as_millis() }).collect();
        others.extend(ended.iter().map(|ended| ended.id));
        if !others.is_empty() {
            records.push(Record::End { ids: others });
        }
        if records.is_empty() { Ok(()) } else { self.write(step, records, false) }
    }

    /// Remembers a use; it is written down when the last note is old enough. That note may be lost with the machine's power,
    /// and other processes know no newer use: the file may go up to a minute early then.
    fn renew(&mut self, reference: MediaRef, now: Timestamp) {
        let max_age = self.room.options.max_age().age().map_or(i64::MAX, crate::model::Age::as_millis);
        let at = now.as_millis();
        let Some(entry) = self.ledger.state.refs.get_mut(&reference) else { return };
        entry.used = entry.used.max(at);
        if at.saturating_sub(entry.noted) < RENEWAL.min(max_age / 4) {
            return;
        }
        // It is used all the same where that cannot be noted.
        if let Err(error) = self.write("note a use in", vec![Record::Used { reference, at }], false) {
            log::failed("a use could not be noted", &error);
        }
        self.compact();
    }
}

fn unknown(reference: MediaRef) -> Error {
    let error = Error::new(
        ErrorKind::Gone,
        "resolve",
        Path::new(&reference.to_string()),
        "nobody has stored it here, or it was released",
    );
    error.with_hint("store the file again")
}
