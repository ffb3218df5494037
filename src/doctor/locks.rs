//! The locks beside a store: its own, and those of the transcripts in its folder.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    sync::Arc,
};

use super::{Finding, Subject, place::Place};
use crate::{
    fs::{Disk, OUR_FOLDER, RealDisk},
    lock::{self, Attempt, Content, Found, Kind, Sidecar, Verdict},
    model::Timestamp,
    process::{self, Identity},
    store::FileStore,
};

const TRANSCRIPT: &str = ".jsonl.lock";

/// Looks at every lock, and removes those of the dead if it is to mend. They are as old as the disk's own clock says.
pub(super) fn examine(place: &Place, store: &FileStore, mends: bool) -> Vec<Finding> {
    let mut findings = all(place, names(place), mends);
    if let Some(link) = place.of_link(store) {
        findings.splice(0..0, all(&link, vec![own(&link)], mends));
    }
    findings
}

fn all(place: &Place, names: Vec<(Kind, OsString)>, mends: bool) -> Vec<Finding> {
    let me = Identity::of_this_process();
    let now = Timestamp::from_nanos(RealDisk.now_ns());
    let one = |(kind, name): (Kind, OsString)| match lock::look_at(&RealDisk, &place.folder, &name) {
        Ok(None) => None,
        Ok(Some((found, _))) => {
            let verdict = lock::judge(kind, &found, now, &me, process::life);
            let finding = describe(verdict, &found, now, &place.path_of(&name));
            Some(if mends && verdict.is_dead() { mend(finding, place, kind, &name) } else { finding })
        }
        Err(error) => Some(unseen(&error, &place.path_of(&name))),
    };
    names.into_iter().filter_map(one).collect()
}

/// The names of locks in the store's folder, sorted, the store's own first.
fn names(place: &Place) -> Vec<(Kind, OsString)> {
    let own = own(place);
    let mut transcripts = RealDisk.list(&place.folder).unwrap_or_default();
    transcripts.retain(|name| *name != own.1 && name.as_encoded_bytes().ends_with(TRANSCRIPT.as_bytes()));
    transcripts.sort();
    let transcripts = transcripts.into_iter().map(|name| (Kind::Transcript, name));
    std::iter::once(own).chain(transcripts).collect()
}

/// The store's own lock.
fn own(place: &Place) -> (Kind, OsString) {
    let mut name = place.name.clone();
    name.push(lock::ENDING);
    (Kind::Store, name)
}

fn describe(verdict: Verdict, found: &Found, now: Timestamp, path: &Path) -> Finding {
    let note = match &found.content {
        Content::Note(note) => Some(note),
        _ => None,
    };
    let pid = note.and_then(|note| note.pid);
    let since = note.and_then(|note| note.created).unwrap_or(found.modified);
    let finding = Finding::new(Subject::Lock, verdict.name(), message(verdict, found, pid)).at(path);
    let finding = Finding { pid, age_ms: Some(now.millis_since(since)), ..finding };
    match remedy(verdict) {
        Some(remedy) => finding.with_remedy(remedy),
        None => finding,
    }
}

fn message(verdict: Verdict, found: &Found, pid: Option<u32>) -> String {
    let who = pid.map_or_else(|| "its owner".to_owned(), |pid| format!("process {pid}"));
    match (verdict, &found.content) {
        (_, Content::NoFile) => "a folder, a link or a pipe stands where a lock would".to_owned(),
        (_, Content::NoLock) => "a file that is no lock has the name of one".to_owned(),
        (_, Content::Forbidden) => "it may not be read, so its owner is not known".to_owned(),
        (Verdict::TooOld, Content::Unreadable) => {
            "it is empty or torn, and nobody writes it any more".to_owned()
        }
        (_, Content::Unreadable) => "it is empty or torn; its owner may just be writing it".to_owned(),
        (Verdict::Alive, _) => format!("{who}{} has it", named(pid)),
        (Verdict::Overdue, _) => format!("it is older than {who}{} meant it to be", named(pid)),
        (Verdict::Gone, _) => format!("{who} has ended"),
        (Verdict::Recycled, _) => format!("{who} has ended; its number belongs to another now{}", named(pid)),
        (Verdict::TooOld, _) => format!("{who} took it longer ago than such a lock may last"),
        _ => format!("{who} took it, and whether that lives cannot be known"),
    }
}

/// What a process calls itself, in brackets.
fn named(pid: Option<u32>) -> String {
    let argv = pid.and_then(process::argv);
    let name = argv.as_ref().and_then(|argv| argv.first()?.rsplit('/').next());
    name.filter(|name| !name.is_empty()).map_or_else(String::new, |name| format!(" ({name})"))
}

const fn remedy(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Alive | Verdict::Unknown => None,
        Verdict::Odd => Some("look at what it is; only a person may remove it"),
        Verdict::Overdue => {
            Some("look at what that process does, if it is there; when no gateway runs, remove it by hand")
        }
        Verdict::Gone | Verdict::Recycled => Some("`session-reaper doctor --fix` removes it"),
        Verdict::TooOld => Some("when no gateway runs, remove it by hand"),
    }
}

fn unseen(error: &io::Error, path: &Path) -> Finding {
    let finding = Finding::new(Subject::Lock, Verdict::Unknown.name(), format!("cannot look at it: {error}"));
    finding.at(path).with_remedy("look at it as the user who owns the store")
}

fn mend(finding: Finding, place: &Place, kind: Kind, name: &OsStr) -> Finding {
    match remove(place, kind, name) {
        Ok(true) => {
            let message = format!("{}; removed", finding.message);
            Finding { message, remedy: None, fixed: true, ..finding }
        }
        // Somebody was quicker.
        Ok(false) => finding,
        Err(error) => finding.with_remedy(format!("cannot remove it: {error}; do so by hand")),
    }
}

/// Takes a dead lock over, and lets it go: what is removed is what was judged, whoever else comes by.
fn remove(place: &Place, kind: Kind, name: &OsStr) -> io::Result<bool> {
    let Some(of) = without_ending(name) else { return Ok(false) };
    let private = RealDisk.private_folder(&place.folder, OsStr::new(OUR_FOLDER), place.owner)?;
    let folder = Arc::clone(&place.folder);
    let sidecar = Sidecar::new(RealDisk, folder, of, Arc::new(private), place.owner, kind);
    match sidecar.attempt_if(None, Verdict::is_dead)? {
        Attempt::Held(held) => held.release().map(|()| true),
        Attempt::Taken(..) | Attempt::Crossed => Ok(false),
    }
}

fn without_ending(name: &OsStr) -> Option<&OsStr> {
    Path::new(name).file_stem()
}
