//! What was written, before anybody asks what it means.

use std::fmt;

use toml::de::DeValue;

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw {
    /// Text of a variable or a flag, where everything is text.
    Word(String),
    /// A text of the file.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of the file.
    Integer(i128),
    /// A list.
    List(Vec<Item>),
    /// Any other thing, as it was written or by its name.
    Other(String),
}

/// A member of a list, and its line in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) raw: Raw,
    pub(super) line: Option<usize>,
}

/// Why a value is refused, and its line when that is not the line of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) line: Option<usize>,
}

impl<T: fmt::Display> From<T> for Wrong {
    fn from(message: T) -> Self {
        Self { message: message.to_string(), line: None }
    }
}

impl Wrong {
    pub(super) fn at(self, line: Option<usize>) -> Self {
        Self { line: self.line.or(line), ..self }
    }
}

impl Raw {
    /// A list of words, as a flag given more than once makes it.
    pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let item = |word: &str| Item { raw: Self::Word(word.to_owned()), line: None };
        Self::List(words.into_iter().map(item).collect())
    }

    /// A value of the file; `line_of` tells the line of an offset.
    pub(super) fn of_toml(value: &DeValue<'_>, line_of: &dyn Fn(usize) -> usize) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Boolean(on) => Self::Bool(*on),
            DeValue::Integer(n) => i128::from_str_radix(n.as_str(), n.radix())
                .map_or_else(|_| Self::Other(n.as_str().to_owned()), Self::Integer),
            DeValue::Float(n) => Self::Other(n.as_str().to_owned()),
            DeValue::Datetime(date) => Self::Other(date.to_string()),
            DeValue::Array(items) => Self::List(
                items
                    .iter()
                    .map(|item| Item {
                        raw: Self::of_toml(item.get_ref(), line_of),
                        line: Some(line_of(item.span().start)),
                    })
                    .collect(),
            ),
            DeValue::Table(_) => Self::Other("a table".to_owned()),
        }
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) | Self::Text(text) => write!(f, "{text:?}"),
            Self::Bool(on) => on.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::List(_) => f.pad("a list"),
            Self::Other(text) => f.pad(text),
        }
    }
}
