//! Adding to a transcript: whole or not at all, and only by who has a right to.

use std::{borrow::Cow, ffi::OsStr, io, sync::OnceLock, time::Duration};

use super::{Ended, place::Place, seen::Seen};
use crate::{
    fs::{Appender, Disk, Reader, Stat, Writer},
    lock::{Held, wait_for},
};

/// A write takes microseconds. Who cannot have the transcript for itself in this time meets a stopped process.
const PATIENCE: Duration = Duration::from_millis(500);

/// Why nothing was written.
#[derive(Debug)]
pub(super) enum Failure {
    /// The lease has ended.
    Ended(Ended),
    /// The operating system refused a step.
    Io(&'static str, io::Error),
}

/// An error of `step`, to be mapped.
fn at(step: &'static str) -> impl Fn(io::Error) -> Failure {
    move |error| Failure::Io(step, error)
}

/// The transcript, kept from all other writers of ours.
struct Open<A> {
    /// `None` when there is no transcript.
    file: Option<A>,
}

/// Opens the transcript for ourselves; `None` when another of us writes to it right now.
fn open<D: Disk>(place: &Place<D>) -> io::Result<Option<Open<D::Appender>>> {
    match place.disk.open_to_append(place.folder(), &place.name) {
        Ok(file) => Ok(file.map(|file| Open { file: Some(file) })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(Open { file: None })),
        Err(error) => Err(error),
    }
}

impl<A: Appender> Open<A> {
    fn seen(&self) -> io::Result<Seen> {
        Ok(Seen::whole(self.file.as_ref().map(Appender::stat).transpose()?))
    }
}

/// Looks at the transcript when nobody of us writes to it; `None` when somebody does.
pub(super) fn look<D: Disk>(place: &Place<D>) -> io::Result<Option<Seen>> {
    let Some(open) = open(place)? else { return Ok(None) };
    let seen = open.seen()?;
    match seen.stat.filter(|stat| stat.size > 0) {
        None => Ok(Some(seen)),
        Some(stat) => Ok(is_torn(place, &stat)?.map(|is_torn| Seen { is_torn, ..seen })),
    }
}

/// Whether the transcript ends in the middle of a line; `None` when another stands in its place by now.
fn is_torn<D: Disk>(place: &Place<D>, stat: &Stat) -> io::Result<Option<bool>> {
    let file = match place.disk.open(place.folder(), &place.name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let opened = file.stat()?;
    if (opened.dev, opened.ino) != (stat.dev, stat.ino) {
        return Ok(None);
    }
    let mut last = [b'\n'];
    file.read_at(&mut last, stat.size - 1)?;
    Ok(Some(last != [b'\n']))
}

/// Adds `bytes` if the lock on disk is ours, the transcript is what was `seen`, and nobody has `ended` the lease; then the
/// transcript is seen anew. Behind half a line `bytes` begin a new one, or both would be lost to every reader.
pub(super) fn append<D: Disk>(
    place: &Place<D>,
    held: &Held<D>,
    seen: &mut Seen,
    bytes: &[u8],
    ended: &OnceLock<Ended>,
) -> Result<(), Failure> {
    must_be_ours(held)?;
    if seen.stat.is_none_or(|stat| stat.size == 0) {
        make(place)?;
    }
    let open = wait_for(PATIENCE, || open(place)).map_err(at("open"))?;
    let open = open.ok_or_else(|| at("write to")(io::ErrorKind::WouldBlock.into()))?;
    // From here until the file is closed nobody of us who took the lock over gets past his first look.
    must_be_ours(held)?;
    let now = open.seen().map_err(at("look at"))?;
    let named = named(place).map_err(at("look at"))?;
    if let Some(what) = seen.difference(&now).or_else(|| now.difference(&named)) {
        return Err(Failure::Ended(Ended::Changed(what)));
    }
    // One of the calls before may have been stuck for as long as you like.
    if let Some(reason) = ended.get() {
        return Err(Failure::Ended(reason.clone()));
    }
    let with_end = if seen.is_torn && !bytes.is_empty() {
        Cow::Owned([b"\n", bytes].concat())
    } else {
        Cow::Borrowed(bytes)
    };
    match (open.file, now.stat) {
        (Some(file), Some(stat)) => write(&file, stat.size, &with_end, seen),
        _ => Err(Failure::Ended(Ended::Changed("it is gone".to_owned()))),
    }
}

fn must_be_ours<D: Disk>(held: &Held<D>) -> Result<(), Failure> {
    if held.is_ours() { Ok(()) } else { Err(Failure::Ended(Ended::Lost)) }
}

/// Makes an empty transcript, unless somebody was quicker: whoever finds an empty one finds nothing.
fn make<D: Disk>(place: &Place<D>) -> Result<(), Failure> {
    match place.disk.create(place.folder(), &place.name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        file => file.and_then(|file| file.hand_to(place.owner)).map_err(at("make")),
    }
}

/// What stands at the transcript's name, which may be another file than the one that is open.
fn named<D: Disk>(place: &Place<D>) -> io::Result<Seen> {
    match place.disk.stat(place.folder(), OsStr::new(&place.name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Seen::whole(None)),
        stat => stat.map(|stat| Seen::whole(Some(stat))),
    }
}

/// Writes behind the `size` bytes that are there, all of `bytes` or nothing.
fn write(file: &impl Appender, size: u64, bytes: &[u8], seen: &mut Seen) -> Result<(), Failure> {
    let (written, ended) = write_on(file, bytes);
    let stat = file.stat();
    let is_alone = stat.as_ref().is_ok_and(|stat| stat.size == size + written);
    if let Err(error) = ended {
        // What somebody else has written behind ours is not ours to cut.
        if written > 0 && is_alone {
            file.cut(size).map_err(at("cut back the start of a line that could not be written to"))?;
        }
        if let (Ok(stat), true) = (file.stat(), is_alone) {
            seen.stat = Some(stat);
        }
        return Err(at("write to")(error));
    }
    // Our bytes are whole in any case; if somebody wrote at the same moment, the next write finds the fence broken.
    if let (Ok(stat), true) = (stat, is_alone) {
        *seen = Seen { stat: Some(stat), is_torn: seen.is_torn && bytes.is_empty() };
    }
    Ok(())
}

/// Writes until everything is written or nothing more is taken. Tells how far it came.
fn write_on(file: &impl Appender, bytes: &[u8]) -> (u64, io::Result<()>) {
    let mut rest = bytes;
    let ended = loop {
        if rest.is_empty() {
            break Ok(());
        }
        match file.append(rest) {
            Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
            Err(error) => break Err(error),
        }
    };
    ((bytes.len() - rest.len()) as u64, ended)
}
