//! Prunes expired rows from the session stores of AI-agent gateways, and leaves every other byte alone.

mod clock;
pub mod json;
pub mod model;
pub mod policy;

pub use clock::now;
pub use model::{
    Age, AgeError, Bytes, Class, Error, ErrorKind, Key, Kind, Retention, RetentionError, Timestamp,
};
pub use policy::Policy;
