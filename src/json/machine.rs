//! The scan from inside: a state machine over whole characters.
//!
//! It accepts what `JSON.parse` accepts when the top level is an object, and a byte order mark before it. It builds no
//! tree and never recurses; what it remembers is one bit for each open bracket, the key of the row under way, and a
//! little of its field under way. Every byte is checked, those of values that nobody asks for too: a text that is
//! wrong anywhere is no store.

use std::ops::Range;

use super::{
    block,
    error::{Cause, Fault, Wanted},
    layout::Layout,
    nesting::{FIELDS, Nesting},
    number::Number,
    pace::Pace,
    rows::Rows,
    sprint::{self, Rules},
    state::State,
    string::Inside,
    told::Told,
    visit::{Asked, ValueKind, Visit},
    word::Word,
};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Where the walk over a text stands.
#[derive(Debug)]
pub(super) struct Machine {
    pace: Pace,
    /// The offset of the first byte of the slice in hand.
    base: u64,
    state: State,
    nesting: Nesting,
    rows: Rows,
    body: Range<u64>,
    has_bom: bool,
}

impl Machine {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            base: 0,
            state: State::Start,
            nesting: Nesting::default(),
            rows: Rows::new(),
            body: 0..0,
            has_bom: false,
        }
    }

    /// A walk that has come to this offset and awaits a row's key there.
    pub(super) fn awaiting_row_at(pace: Pace, offset: u64) -> Self {
        let mut nesting = Nesting::default();
        nesting.open(true);
        let rows = Rows::awaiting_at(offset);
        Self { base: offset, state: State::NextKey, nesting, rows, ..Self::new(pace) }
    }

    /// Whether a row's key must come next, behind another row.
    pub(super) const fn awaits_row(&self) -> bool {
        matches!(self.state, State::NextKey) && self.nesting.depth() == 1
    }

    /// How many rows have been told.
    pub(super) const fn rows(&self) -> u64 {
        self.rows.count()
    }

    /// From behind the `{` to behind the first key's quote, if both have been seen.
    pub(super) fn before_first_key(&self) -> Option<Range<usize>> {
        let index = |offset: u64| usize::try_from(offset).ok();
        Some(index(self.body.start)?..index(self.rows.first_key()? + 1)?)
    }

    /// Goes on where another walk has come to, and tells what that one told; `false` when it cannot. Both await a row: this
    /// one where that one began, that one where it stands.
    pub(super) fn take_over(&mut self, other: Self, told: &Told, visit: &mut (impl Visit + ?Sized)) -> bool {
        let taken = self.rows.take_over(other.rows, told, visit);
        if taken {
            self.base = other.base;
        }
        taken
    }

    /// The offset of the first byte of the slice in hand; between slices, how many bytes have been walked over.
    pub(super) const fn base(&self) -> u64 {
        self.base
    }

    /// The slice goes away, all of it walked over.
    pub(super) fn leave(&mut self, slice: &[u8]) {
        self.rows.leave(slice);
        self.base = self.offset(slice.len());
    }

    /// The text has ended.
    pub(super) fn finish(&self) -> Result<Layout, Fault> {
        let State::End = self.state else { return Err(Fault::new(Cause::Ends(self.wants()), 0)) };
        let first_key = self.rows.first_key();
        Ok(Layout {
            body: self.body.clone(),
            first_key,
            last_end: first_key.map(|_| self.rows.last_end()),
            rows: self.rows.count(),
            len: self.base,
            has_bom: self.has_bom,
        })
    }

    /// The offset of the byte at this index of the slice in hand.
    #[inline]
    const fn offset(&self, at: usize) -> u64 {
        self.base + at as u64
    }

    /// Passes over what nobody asks for, and returns the index behind it: often this one.
    #[inline]
    pub(super) fn sprint(&mut self, text: &[u8], at: usize, asked: Asked) -> usize {
        let Some(level) = self.pace.level() else { return at };
        let floor = self.floor(asked);
        if self.nesting.depth() < floor {
            return at;
        }
        let rules = Rules { floor, letter: asked.letter() };
        let here = (self.state, self.nesting.top());
        let Some((end, state, top)) = sprint::run(level, text, at, here, rules) else { return at };
        self.state = state;
        self.nesting.set_top(top);
        if floor == FIELDS {
            self.rows.pass_field();
        }
        end
    }

    /// The depth that a sprint stays in: that of a row's fields, or of the inside of one that is being told.
    fn floor(&self, asked: Asked) -> u64 {
        let is_between = self.nesting.depth() == FIELDS && self.state.is_between();
        let is_told = asked == Asked::Everything || self.rows.tells_field() && !is_between;
        if self.rows.is_object() && is_told { FIELDS + 1 } else { FIELDS }
    }

    /// Reads one token or a piece of it, and returns the index behind it.
    #[inline]
    pub(super) fn step(
        &mut self,
        text: &[u8],
        at: usize,
        visit: &mut (impl Visit + ?Sized),
    ) -> Result<usize, Fault> {
        match self.state {
            State::Key(inside) => self.key(text, at, inside, visit.asks()),
            State::String(inside) => self.string(text, at, inside, visit),
            State::Number(number) => self.number(text, at, number, visit),
            State::Word(word, seen) => self.word(text, at, word, seen, visit),
            State::Start => self.start(text, at),
            State::FirstKey | State::NextKey => self.before_key(text, at, visit),
            State::Colon => self.colon(text, at),
            State::Value | State::FirstElement => self.value(text, at, visit),
            State::AfterValue => self.after_value(text, at, visit),
            State::End => match block::skip_space(text, at) {
                at if at < text.len() => Err(Fault::new(Cause::Trailing, at)),
                at => Ok(at),
            },
        }
    }

    fn start(&mut self, text: &[u8], mut at: usize) -> Result<usize, Fault> {
        if self.offset(at) == 0 && text.starts_with(BOM) {
            self.has_bom = true;
            at = BOM.len();
        }
        at = block::skip_space(text, at);
        match text.get(at) {
            None => return Ok(at),
            Some(b'{') => {}
            Some(_) => return Err(Fault::expected(Wanted::Object, at)),
        }
        self.nesting.open(true);
        self.body.start = self.offset(at + 1);
        self.rows.open_body(self.body.start);
        self.state = State::FirstKey;
        Ok(at + 1)
    }

    /// A key, or a `}` where no key came before.
    fn before_key(
        &mut self,
        text: &[u8],
        at: usize,
        visit: &mut (impl Visit + ?Sized),
    ) -> Result<usize, Fault> {
        let at = block::skip_space(text, at);
        match (text.get(at), self.state) {
            (None, _) => return Ok(at),
            (Some(b'"'), _) => {}
            (Some(b'}'), State::FirstKey) => return Ok(self.close(text, at, visit)),
            _ => return Err(Fault::expected(self.wants(), at)),
        }
        match self.nesting.depth() {
            1 => self.rows.begin_key(text, at, self.offset(at), visit)?,
            2 => self.rows.begin_name(at + 1),
            _ => {}
        }
        self.state = State::Key(Inside::Plain);
        Ok(at + 1)
    }

    fn key(&mut self, text: &[u8], at: usize, mut inside: Inside, asked: Asked) -> Result<usize, Fault> {
        let Some(at) = inside.read(text, at)? else {
            self.state = State::Key(inside);
            return Ok(text.len());
        };
        match self.nesting.depth() {
            1 => self.rows.end_key(text, at),
            2 => self.rows.end_name(text, at, asked),
            _ => {}
        }
        self.state = State::Colon;
        Ok(at + 1)
    }

    fn colon(&mut self, text: &[u8], at: usize) -> Result<usize, Fault> {
        let at = block::skip_space(text, at);
        match text.get(at) {
            None => return Ok(at),
            Some(b':') => self.state = State::Value,
            Some(_) => return Err(Fault::expected(Wanted::Colon, at)),
        }
        Ok(at + 1)
    }

    /// The first byte of a value, or a `]` where no element came before.
    fn value(&mut self, text: &[u8], at: usize, visit: &mut (impl Visit + ?Sized)) -> Result<usize, Fault> {
        let at = block::skip_space(text, at);
        let Some(byte) = text.get(at) else { return Ok(at) };
        let (state, kind) = match byte {
            b'"' => (State::String(Inside::Plain), ValueKind::String),
            b'{' => (State::FirstKey, ValueKind::Object),
            b'[' => (State::FirstElement, ValueKind::Array),
            b't' => (State::Word(Word::True, 1), ValueKind::Bool),
            b'f' => (State::Word(Word::False, 1), ValueKind::Bool),
            b'n' => (State::Word(Word::Null, 1), ValueKind::Null),
            b']' if matches!(self.state, State::FirstElement) => return Ok(self.close(text, at, visit)),
            _ => match Number::begin(*byte) {
                Some(number) => (State::Number(number), ValueKind::Number),
                None => return Err(Fault::expected(self.wants(), at)),
            },
        };
        self.begin_value(at, kind);
        self.state = state;
        Ok(at + 1)
    }

    fn string(
        &mut self,
        text: &[u8],
        at: usize,
        mut inside: Inside,
        visit: &mut (impl Visit + ?Sized),
    ) -> Result<usize, Fault> {
        let Some(at) = inside.read(text, at)? else {
            self.state = State::String(inside);
            return Ok(text.len());
        };
        Ok(self.end_value(text, at + 1, visit))
    }

    fn number(
        &mut self,
        text: &[u8],
        at: usize,
        mut number: Number,
        visit: &mut (impl Visit + ?Sized),
    ) -> Result<usize, Fault> {
        let Some(at) = number.read(text, at)? else {
            self.state = State::Number(number);
            return Ok(text.len());
        };
        Ok(self.end_value(text, at, visit))
    }

    fn word(
        &mut self,
        text: &[u8],
        at: usize,
        word: Word,
        seen: u8,
        visit: &mut (impl Visit + ?Sized),
    ) -> Result<usize, Fault> {
        let (seen, at) = word.read(text, at, seen);
        if usize::from(seen) == word.text().len() {
            return Ok(self.end_value(text, at, visit));
        }
        if at < text.len() {
            return Err(Fault::expected(Wanted::Word(word), at));
        }
        self.state = State::Word(word, seen);
        Ok(at)
    }

    /// A comma, or the bracket that closes what the value stands in.
    fn after_value(
        &mut self,
        text: &[u8],
        at: usize,
        visit: &mut (impl Visit + ?Sized),
    ) -> Result<usize, Fault> {
        let at = block::skip_space(text, at);
        match (text.get(at), self.nesting.in_object()) {
            (None, _) => return Ok(at),
            (Some(b','), true) => self.state = State::NextKey,
            (Some(b','), false) => self.state = State::Value,
            (Some(b'}'), true) | (Some(b']'), false) => return Ok(self.close(text, at, visit)),
            _ => return Err(Fault::expected(self.wants(), at)),
        }
        Ok(at + 1)
    }

    /// The bracket at this index closes what is open.
    fn close(&mut self, text: &[u8], at: usize, visit: &mut (impl Visit + ?Sized)) -> usize {
        self.nesting.close();
        if self.nesting.depth() > 0 {
            return self.end_value(text, at + 1, visit);
        }
        self.rows.tell(text, self.rows.last_end(), visit);
        self.body.end = self.offset(at);
        self.state = State::End;
        at + 1
    }

    /// A value begins at this index. Its bracket, if it has one, opens.
    #[inline]
    fn begin_value(&mut self, at: usize, kind: ValueKind) {
        match self.nesting.depth() {
            1 => self.rows.begin_value(self.offset(at), kind),
            2 if self.rows.is_object() => self.rows.begin_field(at, self.offset(at), kind),
            _ => {}
        }
        match kind {
            ValueKind::Object => self.nesting.open(true),
            ValueKind::Array => self.nesting.open(false),
            _ => {}
        }
    }

    /// A value has ended before this index.
    #[inline]
    fn end_value(&mut self, text: &[u8], at: usize, visit: &mut (impl Visit + ?Sized)) -> usize {
        match self.nesting.depth() {
            1 => self.rows.end_value(self.offset(at)),
            2 if self.rows.is_object() => self.rows.end_field(text, at, self.offset(at), visit),
            _ => {}
        }
        self.state = State::AfterValue;
        at
    }

    /// What must come next.
    const fn wants(&self) -> Wanted {
        self.state.wants(self.nesting.in_object())
    }
}
