//! What may follow what, for all tokens of a block at once.
//!
//! The follower of a token is the next byte behind it and behind white space. So there is one question for each kind of
//! token: are all its followers allowed? Each token follows exactly one other, so that none goes unasked.

use fearless_simd::Simd;

use super::{
    atoms::Atoms,
    bits::{LAST, below, is_set, pass},
    masks::{Bytes, Marks},
    strings::Strings,
};
use crate::json::{state::State, string::Inside};

/// What the text before a block has left open: each of these but the first is 1 or 0.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Open {
    /// All ones within a string.
    pub(super) string: u64,
    in_key: u64,
    colon: u64,
    key: u64,
    value: u64,
    after_value: u64,
    /// A bracket that was opened may be closed instead.
    first: u64,
}

/// The tokens of a block.
#[derive(Clone, Copy)]
pub(super) struct Tokens {
    /// Marks and white space outside of strings.
    pub(super) marks: Marks,
    pub(super) atoms: Atoms,
    inside: u64,
    string_starts: u64,
    string_ends: u64,
}

/// The followers of marks, and the keys that they tell.
#[derive(Clone, Copy)]
pub(super) struct Followers {
    /// Where a key must be,
    key: u64,
    /// where a value must be,
    value: u64,
    /// and where the bracket that was opened may be closed instead.
    first: u64,
    /// The opening quotes of keys.
    pub(super) keys: u64,
}

impl Open {
    /// What this state leaves open; `None` in the midst of an atom, of an escape, and outside of the object.
    pub(super) fn of(state: State) -> Option<Self> {
        let none = Self::default();
        Some(match state {
            State::Key(Inside::Plain) => Self { in_key: 1, string: u64::MAX, ..none },
            State::String(Inside::Plain) => Self { string: u64::MAX, ..none },
            State::Colon => Self { colon: 1, ..none },
            State::NextKey => Self { key: 1, ..none },
            State::FirstKey => Self { key: 1, first: 1, ..none },
            State::Value => Self { value: 1, ..none },
            State::FirstElement => Self { value: 1, first: 1, ..none },
            State::AfterValue => Self { after_value: 1, ..none },
            _ => return None,
        })
    }

    /// The state that leaves this open.
    pub(super) const fn state(&self) -> State {
        match self {
            Self { in_key: 1, .. } => State::Key(Inside::Plain),
            Self { string: u64::MAX, .. } => State::String(Inside::Plain),
            Self { colon: 1, .. } => State::Colon,
            Self { key: 1, first: 0, .. } => State::NextKey,
            Self { key: 1, .. } => State::FirstKey,
            Self { value: 1, first: 0, .. } => State::Value,
            Self { value: 1, .. } => State::FirstElement,
            _ => State::AfterValue,
        }
    }
}

impl Tokens {
    #[inline(always)]
    pub(super) fn find<S: Simd>(bytes: Bytes<S>, strings: &Strings) -> Self {
        let string_ends = strings.quotes & !strings.inside;
        let outside = !(strings.inside | string_ends);
        let marks = bytes.marks(strings.control).only(outside);
        Self {
            marks,
            atoms: Atoms::find(bytes, outside & !marks.all()),
            inside: strings.inside,
            string_starts: strings.quotes & strings.inside,
            string_ends,
        }
    }

    /// The first byte behind each of these and behind white space. The last place of a block stands for what follows it.
    #[inline(always)]
    const fn follow(&self, ends: u64, open: u64) -> u64 {
        pass(ends << 1 | open, self.marks.space & below(LAST))
    }

    /// `object` is where keys are, opening brackets included.
    #[inline(always)]
    pub(super) const fn followers(&self, open: &Open, object: u64) -> Followers {
        let separators = self.marks.comma | self.marks.open;
        let key = self.follow(separators & object, open.key);
        Followers {
            key,
            value: self.follow(self.marks.colon | separators & !object, open.value),
            first: self.follow(self.marks.open, open.first),
            keys: key & self.string_starts,
        }
    }

    /// What is left open before `end`, which is not 0; `None` where something stands before it that must not.
    #[inline(always)]
    pub(super) const fn check(&self, open: &Open, after: &Followers, end: u32) -> Option<Open> {
        let Marks { comma, close, .. } = self.marks;
        let key_ends = pass(after.keys & below(end) | open.in_key, self.inside & below(end));
        let colon = self.follow(key_ends & below(end), open.colon);
        let value_ends = self.string_ends & !key_ends | self.atoms.ends() | close;
        let after_value = self.follow(value_ends, open.after_value);
        let wrong = self.wrong(after) | colon & !self.marks.colon | after_value & !(comma | close);
        if wrong & below(end) != 0 {
            return None;
        }
        Some(Open {
            string: is_set(self.inside, end - 1).wrapping_neg(),
            in_key: is_set(key_ends, end),
            colon: is_set(colon, end),
            key: is_set(after.key, end),
            value: is_set(after.value, end),
            after_value: is_set(after_value, end),
            first: is_set(after.first, end),
        })
    }

    /// That a bracket is closed by its own kind is seen to elsewhere.
    #[inline(always)]
    const fn wrong(&self, after: &Followers) -> u64 {
        let values = self.string_starts | self.atoms.starts() | self.marks.open;
        (after.key & !self.string_starts | after.value & !values) & !(after.first & self.marks.close)
    }
}
