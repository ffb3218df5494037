//! The keys that somebody may have meant who gave one that is not there.

use crate::{
    json,
    model::Key,
    store::{Look, Seen},
};

/// How many keys are suggested.
const SHOWN: usize = 3;

/// Finds the keys that contain what was given, or else begin and end as it does.
#[derive(Debug)]
pub(super) struct Near {
    wanted: Vec<u8>,
    best: Vec<(usize, Key)>,
}

impl Near {
    pub(super) fn new(wanted: &str) -> Self {
        Self { wanted: wanted.as_bytes().to_ascii_lowercase(), best: Vec::new() }
    }

    /// The nearest keys, best first.
    pub(super) fn into_keys(self) -> Vec<Key> {
        self.best.into_iter().map(|(_, key)| key).collect()
    }

    /// How near a key is; `None` when it is none that could be meant.
    fn score(&self, key: &[u8]) -> Option<usize> {
        let key = key.to_ascii_lowercase();
        let longer = key.len().max(self.wanted.len());
        if !self.wanted.is_empty() && memchr::memmem::find(&key, &self.wanted).is_some() {
            return Some(usize::MAX - key.len());
        }
        let shared = shared(&key, &self.wanted);
        (shared * 2 > longer).then(|| shared * 1_000 / longer)
    }
}

impl Look for Near {
    fn row(&mut self, row: &Seen<'_>) {
        if row.verdict.is_none() {
            return;
        }
        let key = json::decode(row.raw.key);
        let Some(score) = self.score(&key) else { return };
        let at = self.best.partition_point(|(better, _)| *better >= score);
        if at < SHOWN {
            self.best.insert(at, (score, Key::from_wtf8(&key)));
            self.best.truncate(SHOWN);
        }
    }
}

/// How many bytes two keys have in common at their beginnings and ends.
fn shared(a: &[u8], b: &[u8]) -> usize {
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    (start + end).min(a.len()).min(b.len())
}
