//! `list` and `explain` on a folder of what sessions leave behind: what a sweep of it would do, and why.

use std::{io::Write, path::Path};

use serde::Serialize;
use session_reaper::{
    Bytes, Error, Timestamp,
    artifact::{self, Action, Folder, Item, Kind, Report, Target},
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

/// The folder that is meant: one that somebody names and that is the configuration's or was swept before, or the
/// configuration's where nobody names anything and there are no stores.
pub(super) fn meant(path: Option<&Path>, flags: Flags, frame: &Frame<'_>) -> Result<Option<Target>, Failure> {
    let config = frame.configure(flags)?;
    let Some(path) = path else {
        let target = if config.stores.is_empty() { only(config.targets())? } else { None };
        target.iter().try_for_each(|target| must_stand_apart(target, &config))?;
        return Ok(target);
    };
    if stores::are_in(path) {
        return Ok(None);
    }
    let path = stores::identity(path);
    let is_it = |target: &Target| stores::identity(target.path()) == path;
    let configured = config.targets().into_iter().find(is_it);
    configured.iter().try_for_each(|target| must_stand_apart(target, &config))?;
    Ok(configured.or_else(|| Folder::at(&path).first().and_then(|folder| config.target_at(folder))))
}

/// What no sweep would touch is not shown as if one did.
fn must_stand_apart(target: &Target, config: &Effective) -> Result<(), Error> {
    let targets = config.targets();
    let found = if config.stores.is_empty() { Vec::new() } else { stores::find(config).unwrap_or_default() };
    let clashes = artifact::clashes(&targets, found.iter().filter_map(stores::Target::path));
    let clash = targets.iter().zip(clashes).find(|(one, _)| *one == target);
    clash.and_then(|(_, clash)| clash).map_or(Ok(()), Err)
}

/// Says which folders the configuration names, beside the store that was shown.
pub(super) fn note(flags: Flags, frame: &Frame<'_>) -> Result<(), Failure> {
    let targets = frame.load(flags)?.targets();
    let names: Vec<String> =
        targets.iter().map(|target| plain(&target.path().to_string_lossy()).into_owned()).collect();
    if !names.is_empty() {
        let names = names.join(", ");
        frame.note(&format!("folders are configured beside it: {names}; `list FOLDER` shows what is in one"));
    }
    Ok(())
}

/// The one that there is.
fn only(targets: Vec<Target>) -> Result<Option<Target>, Failure> {
    if targets.len() < 2 {
        return Ok(targets.into_iter().next());
    }
    let names: Vec<String> = targets.iter().map(|target| target.path().display().to_string()).collect();
    let hint = format!("name one of them:\n{}", names.join("\n"));
    Err(Failure::usage("the configuration names several folders".to_owned()).with_hint(hint))
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

/// `list` of a folder.
pub(super) fn list(target: &Target, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let target = look(target, frame)?;
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
pub(super) fn explain(folder: &Target, name: &str, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let target = look(folder, frame)?;
    let Some(item) = target.items.iter().find(|item| item.name == name.trim_end_matches('/')) else {
        let hint = format!("`session-reaper list {}` shows the names that it has", plain(&target.path));
        let failure = Failure::error(format!("nothing in {} has the name {name:?}", target.path));
        return Err(failure.at("missing", "explain something in", folder.path()).with_hint(hint));
    };
    let path = &target.path;
    if frame.globals.json {
        let rest = &Explained { path, item };
        output::json(&Shown { schema: SCHEMA, verb: "explain", now: frame.now, rest })?;
    } else if frame.speaks() {
        print(folder.kind(), item)?;
    }
    Ok(Exit::Done)
}

fn look(target: &Target, frame: &Frame<'_>) -> Result<Report, Error> {
    let mut report = target.inspect(frame.now);
    report.error.take().map_or(Ok(report), Err)
}

fn print(kind: Kind, item: &Item) -> Result<(), Failure> {
    let mut out = output::stdout();
    let (style, word) = match item.action {
        Action::Sweep | Action::Fail => (GOES, "goes"),
        Action::Retain | Action::Skip => (BOLD, "stays"),
    };
    writeln!(out, "{BOLD}{}{BOLD:#}", plain(&item.name))?;
    writeln!(out, "  {style}{word} ({}){style:#}: {}", item.why, text::sentence(kind, item.why))?;
    if let Some(newest) = item.newest {
        writeln!(out, "  {DIM}newest{DIM:#}   {newest} ({})", words::age(item.age_ms))?;
    }
    if let Some(expires) = item.expires_at {
        writeln!(out, "  {DIM}expires{DIM:#}  {expires}")?;
    }
    writeln!(out, "  {DIM}size{DIM:#}     {} looked at", Bytes(item.bytes))?;
    Ok(out.flush()?)
}
