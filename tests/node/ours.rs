//! What we make of a document.

use std::collections::BTreeMap;

use session_reaper::json::{
    Layout, SyntaxError, ValueKind, cuts, decode, means,
    testing::{Dice, Event, KeptRow, Record, leave_out, record},
};

#[derive(Debug)]
pub(super) struct Ours {
    outcome: Result<Layout, SyntaxError>,
    /// Decoded keys, each with its last row's last `updatedAt`.
    rows: BTreeMap<Vec<u8>, String>,
    /// The text without the doomed rows.
    pub(super) output: Vec<u8>,
    /// The doomed keys, a JSON array.
    pub(super) doomed: String,
}

impl Ours {
    /// Scans a text and cuts out every row of some keys.
    pub(super) fn of(text: &[u8], seed: u64) -> Self {
        let (record, outcome) = record(text);
        let rows = updated_at(&record);
        let (output, doomed) = match &outcome {
            Ok(layout) => doom(text, layout, &record.rows(text), &rows, &mut Dice::from_seed(!seed)),
            Err(_) => (Vec::new(), "[]".to_owned()),
        };
        Self { outcome, rows, output, doomed }
    }

    pub(super) fn accepted(&self) -> bool {
        self.outcome.is_ok()
    }

    /// Whether JavaScript sees the same keys and the same times.
    pub(super) fn agrees_with(&self, keys: &BTreeMap<String, String>) -> bool {
        let ours = self.rows.iter().map(|(key, updated)| (utf16(key), updated)).collect::<BTreeMap<_, _>>();
        ours.len() == keys.len()
            && keys.iter().all(|(key, theirs)| ours.get(key).is_some_and(|ours| same_value(ours, theirs)))
    }
}

/// A key is doomed with all of its rows, or not at all.
fn doom(
    text: &[u8],
    layout: &Layout,
    rows: &[KeptRow],
    keys: &BTreeMap<Vec<u8>, String>,
    dice: &mut Dice<'_>,
) -> (Vec<u8>, String) {
    let share = dice.pick(&[1, 2, 2, 4]);
    let fates: BTreeMap<_, _> = keys.keys().map(|key| (key.clone(), dice.one_in(share))).collect();
    let doomed: Vec<_> = rows.iter().filter(|(key, ..)| fates[&*decode(key)]).collect();
    let cuts = cuts(layout, doomed.iter().map(|(.., span)| *span));
    let names: Vec<_> =
        doomed.iter().map(|(key, ..)| format!("\"{}\"", std::str::from_utf8(key).expect("UTF-8"))).collect();
    (leave_out(text, &cuts), format!("[{}]", names.join(",")))
}

fn updated_at(record: &Record) -> BTreeMap<Vec<u8>, String> {
    let mut rows = BTreeMap::new();
    let mut last = "none".to_owned();
    for event in &record.0 {
        match event {
            Event::Field { name, kind, text, .. } if means(&name.0, "updatedAt") => {
                last = value(*kind, &text.0);
            }
            Event::Field { .. } => {}
            Event::Row { key, .. } => {
                rows.insert(decode(key).into_owned(), std::mem::replace(&mut last, "none".to_owned()));
            }
        }
    }
    rows
}

/// A number as it is written, the type of anything else.
fn value(kind: ValueKind, text: &[u8]) -> String {
    match kind {
        ValueKind::Number => String::from_utf8_lossy(text).into_owned(),
        ValueKind::String => "string".to_owned(),
        ValueKind::Bool => "boolean".to_owned(),
        ValueKind::Object | ValueKind::Array | ValueKind::Null => "object".to_owned(),
    }
}

fn same_value(ours: &str, theirs: &str) -> bool {
    match (ours.parse::<f64>(), theirs.parse::<f64>()) {
        (Ok(ours), Ok(theirs)) => ours.total_cmp(&theirs).is_eq() || ours == 0.0 && theirs == 0.0,
        _ => ours == theirs,
    }
}

/// WTF-8 as UTF-16 in hexadecimal.
fn utf16(wtf8: &[u8]) -> String {
    let mut hex = String::new();
    let mut rest = wtf8;
    while let [lead, ..] = *rest {
        let len = [(0xf0, 4), (0xe0, 3), (0xc0, 2)]
            .iter()
            .find(|(from, _)| lead >= *from)
            .map_or(1, |(_, len)| *len);
        let (char, behind) = rest.split_at(len);
        push_units(&mut hex, char);
        rest = behind;
    }
    hex
}

/// One character, or one surrogate.
fn push_units(hex: &mut String, char: &[u8]) {
    let lead_bits = if char.len() == 1 { 0x7f } else { 0x7f >> char.len() };
    let code = char
        .iter()
        .skip(1)
        .fold(u32::from(char[0]) & lead_bits, |code, byte| code << 6 | u32::from(byte & 0x3f));
    let units = match code.checked_sub(0x1_0000) {
        Some(above) => format!("{:04x}{:04x}", 0xd800 | above >> 10, 0xdc00 | above & 0x3ff),
        None => format!("{code:04x}"),
    };
    hex.push_str(&units);
}
