//! How long rows of one kind are kept: an age, or for ever.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Age, AgeError};

/// The words that turn a rule off.
const OFF: [&str; 3] = ["false", "off", "never"];

/// An age after which rows go, or `false`: nothing goes.
///
/// ```
/// use session_reaper::{Age, Retention};
/// assert_eq!("24h".parse::<Retention>()?, Retention::After(Age::from_hours(24)));
/// assert_eq!("false".parse::<Retention>()?, Retention::Off);
/// # Ok::<(), session_reaper::RetentionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retention {
    /// The rule is off: it condemns nothing.
    Off,
    /// Rows older than this are condemned; one exactly this old is kept.
    After(Age),
}

impl Retention {
    /// The age, unless the rule is off.
    #[must_use]
    pub const fn age(self) -> Option<Age> {
        match self {
            Self::Off => None,
            Self::After(age) => Some(age),
        }
    }
}

impl Default for Retention {
    /// A day, as OpenClaw keeps its cron runs.
    fn default() -> Self {
        Self::After(Age::from_hours(24))
    }
}

/// Why a text is no retention.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{age}; false, off or never keep everything")]
pub struct RetentionError {
    age: AgeError,
}

impl FromStr for Retention {
    type Err = RetentionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if OFF.contains(&text) {
            return Ok(Self::Off);
        }
        text.parse().map(Self::After).map_err(|age| RetentionError { age })
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.pad("false"),
            Self::After(age) => age.fmt(f),
        }
    }
}

impl Serialize for Retention {
    /// `false`, or the age as text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_bool(false),
            Self::After(age) => age.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Retention {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RetentionVisitor)
    }
}

struct RetentionVisitor;

impl de::Visitor<'_> for RetentionVisitor {
    type Value = Retention;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an age such as \"24h\", or false")
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<Retention, E> {
        if on {
            Err(E::custom("true is no retention: give an age such as \"24h\", or false"))
        } else {
            Ok(Retention::Off)
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Retention, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_words_turn_it_off_and_no_other() {
        for text in OFF {
            assert_eq!(text.parse(), Ok(Retention::Off));
        }
        for text in ["False", "no", "none", "0", "", "disabled", "true", "null"] {
            assert!(text.parse::<Retention>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_bad_value_names_itself_and_what_is_accepted() {
        let message = "0".parse::<Retention>().unwrap_err().to_string();
        for part in ["\"0\"", "24h", "1d12h", "false"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn json_speaks_false_or_text() {
        assert_eq!(serde_json::to_string(&Retention::Off).unwrap(), "false");
        assert_eq!(serde_json::to_string(&Retention::default()).unwrap(), "\"24h\"");
        assert_eq!(serde_json::from_str::<Retention>("\"36h\"").unwrap().to_string(), "1d12h");
        assert!(serde_json::from_str::<Retention>("true").is_err());
        assert!(serde_json::from_str::<Retention>("24").is_err());
    }
}
