//! Reading payloads back: whole ones are held against their hash.

use std::{fmt, io};

use sha2::{Digest as _, Sha256};

use super::{
    BlobHash, BlobRef, Excerpt, Session,
    spool::failed,
    write::{PIECE, open_file},
};
use crate::{
    fs::{self, Disk, Reader as _},
    model::{Error, ErrorKind},
};

const STEP: &str = "read the payload";

/// A payload that cannot be read, and what is left of it: the message that it belonged to goes on with the excerpt.
#[derive(Debug, Clone)]
pub struct Lost {
    /// What went wrong.
    pub error: Error,
    /// What was shown of it.
    pub excerpt: Excerpt,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Lost {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<D: Disk> Session<D> {
    /// Reads a payload. One whose bytes are not those of its name is moved aside, for somebody to look at; where only the
    /// reference is wrong nothing is touched.
    ///
    /// # Errors
    /// It is not there, or not what it was, or the operating system refuses. The excerpt is there all the same.
    pub fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, Lost> {
        self.read(blob).map_err(|error| lost(blob, error))
    }

    fn read(&self, blob: &BlobRef) -> Result<Vec<u8>, Error> {
        let path = self.path().join(blob.hash.name());
        let fail = |error| failed(STEP, &path, error);
        let file = self.open(blob)?;
        let stat = file.stat().map_err(fail)?;
        if stat.size == blob.length {
            let bytes = whole(&file, blob.length).map_err(fail)?;
            if BlobHash::of(&bytes) == blob.hash {
                return Ok(bytes);
            }
        } else if hash_of(&file).map_err(fail)? == blob.hash {
            // Only this reference is wrong: others are not to lose what is good.
            let message = wrong_length(blob, stat.size);
            return Err(Error::new(ErrorKind::Malformed, STEP, &path, message));
        }
        let moved = if self.distrust(&blob.hash, &stat) { ", and it was moved aside" } else { "" };
        let message = format!("it is not what was stored: its bytes have changed{moved}");
        Err(Error::new(ErrorKind::Malformed, STEP, &path, message))
    }

    /// Reads a part of a payload: up to `length` bytes, less at its end. A part cannot be held against the hash of the whole;
    /// only its size is.
    ///
    /// # Errors
    /// As for [`Session::get`]; what is not what it was is not moved then.
    pub fn read_range(&self, blob: &BlobRef, offset: u64, length: usize) -> Result<Vec<u8>, Lost> {
        self.part(blob, offset, length).map_err(|error| lost(blob, error))
    }

    fn part(&self, blob: &BlobRef, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
        let path = self.path().join(blob.hash.name());
        let fail = |error| failed(STEP, &path, error);
        let file = self.open(blob)?;
        let size = file.stat().map_err(fail)?.size;
        if size != blob.length {
            let message = wrong_length(blob, size);
            return Err(Error::new(ErrorKind::Malformed, STEP, &path, message));
        }
        let left = blob.length.saturating_sub(offset);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(length);
        let mut bytes = vec![0; length];
        let filled = fs::read_full(&file, &mut bytes, offset).map_err(fail)?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn open(&self, blob: &BlobRef) -> Result<D::Reader, Error> {
        let path = self.path().join(blob.hash.name());
        open_file(&self.spool.disk, &self.folder, blob.hash.name()).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                let message = "it is not there any more: its session has ended, or it was given back";
                return Error::new(ErrorKind::Gone, STEP, &path, message)
                    .with_hint("go on with the excerpt, or call the tool again");
            }
            failed(STEP, &path, error)
        })
    }
}

fn lost(blob: &BlobRef, error: Error) -> Lost {
    Lost { error, excerpt: blob.excerpt.clone() }
}

fn wrong_length(blob: &BlobRef, size: u64) -> String {
    format!("it has {size} bytes, and not {} as its reference says; nothing was touched", blob.length)
}

/// The hash of a file of whatever size, by pieces.
fn hash_of(file: &impl fs::Reader) -> io::Result<BlobHash> {
    let (mut digest, mut buffer, mut offset) = (Sha256::new(), vec![0; PIECE], 0);
    loop {
        let length = fs::read_full(file, &mut buffer, offset)?;
        digest.update(buffer.get(..length).unwrap_or_default());
        offset += length as u64;
        if length < buffer.len() {
            return Ok(BlobHash::from_digest(&digest.finalize()));
        }
    }
}

fn whole(file: &impl fs::Reader, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?];
    let filled = fs::read_full(file, &mut bytes, 0)?;
    bytes.truncate(filled);
    Ok(bytes)
}
