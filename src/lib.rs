//! Prunes expired rows from the session stores of AI-agent gateways, and leaves every other byte alone.

mod clock;
#[cfg(feature = "cli")]
pub mod config;
pub mod fs;
pub mod inspect;
pub mod json;
pub mod lock;
pub mod model;
pub mod policy;
#[cfg(any(feature = "cli", feature = "testing"))]
#[doc(hidden)]
pub mod specimen;
pub mod store;
pub mod sweep;

pub use clock::now;
pub use model::{
    Age, AgeError, Bytes, Class, Error, ErrorKind, Key, Kind, Retention, RetentionError, Timestamp,
};
pub use policy::Policy;
pub use store::FileStore;
pub use sweep::Reaper;
