//! The bookkeeping of rows and their fields: where they begin and end, and what a visitor is told of them.

use std::ops::Range;

use super::{
    error::{Cause, Fault},
    text::Text,
    told::Told,
    visit::{Asked, MAX_NAME, MAX_TEXT, RawField, RawRow, Span, ValueKind, Visit},
};

/// The row under way, and its field under way.
#[derive(Debug)]
pub(super) struct Rows {
    key: Text,
    start: u64,
    gap: u32,
    /// Before the first row it is empty and stands behind the `{`.
    value: Range<u64>,
    is_object: bool,
    first_key: Option<u64>,
    count: u64,
    field: Field,
}

#[derive(Debug)]
struct Field {
    /// Whether it is asked for. As long as its name is under way it may be, unless a sprint passed over where that began.
    is_told: bool,
    name: Text,
    kind: ValueKind,
    start: u64,
    text: Text,
}

impl Rows {
    pub(super) const fn new() -> Self {
        Self {
            key: Text::new(usize::MAX),
            start: 0,
            gap: 0,
            value: 0..0,
            is_object: false,
            first_key: None,
            count: 0,
            field: Field::new(),
        }
    }

    /// Rows from this offset on, where a key is awaited.
    pub(super) fn awaiting_at(offset: u64) -> Self {
        Self { value: offset..offset, ..Self::new() }
    }

    /// Tells the row under way, then what others found behind it, and goes on where they have come to; `false` when that
    /// is not behind this row, or too far behind it.
    pub(super) fn take_over(
        &mut self,
        mut other: Self,
        told: &Told,
        visit: &mut (impl Visit + ?Sized),
    ) -> bool {
        let Some(begin) = other.first_key else { return false };
        let Ok(gap) = gap(self.value.end, begin) else { return false };
        self.tell(&[], begin, visit);
        told.tell(gap, visit);
        if other.count == 0 {
            other.gap = gap;
        }
        *self = Self { count: self.count + other.count, first_key: self.first_key, ..other };
        true
    }

    /// The offset of the first row's key quote.
    pub(super) const fn first_key(&self) -> Option<u64> {
        self.first_key
    }

    /// Where the value of the last row ended, or where the body began when there is no row.
    pub(super) const fn last_end(&self) -> u64 {
        self.value.end
    }

    /// How many rows have been told.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Whether the row's value is an object.
    #[inline]
    pub(super) const fn is_object(&self) -> bool {
        self.is_object
    }

    /// The body begins at this offset, behind the `{`.
    pub(super) fn open_body(&mut self, offset: u64) {
        self.value = offset..offset;
    }

    /// A key's quote stands here, so the row before it is complete.
    pub(super) fn begin_key(
        &mut self,
        slice: &[u8],
        at: usize,
        offset: u64,
        visit: &mut (impl Visit + ?Sized),
    ) -> Result<(), Fault> {
        self.tell(slice, offset, visit);
        self.gap = gap(self.value.end, offset).map_err(|cause| Fault::new(cause, at))?;
        self.start = offset;
        self.first_key.get_or_insert(offset);
        self.key.begin(at + 1);
        Ok(())
    }

    /// The key's closing quote stands here.
    pub(super) fn end_key(&mut self, slice: &[u8], at: usize) {
        self.key.finish(slice, at);
    }

    /// The row's value begins.
    pub(super) fn begin_value(&mut self, offset: u64, kind: ValueKind) {
        self.value.start = offset;
        self.is_object = kind == ValueKind::Object;
    }

    /// The row's value has ended.
    pub(super) fn end_value(&mut self, offset: u64) {
        self.value.end = offset;
    }

    /// Tells the row, if there is one: `end` is the offset of the next key's quote, or of the last value's end.
    pub(super) fn tell(&mut self, slice: &[u8], end: u64, visit: &mut (impl Visit + ?Sized)) {
        if self.first_key.is_none() {
            return;
        }
        self.count += 1;
        let span = Span { start: self.start, end, gap: self.gap };
        let (key, _) = self.key.get(slice);
        visit.row(RawRow { key, span, value: self.value.clone(), is_object: self.is_object });
    }

    /// The text of a field's name begins here.
    #[inline]
    pub(super) fn begin_name(&mut self, at: usize) {
        self.field.is_told = true;
        self.field.name.begin(at);
    }

    /// The name's closing quote stands here.
    #[inline]
    pub(super) fn end_name(&mut self, slice: &[u8], at: usize, asked: Asked) {
        if !self.field.is_told {
            return; // A sprint passed over its beginning, since nobody asks for it: what is kept here is another's name.
        }
        self.field.name.finish(slice, at);
        let (name, truncated) = self.field.name.get(slice);
        self.field.is_told = asked.is(name, truncated);
    }

    /// Whether the field under way will be told.
    #[inline]
    pub(super) const fn tells_field(&self) -> bool {
        self.field.is_told
    }

    /// The field under way is one that nobody asks for.
    #[inline]
    pub(super) const fn pass_field(&mut self) {
        self.field.is_told = false;
    }

    /// The field's value begins here.
    #[inline]
    pub(super) fn begin_field(&mut self, at: usize, offset: u64, kind: ValueKind) {
        if self.field.is_told {
            self.field.begin(at, offset, kind);
        }
    }

    /// The field's value ends before this index.
    #[inline]
    pub(super) fn end_field(
        &mut self,
        slice: &[u8],
        at: usize,
        offset: u64,
        visit: &mut (impl Visit + ?Sized),
    ) {
        if self.field.is_told {
            visit.field(self.field.end(slice, at, offset));
        }
    }

    /// The slice goes away.
    pub(super) fn leave(&mut self, slice: &[u8]) {
        self.key.leave(slice);
        self.field.name.leave(slice);
        self.field.text.leave(slice);
    }
}

impl Field {
    const fn new() -> Self {
        Self {
            is_told: false,
            name: Text::new(MAX_NAME),
            kind: ValueKind::Null,
            start: 0,
            text: Text::new(MAX_TEXT),
        }
    }

    #[inline]
    fn begin(&mut self, at: usize, offset: u64, kind: ValueKind) {
        self.kind = kind;
        self.start = offset;
        match kind {
            ValueKind::String => self.text.begin(at + 1),
            ValueKind::Number => self.text.begin(at),
            _ => self.text.clear(),
        }
    }

    #[inline]
    fn end<'a>(&'a mut self, slice: &'a [u8], at: usize, offset: u64) -> RawField<'a> {
        match self.kind {
            ValueKind::String => self.text.finish(slice, at.saturating_sub(1)),
            ValueKind::Number => self.text.finish(slice, at),
            _ => {}
        }
        let (name, truncated) = self.name.get(slice);
        let (text, text_truncated) = self.text.get(slice);
        RawField { name, truncated, kind: self.kind, value: self.start..offset, text, text_truncated }
    }
}

/// What stands between two offsets, if it is no longer than anybody writes.
fn gap(from: u64, to: u64) -> Result<u32, Cause> {
    u32::try_from(to - from).map_err(|_| Cause::Gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_of_4_gigabytes_is_refused() {
        assert_eq!(gap(7, 7 + u64::from(u32::MAX)), Ok(u32::MAX));
        assert_eq!(gap(7, 8 + u64::from(u32::MAX)), Err(Cause::Gap));
    }
}
