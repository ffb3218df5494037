//! `media`: a media store, for scripts.

mod list;
mod release;
mod resolve;
mod store;

use std::path::PathBuf;

use clap::{Subcommand, ValueHint};
use serde::Serialize;
use session_reaper::{
    Error, ErrorKind, Timestamp,
    artifact::media::{self, Media, MediaRef, MediaStore},
    config::Flags,
    sweep::SCHEMA,
};

use super::{Exit, Failure, Frame};

/// A media store: files that sessions receive and make, each under a name, for as long as somebody needs them
///
/// For scripts beside a runtime that embeds the library, or instead of one. `tick` and `prune` sweep what nobody released.
#[derive(Debug, clap::Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Store(store::Args),
    Resolve(resolve::Args),
    Release(release::Args),
    List(list::Args),
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Store(args) => store::run(args, frame),
        Verb::Resolve(args) => resolve::run(args, frame),
        Verb::Release(args) => release::run(args, frame),
        Verb::List(args) => list::run(args, frame),
    }
}

/// Which store.
#[derive(Debug, clap::Args)]
struct DirArgs {
    /// The store's folder [default: the configuration's media.dir]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

impl DirArgs {
    /// Opens the store; a folder that is not there is made.
    fn open(&self, frame: &Frame<'_>) -> Result<MediaStore, Failure> {
        Ok(MediaStore::join(self.options(frame)?)?)
    }

    /// Opens the store, which must be one already.
    fn open_old(&self, frame: &Frame<'_>) -> Result<MediaStore, Failure> {
        Ok(MediaStore::join(self.old(frame)?)?)
    }

    /// What a store is opened with that is one already.
    fn old(&self, frame: &Frame<'_>) -> Result<media::Options, Failure> {
        let options = self.options(frame)?;
        if !media::is_store(options.dir()) {
            let error =
                Error::new(ErrorKind::Missing, "open the media store in", options.dir(), "there is none");
            return Err(error.with_hint("`session-reaper media store` makes one").into());
        }
        Ok(options)
    }

    fn options(&self, frame: &Frame<'_>) -> Result<media::Options, Failure> {
        let config = frame.configure(Flags::default())?;
        let options = match &self.dir {
            None => config.media.options(),
            Some(dir) => return config.media.try_in(absolute(dir)).map_err(Failure::from),
        };
        let none = || Failure::usage("no media store is named, and the configuration names none");
        options
            .ok_or_else(|| none().with_hint("name one with --dir DIR, or set media.dir in the configuration"))
    }
}

/// A folder as it is called from here.
fn absolute(dir: &std::path::Path) -> PathBuf {
    std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned())
}

/// A scope as somebody types it. An empty one is an unset variable, and would mean what everybody stored without one.
fn scope(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// A reference as somebody types it.
fn reference(text: &str) -> Result<MediaRef, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// What an object of these verbs says.
#[derive(Serialize)]
struct Shown<T> {
    schema: &'static str,
    verb: &'static str,
    #[serde(flatten)]
    rest: T,
}

impl<T> Shown<T> {
    const fn new(verb: &'static str, rest: T) -> Self {
        Self { schema: SCHEMA, verb, rest }
    }
}

/// Stored files.
#[derive(Serialize)]
struct Files {
    media: Vec<File>,
    /// Why these are not all, if they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
}

impl Files {
    fn of(media: &[Media]) -> Self {
        Self { media: media.iter().map(File::of).collect(), error: None }
    }
}

/// A stored file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File {
    reference: MediaRef,
    path: String,
    scope: String,
    filename: String,
    content_type: String,
    source: String,
    policy: media::CleanupPolicy,
    stored_at: Timestamp,
    /// Why the file stays when its last reference goes; `null` where it goes.
    kept: Option<media::Kept>,
}

impl File {
    fn of(media: &Media) -> Self {
        let Media { reference, path, meta, scope, stored, kept } = media;
        Self {
            reference: *reference,
            path: path.to_string_lossy().into_owned(),
            scope: scope.clone(),
            filename: meta.filename.clone(),
            content_type: meta.content_type.clone(),
            source: meta.source.clone(),
            policy: meta.policy,
            stored_at: *stored,
            kept: *kept,
        }
    }
}
