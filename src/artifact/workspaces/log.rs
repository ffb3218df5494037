//! One line of the log for each call of `remove_group`, refused ones included.

use std::{path::Path, time::Duration};

use tracing::{info, warn};

use super::{outcome::Outcome, remove::Removal};
use crate::model::Error;

/// Says what came of a removal.
pub(super) fn removed(path: &Path, removal: &Result<Removal, Error>, took: Duration) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let path = path.display();
    match removal {
        Err(error) => warn!(target: "session_reaper", %path, %error, duration_ms, "group refused"),
        Ok(removal) => {
            let freed = removal.freed();
            let failed = removal.members.iter().find_map(|member| match &member.outcome {
                Outcome::Left(left) => Some(left.why.as_str()),
                Outcome::Removed | Outcome::Absent => None,
            });
            info!(
                target: "session_reaper",
                %path,
                complete = removal.is_complete(),
                files = freed.files,
                bytes_freed = freed.bytes,
                duration_ms,
                failed,
                "group removed"
            );
        }
    }
}
