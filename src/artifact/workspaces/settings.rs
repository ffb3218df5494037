//! Which groups a sweep may take, and when.

use super::Shape;
use crate::{
    model::{Age, Retention},
    policy::Glob,
};

/// Which names are those of groups, and how old they become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The names of main folders. What has another name is somebody else's, and stays.
    pub names: Vec<Glob>,
    /// What is put behind a main folder's name to name what belongs to it.
    pub shape: Shape,
    /// How long a group is kept after the newest time in it.
    pub ttl: Retention,
    /// How long a secret is kept after its own time, where its group stays longer.
    pub secret_ttl: Retention,
}

/// No names: then no group is known, and nothing goes.
impl Default for Settings {
    fn default() -> Self {
        let (shape, ttl, secret_ttl) = (Shape::default(), Self::TTL, Self::SECRET_TTL);
        Self { names: Vec::new(), shape, ttl, secret_ttl }
    }
}

impl Settings {
    /// How long a group is kept.
    pub const TTL: Retention = Retention::After(Age::from_hours(24));
    /// How long a secret is kept.
    pub const SECRET_TTL: Retention = Retention::After(Age::from_hours(6));

    /// Groups with these names, and everything else as usual.
    #[must_use]
    pub fn new(names: Vec<Glob>) -> Self {
        Self { names, ..Self::default() }
    }

    /// Whether this is the name of a main folder.
    pub(super) fn is_main(&self, name: &str) -> bool {
        self.names.iter().any(|glob| glob.matches(name.as_bytes()))
    }
}
