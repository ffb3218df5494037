//! `[payloads]`: the spool that is swept beside the stores, and what stays in a transcript.

use std::path::{Component, Path, PathBuf};

use super::Layer;
use crate::{
    artifact::payloads::Options,
    config::{Effective, Setting, error::Problem},
    model::{Age, Retention},
};

/// Which spool is swept, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payloads {
    /// Its folder; `None` for none.
    pub dir: Option<PathBuf>,
    /// How long what a dead owner left is kept after his last payload.
    pub grace: Retention,
    /// How large the spool may become; `None` for no limit.
    pub max_bytes: Option<u64>,
    /// Whether one process tree alone works on its volume.
    pub one_process_tree: bool,
    /// So many bytes of a result stay inline.
    pub inline_limit: u64,
}

impl Default for Payloads {
    fn default() -> Self {
        Self {
            dir: None,
            grace: Retention::After(Age::from_hours(24)),
            max_bytes: None,
            one_process_tree: false,
            inline_limit: Options::BYTES as u64,
        }
    }
}

impl Payloads {
    /// How the spool is swept. Without an end to the grace only what does not fit goes.
    #[must_use]
    pub fn options(&self) -> Options {
        let options = Options::default().with_one_process_tree(self.one_process_tree);
        let options = match self.grace {
            Retention::After(age) => options.with_grace(age),
            Retention::Off => options.without_reclaim(),
        };
        let positive = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let limited = match self.max_bytes {
            Some(bytes) => options.clone().with_max_bytes(positive(bytes)).unwrap_or(options),
            None => options,
        };
        limited.clone().with_inline_limit(positive(self.inline_limit)).unwrap_or(limited)
    }
}

impl Effective {
    /// A spool is named from the root on: whoever calls us from another folder means the same.
    pub(in crate::config) fn take_payloads(&mut self, layer: &mut Layer) -> Result<(), Problem> {
        let start = Payloads::default();
        let one_tree = self.take(Setting::PayloadsOneProcessTree, layer.payloads_one_process_tree.take());
        let inline = self.take(Setting::PayloadsInlineLimit, layer.payloads_inline_limit.take());
        self.payloads = Payloads {
            dir: self.take(Setting::PayloadsDir, layer.payloads_dir.take()).flatten(),
            grace: self.take(Setting::PayloadsGrace, layer.payloads_grace.take()).unwrap_or(start.grace),
            max_bytes: self.take(Setting::PayloadsMaxBytes, layer.payloads_max_bytes.take()).flatten(),
            one_process_tree: one_tree.unwrap_or(start.one_process_tree),
            inline_limit: inline.unwrap_or(start.inline_limit),
        };
        self.payloads.dir.as_deref().and_then(why_no_spool).map_or(Ok(()), |why| {
            Err(Problem::of_value(self.origin(Setting::PayloadsDir), Setting::PayloadsDir.key(), why))
        })
    }
}

/// Why a path cannot be meant as that of a spool, if it cannot.
fn why_no_spool(dir: &Path) -> Option<&'static str> {
    if dir.as_os_str().is_empty() {
        Some("the path is empty; name a folder that is for payloads alone")
    } else if !dir.is_absolute() {
        Some("the path is relative; name the spool from the root on")
    } else if dir.components().any(|part| part == Component::ParentDir) {
        Some("there is a .. in the path; name the spool by its real path")
    } else if dir.file_name().is_none() {
        Some("this is the root of everything; name a folder that is for payloads alone")
    } else {
        None
    }
}
