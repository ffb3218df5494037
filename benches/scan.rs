//! How fast rows are found, in bytes a second: `cargo bench --bench scan`.
//!
//! Lean rows are 1.3 KB as gateways write them; heavy ones carry a prompt of 25 KB that is full of escapes.

use std::{fmt::Write as _, hint::black_box, ops::Range};

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
    let prompt = if kind == "heavy" { prompt() } else { "You are a helper.".to_owned() };
    let mut text = String::with_capacity(SIZE + (64 << 10));
    text.push('{');
    for index in 0.. {
        push_row(&mut text, index, &prompt);
        if text.len() >= SIZE {
            break;
        }
        text.push(',');
    }
    text.push_str("\n}");
    if kind == "compact" { text.replace('\n', "").replace("  ", "").replace(": ", ":") } else { text }
}

/// 25 KB as they stand in a system prompt: lines, quotes, some Markdown, a letter beyond ASCII now and then.
fn prompt() -> String {
    let lines = [
        "## Tools\\n- read: read a file, e.g. {\\\"path\\\": \\\"docs/page.md\\\"}\\n",
        "You are a personal assistant running inside a gateway. Prefer short answers.\\n\\n",
        "- Never say \\\"done\\\" before the command has ended; quote its last line.\\n",
        "<file path=\\\"notes/2026-01-01.md\\\">\\n\\tindented\\t\\\"text\\\" — übrigens\\n</file>\\n",
    ];
    lines.concat().repeat(25_000 / lines.concat().len())
}

/// 1.3 KB of a cron run, indented by two, and the prompt.
fn push_row(text: &mut String, index: u64, prompt: &str) {
    let run = format!("{index:08x}-4b1d-4c3e-9f00-0123456789ab");
    let updated = 1_767_225_600_000 + index * 1009;
    let _ = write!(
        text,
        r#"
  "agent:main:cron:7c9e6679-7425-40de-944b-e07fc1f90ae7:run:{run}": {{
    "sessionId": "{run}",
    "updatedAt": {updated},
    "sessionFile": "/home/user/.openclaw/agents/main/sessions/{run}.jsonl",
    "systemSent": true,
    "abortedLastRun": false,
    "thinkingLevel": "low",
    "label": "Cron: morning digest",
    "chatType": "direct",
    "deliveryContext": {{
      "channel": "telegram",
      "to": "-1001234567890",
      "accountId": "default"
    }},
    "lastChannel": "telegram",
    "lastTo": "-1001234567890",
    "origin": {{
      "label": "cron",
      "provider": "cron",
      "surface": "cron",
      "chatType": "direct",
      "from": "cron:7c9e6679",
      "to": "main"
    }},
    "modelProvider": "anthropic",
    "model": "claude-sonnet",
    "contextTokens": 200000,
    "inputTokens": 18231,
    "outputTokens": 911,
    "totalTokens": 19142,
    "cacheRead": 0,
    "compactionCount": 0,
    "skillsSnapshot": {{
      "prompt": "{prompt}",
      "skills": [
        {{
          "name": "weather"
        }},
        {{
          "name": "calendar"
        }}
      ],
      "version": 3
    }}
  }}"#
    );
}
