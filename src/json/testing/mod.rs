//! What our tests, benches and fuzz targets share: documents of every style, spoiled documents, and a record of a scan.

mod ages;
mod dice;
mod document;
mod record;
mod spoil;
mod style;

pub use ages::Ages;
pub use dice::Dice;
pub use document::{Document, Row, Value};
pub use record::{Event, KeptRow, Record, leave_out, record, record_ahead, record_at, record_in_chunks};
pub use spoil::spoil;
pub use style::Style;
