//! What must hold wherever a command was ended: the store is whole, no row is lost, and the next run brings all to its end.

use std::{fs, path::Path};

use crate::{
    rig::Point,
    scenario::{Program, Scenario},
    world::{Found, World},
};

/// What may be there only while somebody is at work.
const ON_THE_WAY: [&str; 5] = ["tmp", "swap", "unfinished", "begun", "purged"];

/// Looks at what a command has left that was ended in its midst.
pub(crate) fn after_the_end(world: &World) -> Result<Found, String> {
    let found = world.found();
    if let Found::Torn(text) = &found {
        return Err(format!("the store is neither old nor new: {text:?}"));
    }
    no_row_is_lost(world)?;
    world.pins()?;
    Ok(found)
}

/// Whatever happened before: the next run, left alone, finishes the work and leaves nothing on its way.
pub(crate) fn must_heal(world: &World) -> Result<(), String> {
    let ended = world.run(Program::Ours, world.scenario.next);
    if !world.scenario.may_end.contains(&ended.code) {
        return Err(format!("the next run: {ended:?}"));
    }
    let at_the_end = || {
        match world.found() {
            Found::Torn(text) => return Err(format!("neither old nor new: {text:?}")),
            Found::Old if world.scenario.old != world.scenario.new => {
                return Err("the store is the old one".to_owned());
            }
            Found::Old | Found::New => {}
        }
        no_row_is_lost(world)?;
        nothing_is_left(world)?;
        is_written_down(world)?;
        let (pins, expected) = (world.pins()?, world.scenario.pins);
        if pins == expected { Ok(()) } else { Err(format!("{pins} rows are pinned, not {expected}")) }
    };
    at_the_end().map_err(|wrong: String| format!("after the next run: {wrong}; {ended:?}"))
}

/// Every row is in the store or in the trash, in its old bytes.
pub(crate) fn no_row_is_lost(world: &World) -> Result<(), String> {
    let mut places = vec![fs::read_to_string(world.store()).unwrap_or_default()];
    let bundles = world.bundles();
    let bundles = bundles.iter().filter(|bundle| !has_ending(bundle, &["purged"]));
    places.extend(bundles.flat_map(|bundle| rows_in(bundle)));
    let lost = world.scenario.rows().into_iter().find(|row| !places.iter().any(|place| holds(place, row)));
    match lost {
        Some(row) => {
            let row: String = row.chars().take(80).collect();
            Err(format!("a row is neither in the store nor in the trash: {row}"))
        }
        None => Ok(()),
    }
}

/// Whether a row is in a text, found by how it begins: to look for a megabyte takes long.
fn holds(place: &str, row: &str) -> bool {
    let begin = row.get(..60).unwrap_or(row);
    place.match_indices(begin).any(|(at, _)| place.as_bytes()[at..].starts_with(row.as_bytes()))
}

/// The rows of a bundle as text: those that went, and those that were replaced. Compressed ones count as well.
fn rows_in(bundle: &Path) -> impl Iterator<Item = String> {
    let plain = ["rows.json", "replaced.json"].map(|name| fs::read_to_string(bundle.join(name)).ok());
    let packed = ["rows.json.zst", "replaced.json.zst"].map(|name| fs::read(bundle.join(name)).ok());
    let unpacked = packed.map(|packed| String::from_utf8(zstd::decode_all(&*packed?).ok()?).ok());
    plain.into_iter().chain(unpacked).flatten()
}

/// What must not be there once a process has ended by itself.
pub(crate) fn left_behind(world: &World) -> Vec<String> {
    let folders = [world.folder(), world.ours(), world.ours().join("trash")];
    let bundles = world.bundles();
    let entries = folders.iter().chain(&bundles).filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let left = paths.filter(|path| has_ending(path, &ON_THE_WAY) || *path == world.lock());
    left.map(|path| path.strip_prefix(world.folder()).unwrap().display().to_string()).collect()
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|found| endings.iter().any(|ending| found == *ending))
}

fn nothing_is_left(world: &World) -> Result<(), String> {
    let left = left_behind(world);
    if left.is_empty() { Ok(()) } else { Err(format!("{left:?} is left")) }
}

/// The journal has one line for each run, and the trash one bundle.
fn is_written_down(world: &World) -> Result<(), String> {
    let text = fs::read_to_string(world.ours().join("journal.jsonl")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty()).count();
    let mut runs: Vec<_> = world.journal().iter().map(|line| line["run"].to_string()).collect();
    runs.sort();
    runs.dedup();
    let (bundles, expected) = (world.bundles().len(), world.scenario);
    if (lines, runs.len(), bundles) == (expected.runs, expected.runs, expected.bundles) {
        return Ok(());
    }
    Err(format!("{lines} lines in the journal, of {} runs, and {bundles} bundles: {text}", runs.len()))
}

/// What people are told is what is there: `history` shows every run once, and `trash list` every bundle.
pub(crate) fn is_told(world: &World) -> Result<(), String> {
    let count = |line, list: &str| {
        let ended = world.run(Program::Ours, line);
        let told: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
        match told[list].as_array() {
            Some(told) if ended.code == 0 => Ok(told.len()),
            _ => Err(format!("{line:?}: {ended:?}")),
        }
    };
    let told = (
        count(&["history", "--json", "--store", "{store}"], "runs")?,
        count(&["trash", "list", "--json", "--store", "{store}"], "bundles")?,
    );
    let Scenario { runs, bundles, .. } = world.scenario;
    if told == (runs, bundles) { Ok(()) } else { Err(format!("runs and bundles as they are told: {told:?}")) }
}

/// A complaint with the place where it came up.
pub(crate) fn at<T>(world: &World, how: &str, point: &Point, result: Result<T, String>) -> Result<T, String> {
    result.map_err(|wrong| format!("{}: {how} at {}: {wrong}", world.scenario.name, point.told()))
}
