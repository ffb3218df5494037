//! Measures session-reaper and its peers side by side, in one run, each as a process of its own.
//!
//! `benches/compare.sh` builds and starts it, and says where the peers are. It prints Markdown, or writes it between the
//! marks in docs/performance.md. It is also the frame around each measured process (`supervise`), and those of the peers
//! that are compiled in (`peer`).

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program, and its figures are for people"
)]

mod chart;
mod contenders;
mod document;
mod goals;
mod herd;
mod machine;
mod measure;
mod peers;
mod rows;
mod scan;
mod scenes;
mod settings;
mod stage;
mod supervise;
mod words;

use std::{env, io};

use settings::Settings;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.first().map(String::as_str) {
        Some("supervise") => supervise::frame(&args[1..]),
        Some("peer") => peers::run(&args[1..]),
        _ => compare(&args),
    }
}

fn compare(args: &[String]) -> io::Result<()> {
    let settings = Settings::read(args).map_err(io::Error::other)?;
    let machine = machine::describe(&settings);
    let scenes = scenes::all(&settings)?;
    let text = document::text(&settings, &machine, &scenes);
    if let Some(path) = &settings.document {
        return document::replace(path, &text);
    }
    print!("{text}");
    Ok(())
}
