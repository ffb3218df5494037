//! The generated part of docs/performance.md, between its two marks.

use std::{fmt::Write as _, fs, io, path::Path};

use crate::{chart, goals, machine::Machine, scenes::Scene, settings::Settings};

const BEGIN: &str = "<!-- begin: written by benches/compare.sh -->\n";
const END: &str = "<!-- end: written by benches/compare.sh -->\n";

pub(crate) fn text(settings: &Settings, machine: &Machine, scenes: &[Scene]) -> String {
    let mut text =
        format!("Measured on {} with `{}`, {}.\n\n", machine.date, settings.command, rounds(settings));
    for (name, value) in &machine.facts {
        let _ = writeln!(text, "- {name}: {value}");
    }
    let _ = write!(
        text,
        "\n### Goals\n\nWhat is wanted is wanted of the medians of this run; the fastest runs show how far its noise reaches.\n\n{}",
        goals::table(scenes)
    );
    for scene in scenes {
        let _ = write!(text, "\n{}", chart::table(scene));
    }
    text
}

fn rounds(settings: &Settings) -> String {
    format!("{} rounds, {} of what takes a millisecond", settings.rounds, settings.ticks)
}

/// Only what stands between the marks changes.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let old = fs::read_to_string(path)?;
    let parts = old.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) =
        parts.ok_or_else(|| io::Error::other(format!("{} has no marks", path.display())))?;
    fs::write(path, format!("{before}{BEGIN}\n{text}\n{END}{after}"))
}
