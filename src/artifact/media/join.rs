//! A store that somebody else takes care of: opened for a step or two, and looked at as a whole.

use std::sync::Arc;

use super::{Media, MediaStore, Options, place::Place, room::Room, worker::Worker};
use crate::{
    fs::{self, RealDisk},
    model::Error,
};

const STEP: &str = "open the media store in";

impl MediaStore {
    /// Opens a store for a step or two: folder and ledger are not held against each other, and nothing goes. A folder that is
    /// not there is made, and is the store's from then on with all that comes into it.
    ///
    /// # Errors
    /// As for [`MediaStore::open`].
    pub fn join(options: Options) -> Result<Self, Error> {
        let is_new = !fs::is_folder(options.dir());
        let room = Room::open(RealDisk, options)?;
        let desk = room.desk(STEP)?;
        if is_new {
            desk.ledger.mark_if_empty(&room.place).map_err(room.fail(STEP))?;
        }
        drop(desk);
        Ok(Self { room: Arc::new(room), worker: Worker::default() })
    }
}

/// All references of a store, the oldest first, and those of one moment by their files. Nothing is written, and this is no use of
/// any. There are none where there is no folder.
///
/// # Errors
/// The folder or the ledger in it cannot be read.
pub fn registered(options: &Options) -> Result<Vec<Media>, Error> {
    let Some(place) = Place::look_in(RealDisk, options.dir())? else { return Ok(Vec::new()) };
    let room = Room::of(RealDisk, options.clone(), place);
    room.peek()?;
    let ledger = room.known();
    let (state, place) = (&ledger.state, &room.place);
    let mut all: Vec<Media> =
        state.refs.keys().filter_map(|reference| state.media(*reference, place)).collect();
    all.sort_by(|a, b| (a.stored, &a.path, a.reference).cmp(&(b.stored, &b.path, b.reference)));
    Ok(all)
}
