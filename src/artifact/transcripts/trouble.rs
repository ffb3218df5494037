//! Why an attempt at a transcript did not come to its end: an error, or somebody wrote to it meanwhile.

use std::io;

use super::{heard, place::Place};
use crate::{
    fs::Disk,
    model::{Error, ErrorKind},
};

/// So often it is tried while somebody writes to the transcript.
const ATTEMPTS: usize = 4;

/// Why an attempt ended.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The transcript is not what it was when the attempt began: the next one may do.
    Moved,
    /// It went wrong.
    Failed(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Less was there than there had been, or something else.
pub(super) fn moved() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

/// Turns an error of the system into trouble.
pub(super) fn of(fail: impl Fn(io::Error) -> Error) -> impl Fn(io::Error) -> Trouble {
    move |error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Trouble::Moved,
        _ => Trouble::Failed(heard::told(error, &fail)),
    }
}

/// Tries until nobody has written to the transcript meanwhile.
pub(super) fn again<D: Disk, T>(
    place: &Place<'_, D>,
    attempt: impl Fn() -> Result<T, Trouble>,
) -> Result<T, Error> {
    for _ in 0..ATTEMPTS {
        match attempt() {
            Ok(done) => return Ok(done),
            Err(Trouble::Failed(error)) => return Err(error),
            Err(Trouble::Moved) => {}
        }
    }
    Err(place.refuse(ErrorKind::Unsettled, "somebody writes to it all the time"))
}
