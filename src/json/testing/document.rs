//! Documents: rows with keys and fields such as stores have, and such as only an enemy writes.

use super::{dice::Dice, style::Style};

/// A document: what it says, how it is laid out, and what stands around it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// Its rows. A key may stand twice.
    pub rows: Vec<Row>,
    /// How it is laid out.
    pub style: Style,
    /// Whether a byte order mark stands before it.
    pub bom: bool,
    /// White space behind it.
    pub tail: &'static str,
}

/// A row, or a field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The raw text between the key's quotes.
    pub key: String,
    /// Its value.
    pub value: Value,
}

/// A value, its strings and numbers as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `{...}`
    Object(Vec<Row>),
    /// `[...]`
    Array(Vec<Self>),
    /// Anything else, as it is written.
    Raw(String),
}

const JOBS: [&str; 6] = ["daily", "7f3c", "a b", "\\u00e9t\\u00e9", "x\\\"y", "\\ud83d\\ude00"];
const KEYS: [&str; 16] = [
    "agent:main:main",
    "agent:main:telegram:group:-100",
    "",
    "__proto__",
    "constructor",
    "2",
    "10",
    "\\u0031\\u0030",
    "\\ud800",
    "\\udfff\\ud800",
    "😀",
    "\\ud83d\\ude00",
    "\\u0000",
    "back\\\\slash\\/",
    "größe\u{7f}\u{2028}",
    "\\\"",
];
const NAMES: [&str; 12] = [
    "updatedAt",
    "sessionId",
    "updatedAt",
    "\\u0075pdatedAt",
    "updated\\u0041t",
    "__proto__",
    "model",
    "",
    "\\ud800",
    "updatedat",
    "3",
    "1",
];
const NUMBERS: [&str; 20] = [
    "1767225600000",
    "1767225600000.5",
    "0",
    "-0",
    "-1",
    "0.0",
    "1e3",
    "1E+3",
    "1e-3",
    "9007199254740993",
    "123456789012345678901234567890",
    "1e999",
    "-1e999",
    "1e400",
    "5e-324",
    "1.7976931348623157e308",
    "0e0",
    "0.1e1",
    "12.500",
    "-12e0",
];
const PIECES: [&str; 16] = [
    "a",
    "some longer text that goes on for a while",
    " ",
    "\\n",
    "\\\"",
    "\\\\",
    "\\/",
    "\\u0041",
    "\\ud83d\\ude00",
    "\\ud800",
    "é",
    "😀",
    "{\\\"k\\\": [",
    "}],:",
    "\u{7f}",
    "\u{2028}",
];

impl Document {
    /// A document of at most `most` rows.
    #[must_use]
    pub fn any(dice: &mut Dice<'_>, most: usize) -> Self {
        Self {
            style: dice.pick(&Style::ALL),
            rows: (0..dice.below(most + 1)).map(|_| Row::any(dice)).collect(),
            bom: dice.one_in(12),
            tail: dice.pick(&["", "\n", "\r\n", " \t\n\n"]),
        }
    }

    /// Its text. The dice are only thrown for [`Style::Wild`].
    #[must_use]
    pub fn text(&self, dice: &mut Dice<'_>) -> String {
        let mut text = String::from(if self.bom { "\u{feff}" } else { "" });
        write_object(&mut text, &self.rows, self.style, 1, dice);
        text.push_str(self.tail);
        text
    }

    /// The same document without the rows for which `doomed` says so, by their index.
    #[must_use]
    pub fn without(&self, doomed: impl Fn(usize) -> bool) -> Self {
        let kept = self.rows.iter().enumerate().filter(|(index, _)| !doomed(*index));
        Self { rows: kept.map(|(_, row)| row.clone()).collect(), ..self.clone() }
    }
}

impl Row {
    /// Any row: mostly an object with a key of the trade.
    #[must_use]
    pub fn any(dice: &mut Dice<'_>) -> Self {
        let key = match dice.below(4) {
            0 => cron_key(dice),
            1 => string(dice),
            _ => dice.pick(&KEYS).to_owned(),
        };
        let value = if dice.one_in(8) { Value::any(dice, 3) } else { Value::row(dice) };
        Self { key, value }
    }

    fn field(dice: &mut Dice<'_>, depth: usize) -> Self {
        let key = if dice.one_in(5) { string(dice) } else { dice.pick(&NAMES).to_owned() };
        let value = if key.contains("pdated") && !dice.one_in(4) {
            Value::Raw(dice.pick(&NUMBERS).to_owned())
        } else {
            Value::any(dice, depth)
        };
        Self { key, value }
    }
}

impl Value {
    fn row(dice: &mut Dice<'_>) -> Self {
        Self::Object((0..dice.below(6)).map(|_| Row::field(dice, 2)).collect())
    }

    /// Any value, at most `depth` brackets deep.
    #[must_use]
    pub fn any(dice: &mut Dice<'_>, depth: usize) -> Self {
        match dice.below(if depth == 0 { 5 } else { 8 }) {
            0 | 1 => Self::Raw(dice.pick(&NUMBERS).to_owned()),
            2 | 3 => Self::Raw(format!("\"{}\"", string(dice))),
            4 => Self::Raw(dice.pick(&["true", "false", "null"]).to_owned()),
            5 => Self::Array((0..dice.below(4)).map(|_| Self::any(dice, depth - 1)).collect()),
            _ => Self::Object((0..dice.below(4)).map(|_| Row::field(dice, depth - 1)).collect()),
        }
    }

    fn write(&self, text: &mut String, style: Style, depth: usize, dice: &mut Dice<'_>) {
        match self {
            Self::Raw(raw) => text.push_str(raw),
            Self::Object(fields) => write_object(text, fields, style, depth, dice),
            Self::Array(values) => write_array(text, values, style, depth, dice),
        }
    }
}

fn cron_key(dice: &mut Dice<'_>) -> String {
    let (job, run) = (dice.pick(&JOBS), dice.below(4));
    format!("agent:main:cron:{job}:run:{run:08x}-0000-4000-8000-000000000000")
}

fn string(dice: &mut Dice<'_>) -> String {
    (0..dice.pick(&[0, 1, 1, 2, 3, 5, 9, 40])).map(|_| dice.pick(&PIECES)).collect()
}

fn write_object(text: &mut String, fields: &[Row], style: Style, depth: usize, dice: &mut Dice<'_>) {
    write_list(text, ("{", "}"), fields, style, depth, dice, |field, text, dice| {
        text.extend(["\"", &field.key, "\""]);
        text.push_str(&style.colon(dice));
        field.value.write(text, style, depth + 1, dice);
    });
}

fn write_array(text: &mut String, values: &[Value], style: Style, depth: usize, dice: &mut Dice<'_>) {
    write_list(text, ("[", "]"), values, style, depth, dice, |value, text, dice| {
        value.write(text, style, depth + 1, dice);
    });
}

fn write_list<T>(
    text: &mut String,
    (open, close): (&str, &str),
    items: &[T],
    style: Style,
    depth: usize,
    dice: &mut Dice<'_>,
    write: impl Fn(&T, &mut String, &mut Dice<'_>),
) {
    text.push_str(open);
    for (index, item) in items.iter().enumerate() {
        let before = if index == 0 { style.open(depth, dice) } else { style.comma(depth, dice) };
        text.push_str(&before);
        write(item, text, dice);
    }
    if !items.is_empty() {
        text.push_str(&style.close(depth - 1, dice));
    } else if style == Style::Wild {
        text.push_str(&style.open(depth, dice));
    }
    text.push_str(close);
}
