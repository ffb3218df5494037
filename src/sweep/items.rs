//! The rows of a report, read when somebody wants to see them.
//!
//! A store of a million rows may lose a quarter of them; a report that held their keys would weigh more than the sweep.
//! It keeps the plan and the store as it was read, and takes the keys from there, unless it is told to hold them.

use std::{fmt, ops::ControlFlow};

use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeSeq},
};

use super::Item;
use crate::{
    model::{Error, Timestamp},
    store::{Planned, Store},
};

/// The rows of a report.
#[derive(Default)]
pub struct Items(Option<Box<dyn Source>>);

trait Source: Send + Sync {
    fn each(&self, show: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<(), Error>;
}

struct Read<S: Store> {
    store: S,
    planned: Planned<S>,
    now: Timestamp,
}

impl<S: Store> Source for Read<S> {
    fn each(&self, show: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<(), Error> {
        self.store
            .visit(&self.planned, &mut |key, verdict| show(Item { key, verdict: *verdict, now: self.now }))
    }
}

/// Rows in memory.
struct Held(Vec<Item>);

impl Source for Held {
    fn each(&self, show: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<(), Error> {
        // Whether it went through to the end is nothing that anybody asks.
        let _ = self.0.iter().cloned().try_for_each(show);
        Ok(())
    }
}

impl Items {
    /// The rows that a plan speaks of.
    pub(super) fn of<S: Store + 'static>(store: &S, planned: Planned<S>) -> Self {
        let now = planned.plan.now();
        Self(Some(Box::new(Read { store: store.clone(), planned, now })))
    }

    /// Shows each row, in the order of the store, until `show` has seen enough: rows that are not shown are not read.
    ///
    /// # Errors
    /// When the keys cannot be read from the store as it was.
    pub fn each(&self, mut show: impl FnMut(Item) -> ControlFlow<()>) -> Result<(), Error> {
        self.0.as_ref().map_or(Ok(()), |source| source.each(&mut show))
    }

    /// Reads the rows into memory and lets go of the store, whose file is held open until then: where reports on many
    /// stores are kept, a process may have too few files for them.
    ///
    /// # Errors
    /// As for [`Items::each`]; then the rows can still be read later.
    pub fn hold(&mut self) -> Result<(), Error> {
        self.hold_first(usize::MAX)
    }

    /// The same for the first rows, and the others can no longer be shown.
    ///
    /// # Errors
    /// As for [`Items::hold`].
    pub fn hold_first(&mut self, most: usize) -> Result<(), Error> {
        if self.0.is_none() {
            return Ok(());
        }
        self.0 = Some(Box::new(Held(self.first(most)?)));
        Ok(())
    }

    fn first(&self, most: usize) -> Result<Vec<Item>, Error> {
        let mut first = Vec::new();
        if most == 0 {
            return Ok(first);
        }
        self.each(|item| {
            first.push(item);
            if first.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(first)
    }

    /// All rows at once.
    ///
    /// # Errors
    /// As for [`Items::each`].
    pub fn to_vec(&self) -> Result<Vec<Item>, Error> {
        self.first(usize::MAX)
    }
}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Items(..)" } else { "Items(none)" })
    }
}

impl Serialize for Items {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut written = Ok(());
        self.each(|item| {
            written = list.serialize_element(&item);
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .map_err(|error| {
            // Rows may be gone by now: what became of them is not for this error to say.
            let (step, path) = (error.step(), error.path().display());
            S::Error::custom(format_args!("cannot {step} {path}: {}", error.message()))
        })?;
        written?;
        list.end()
    }
}
