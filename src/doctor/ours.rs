//! What lies in our own folder beside a store: who of us is at work, and what was left.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use super::{Finding, Subject, place::Place};
use crate::{
    fs::{Disk, OUR_FOLDER, RealDisk},
    lock::{self, TURN},
    store::{RESCUED, SWAP},
    trash::Note,
};

type Folder = <RealDisk as Disk>::Folder;

/// Looks, and makes nothing: where there is no folder of ours, there is nothing to tell.
pub(super) fn examine(place: &Place) -> Vec<Finding> {
    let Ok(folder) = RealDisk.subfolder(&place.folder, OsStr::new(OUR_FOLDER)) else { return Vec::new() };
    let path_of = |name: OsString| place.path.join(OUR_FOLDER).join(name);
    let mutex = with_ending(&place.name, lock::ENDING);
    let is_sweeping = is_held(&folder, &mutex);
    let mut findings = Vec::new();
    findings.extend(is_sweeping.then(|| held(path_of(mutex))));
    findings.extend(is_held(&folder, OsStr::new(TURN)).then(|| held(path_of(TURN.into()))));
    let mut names = RealDisk.list(&folder).unwrap_or_default();
    names.sort();
    for name in names {
        let is_of_a_run = is_swap(&name, &place.name) || name == Note::name(&place.name);
        if is_of_a_run && !is_sweeping {
            findings.push(cut_off(path_of(name)));
        } else if after(&name, &place.name).is_some_and(|rest| rest.starts_with(RESCUED.as_bytes())) {
            findings.push(left(path_of(name)));
        }
    }
    findings
}

/// Whether somebody has a mutex of ours; one that is not there is not made.
fn is_held(folder: &Folder, name: &OsStr) -> bool {
    matches!(RealDisk.open_to_append(folder, name), Ok(None))
}

/// What stands behind the store's name in the name of a file.
fn after<'a>(name: &'a OsStr, of: &OsStr) -> Option<&'a [u8]> {
    name.as_encoded_bytes().strip_prefix(of.as_encoded_bytes())
}

/// Whether a name is that of survivors on their way: the store's, numbers, the ending.
fn is_swap(name: &OsStr, of: &OsStr) -> bool {
    let numbers = after(name, of).and_then(|rest| rest.strip_suffix(SWAP.as_bytes()));
    let numbers = numbers.and_then(|numbers| numbers.strip_prefix(b".")).unwrap_or_default();
    !numbers.is_empty() && numbers.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
}

fn with_ending(name: &OsStr, ending: &str) -> OsString {
    let mut whole = name.to_owned();
    whole.push(ending);
    whole
}

fn held(path: PathBuf) -> Finding {
    Finding::new(Subject::Mutex, "held", "another session-reaper is at work").at(path)
}

fn cut_off(path: PathBuf) -> Finding {
    let message = "a sweep was cut off here; the next one finishes it";
    Finding::new(Subject::Swap, "cut off", message).at(path)
}

fn left(path: PathBuf) -> Finding {
    let message = "another program's text of the store, which a sweep could not put back";
    let finding = Finding::new(Subject::Rescued, "left", message).at(path);
    finding.with_remedy("compare it with the store, take over what is missing there, then remove it")
}
