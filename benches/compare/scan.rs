//! Text read at once, in this process: how fast rows are found, with everything checked that JSON asks for.

use std::{hint::black_box, io, time::Instant};

use serde::de::IgnoredAny;
use session_reaper::{
    json::{scan, testing::Ages},
    specimen::{self, Weight},
};

use crate::{
    measure::{Run, Series},
    rows,
    scenes::{Kind, SCAN, Scene},
    settings::Settings,
    stage::recipe,
};

/// Finds rows, keys and times.
pub(crate) const OURS: &str = "session-reaper's scan";

fn ours(text: &[u8]) -> bool {
    let mut ages = Ages::default();
    let is_fine = scan(text, &mut ages).is_ok();
    is_fine && black_box(ages.sum) > 0
}

fn serde_ignores(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

fn utf8(text: &[u8]) -> bool {
    simdutf8::basic::from_utf8(text).is_ok()
}

type Reader = fn(&[u8]) -> bool;

const READERS: [(&str, Reader); 3] =
    [(OURS, ours), ("serde_json, every value ignored", serde_ignores), ("the check for UTF-8 alone", utf8)];

/// What is scanned.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text {
    /// Lean rows of the generator.
    Lean,
    /// Rows with one prompt of 25 KB that is full of escapes.
    Prompts,
    /// Heavy rows of the generator: a shorter prompt, and many short fields.
    Heavy,
}

impl Text {
    const ALL: [Self; 3] = [Self::Lean, Self::Prompts, Self::Heavy];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Lean => "lean",
            Self::Prompts => "heavy, one prompt a row",
            Self::Heavy => "heavy, many short fields",
        }
    }

    /// About so many bytes of it.
    fn of(self, bytes: usize) -> io::Result<Vec<u8>> {
        let (weight, row) = match self {
            Self::Prompts => return Ok(rows::with(&rows::prompt(), bytes).into_bytes()),
            Self::Lean => (Weight::Lean, 1_440),
            Self::Heavy => (Weight::Heavy, 25_800),
        };
        let mut text = Vec::new();
        specimen::write(&recipe(u64::try_from(bytes / row).unwrap_or(0), weight), &mut text)?;
        Ok(text)
    }
}

pub(crate) fn label(name: &str, text: Text) -> String {
    format!("{}: {name}", text.name())
}

/// Each text of the wanted size, and every reader in turn.
pub(crate) fn scene(settings: &Settings) -> io::Result<Scene> {
    eprintln!("{SCAN}");
    let mut series = Vec::new();
    for kind in Text::ALL {
        let text = kind.of(settings.scanned)?;
        let first = series.len();
        series.extend(READERS.map(|(name, _)| begin(label(name, kind), text.len())));
        for _ in 0..settings.rounds * 3 {
            for (place, (_, read)) in READERS.iter().enumerate() {
                once(&mut series[first + place], *read, &text);
            }
        }
    }
    Ok(Scene { name: SCAN.to_owned(), kind: Kind::Scan, series })
}

fn begin(name: String, bytes: usize) -> Series {
    Series { name, rows: 0, bytes: bytes as u64, failure: None, runs: Vec::new() }
}

fn once(series: &mut Series, read: Reader, text: &[u8]) {
    let begin = Instant::now();
    let is_fine = read(black_box(text));
    let wall = begin.elapsed().as_secs_f64();
    if is_fine {
        series.runs.push(Run { wall, cpu: wall, peak: 0.0 });
    } else {
        series.failure = Some("it refused the text".to_owned());
    }
}
