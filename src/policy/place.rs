//! Where rows stand, as their store says it.

use std::fmt::Debug;

/// Where a row stands: whatever its store needs to find it again. Places compare as their rows follow each other.
pub trait Place: Debug + Copy + Ord + Send + Sync {
    /// Holds the places of all the rows of a store, in as little memory as their kind allows.
    type List: Places<Self>;
}

/// The places of rows, in the order of their store.
pub trait Places<P>: Debug + Clone + Default + Eq + Send + Sync {
    /// Adds the place of the next row.
    fn push(&mut self, place: P);

    /// The places again.
    fn iter(&self) -> impl Iterator<Item = P>;
}

impl Place for usize {
    type List = Vec<Self>;
}

impl Places<usize> for Vec<usize> {
    fn push(&mut self, place: usize) {
        self.push(place);
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.as_slice().iter().copied()
    }
}
