//! Pins: keys that somebody has put out of reach of every rule, for some time or for ever.

use std::collections::BTreeMap;

use crate::model::Timestamp;

/// Keys that stay whatever a rule or a cap says, and their families with them.
///
/// ```
/// use session_reaper::{Timestamp, policy::Pins};
/// let until = Timestamp::from_millis(1_795_248_000_000);
/// let pins: Pins = [(b"agent:main:main".as_slice(), Some(until))].into_iter().collect();
/// assert!(pins.hold(b"agent:main:main", until));
/// assert!(!pins.hold(b"agent:main:main", Timestamp::from_millis(1_795_248_000_001)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pins(BTreeMap<Box<[u8]>, Option<Timestamp>>);

impl Pins {
    /// No pins at all.
    pub const NONE: &'static Self = &Self(BTreeMap::new());

    /// Whether a pin holds this key at `now`. It still does in the last millisecond of its time.
    #[must_use]
    pub fn hold(&self, key: &[u8], now: Timestamp) -> bool {
        !self.0.is_empty() && self.0.get(key).is_some_and(|until| until.is_none_or(|until| now <= until))
    }

    /// The end of the pin on this key, where it has one.
    pub(super) fn end(&self, key: &[u8]) -> Option<Timestamp> {
        self.0.get(key).copied().flatten()
    }
}

impl<'k> FromIterator<(&'k [u8], Option<Timestamp>)> for Pins {
    /// Pins from keys in WTF-8 and the last moments at which they hold, `None` for ever.
    fn from_iter<I: IntoIterator<Item = (&'k [u8], Option<Timestamp>)>>(pins: I) -> Self {
        Self(pins.into_iter().map(|(key, until)| (key.into(), until)).collect())
    }
}
