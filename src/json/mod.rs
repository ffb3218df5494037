//! Bytes of JSON: which rows an object has, where they stand, and how to cut some of them out of its text.
//!
//! A store may be larger than the memory, so it goes by in chunks and no tree is built: [`Scanner`] tells a [`Visit`] of
//! every row and of the direct fields that it asks for; [`cuts`] turns the spans of doomed rows into byte ranges to leave out.
//! What stays keeps its bytes. What counts as JSON is what JavaScript's `JSON.parse` takes, because JavaScript reads the
//! store before and after: see [`Scanner`]. Nothing here knows a policy, a file or a clock.

mod ahead;
mod block;
mod decode;
mod error;
mod layout;
mod lines;
mod machine;
mod nesting;
mod number;
mod pace;
mod rows;
mod scanner;
mod sprint;
mod state;
mod string;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod told;
mod unescape;
mod utf8;
mod visit;
mod word;

pub(crate) use ahead::Ahead;
pub use ahead::Seam;
pub use decode::{decode, means};
pub use error::SyntaxError;
pub use layout::{Layout, cuts};
pub use pace::Pace;
pub use scanner::{Scanner, scan};
pub(crate) use tokens::{Hear, Tokens};
pub(crate) use unescape::Unescaper;
pub use visit::{Asked, MAX_NAME, MAX_TEXT, RawField, RawRow, Span, ValueKind, Visit};
