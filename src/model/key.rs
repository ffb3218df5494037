//! A session key, as JavaScript sees it.

use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// The key of a row: what its JSON text means, escapes resolved.
///
/// JavaScript strings may hold half a surrogate pair, which no Rust `str` can; the text is therefore kept as WTF-8
/// (UTF-8 in which a lone surrogate has its three bytes). Two keys are equal exactly when JavaScript says so.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Key(Box<[u8]>);

impl Key {
    /// A key from WTF-8 bytes, as [`crate::json::decode`] makes them.
    #[must_use]
    pub fn from_wtf8(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The key's bytes in WTF-8; plain UTF-8 unless the key holds a lone surrogate.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key as text, each lone surrogate as U+FFFD.
    #[must_use]
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The key as a JSON string, quotes included, as `JSON.stringify` would write it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.0.len() + 2);
        json.push('"');
        let mut rest = &*self.0;
        while let Some((text, surrogate, after)) = split_at_surrogate(rest) {
            text.chars().for_each(|c| push_json_char(&mut json, c));
            push_unit(&mut json, surrogate);
            rest = after;
        }
        String::from_utf8_lossy(rest).chars().for_each(|c| push_json_char(&mut json, c));
        json.push('"');
        json
    }
}

fn push_json_char(json: &mut String, c: char) {
    match c {
        '"' => json.push_str("\\\""),
        '\\' => json.push_str("\\\\"),
        '\u{8}' => json.push_str("\\b"),
        '\t' => json.push_str("\\t"),
        '\n' => json.push_str("\\n"),
        '\u{c}' => json.push_str("\\f"),
        '\r' => json.push_str("\\r"),
        c if c < ' ' => push_unit(json, c.into()),
        c => json.push(c),
    }
}

/// One UTF-16 unit as an escape.
fn push_unit(json: &mut String, unit: u32) {
    json.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        json.extend(char::from_digit(unit >> shift & 15, 16));
    }
}

/// The text before the first lone surrogate, that surrogate, and what follows it; `None` when there is none.
fn split_at_surrogate(bytes: &[u8]) -> Option<(Cow<'_, str>, u32, &[u8])> {
    let at = bytes.windows(3).position(|w| matches!(w, [0xed, 0xa0..=0xbf, 0x80..=0xbf]))?;
    let (before, from) = bytes.split_at_checked(at)?;
    let ([_, second, third], after) = from.split_first_chunk::<3>()?;
    let unit = 0xd000 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f);
    Some((String::from_utf8_lossy(before), unit, after))
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => RawValue::from_string(self.to_json())
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_as_javascript_writes_it() {
        let key = Key::from("a\"\\\n\u{1}\u{7f}é\u{2028}😀");
        assert_eq!(key.to_json(), "\"a\\\"\\\\\\n\\u0001\u{7f}é\u{2028}😀\"");
    }

    #[test]
    fn a_lone_surrogate_is_shown_replaced_and_written_escaped() {
        let key = Key::from_wtf8(b"a\xed\xa0\x80b\xed\xbf\xbf");
        assert_eq!(key.to_json(), r#""a\ud800b\udfff""#);
        assert_eq!(serde_json::to_string(&key).unwrap(), r#""a\ud800b\udfff""#);
        assert!(key.to_text().starts_with("a\u{fffd}"));
    }
}
