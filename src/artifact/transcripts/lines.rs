//! The lines of a transcript, one after the other, each in pieces: however long one is, none is ever held.

use std::ops::Range;

use super::{
    line::Sight,
    trouble::{self, Trouble},
};
use crate::{
    fs::{self, Reader},
    json::Tokens,
    model::Error,
};

/// So much is read at once.
pub(super) const CHUNK: usize = 256 * 1024;

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It stands there, is no JSON and has no line break: its writer was killed, or is still at it.
    Torn(Range<u64>),
    /// It is no JSON.
    Unreadable,
    /// It is whole, and these are large results of tools in it: none in most.
    Whole(Vec<Range<u64>>),
}

/// The line that is under way.
struct Begun {
    start: u64,
    tokens: Tokens,
    sight: Sight,
    is_blank: bool,
    is_empty: bool,
}

impl Begun {
    fn at(offset: u64, limit: u64) -> Self {
        let (tokens, sight) = (Tokens::at(offset), Sight::new(limit));
        Self { start: offset, tokens, sight, is_blank: true, is_empty: true }
    }

    fn feed(&mut self, piece: &[u8]) {
        self.is_empty &= piece.is_empty();
        self.is_blank = self.is_blank && piece.trim_ascii().is_empty();
        self.tokens.feed(piece, &mut self.sight);
    }

    fn end(self) -> Line {
        match (self.is_blank, self.tokens.finish()) {
            (true, _) => Line::Whole(Vec::new()),
            (false, true) => Line::Whole(self.sight.results()),
            (false, false) => Line::Unreadable,
        }
    }

    /// The last one, which has no line break: that may be all that it lacks.
    fn end_of_text(self, size: u64) -> Line {
        let start = self.start;
        match self.end() {
            Line::Unreadable => Line::Torn(start..size),
            line => line,
        }
    }
}

/// Tells each line of the first `size` bytes of a file. `fail` is what an error in reading is told as; `each` may end it.
pub(super) fn each(
    file: &impl Reader,
    size: u64,
    limit: u64,
    fail: impl Fn(std::io::Error) -> Error,
    mut each: impl FnMut(Line) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let fail = trouble::of(fail);
    let (mut buffer, mut offset) = (vec![0; CHUNK], 0);
    let mut begun = Begun::at(0, limit);
    while offset < size {
        let most = usize::try_from(size - offset).unwrap_or(CHUNK).min(CHUNK);
        let room = buffer.get_mut(..most).unwrap_or_default();
        if fs::read_full(file, room, offset).map_err(&fail)? < most {
            return Err(Trouble::Moved);
        }
        for piece in room.split_inclusive(|byte| *byte == b'\n') {
            let text = piece.strip_suffix(b"\n");
            begun.feed(text.unwrap_or(piece));
            offset += piece.len() as u64;
            if text.is_some() {
                each(std::mem::replace(&mut begun, Begun::at(offset, limit)).end())?;
            }
        }
    }
    if begun.is_empty { Ok(()) } else { each(begun.end_of_text(size)) }
}
