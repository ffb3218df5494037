//! Node as the oracle: what `JSON.parse` takes we take, what it sees we see, and what we cut out is all it misses.
//!
//! `SESSION_REAPER_NODE_DOCS` says how many documents are compared. Without `node` the test is skipped, but not under
//! `CI`.

#![cfg(test)]

mod batch;
mod ours;

use std::{collections::BTreeMap, env, io::ErrorKind, process::Command};

use batch::Batch;
use ours::Ours;
use serde::Deserialize;
use session_reaper::json::testing::{Dice, Document, spoil};

/// How many documents one run of Node reads.
const BATCH: usize = 5_000;

/// What Node says about one document.
#[derive(Debug, Deserialize)]
struct Answer {
    accepted: bool,
    /// Each key as UTF-16 in hexadecimal, with what its row's `updatedAt` is.
    keys: BTreeMap<String, String>,
    /// Whether the text without the doomed rows says the same without them.
    same: bool,
}

#[derive(Debug, Default)]
struct Tally {
    compared: usize,
    accepted: usize,
    shrunk: usize,
}

#[test]
fn i2_i6_node_reads_every_document_as_we_do() {
    let wanted = env::var("SESSION_REAPER_NODE_DOCS").map_or(3_000, |text| text.parse().expect("a number"));
    if !node_is_here() {
        assert!(env::var_os("CI").is_none(), "node is needed under CI");
        println!("skipped: there is no node");
        return;
    }
    let mut tally = Tally::default();
    for first in (0..wanted).step_by(BATCH) {
        compare(first..wanted.min(first + BATCH), &mut tally);
    }
    println!("compared {} documents with node: {tally:?}", tally.compared);
    assert_eq!(tally.compared, wanted);
    assert!(tally.shrunk > 0 && tally.accepted > 0 && tally.accepted < tally.compared, "{tally:?}");
}

fn node_is_here() -> bool {
    match Command::new("node").arg("--version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        found => found.expect("node starts").status.success(),
    }
}

/// The document of this seed; every second one spoiled.
fn document(seed: usize) -> Vec<u8> {
    let mut dice = Dice::from_seed(seed as u64);
    let text = Document::any(&mut dice, 8).text(&mut dice).into_bytes();
    if seed.is_multiple_of(2) { text } else { spoil(&text, &mut dice) }
}

fn compare(seeds: std::ops::Range<usize>, tally: &mut Tally) {
    let mut batch = Batch::new();
    let all: Vec<_> = seeds.map(|seed| (seed, document(seed))).collect();
    let ours: Vec<_> = all.iter().map(|(seed, text)| Ours::of(text, *seed as u64)).collect();
    for ((_, text), ours) in all.iter().zip(&ours) {
        batch.push(text, &ours.output, ours.doomed.as_bytes());
    }
    let answers = batch.ask_node();
    assert_eq!(answers.len(), all.len());
    for (((seed, text), ours), answer) in all.iter().zip(&ours).zip(&answers) {
        let context = || format!("seed {seed}: {}\n{ours:?}\n{answer:?}", String::from_utf8_lossy(text));
        assert_eq!(ours.accepted(), answer.accepted, "{}", context());
        assert!(!answer.accepted || ours.agrees_with(&answer.keys), "{}", context());
        assert!(!answer.accepted || answer.same, "{}", context());
        tally.compared += 1;
        tally.accepted += usize::from(answer.accepted);
        tally.shrunk += usize::from(answer.accepted && ours.output.len() < text.len());
    }
}
