//! The inside of strings: where they end, and that nothing in them is forbidden.

use super::{
    block,
    error::{Cause, Fault, Wanted},
};

/// How far into a string the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    /// Among characters.
    Plain,
    /// Behind a backslash.
    Escape,
    /// Behind `\u`, with so many digits to come.
    Hex(u8),
}

impl Inside {
    /// Reads on from `at`: the index of the closing quote, or `None` when the slice ends first.
    #[inline]
    pub(super) fn read(&mut self, text: &[u8], mut at: usize) -> Result<Option<usize>, Fault> {
        loop {
            if *self == Self::Plain {
                at = block::find_special(text, at);
            }
            let Some(byte) = text.get(at) else { return Ok(None) };
            match (*self, byte) {
                (Self::Plain, b'"') => return Ok(Some(at)),
                _ => *self = self.after(*byte).map_err(|cause| Fault::new(cause, at))?,
            }
            at += 1;
        }
    }

    /// The state behind a byte that is special here.
    #[inline]
    const fn after(self, byte: u8) -> Result<Self, Cause> {
        match (self, byte) {
            (Self::Plain, b'\\') => Ok(Self::Escape),
            (Self::Plain, _) => Err(Cause::Control),
            (Self::Escape, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(Self::Plain),
            (Self::Escape, b'u') => Ok(Self::Hex(4)),
            (Self::Escape, _) => Err(Cause::Expected(Wanted::Escape)),
            (Self::Hex(left), _) if !byte.is_ascii_hexdigit() || left == 0 => {
                Err(Cause::Expected(Wanted::HexDigit))
            }
            (Self::Hex(1), _) => Ok(Self::Plain),
            (Self::Hex(left), _) => Ok(Self::Hex(left - 1)),
        }
    }

    /// What is missing when the text ends here.
    pub(super) const fn wants(self) -> Wanted {
        match self {
            Self::Plain => Wanted::Quote,
            Self::Escape => Wanted::Escape,
            Self::Hex(_) => Wanted::HexDigit,
        }
    }
}
