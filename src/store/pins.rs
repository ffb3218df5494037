//! The pins of one store, and how they are written down.
//!
//! A pin that cannot be read would be a row that is lost: whatever is not understood to the last word is refused.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    json,
    model::{Key, Timestamp},
    policy::Pins,
};

/// The name of the file's format.
const SCHEMA: &str = "session-reaper-pins/1";

/// One pinned key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pin {
    /// The row's key; whether there is such a row does not matter.
    pub key: Key,
    /// What it is pinned for.
    pub reason: Option<String>,
    /// The last moment at which it is pinned; `None` for ever.
    pub until: Option<Timestamp>,
    /// When it was pinned.
    pub at: Timestamp,
    /// Who pinned it.
    pub by: Option<String>,
}

impl Pin {
    /// Whether it holds no more at `now`.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now > until)
    }
}

/// Every pin of one store, in the order in which they were set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PinBook(Vec<Pin>);

/// A book as it is written down.
#[derive(Serialize)]
struct Written<'a> {
    schema: &'a str,
    pins: &'a [Pin],
}

/// The same as it is read, the keys left as they stand: no Rust string can hold each.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "schema")]
    _schema: String,
    pins: Vec<ReadPin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadPin {
    key: Box<RawValue>,
    reason: Option<String>,
    until: Option<Timestamp>,
    at: Timestamp,
    by: Option<String>,
}

#[derive(Deserialize)]
struct Schema {
    schema: String,
}

/// Why a text is no book of pins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// Somebody wrote it who knows more than we do.
    #[error("its schema is {0:?}, and this version reads {SCHEMA:?} only")]
    Newer(String),
    /// It is damaged.
    #[error("{0}")]
    Malformed(String),
}

impl PinBook {
    /// Reads what [`PinBook::to_text`] wrote.
    pub(crate) fn of_text(text: &[u8]) -> Result<Self, Unreadable> {
        let malformed = |error: serde_json::Error| Unreadable::Malformed(error.to_string());
        let Schema { schema } = serde_json::from_slice(text).map_err(malformed)?;
        if schema != SCHEMA {
            return Err(Unreadable::Newer(schema));
        }
        let read: Read = serde_json::from_slice(text).map_err(malformed)?;
        let pins: Vec<Pin> = read.pins.into_iter().map(ReadPin::understood).collect::<Result<_, _>>()?;
        let mut seen = BTreeSet::new();
        match pins.iter().find(|pin| !seen.insert(&pin.key)) {
            Some(pin) => Err(Unreadable::Malformed(format!("the key {:?} stands in it twice", pin.key))),
            None => Ok(Self(pins)),
        }
    }

    /// The text of a file.
    pub(crate) fn to_text(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(&Written { schema: SCHEMA, pins: &self.0 })?;
        text.push(b'\n');
        Ok(text)
    }

    /// The pin on a key in WTF-8, over or not.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&Pin> {
        self.0.iter().find(|pin| pin.key.as_bytes() == key)
    }

    /// Every pin, the first one set first.
    #[must_use]
    pub fn all(&self) -> &[Pin] {
        &self.0
    }

    /// Sets a pin, and gives the one back that it replaces.
    pub(crate) fn set(&mut self, pin: Pin) -> Option<Pin> {
        let before = self.remove(pin.key.as_bytes());
        self.0.push(pin);
        before
    }

    /// Takes a pin away, and gives it back.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Pin> {
        let at = self.0.iter().position(|pin| pin.key.as_bytes() == key)?;
        Some(self.0.remove(at))
    }

    /// What a planner has to know of them.
    #[must_use]
    pub fn pins(&self) -> Pins {
        self.0.iter().map(|pin| (pin.key.as_bytes(), pin.until)).collect()
    }
}

