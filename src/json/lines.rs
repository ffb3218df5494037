//! Lines and columns of a text that goes by in slices: counted slice by slice, looked up only when something is wrong.

use super::error::{Fault, SyntaxError};

/// The lines before the slice in hand.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// How many lines have ended.
    ended: u64,
    /// The offset at which the line that is under way began.
    began: u64,
}

impl Lines {
    /// A slice, whose first byte has the offset `base`, goes away.
    pub(super) fn leave(&mut self, slice: &[u8], base: u64) {
        *self = self.behind(slice, base);
    }

    /// Others have counted on from here.
    pub(super) fn go_on(&mut self, others: &Self) {
        if others.ended > 0 {
            *self = Self { ended: self.ended + others.ended, began: others.began };
        }
    }

    /// A fault in the slice, with its place in the whole text.
    pub(super) fn locate(&self, slice: &[u8], base: u64, fault: &Fault) -> SyntaxError {
        let before = slice.get(..fault.at()).unwrap_or(slice);
        let Self { ended, began } = self.behind(before, base);
        let offset = base + fault.at() as u64;
        SyntaxError::new(fault.cause(), offset, ended + 1, offset - began + 1)
    }

    fn behind(&self, slice: &[u8], base: u64) -> Self {
        match memchr::memrchr(b'\n', slice) {
            None => Self { ..*self },
            Some(last) => Self {
                ended: self.ended + memchr::memchr_iter(b'\n', slice).count() as u64,
                began: base + last as u64 + 1,
            },
        }
    }
}
