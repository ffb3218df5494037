//! What a scan told, kept to be told once more.

use std::ops::Range;

use super::visit::{Asked, RawField, RawRow, Span, ValueKind, Visit};

/// What a scan told, in its order.
#[derive(Debug)]
pub(super) struct Told {
    asked: Asked,
    events: Vec<Event>,
    /// The texts of all events, one behind the other.
    texts: Vec<u8>,
}

/// A field or a row, with its texts' lengths.
#[derive(Debug)]
enum Event {
    Field {
        name: usize,
        truncated: bool,
        kind: ValueKind,
        value: Range<u64>,
        text: usize,
        text_truncated: bool,
    },
    Row {
        key: usize,
        span: Span,
        value: Range<u64>,
        is_object: bool,
    },
}

impl Told {
    /// Nothing yet, of what will be asked for.
    pub(super) const fn of(asked: Asked) -> Self {
        Self { asked, events: Vec::new(), texts: Vec::new() }
    }

    /// How much memory it takes, at least.
    pub(super) fn weight(&self) -> usize {
        self.events.len() * size_of::<Event>() + self.texts.len()
    }

    /// Tells it once more; how far the first row is behind the one before it is known by now.
    pub(super) fn tell(&self, gap: u32, visit: &mut (impl Visit + ?Sized)) {
        let (mut texts, mut gap) = (self.texts.as_slice(), Some(gap));
        for event in &self.events {
            event.tell(&mut texts, &mut gap, visit);
        }
    }
}

impl Event {
    #[inline]
    fn tell(&self, texts: &mut &[u8], gap: &mut Option<u32>, visit: &mut (impl Visit + ?Sized)) {
        match self {
            Self::Field { name, truncated, kind, value, text, text_truncated } => visit.field(RawField {
                name: take(texts, *name),
                truncated: *truncated,
                kind: *kind,
                value: value.clone(),
                text: take(texts, *text),
                text_truncated: *text_truncated,
            }),
            Self::Row { key, span, value, is_object } => visit.row(RawRow {
                key: take(texts, *key),
                span: Span { gap: gap.take().unwrap_or(span.gap), ..*span },
                value: value.clone(),
                is_object: *is_object,
            }),
        }
    }
}

/// The next text, of this length.
#[inline]
fn take<'a>(texts: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (here, rest) = texts.split_at_checked(length).unwrap_or_default();
    *texts = rest;
    here
}

impl Visit for Told {
    fn asks(&self) -> Asked {
        self.asked
    }

    fn field(&mut self, field: RawField<'_>) {
        let RawField { name, truncated, kind, value, text, text_truncated } = field;
        self.texts.extend_from_slice(name);
        self.texts.extend_from_slice(text);
        let (name, text) = (name.len(), text.len());
        self.events.push(Event::Field { name, truncated, kind, value, text, text_truncated });
    }

    fn row(&mut self, row: RawRow<'_>) {
        let RawRow { key, span, value, is_object } = row;
        self.texts.extend_from_slice(key);
        self.events.push(Event::Row { key: key.len(), span, value, is_object });
    }
}
