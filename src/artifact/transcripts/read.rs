//! Reading a payload that a compacted transcript names.

use std::{
    ffi::OsStr,
    io,
    path::{Component, Path},
};

use sha2::{Digest, Sha256};

use super::{gist::each_piece, payload::TORN};
use crate::{
    fs::{Disk, Reader, RealDisk, Stat},
    model::{Error, ErrorKind, hex},
};

const STEP: &str = "read the payload";

/// What a compaction has moved to this file: the result of a tool, as what it means, or a torn line as it was. It is what its
/// name says, to the byte, or an error; what is left then is the excerpt in the transcript. No link is followed, but on the way
/// to the folder of the transcript.
///
/// # Errors
/// [`ErrorKind::Gone`] when it is not there, [`ErrorKind::Malformed`] when it is not what its name says,
/// [`ErrorKind::Refused`] when it is a link, no regular file, or has the name of no payload; and as the operating system says.
pub fn payload(path: &Path) -> Result<Vec<u8>, Error> {
    payload_on(&RealDisk, path)
}

/// The same on any disk.
pub(super) fn payload_on<D: Disk>(disk: &D, path: &Path) -> Result<Vec<u8>, Error> {
    let refused = |why: &str| Error::new(ErrorKind::Refused, STEP, path, why);
    let parts = parts(path).ok_or_else(|| refused("that is not the name of a payload"))?;
    let found = find(disk, &parts).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => gone(path),
        _ => Error::io(STEP, path, error),
    })?;
    let (file, stat) =
        found.ok_or_else(|| refused("it, or the folder that it is in, is a link or something else"))?;
    let bytes = all(&file, &stat).map_err(|error| Error::io(STEP, path, error))?;
    if hex(&Sha256::digest(&bytes)) == parts.sha256 { Ok(bytes) } else { Err(other(path)) }
}

/// The parts of a payload's path.
struct Parts<'p> {
    base: &'p Path,
    folder: &'p OsStr,
    name: &'p OsStr,
    sha256: &'p str,
}

fn parts(path: &Path) -> Option<Parts<'_>> {
    let mut parts = path.components();
    let Component::Normal(name) = parts.next_back()? else { return None };
    let Component::Normal(folder) = parts.next_back()? else { return None };
    let base = Some(parts.as_path()).filter(|base| !base.as_os_str().is_empty());
    let sha256 = name.to_str()?;
    let sha256 = sha256.strip_suffix(TORN).unwrap_or(sha256);
    let is_hash = sha256.len() == 64 && sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then_some(Parts { base: base.unwrap_or(Path::new(".")), folder, name, sha256 })
}

/// The file, open; `None` when what stands there is not what a compaction makes.
fn find<D: Disk>(disk: &D, parts: &Parts<'_>) -> io::Result<Option<(D::Reader, Stat)>> {
    let base = disk.folder(&disk.resolve(parts.base)?)?;
    if !disk.stat(&base, parts.folder)?.is_folder {
        return Ok(None);
    }
    let folder = disk.subfolder(&base, parts.folder)?;
    if !disk.stat(&folder, parts.name)?.is_file {
        return Ok(None);
    }
    let file = disk.open(&folder, parts.name)?;
    let stat = file.stat()?;
    Ok(stat.is_file.then_some((file, stat)))
}

fn all(file: &impl Reader, stat: &Stat) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    each_piece(file, 0..stat.size, |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

fn gone(path: &Path) -> Error {
    let error = Error::new(ErrorKind::Gone, STEP, path, "it is not there any more");
    error.with_hint(
        "the excerpt in the transcript is what is left of it, unless a copy of the folder is somewhere",
    )
}

fn other(path: &Path) -> Error {
    let error = Error::new(ErrorKind::Malformed, STEP, path, "what is in there is not what its name says");
    error.with_hint("somebody has changed it, or the disk has: the excerpt in the transcript is as it was")
}
