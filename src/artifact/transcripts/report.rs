//! What came of a compaction.

use std::path::PathBuf;

use crate::trash::RunId;

/// What a compaction did to a transcript, or in a dry run would do. `lines` is the sum of `touched`, `kept`, `unreadable` and
/// `torn`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compacted {
    /// The run that an undo takes back; `None` when nothing was changed.
    pub run: Option<RunId>,
    /// How many lines there are.
    pub lines: u64,
    /// In how many of them something was replaced.
    pub touched: u64,
    /// How many stayed because there was nothing to replace.
    pub kept: u64,
    /// How many stayed because they are no JSON.
    pub unreadable: u64,
    /// 1 where the last line is no JSON and has no line break, so that its writer was killed or is still at it.
    pub torn: u64,
    /// How many bytes that line has.
    pub torn_bytes: u64,
    /// Where that line was put aside; `None` where it stays, because nothing else was changed.
    pub torn_at: Option<PathBuf>,
    /// How many results went to files.
    pub payloads: u64,
    /// The size of the transcript before.
    pub bytes_before: u64,
    /// Its size after.
    pub bytes_after: u64,
}
