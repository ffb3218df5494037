//! By what a folder tells those who sweep around it whose it is: somebody may have put it there whom no configuration names.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use super::payloads;
use crate::fs::{Disk, OUR_FOLDER};

/// The store of sessions, beside which its lock and its transcripts stand.
const SESSIONS: &str = "sessions.json";

/// Whether a folder with these names in it is one that somebody of us looks after: a store, a spool, or a session of one.
pub(super) fn are_ours(names: &[OsString]) -> bool {
    let signs = [OUR_FOLDER, payloads::MARK, payloads::ROOM, SESSIONS].map(OsStr::new);
    names.iter().any(|name| signs.contains(&name.as_os_str()))
}

/// Whether our own folder `ours` has files for the sweep of one of these `kinds`, or of what is swept by it.
///
/// # Errors
/// As the operating system says.
pub(super) fn has_files_of<D: Disk>(disk: &D, ours: &D::Folder, kinds: &[&str]) -> io::Result<bool> {
    let is_of = |name: &OsString, kind: &str| {
        let rest = name.as_encoded_bytes().strip_prefix(kind.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b"."))
    };
    Ok(disk.list(ours)?.iter().any(|name| kinds.iter().any(|kind| is_of(name, kind))))
}
