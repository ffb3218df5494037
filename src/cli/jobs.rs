//! `list` and `explain` on a folder of jobs: what a sweep of it would do, and why.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use serde::Serialize;
use session_reaper::{
    Bytes, Error, Timestamp,
    artifact::{Action, Item, Report, workspaces},
    config::{Effective, Flags},
    sweep::SCHEMA,
};

use super::{
    Exit, Failure, Frame,
    output::{self, BOLD, DIM, GOES},
    stores,
    text::{self, Things},
    words::{self, plain},
};

/// The folder of jobs that is meant, and the configuration: one that somebody names and that is the configuration's or was
/// swept before, or the configuration's where nobody names anything and there are no stores.
pub(super) fn meant(
    path: Option<&Path>,
    flags: Flags,
    frame: &Frame<'_>,
) -> Result<Option<(PathBuf, Effective)>, Failure> {
    let config = frame.configure(flags)?;
    let base = match (path, &config.workspaces_base) {
        (Some(path), _) if stores::are_in(path) => None,
        (Some(path), _) if workspaces::is_base(path) => Some(stores::identity(path)),
        (Some(path), Some(base)) if stores::identity(path) == stores::identity(base) => Some(base.clone()),
        (None, Some(base)) if config.stores.is_empty() => Some(base.clone()),
        _ => None,
    };
    Ok(base.map(|base| (base, config)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'r, T> {
    schema: &'static str,
    verb: &'static str,
    now: Timestamp,
    #[serde(flatten)]
    rest: &'r T,
}

#[derive(Serialize)]
struct Listed {
    target: Report,
}

#[derive(Serialize)]
struct Explained<'r> {
    path: &'r str,
    item: &'r Item,
}

/// `list` of a folder of jobs.
pub(super) fn list(base: &Path, config: &Effective, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let target = look(base, config, frame)?;
    let now = frame.now;
    if frame.globals.json {
        output::json(&Shown { schema: SCHEMA, verb: "list", now, rest: &Listed { target } })?;
    } else if frame.speaks() {
        let mut out = output::stdout();
        text::target(&mut out, &target, false, Things { most: u64::MAX, kept: true })?;
        out.flush()?;
    }
    Ok(Exit::Done)
}

/// `explain` of one name in it.
pub(super) fn explain(
    base: &Path,
    name: &str,
    config: &Effective,
    frame: &Frame<'_>,
) -> Result<Exit, Failure> {
    let target = look(base, config, frame)?;
    let Some(item) = target.items.iter().find(|item| item.name == name.trim_end_matches('/')) else {
        let hint = format!("`session-reaper list {}` shows the names that it has", plain(&target.path));
        let failure = Failure::error(format!("nothing in {} has the name {name:?}", target.path));
        return Err(failure.at("missing", "explain a workspace of", base).with_hint(hint));
    };
    let path = &target.path;
    if frame.globals.json {
        let rest = &Explained { path, item };
        output::json(&Shown { schema: SCHEMA, verb: "explain", now: frame.now, rest })?;
    } else if frame.speaks() {
        print(item)?;
    }
    Ok(Exit::Done)
}

fn look(base: &Path, config: &Effective, frame: &Frame<'_>) -> Result<Report, Error> {
    let mut report = workspaces::inspect(base, &config.workspaces, frame.now);
    report.error.take().map_or(Ok(report), Err)
}

fn print(item: &Item) -> Result<(), Failure> {
    let mut out = output::stdout();
    let (style, word) = match item.action {
        Action::Sweep | Action::Fail => (GOES, "goes"),
        Action::Retain | Action::Skip => (BOLD, "stays"),
    };
    writeln!(out, "{BOLD}{}{BOLD:#}", plain(&item.name))?;
    writeln!(out, "  {style}{word} ({}){style:#}: {}", item.why, sentence(item.why))?;
    if let Some(newest) = item.newest {
        writeln!(out, "  {DIM}newest{DIM:#}   {newest} ({})", words::age(item.age_ms))?;
    }
    if let Some(expires) = item.expires_at {
        writeln!(out, "  {DIM}expires{DIM:#}  {expires}")?;
    }
    writeln!(out, "  {DIM}size{DIM:#}     {} looked at", Bytes(item.bytes))?;
    Ok(out.flush()?)
}

/// What a rule or a reason means.
fn sentence(why: &str) -> &'static str {
    match why {
        "ttl" => "the newest time anywhere in it is older than workspaces.ttl, and no living process owns it",
        "secret-ttl" => "its secrets alone go, which are older than workspaces.secret_ttl",
        "young" => "something in it is not older than workspaces.ttl",
        "no-rule" => "workspaces.ttl is off",
        "owned" => "a living process holds its mark",
        "touched" => "somebody was writing to it",
        "foreign" => "its name is not one of workspaces.names, nor of what belongs to one",
        "link" => "a member is a link, and nobody knows what it leads to",
        "dangling-link" => "a member is a link that leads nowhere",
        "strange" => {
            "a member is not what it should be: a main path no folder, a secret no file, or a home folder"
        }
        "future" => "something in it comes from the future",
        "unreadable" => "not all of it can be looked at",
        "too-large" => "too much is in it, or too deep, to be looked at",
        "mount" => "something is mounted in it",
        _ => "nobody knows more",
    }
}
