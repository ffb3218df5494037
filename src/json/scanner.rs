//! The scan from outside: text comes in chunks of any size, errors leave with their place.
//!
//! Chunks are worked on tile by tile: checked to be UTF-8, walked over by the [`Machine`], their lines counted. A
//! character that a border cuts in two is held back until it is whole, so that what the machine sees, and says, does not
//! depend on borders.

use super::{
    ahead::{Ahead, Seam},
    error::{Cause, Fault, SyntaxError},
    layout::Layout,
    lines::Lines,
    machine::Machine,
    pace::Pace,
    utf8::{Carry, Joined, Tail, check},
    visit::Visit,
};

/// How much is worked on at once: few enough bytes to stay in the processor's nearest caches from check to check.
const TILE: usize = 32 * 1024;

/// Finds the rows of a JSON object in its bytes, as they come.
///
/// ```
/// use session_reaper::json::{RawRow, Scanner, Visit};
///
/// struct Count(u64);
/// impl Visit for Count {
///     fn row(&mut self, _: RawRow<'_>) {
///         self.0 += 1;
///     }
/// }
///
/// let (mut scanner, mut count) = (Scanner::new(), Count(0));
/// scanner.feed(br#"{"a": 1, "#, &mut count)?;
/// scanner.feed(br#""b": {}}"#, &mut count)?;
/// assert_eq!((scanner.finish(&mut count)?.rows, count.0), (2, 2));
/// # Ok::<(), session_reaper::json::SyntaxError>(())
/// ```
#[derive(Debug)]
pub struct Scanner {
    machine: Machine,
    lines: Lines,
    carry: Carry,
    failed: Option<SyntaxError>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl Scanner {
    /// A scan that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::at_pace(Pace::best())
    }

    /// A scan that has seen nothing yet, made in another way than this processor is best at.
    #[must_use]
    pub fn at_pace(pace: Pace) -> Self {
        Self { machine: Machine::new(pace), lines: Lines::default(), carry: Carry::default(), failed: None }
    }

    /// A scan that has come to this offset and awaits a row's key there, as far as anybody can tell.
    pub(super) fn awaiting_row_at(offset: u64) -> Self {
        Self { machine: Machine::awaiting_row_at(Pace::best(), offset), ..Self::new() }
    }

    /// Whether a row must begin next, behind another one.
    pub(super) fn awaits_row(&self) -> bool {
        self.failed.is_none() && self.carry.is_empty() && self.machine.awaits_row()
    }

    /// How many rows have been told.
    pub(crate) const fn rows(&self) -> u64 {
        self.machine.rows()
    }

    /// What stands between rows, if that can be told from these bytes, the text's first ones.
    pub(crate) fn seam(&self, text: &[u8]) -> Option<Seam> {
        text.get(self.machine.before_first_key()?).and_then(Seam::of)
    }

    /// Goes on where another scan has come to, and tells what that one was told; `false` when it began elsewhere, or this
    /// scan awaits something else there.
    pub(super) fn take_over(&mut self, ahead: Ahead, visit: &mut (impl Visit + ?Sized)) -> bool {
        let is_right = self.awaits_row() && self.machine.base() == ahead.begin;
        let taken = is_right && self.machine.take_over(ahead.scanner.machine, &ahead.told, visit);
        if taken {
            self.lines.go_on(&ahead.scanner.lines);
        }
        taken
    }

    /// Reads the text's next bytes, as many or as few as there are. What the visitor is told does not depend on how
    /// the text was cut.
    ///
    /// # Errors
    /// The text up to here is no beginning of a store. Every later call says so again.
    pub fn feed(&mut self, chunk: &[u8], visit: &mut (impl Visit + ?Sized)) -> Result<(), SyntaxError> {
        self.failed.map_or(Ok(()), Err)?;
        for tile in chunk.chunks(TILE) {
            self.tile(tile, visit).inspect_err(|error| self.failed = Some(*error))?;
        }
        Ok(())
    }

    /// The text has ended. The visitor is told what was held back, if anything was.
    ///
    /// # Errors
    /// It ended too early, or an earlier call failed.
    pub fn finish(self, visit: &mut (impl Visit + ?Sized)) -> Result<Layout, SyntaxError> {
        let _ = visit;
        self.failed.map_or(Ok(()), Err)?;
        if !self.carry.is_empty() {
            return Err(self.no_utf8());
        }
        self.machine.finish().map_err(|fault| self.locate(&[], &fault))
    }

    /// Checks that a tile is UTF-8 and walks over its whole characters, first over the one that was cut in two.
    fn tile(&mut self, tile: &[u8], visit: &mut (impl Visit + ?Sized)) -> Result<(), SyntaxError> {
        let rest = self.join_carry(tile, visit)?;
        let checked = check(rest);
        self.slice(checked.valid, visit)?;
        match checked.tail {
            Tail::Invalid => Err(self.no_utf8()),
            Tail::Cut(tail) => {
                if !tail.is_empty() {
                    self.carry.hold(tail);
                }
                Ok(())
            }
        }
    }

    /// Completes the character that is held back, and returns what follows it.
    fn join_carry<'a>(
        &mut self,
        mut tile: &'a [u8],
        visit: &mut (impl Visit + ?Sized),
    ) -> Result<&'a [u8], SyntaxError> {
        while !self.carry.is_empty() {
            let Some((byte, rest)) = tile.split_first() else { break };
            match self.carry.join(*byte) {
                Joined::Cut => {}
                Joined::Whole(bytes, len) => self.slice(bytes.get(..len).unwrap_or_default(), visit)?,
                Joined::Invalid => return Err(self.no_utf8()),
            }
            tile = rest;
        }
        Ok(tile)
    }

    /// Walks over whole characters.
    fn slice(&mut self, slice: &[u8], visit: &mut (impl Visit + ?Sized)) -> Result<(), SyntaxError> {
        let mut at = 0;
        while at < slice.len() {
            at = self.machine.sprint(slice, at, visit.asks());
            if at == slice.len() {
                break;
            }
            at = self.machine.step(slice, at, visit).map_err(|fault| self.locate(slice, &fault))?;
        }
        self.lines.leave(slice, self.machine.base());
        self.machine.leave(slice);
        Ok(())
    }

    fn locate(&self, slice: &[u8], fault: &Fault) -> SyntaxError {
        self.lines.locate(slice, self.machine.base(), fault)
    }

    /// What follows all that has been walked over is no character.
    fn no_utf8(&self) -> SyntaxError {
        self.locate(&[], &Fault::new(Cause::Utf8, 0))
    }
}

/// Scans a text that is at hand as a whole.
///
/// # Errors
/// The text is no store.
pub fn scan(text: &[u8], visit: &mut (impl Visit + ?Sized)) -> Result<Layout, SyntaxError> {
    let mut scanner = Scanner::new();
    scanner.feed(text, visit)?;
    scanner.finish(visit)
}
