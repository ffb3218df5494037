//! A row on its way through the judgement, in 32 bytes.

use super::{Decision, Rule, standing::Standing};

/// A row that some rule speaks of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) family: u64,
    pub(super) name: u64,
    pub(super) order: u32,
    pub(super) job: u32,
    pub(super) rule: Rule,
    pub(super) standing: Standing,
    pub(super) decision: Decision,
    /// Whether JavaScript sees this occurrence of its key.
    pub(super) is_last: bool,
    /// Whether its kind is one that people would miss: see [`crate::model::Kind::is_durable`].
    pub(super) is_durable: bool,
    /// Whether it belongs to one of the newest runs of its job, which stay whatever any rule says.
    pub(super) is_newest: bool,
}
