//! `media list`: what is registered.

use std::io::Write;

use session_reaper::artifact::media::{self, Kept, Media};

use super::{DirArgs, Files, Shown, scope};
use crate::cli::{
    Exit, Failure, Frame, output,
    table::{self, Cell, Side},
    words::{self, plain},
};

/// The names that a store knows, the oldest first
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only those of this scope
    #[arg(long, value_name = "SCOPE", value_parser = scope)]
    scope: Option<String>,

    #[command(flatten)]
    dir: DirArgs,
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let mut all = media::registered(&args.dir.old(frame)?)?;
    all.retain(|media| args.scope.as_ref().is_none_or(|scope| *scope == media.scope));
    if frame.globals.json {
        output::json(&Shown::new("media list", Files::of(&all)))?;
    } else if frame.speaks() {
        print(&all, frame)?;
    }
    Ok(Exit::Done)
}

fn print(all: &[Media], frame: &Frame<'_>) -> Result<(), Failure> {
    let mut out = output::stdout();
    let head = [
        ("REF", Side::Left),
        ("STORED", Side::Right),
        ("AT ITS END", Side::Left),
        ("SCOPE", Side::Left),
        ("PATH", Side::Left),
    ];
    let rows: Vec<[Cell; 5]> = all.iter().map(|media| row(media, frame)).collect();
    if !rows.is_empty() {
        table::write(&mut out, head, &rows)?;
    }
    writeln!(out, "{}", words::count(all.len() as u64, "name"))?;
    Ok(out.flush()?)
}

fn row(media: &Media, frame: &Frame<'_>) -> [Cell; 5] {
    let fate = match media.kept {
        None => "goes",
        Some(Kept::ForgetOnly) => "stays",
        Some(Kept::Outside) => "stays, outside",
    };
    [
        media.reference.to_string().into(),
        words::age(Some(frame.now.millis_since(media.stored))).into(),
        fate.into(),
        plain(&media.scope).into_owned().into(),
        plain(&media.path.to_string_lossy()).into_owned().into(),
    ]
}
