//! What the next byte of a text is taken for.

use super::{error::Wanted, number::Number, string::Inside, word::Word};

/// What the next byte is taken for.
#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    Start,
    FirstKey,
    NextKey,
    Key(Inside),
    Colon,
    Value,
    FirstElement,
    String(Inside),
    Number(Number),
    /// A word of which so many bytes have been seen.
    Word(Word, u8),
    AfterValue,
    End,
}

impl State {
    /// Whether no value is under way, nor what belongs to one: a key or the end of the object may follow.
    pub(super) const fn is_between(self) -> bool {
        matches!(self, Self::FirstKey | Self::NextKey | Self::AfterValue)
    }

    /// What must come next.
    pub(super) const fn wants(self, in_object: bool) -> Wanted {
        match self {
            Self::Start | Self::End => Wanted::Object,
            Self::FirstKey => Wanted::KeyOrBrace,
            Self::NextKey => Wanted::Key,
            Self::Key(inside) | Self::String(inside) => inside.wants(),
            Self::Colon => Wanted::Colon,
            Self::Value => Wanted::Value,
            Self::FirstElement => Wanted::ValueOrBracket,
            Self::Word(word, _) => Wanted::Word(word),
            Self::Number(number) if !number.may_end() => Wanted::Digit,
            Self::Number(_) | Self::AfterValue if in_object => Wanted::CommaOrBrace,
            Self::Number(_) | Self::AfterValue => Wanted::CommaOrBracket,
        }
    }
}
