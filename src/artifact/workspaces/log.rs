//! One line of the log for each call of `remove_group`, refused ones included.

use std::{path::Path, time::Duration};

use tracing::{info, warn};

use super::{outcome::Outcome, remove::Removal};
use crate::{fs::Freed, model::Error};

/// Says what came of a removal.
pub(super) fn removed(path: &Path, removal: &Result<Removal, Error>, took: Duration) {
    match removal {
        Err(error) => log_refusal(path, error, took),
        Ok(removal) => {
            let (path, duration_ms) = (path.display(), millis(took));
            let (Freed { files, bytes: bytes_freed, .. }, complete) =
                (removal.freed(), removal.is_complete());
            if complete {
                info!(target: "session_reaper", %path, complete, files, bytes_freed, duration_ms, "group removed");
            } else {
                let failed = failures(removal);
                warn!(target: "session_reaper", %path, complete, files, bytes_freed, duration_ms, failed, "group not removed");
            }
        }
    }
}

/// Says in the log that a group was refused, as [`super::remove_group`] does: for whoever refuses one before that is called.
pub fn log_refusal(path: &Path, error: &Error, took: Duration) {
    let (path, duration_ms) = (path.display(), millis(took));
    warn!(target: "session_reaper", %path, %error, duration_ms, "group refused");
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// What is wrong with each member that is left.
fn failures(removal: &Removal) -> String {
    let left = removal.members.iter().filter_map(|member| match &member.outcome {
        Outcome::Left(left) => Some(left.why.as_str()),
        Outcome::Removed | Outcome::Absent => None,
    });
    left.collect::<Vec<_>>().join("; ")
}
