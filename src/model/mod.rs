//! Words of the trade as types: keys and their kinds, ages, retentions, times, sizes, errors.
//!
//! Nothing here knows a file, a lock, a log or a clock. A rule of the key grammar changes in [`Shape`], a unit of
//! time in [`Age`], what an error says in [`Error`].

mod age;
mod error;
mod hex;
mod key;
mod kind;
mod outcome;
mod packed;
mod retention;
mod shape;
mod size;
mod time;

pub use age::{Age, AgeError};
pub use error::{Class, Error, ErrorKind};
pub(crate) use hex::hex;
pub use key::Key;
pub use kind::{Kind, UnknownKind};
pub use outcome::Outcome;
pub(crate) use packed::Packed;
pub use retention::{Retention, RetentionError};
pub use shape::{CronRun, Shape};
pub use size::Bytes;
pub use time::{TimeError, Timestamp};
