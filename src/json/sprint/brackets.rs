//! The brackets of a block, one after the other: they are few.

use super::{
    bits::{below, each, is_set},
    masks::{Marks, WIDTH},
};
use crate::json::nesting::{FIELDS, Top};

/// Where a block stands in the nesting.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    /// Behind the last bracket.
    pub(super) top: Top,
    /// Where the innermost open bracket is a `{`, that bracket included.
    pub(super) object: u64,
    /// Where it is that of a row.
    pub(super) fields: u64,
    /// The first bracket that is not ours to pass; the place that was asked for, where all are.
    pub(super) end: u32,
}

/// Walks over the brackets before `end`, and never out of the one at the depth `floor`. `None` where one closes another
/// kind.
#[inline(always)]
pub(super) fn walk(block: &[u8; WIDTH], marks: &Marks, top: Top, floor: u64, end: u32) -> Option<Walk> {
    let mut walk = Walk { top, object: ones(top.in_object()), fields: ones(top.depth() == FIELDS), end };
    for place in each((marks.open | marks.close) & below(end)) {
        let opens = is_set(marks.open, place) == 1;
        let curly = matches!(block.get(place as usize), Some(b'{' | b'}'));
        if walk.top.is_at_an_edge(opens) || !opens && walk.top.depth() == floor {
            return Some(Walk { end: place, ..walk });
        }
        if !opens && curly != walk.top.in_object() {
            return None;
        }
        walk.turn(if opens { walk.top.opened(curly) } else { walk.top.closed() }, place);
    }
    Some(walk)
}

impl Walk {
    /// The innermost bracket is another one from this place on.
    #[inline(always)]
    const fn turn(&mut self, top: Top, place: u32) {
        let from = !below(place);
        self.object ^= from & ones(top.in_object() != self.top.in_object());
        self.fields ^= from & ones((top.depth() == FIELDS) != (self.top.depth() == FIELDS));
        self.top = top;
    }
}

#[inline(always)]
const fn ones(condition: bool) -> u64 {
    (condition as u64).wrapping_neg()
}
