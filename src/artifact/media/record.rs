//! One line of the ledger: what happened, as JSON behind a checksum.
//!
//! Each line stands for itself, so that one that is damaged takes no other with it. What cannot be understood is never
//! guessed at: a line of a newer version counts as damaged.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::{
    MediaRef,
    meta::{Kept, Meta},
    spot::Spot,
};
use crate::{
    fs::Stat,
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
    /// The same, and it goes into the trash.
    Trash,
}

/// A file that nobody refers to any more, and that is to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Going {
    pub(super) by: By,
    /// When it was let go, by the disk's clock.
    pub(super) at_ns: i64,
}

impl Going {
    /// Whether what happened to a file since then keeps it: the net judges by age, and an owner has let it go whatever happens.
    pub(super) fn is_news(&self, at_ns: i128) -> bool {
        self.by == By::Net && at_ns > i128::from(self.at_ns)
    }
}

/// By what a file is known again. The number alone is not enough: many file systems give it to the next new file at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Its number on its disk.
    pub(super) ino: u64,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) born: Option<i64>,
    /// Where nobody can tell that: when something last happened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<i64>,
}

impl Mark {
    pub(super) fn of(stat: &Stat) -> Self {
        let born = stat.born_ns.and_then(|born| i64::try_from(born).ok());
        let since = if born.is_none() { last(stat) } else { None };
        Self { ino: stat.ino, born, since }
    }

    /// Whether this is the file, for certain. `at_ns`: when it was let go, where that is over.
    pub(super) fn fits(&self, stat: &Stat, at_ns: Option<i64>) -> bool {
        let is_it = match (self.born, self.since) {
            (Some(born), _) => stat.born_ns == Some(i128::from(born)),
            (None, Some(since)) => last(stat) == Some(since),
            // An old line: one that was written to since then may be another with the same number.
            (None, None) => at_ns.is_none_or(|at_ns| stat.modified_ns <= i128::from(at_ns)),
        };
        stat.ino == self.ino && is_it
    }

    /// Whether this is the file, moved aside to be removed: that has changed what last happened to it. `at_ns`: when it was let go.
    pub(super) fn fits_moved(&self, stat: &Stat, at_ns: i64) -> bool {
        self.is_of(stat) && (self.born.is_some() || stat.modified_ns <= i128::from(at_ns))
    }

    /// Whether this is the file, by what stays with one that is moved.
    pub(super) fn is_of(&self, stat: &Stat) -> bool {
        let is_it = self.born.is_none_or(|born| stat.born_ns == Some(i128::from(born)));
        stat.is_file && stat.ino == self.ino && is_it
    }
}

fn last(stat: &Stat) -> Option<i64> {
    i64::try_from(stat.modified_ns.max(stat.changed_ns)).ok()
}

/// A file is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    #[serde(rename = "ref")]
    pub(super) reference: MediaRef,
    pub(super) path: Spot,
    #[serde(flatten)]
    pub(super) mark: Mark,
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
    Head {
        version: u32,
        /// Which ledger it is: none that was written before or after it has the same.
        #[serde(default)]
        id: u64,
    },
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
    Going {
        path: Spot,
        #[serde(flatten)]
        mark: Mark,
        going: Going,
    },
    /// A file that nobody refers to any more stays.
    Spared {
        path: Spot,
        #[serde(flatten)]
        mark: Mark,
    },
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
        line_of(self)
    }

    /// What a line says, its end cut off; `None` when it is damaged.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        match line_read(line)? {
            Self::Head { version, .. } if version != VERSION => None,
            record => Some(record),
        }
    }
}

/// What is to be written down, behind its checksum, with the line's end.
pub(super) fn line_of(what: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let json = serde_json::to_vec(what)?;
    let mut line = sum(&json).into_bytes();
    line.push(b' ');
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

/// What a line says, its end cut off; `None` when it is damaged.
pub(super) fn line_read<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let (stated, json) = line.split_at_checked(SUM)?;
    let json = json.strip_prefix(b" ")?;
    if sum(json).as_bytes() == stated { serde_json::from_slice(json).ok() } else { None }
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
            Record::Head { version: VERSION, id: u64::MAX },
            Record::Store(Stored {
                reference,
                path: path.clone(),
                mark: Mark { ino: u64::MAX, born: Some(-1), since: None },
                at: -1,
                used: Some(2),
                scope: "s\n\"x\"".to_owned(),
                meta: Meta { filename: "ä".to_owned(), ..Meta::default() },
                kept: Some(Kept::Outside),
            }),
            Record::Used { reference, at: 5 },
            Record::Drop { refs: vec![reference], going },
            Record::Going { path: path.clone(), mark: Mark { ino: 3, born: None, since: Some(4) }, going },
            Record::Spared { path: path.clone(), mark: Mark { ino: 4, born: None, since: None } },
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
        let mut newer = Record::Head { version: VERSION + 1, id: 1 }.line().unwrap();
        newer.pop();
        assert_eq!(Record::read(&newer), None);
    }

    #[test]
    fn i10_only_the_same_file_fits_its_mark() {
        let stat = Stat { ino: 1, modified_ns: 5, changed_ns: 6, born_ns: Some(4), ..Stat::default() };
        let mark = Mark::of(&stat);
        let written_to = Stat { modified_ns: 9, changed_ns: 9, ..stat };
        assert!(mark.fits(&stat, None) && mark.fits(&written_to, Some(7)));
        for other in [Some(3), None] {
            assert!(!mark.fits(&Stat { born_ns: other, ..stat }, None));
        }
        assert!(!mark.fits(&Stat { ino: 2, ..stat }, None));
        // Where nobody knows when a file was made, one to which anything happened may be another.
        let unborn = Stat { born_ns: None, ..stat };
        let mark = Mark::of(&unborn);
        assert!(mark.fits(&unborn, None) && mark.fits(&Stat { born_ns: Some(4), ..stat }, None));
        assert!(!mark.fits(&Stat { born_ns: None, ..written_to }, None));
        let old = Mark { ino: 1, born: None, since: None };
        assert!(old.fits(&stat, Some(5)) && !old.fits(&stat, Some(4)));
    }
}