impl ReadPin {
    fn understood(self) -> Result<Pin, Unreadable> {
        let raw = self.key.get();
        let text = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let text = text.ok_or_else(|| Unreadable::Malformed(format!("the key {raw} is no string")))?;
        let key = Key::from_wtf8(&json::decode(text.as_bytes()));
        Ok(Pin { key, reason: self.reason, until: self.until, at: self.at, by: self.by })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pin(key: Key, until: Option<i64>, reason: Option<String>) -> Pin {
        let at = Timestamp::from_millis(1_795_248_000_000);
        let until = until.map(Timestamp::from_millis);
        Pin { key, reason, until, at, by: Some("uid 1000".to_owned()) }
    }

    /// Keys as JavaScript can have them, lone surrogates too.
    fn keys() -> impl Strategy<Value = Key> {
        let piece = prop_oneof!["[ -~é😀\n]{0,4}", Just("\\ud800".to_owned()), Just("\\udfffx".to_owned())];
        prop::collection::vec(piece, 0..5).prop_map(|pieces| {
            let raw: String = pieces
                .iter()
                .map(
                    |piece| {
                        if piece.starts_with("\\u") { piece.clone() } else { piece.replace('\\', "\\\\") }
                    },
                )
                .collect();
            Key::from_wtf8(&json::decode(raw.as_bytes()))
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(keys in prop::collection::vec(keys(), 0..6), until in any::<Option<i64>>(), reason in prop::option::of("\\PC*")) {
            let mut book = PinBook::default();
            for key in keys { book.set(pin(key, until, reason.clone())); }
            prop_assert_eq!(PinBook::of_text(&book.to_text().unwrap()).unwrap(), book);
        }

        #[test]
        fn a_text_that_was_cut_short_is_no_book(keys in prop::collection::vec(keys(), 0..3), cut in any::<prop::sample::Index>()) {
            let mut book = PinBook::default();
            for key in keys { book.set(pin(key, None, None)); }
            let text = book.to_text().unwrap();
            // The line's end may go.
            prop_assert!(PinBook::of_text(&text[..cut.index(text.len() - 1)]).is_err());
        }
    }

    #[test]
    fn a_lone_surrogate_is_a_key_as_any_other() {
        let text = r#"{"schema":"session-reaper-pins/1","pins":[{"key":"a\ud800","reason":null,"until":null,"at":"2026-11-21T08:00:00.000Z","by":null}]}"#;
        let book = PinBook::of_text(text.as_bytes()).unwrap();
        assert!(book.get(b"a\xed\xa0\x80").is_some());
        assert!(book.pins().hold(b"a\xed\xa0\x80", Timestamp::from_millis(0)));
    }

    #[test]
    fn whatever_is_not_understood_is_refused() {
        let whole = r#"{"schema":"session-reaper-pins/1","pins":[{"key":"a","reason":null,"until":null,"at":"2026-11-21T08:00:00.000Z","by":null}]}"#;
        assert!(PinBook::of_text(whole.as_bytes()).is_ok());
        for (from, to) in [
            ("\"a\"", "7"),
            ("\"until\":null", "\"until\":\"soon\""),
            ("\"until\":null", "\"until\":null,\"kind\":\"x\""),
            ("\"pins\":[", "\"rules\":[],\"pins\":["),
            ("]}", "]} x"),
            ("\"at\":\"2026-11-21T08:00:00.000Z\",", ""),
        ] {
            let text = whole.replacen(from, to, 1);
            assert!(matches!(PinBook::of_text(text.as_bytes()), Err(Unreadable::Malformed(_))), "{text}");
        }
        let twice = whole.replace("}]", "},{\"key\":\"\\u0061\",\"at\":\"2026-11-21T08:00:00.000Z\"}]");
        assert!(PinBook::of_text(twice.as_bytes()).unwrap_err().to_string().contains("twice"));
        let newer = whole.replace("pins/1", "pins/2");
        assert!(matches!(PinBook::of_text(newer.as_bytes()), Err(Unreadable::Newer(_))));
        assert!(PinBook::of_text(b"").is_err() && PinBook::of_text(b"[]").is_err());
    }
}
