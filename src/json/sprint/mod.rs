//! A sprint: over everything in a row that nobody asks for, 63 bytes at a time, checking all of it.
//!
//! The machine reads token by token and tells what it finds. Most tokens interest nobody; what is asked of them is only
//! that they are well-formed, and that can be asked of 64 places at once with a few sums on masks of 64 bits. A sprint
//! begins where the machine stands and ends where the machine can go on: at the end of the row or field, before a field that
//! may be asked for by its first letter, before whatever is not plainly right or not at hand, which may be in the midst of
//! any string. So an error is never judged here: the machine meets it again, and names it.
//!
//! Each block is looked at from a place that is no midst of a number or of an escape: a block whose end cuts one through
//! counts as ending before it.

#![allow(clippy::inline_always, reason = "code for vectors must become one function with the loop around it")]

mod atoms;
mod bits;
mod brackets;
mod grammar;
mod masks;
mod strings;

use fearless_simd::{Level, Simd, dispatch};

use self::{
    bits::{LAST, below},
    brackets::{Walk, walk},
    grammar::{Followers, Open, Tokens},
    masks::{Bytes, WIDTH},
    strings::Strings,
};
use super::{nesting::Top, state::State};

/// How far a sprint may go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// The bracket that is open at this depth is not left.
    pub(super) floor: u64,
    /// No field is passed whose name begins with this letter or with an escape.
    pub(super) letter: Option<u8>,
}

/// Where a sprint is.
#[derive(Debug, Clone, Copy)]
struct Run {
    at: usize,
    top: Top,
    open: Open,
}

/// Runs as far as it goes, and tells where it ends: the index, the state, and the nesting. `None` when that is here.
pub(super) fn run(
    level: Level,
    text: &[u8],
    at: usize,
    (state, top): (State, Top),
    rules: Rules,
) -> Option<(usize, State, Top)> {
    if text.len() < at + WIDTH {
        return None;
    }
    let run = Run { at, top, open: Open::of(state)? };
    let end = dispatch!(level, simd => run.all(simd, text, rules));
    (end.at > at).then(|| (end.at, end.open.state(), end.top))
}

impl Run {
    #[inline(always)]
    fn all<S: Simd>(mut self, simd: S, text: &[u8], rules: Rules) -> Self {
        while let Some(bytes) = text.get(self.at..).and_then(<[u8]>::first_chunk) {
            if self.block(simd, bytes, rules).is_none() {
                break;
            }
        }
        self
    }

    /// Passes over a block, or over the part of it that may be passed; `None` when the sprint ends with it.
    ///
    /// Where the next block begins is known before this one has been looked at, unless there is something in the way. So
    /// the processor works on several blocks at once.
    #[inline(always)]
    fn block<S: Simd>(&mut self, simd: S, bytes: &[u8; WIDTH], rules: Rules) -> Option<()> {
        let vector = Bytes::load(simd, bytes);
        let strings = Strings::find(vector, bytes, self.open.string);
        if strings.are_all() {
            return self.string(&strings);
        }
        let letters = rules.letter.map_or(0, |letter| vector.find(letter) | vector.find(b'\\')) >> 1;
        let block = Block { bytes, tokens: Tokens::find(vector, &strings), strings, letters };
        if block.strings.whole != LAST || block.tokens.atoms.are_cut() {
            return self.part(&block, rules);
        }
        let way = walk(bytes, &block.tokens.marks, self.top, rules.floor, LAST)?;
        let after = block.tokens.followers(&self.open, way.object);
        if way.end != LAST || after.keys & way.fields & letters & below(LAST) != 0 {
            return self.part(&block, rules);
        }
        self.open = block.check(&self.open, &after, LAST)?;
        self.top = way.top;
        self.at += LAST as usize;
        Some(())
    }

    /// Passes over a block within a string.
    #[inline(always)]
    fn string(&mut self, strings: &Strings) -> Option<()> {
        if strings.wrong & below(strings.whole) != 0 {
            return None;
        }
        // Whether or not, so that it is known early where the next block begins.
        if strings.whole == LAST {
            self.at += LAST as usize;
        } else {
            self.back_off(strings.whole);
        }
        Some(())
    }

    #[cold]
    #[inline(never)]
    const fn back_off(&mut self, end: u32) {
        self.at += end as usize;
    }

    /// Passes over the part of a block that ends before what is not whole, not ours, or asked for.
    #[cold]
    #[inline(never)]
    fn part(&mut self, block: &Block<'_>, rules: Rules) -> Option<()> {
        let marks = &block.tokens.marks;
        let whole = block.strings.whole.min(block.tokens.atoms.whole());
        let mut way = walk(block.bytes, marks, self.top, rules.floor, whole)?;
        let after = block.tokens.followers(&self.open, way.object);
        let asked = after.keys & way.fields & block.letters & below(way.end);
        if asked != 0 {
            let end = asked.trailing_zeros();
            way = Walk { end, ..walk(block.bytes, marks, self.top, rules.floor, end)? };
        }
        if way.end == 0 {
            return None;
        }
        self.open = block.check(&self.open, &after, way.end)?;
        self.top = way.top;
        self.at += way.end as usize;
        (way.end == whole).then_some(())
    }
}

/// What is known of a block.
struct Block<'t> {
    bytes: &'t [u8; WIDTH],
    strings: Strings,
    tokens: Tokens,
    /// What stands before a letter that the name which is asked for may begin with.
    letters: u64,
}

impl Block<'_> {
    /// What is left open before `end`, which is not 0; `None` where something stands before it that must not.
    #[inline(always)]
    fn check(&self, open: &Open, after: &Followers, end: u32) -> Option<Open> {
        let is_fine = self.strings.wrong & below(end) == 0 && self.tokens.atoms.are_fine(self.bytes, end);
        if is_fine { self.tokens.check(open, after, end) } else { None }
    }
}
