//! `group remove`: a job is over, and all that belongs to it goes.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use clap::ValueHint;
use serde::Serialize;
use session_reaper::{
    Bytes, Error, ErrorKind,
    artifact::{
        Target,
        workspaces::{self, Left, Member, Outcome, Removal, Role, Shape},
    },
    config::Flags,
    fs::Freed,
    sweep::SCHEMA,
};

use super::guard;
use crate::cli::{Exit, Failure, Frame, output, words};

const EXAMPLES: &str = "\
Examples:
  session-reaper group remove /var/jobs/42
  trap 'session-reaper -q group remove \"$WORK\"' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM
  session-reaper group remove --secret .token --sibling=-results --sibling .log /var/jobs/42";

/// Remove a job's folder and what belongs to it, secrets first
///
/// For whatever ends a job: it asks nothing, goes on where something cannot be removed, and ends with 0 only when a look
/// afterwards finds nothing. Nothing goes into a trash.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Main folders, from the root on and without links on the way
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::DirPath)]
    paths: Vec<PathBuf>,

    /// What a secret's name has more than the main folder's (repeatable) [default: the configuration's, .cred.sh]
    #[arg(long, value_name = "SUFFIX")]
    secret: Vec<String>,

    /// What another member's name has more than the main folder's (repeatable) [default: the configuration's, -artifacts]
    #[arg(long, value_name = "SUFFIX")]
    sibling: Vec<String>,
}

/// What came of all groups.
#[derive(Serialize)]
struct Shown {
    schema: &'static str,
    verb: &'static str,
    applied: bool,
    groups: Vec<ShownGroup>,
}

/// What came of one group.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownGroup {
    path: String,
    complete: bool,
    files: u64,
    folders: u64,
    bytes_freed: u64,
    members: Vec<ShownMember>,
    error: Option<Error>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownMember {
    path: String,
    role: &'static str,
    outcome: &'static str,
    files: u64,
    folders: u64,
    bytes_freed: u64,
    error: Option<String>,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    // Without a good configuration there is no log. That keeps no secret that is called as usual, but nobody can say that there
    // are no others.
    let config = frame.configure(Flags::default());
    if let Err(failure) = &config {
        output::error(failure.text(), None);
    }
    let is_sure = config.is_ok() || !(args.secret.is_empty() || args.sibling.is_empty());
    let (usual, folders) =
        config.map(|config| (config.workspaces.shape.clone(), config.targets())).unwrap_or_default();
    let shape = args.shape(&usual)?;
    // One path that cannot be meant may stand for a mistake in all of them. What goes wrong otherwise keeps no other's secret.
    args.paths.iter().try_for_each(|path| must_be_meant(path, &shape, &folders))?;
    let done: Vec<_> = args.paths.iter().map(|path| workspaces::remove_group(path, &shape)).collect();
    let exit = if is_sure { exit(&done) } else { exit(&done).and(Exit::Partly) };
    // What was done was done, whoever can be told of it.
    tell(args, (done, is_sure), frame).map_err(|failure| {
        let is_done = if exit == Exit::Done { "all of it was removed" } else { "not all of it was removed" };
        failure.after(format_args!("{is_done}")).with_exit(Exit::Partly)
    })?;
    Ok(exit)
}

/// What is refused is one line of the log as what is removed is.
fn must_be_meant(path: &Path, shape: &Shape, folders: &[Target]) -> Result<(), Error> {
    let begun = Instant::now();
    let refusal = match workspaces::group_at(path, shape) {
        Err(error) if matches!(error.kind(), ErrorKind::Config | ErrorKind::Refused) => Some(error),
        _ => guard::refusal(path, shape, folders),
    };
    refusal.map_or(Ok(()), |error| {
        workspaces::log_refusal(path, &error, begun.elapsed());
        Err(error)
    })
}

impl Args {
    /// What was named, else what is usual here.
    fn shape(&self, usual: &Shape) -> Result<Shape, Failure> {
        let or = |named: &[String], usual: &[String]| if named.is_empty() { usual } else { named }.to_vec();
        let shape = Shape::new(or(&self.secret, usual.secrets()), or(&self.sibling, usual.siblings()));
        shape.map_err(|error| Failure::usage(format!("{error}; nothing was removed")))
    }
}

