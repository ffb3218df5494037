//! A folder of what sessions leave behind: whether it can be swept, when it was, and what is in its trash.

use std::{ffi::OsStr, path::Path};

use serde::Serialize;

use super::{Finding, Subject};
use crate::{
    artifact::{Kind, Past, Report, Target},
    fs::{Disk, OUR_FOLDER, RealDisk},
    model::{Error, Timestamp},
};

/// What was found at one folder.
#[derive(Debug, Serialize)]
pub struct FolderCheckup {
    /// What is swept there, such as `media`.
    pub kind: &'static str,
    /// The folder.
    pub path: String,
    /// What there is to say, the folder itself first.
    pub findings: Vec<Finding>,
}

/// Looks at a folder that is configured, as a sweep at `now` would, and changes nothing. `clash` is why no sweep would touch it,
/// for which [`crate::artifact::clashes`] is asked.
#[must_use]
pub fn examine_folder(target: &Target, clash: Option<&Error>, now: Timestamp) -> FolderCheckup {
    let findings = match clash {
        Some(why) => vec![refused(why)],
        None => look(target, now),
    };
    let path = target.path().to_string_lossy().into_owned();
    FolderCheckup { kind: target.kind().name(), path, findings }
}

fn look(target: &Target, now: Timestamp) -> Vec<Finding> {
    let report = target.inspect(now);
    if let Some(error) = &report.error {
        return vec![refused(error)];
    }
    if matches!(RealDisk.resolve(target.path()), Err(error) if error.kind() == std::io::ErrorKind::NotFound) {
        let missing = finding("missing", "it is not there yet, so that nothing is swept").at(target.path());
        return vec![missing.with_remedy("look whether its name is what programs go by: no sweep makes it")];
    }
    let mut findings = vec![sound(&report).at(target.path())];
    findings.push(last_sweep(target, now));
    findings.extend(unmarked(target));
    findings.extend(trash(target));
    findings
}

fn finding(verdict: &'static str, message: impl Into<String>) -> Finding {
    Finding::new(Subject::Folder, verdict, message)
}

/// No sweep would touch it.
fn refused(error: &Error) -> Finding {
    let message = format!("cannot {} it: {}", error.step(), error.message());
    let finding = finding("refused", message).at(error.path());
    finding.with_remedy(error.hint().unwrap_or("look at what stands there, and mend it by hand"))
}

fn sound(report: &Report) -> Finding {
    finding("ok", format!("it can be swept: {} of {} would go now", report.swept, report.scanned))
}

fn last_sweep(target: &Target, now: Timestamp) -> Finding {
    match target.last() {
        (last, failures @ 1..) => {
            let sweeps = if failures == 1 { "sweep" } else { "sweeps" };
            let failing = finding("failing", format!("the last {failures} {sweeps} of it failed"));
            let failing = Finding { age_ms: last.map(|last| now.millis_since(last)), ..failing };
            failing.with_remedy("`session-reaper tick --force` tries again, and says why")
        }
        (Some(last), 0) => {
            let swept = finding("swept", format!("it was swept last at {last}"));
            Finding { age_ms: Some(now.millis_since(last)), ..swept }
        }
        (None, 0) => finding("never swept", "no sweep of it is known"),
    }
}

/// What is nobody's in there goes only where a runtime has marked the folder.
fn unmarked(target: &Target) -> Option<Finding> {
    let (message, remedy) = match target.kind() {
        Kind::Media => (
            "it is not marked as a media store's: files that no reference names stay",
            "if all in there is the store's, let a store make the folder or find it empty, and move the files in",
        ),
        Kind::Payloads => (
            "it is not marked as a spool: what is empty in there and nobody's stays",
            "a runtime marks it as it opens it, if nothing else is in there",
        ),
        Kind::Workspaces | Kind::Transcripts => return None,
    };
    let marker = target.path().join(OUR_FOLDER).join(format!("{}.marker", target.kind().name()));
    let is_missing = !crate::fs::is_there(&marker);
    is_missing.then(|| finding("unmarked", message).at(marker).with_remedy(remedy))
}

/// What is wrong in its trash, and in the journal of its runs.
fn trash(target: &Target) -> Vec<Finding> {
    let ours = target.path().join(OUR_FOLDER);
    match target.folder().past() {
        Ok(past) => of_past(&past, &ours),
        Err(error) => {
            let message = format!("cannot {}: {}", error.step(), error.message());
            let unread = Finding::new(Subject::Trash, "unreadable", message).at(error.path());
            vec![unread.with_remedy(error.hint().unwrap_or("look at it as the user who owns the folder"))]
        }
    }
}

fn of_past(past: &Past, ours: &Path) -> Vec<Finding> {
    let trash = ours.join(OsStr::new("trash"));
    let of = |verdict, message| Finding::new(Subject::Trash, verdict, message).at(&trash);
    let damaged = past.damaged.iter().map(|run| {
        let damaged = of("damaged", format!("nobody can read what run {run} took"));
        damaged.with_remedy(
            "what is in there can be moved back by hand; `session-reaper trash empty` removes it",
        )
    });
    let mut findings: Vec<Finding> = damaged.collect();
    if past.on_the_way > 0 {
        let message = format!("runs on their way: {}, killed or still at work", past.on_the_way);
        findings.push(of("unfinished", message).with_remedy("the next sweep finishes what was killed"));
    }
    if past.unreadable > 0 {
        let message = format!("lines of the journal that cannot be read: {}", past.unreadable);
        let torn = of("torn", message).at(ours);
        findings
            .push(torn.with_remedy("`session-reaper history` shows the others; what they tell is not lost"));
    }
    findings
}
