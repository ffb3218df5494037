//! One line of the ledger: what happened, as JSON behind a checksum.
//!
//! Each line stands for itself, so that one that is damaged takes no other with it. What cannot be understood is never
//! guessed at: a line of a newer version counts as damaged.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    MediaRef,
    meta::{Kept, Meta},
    spot::Spot,
};
use crate::{
    model::hex,
    process::{Identity, World},
};

/// So many hexadecimal digits of the checksum stand before the line.
const SUM: usize = 16;

/// The form of the ledger that is written here.
pub(super) const VERSION: u32 = 1;

/// Who lets a file go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum By {
    /// Its owner says that it is done with.
    Owner,
    /// Nobody has used it for too long.
    Net,
}

/// A file that nobody refers to any more, and that is to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Going {
    pub(super) by: By,
    /// When it was let go, by the disk's clock.
    pub(super) at_ns: i64,
}

/// A file is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    #[serde(rename = "ref")]
    pub(super) reference: MediaRef,
    pub(super) path: Spot,
    /// Its number on its disk, by which it is known again.
    pub(super) ino: u64,
    pub(super) at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) used: Option<i64>,
    pub(super) scope: String,
    pub(super) meta: Meta,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<Kept>,
}

/// A process uses a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Leased {
    pub(super) id: u64,
    pub(super) path: Spot,
    pid: u32,
    start: Option<u64>,
    boot: Option<String>,
    namespace: Option<String>,
    /// The machine, so that one which has booted since is told from another that shares a disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) machine: Option<String>,
    /// The file whose lock the store has that leases, for as long as it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lock: Option<String>,
}

impl Leased {
    pub(super) fn new(id: u64, path: Spot, holder: &Identity) -> Self {
        let world = holder.world.as_ref();
        let boot = world.map(|world| world.boot.clone());
        let namespace = world.map(|world| world.namespace.clone());
        let (machine, lock) = (None, None);
        Self { id, path, pid: holder.pid, start: holder.start, boot, namespace, machine, lock }
    }

    pub(super) fn holder(&self) -> Identity {
        let world = self.boot.clone().zip(self.namespace.clone());
        let world = world.map(|(boot, namespace)| World { boot, namespace });
        Identity { pid: self.pid, start: self.start, world }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum Record {
    /// The ledger begins.
    Head { version: u32 },
    /// A file is stored.
    Store(Stored),
    /// A file was used.
    Used {
        #[serde(rename = "ref")]
        reference: MediaRef,
        at: i64,
    },
    /// References go, and the files that have no other.
    Drop { refs: Vec<MediaRef>, going: Going },
    /// A file that was let go is still there.
    Going { path: Spot, ino: u64, going: Going },
    /// A file that nobody refers to any more stays.
    Spared { path: Spot, ino: u64 },
    /// Files that nobody refers to are gone, or are not ours to remove.
    Gone { paths: Vec<Spot> },
    /// A process uses a file.
    Lease(Leased),
    /// It does so no more.
    End { ids: Vec<u64> },
    /// Lines before this one are damaged: what was there by then is never removed.
    Doubt { until_ns: i64 },
}

impl Record {
    /// The line, with its end.
    pub(super) fn line(&self) -> serde_json::Result<Vec<u8>> {
        let json = serde_json::to_vec(self)?;
        let mut line = sum(&json).into_bytes();
        line.push(b' ');
        line.extend_from_slice(&json);
        line.push(b'\n');
        Ok(line)
    }

    /// What a line says, its end cut off; `None` when it is damaged.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let (stated, json) = line.split_at_checked(SUM)?;
        let json = json.strip_prefix(b" ")?;
        if sum(json).as_bytes() != stated {
            return None;
        }
        match serde_json::from_slice(json).ok()? {
            Self::Head { version } if version != VERSION => None,
            record => Some(record),
        }
    }
}

fn sum(json: &[u8]) -> String {
    let mut sum = hex(&Sha256::digest(json));
    sum.truncate(SUM);
    sum
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn records() -> Vec<Record> {
        let path = Spot::new(Path::new("a/b"));
        let reference = MediaRef::new();
        let going = Going { by: By::Net, at_ns: 7 };
        vec![
            Record::Head { version: VERSION },
            Record::Store(Stored {
                reference,
                path: path.clone(),
                ino: u64::MAX,
                at: -1,
                used: Some(2),
                scope: "s\n\"x\"".to_owned(),
                meta: Meta { filename: "ä".to_owned(), ..Meta::default() },
                kept: Some(Kept::Outside),
            }),
            Record::Used { reference, at: 5 },
            Record::Drop { refs: vec![reference], going },
            Record::Going { path: path.clone(), ino: 3, going },
            Record::Spared { path: path.clone(), ino: 4 },
            Record::Gone { paths: vec![path.clone()] },
            Record::Lease(Leased::new(u64::MAX, path, &Identity::of_this_process())),
            Record::End { ids: vec![u64::MAX] },
            Record::Doubt { until_ns: i64::MAX },
        ]
    }

    #[test]
    fn every_line_is_one_line_and_can_be_read_back() {
        for record in records() {
            let line = record.line().unwrap();
            let (end, line) = line.split_last().unwrap();
            assert!(*end == b'\n' && !line.contains(&b'\n'));
            assert_eq!(Record::read(line), Some(record));
        }
    }

    #[test]
    fn i5_no_line_with_a_flipped_bit_or_of_another_version_is_understood() {
        for record in records() {
            let mut line = record.line().unwrap();
            line.pop();
            for place in 0..line.len() {
                for bit in 0..8 {
                    line[place] ^= 1 << bit;
                    assert_eq!(Record::read(&line), None);
                    line[place] ^= 1 << bit;
                }
                assert_eq!(Record::read(&line[..place]), None);
            }
        }
        let mut newer = Record::Head { version: VERSION + 1 }.line().unwrap();
        newer.pop();
        assert_eq!(Record::read(&newer), None);
    }
}
