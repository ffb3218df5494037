//! Which rows to list, and in which order.

use std::str::FromStr;

use crate::model::Kind;

/// Which rows to list, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Choice {
    /// Only rows of this kind.
    pub kind: Option<Kind>,
    /// The order.
    pub sort: Sort,
    /// How many at most, the first in that order.
    pub limit: Option<usize>,
}

/// The order of a list. Rows that are equal stand as in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Newest first, rows without a time last.
    #[default]
    Age,
    /// Heaviest first.
    Size,
    /// By key. This order alone holds every key in memory.
    Key,
    /// By kind, and newest first within each.
    Kind,
    /// What goes now, then what goes next; what no time takes last.
    Expiry,
    /// As in the store.
    Store,
}

impl Sort {
    /// Every order and its name.
    pub const ALL: [(Self, &str); 6] = [
        (Self::Age, "age"),
        (Self::Size, "size"),
        (Self::Key, "key"),
        (Self::Kind, "kind"),
        (Self::Expiry, "expiry"),
        (Self::Store, "store"),
    ];
}

/// A name that no order has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no order; known are age, size, key, kind, expiry and store")]
pub struct UnknownSort {
    name: String,
}

impl FromStr for Sort {
    type Err = UnknownSort;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|(_, known)| *known == name);
        known.map(|(sort, _)| sort).ok_or_else(|| UnknownSort { name: name.to_owned() })
    }
}