/// Something may be left of some groups; whether anything went is asked of all.
fn exit(done: &[Result<Removal, Error>]) -> Exit {
    let is_complete = |done: &Result<Removal, Error>| done.as_ref().is_ok_and(Removal::is_complete);
    let freed = done.iter().flatten().map(Removal::freed).fold(Freed::default(), Freed::and);
    if done.iter().all(is_complete) {
        Exit::Done
    } else if freed == Freed::default() {
        let failed =
            |done: &Result<Removal, Error>| done.as_ref().map_or_else(Exit::of_error, |_| Exit::Failed);
        done.iter().filter(|done| !is_complete(done)).map(failed).reduce(Exit::and).unwrap_or(Exit::Failed)
    } else {
        Exit::Partly
    }
}

fn tell(
    args: &Args,
    (done, is_sure): (Vec<Result<Removal, Error>>, bool),
    frame: &Frame<'_>,
) -> Result<(), Failure> {
    for left in done.iter().flatten().flat_map(|removal| &removal.members).filter_map(left) {
        output::error(&words::plain(&left.why), Some(left.hint));
    }
    done.iter().filter_map(|done| done.as_ref().err()).for_each(|error| {
        output::error(&error.to_string(), error.hint());
    });
    if frame.globals.json {
        let groups = args.paths.iter().zip(done).map(|(path, done)| match done {
            Ok(removal) => ShownGroup::of(&removal, is_sure),
            Err(error) => ShownGroup::failed(path.to_string_lossy().into_owned(), error),
        });
        let (schema, verb) = (SCHEMA, "group remove");
        return output::json(&Shown { schema, verb, applied: true, groups: groups.collect() });
    }
    let lines = done.iter().flatten().filter(|_| frame.speaks());
    lines.map(line).try_for_each(|line| output::line(&line))
}

fn left(member: &Member) -> Option<&Left> {
    match &member.outcome {
        Outcome::Left(left) => Some(left),
        Outcome::Removed | Outcome::Absent => None,
    }
}

fn line(removal: &Removal) -> String {
    let path = words::plain(&removal.path.to_string_lossy()).into_owned();
    let count =
        |is: fn(&Outcome) -> bool| removal.members.iter().filter(|member| is(&member.outcome)).count();
    let removed = count(|outcome| *outcome == Outcome::Removed);
    let left = count(|outcome| matches!(outcome, Outcome::Left(_)));
    if removed + left == 0 {
        return format!("{path}: nothing was there");
    }
    let (Freed { files, bytes, .. }, there) = (removal.freed(), removed + left);
    let files = words::count(files, "file");
    format!("{path}: removed {removed} of {there}, {files}, {} freed", Bytes(bytes))
}

impl ShownGroup {
    fn of(removal: &Removal, is_sure: bool) -> Self {
        let Freed { files, folders, bytes } = removal.freed();
        Self {
            path: removal.path.to_string_lossy().into_owned(),
            complete: is_sure && removal.is_complete(),
            files,
            folders,
            bytes_freed: bytes,
            members: removal.members.iter().map(ShownMember::of).collect(),
            error: None,
        }
    }

    fn failed(path: String, error: Error) -> Self {
        let (members, error) = (Vec::new(), Some(error));
        Self { path, complete: false, files: 0, folders: 0, bytes_freed: 0, members, error }
    }
}

impl ShownMember {
    fn of(member: &Member) -> Self {
        let outcome = match member.outcome {
            Outcome::Removed => "removed",
            Outcome::Absent => "absent",
            Outcome::Left(_) => "left",
        };
        Self {
            path: member.path.to_string_lossy().into_owned(),
            role: Role::name(member.role),
            outcome,
            files: member.freed.files,
            folders: member.freed.folders,
            bytes_freed: member.freed.bytes,
            error: left(member).map(|left| left.why.clone()),
        }
    }
}
