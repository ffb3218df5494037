//! A file that is read until somebody asks to stop: a line may be of gigabytes, and so may what is copied.

use std::{fmt, io};

use crate::{
    fs::{Attributes, Reader, Stat},
    lock::Stop,
    model::{Error, ErrorKind},
};

/// A file, and who may ask to stop.
#[derive(Debug)]
pub(super) struct Heard<'h, R> {
    file: &'h R,
    stop: &'h Stop,
}

impl<'h, R: Reader> Heard<'h, R> {
    pub(super) const fn new(file: &'h R, stop: &'h Stop) -> Self {
        Self { file, stop }
    }
}

impl<R: Reader> Reader for Heard<'_, R> {
    fn stat(&self) -> io::Result<Stat> {
        self.file.stat()
    }

    fn attributes(&self) -> io::Result<Attributes> {
        self.file.attributes()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if self.stop.signal().is_some() {
            return Err(io::Error::other(Asked));
        }
        self.file.read_at(buffer, offset)
    }
}

/// Why nothing more was read.
#[derive(Debug)]
struct Asked;

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a signal asked to stop")
    }
}

impl std::error::Error for Asked {}

/// Tells an error in reading or copying: that somebody asked to stop is none of the system's.
pub(super) fn told(error: io::Error, fail: impl Fn(io::Error) -> Error) -> Error {
    let was_asked = error.get_ref().and_then(|inner| inner.downcast_ref::<Asked>()).is_some();
    let error = fail(error);
    if !was_asked {
        return error;
    }
    Error::new(ErrorKind::Interrupted, error.step(), error.path(), Asked.to_string())
}
