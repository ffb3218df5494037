//! How fast rows are found, in bytes a second: `cargo bench --bench scan`.
//!
//! Lean rows are 1.3 KB as gateways write them; heavy ones carry a prompt of 25 KB that is full of escapes.

#[path = "compare/rows.rs"]
mod rows;

use std::{hint::black_box, ops::Range};

use divan::{Bencher, counter::BytesCount};
use session_reaper::json::{Asked, RawRow, Scanner, Visit, cuts, scan, testing::Ages};

/// How much text a bench scans: more than the processor's caches hold.
const SIZE: usize = 64 << 20;

fn main() {
    divan::main();
}

/// Spans of every fourth row.
#[derive(Default)]
struct Quarter(Vec<session_reaper::json::Span>, usize);

impl Visit for Quarter {
    fn asks(&self) -> Asked {
        Asked::Nothing
    }

    fn row(&mut self, row: RawRow<'_>) {
        self.1 += 1;
        if self.1.is_multiple_of(4) {
            self.0.push(row.span);
        }
    }
}

#[divan::bench(sample_count = 30, args = ["lean", "heavy", "compact"])]
fn whole(bencher: Bencher<'_, '_>, kind: &str) {
    let text = text(kind);
    bencher.counter(BytesCount::new(text.len())).bench(|| {
        let mut ages = Ages::default();
        let layout = scan(black_box(text.as_bytes()), &mut ages);
        black_box((layout, ages.sum))
    });
}

#[divan::bench(sample_count = 30, args = ["lean", "heavy", "compact"])]
fn in_chunks_of_256k(bencher: Bencher<'_, '_>, kind: &str) {
    let text = text(kind);
    bencher.counter(BytesCount::new(text.len())).bench(|| {
        let (mut scanner, mut ages) = (Scanner::new(), Ages::default());
        for chunk in black_box(text.as_bytes()).chunks(256 << 10) {
            black_box(scanner.feed(chunk, &mut ages).is_ok());
        }
        black_box((scanner.finish(&mut ages), ages.sum))
    });
}

#[divan::bench(sample_count = 30, args = ["lean", "heavy"])]
fn scan_and_cuts(bencher: Bencher<'_, '_>, kind: &str) {
    let text = text(kind);
    bencher.counter(BytesCount::new(text.len())).bench(|| -> Vec<Range<u64>> {
        let mut quarter = Quarter::default();
        let layout = scan(black_box(text.as_bytes()), &mut quarter);
        layout.map(|layout| cuts(&layout, quarter.0)).unwrap_or_default()
    });
}

/// What checking that it is UTF-8 costs alone: no scan can be faster than that.
#[divan::bench(sample_count = 30, args = ["lean", "heavy"])]
fn utf8_alone(bencher: Bencher<'_, '_>, kind: &str) {
    let text = text(kind);
    bencher
        .counter(BytesCount::new(text.len()))
        .bench(|| black_box(simdutf8::basic::from_utf8(black_box(text.as_bytes())).is_ok()));
}

/// A store of one kind of row.
fn text(kind: &str) -> String {
    let text = if kind == "heavy" {
        rows::with(&rows::prompt(), SIZE)
    } else {
        rows::with("You are a helper.", SIZE)
    };
    if kind == "compact" { text.replace('\n', "").replace("  ", "").replace(": ", ":") } else { text }
}
