//! The names of fields, each with a small number. However many names a store has, only so many are told apart.

use std::borrow::Cow;

use foldhash::HashMap;

use crate::{
    json::{self, RawField},
    model::Key,
};

/// Gateways write some seventy names.
const MAX_NAMES: usize = 1_000;

/// Names in the order in which they were met. Number 0 is all the names that are not told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    numbers: HashMap<Box<[u8]>, usize>,
    names: Vec<Key>,
}

impl Default for Names {
    fn default() -> Self {
        Self { numbers: HashMap::default(), names: vec![Key::from("(other fields)")] }
    }
}

impl Names {
    /// The number of a field's name.
    pub(super) fn number(&mut self, field: &RawField<'_>) -> usize {
        if field.truncated {
            return 0;
        }
        let name: Cow<'_, [u8]> = json::decode(field.name);
        match self.numbers.get(&*name) {
            Some(number) => *number,
            None if self.names.len() > MAX_NAMES => 0,
            None => self.add(&name),
        }
    }

    fn add(&mut self, name: &[u8]) -> usize {
        let number = self.names.len();
        self.names.push(Key::from_wtf8(name));
        self.numbers.insert(name.into(), number);
        number
    }

    /// The name with this number.
    pub(super) fn get(&self, number: usize) -> Option<&Key> {
        self.names.get(number)
    }
}
