//! Everything that is measured, scene by scene; in each of them the contenders take turns.

use std::{io, rc::Rc};

use session_reaper::specimen::Weight;

use crate::{
    contenders::{COPY, IDLE, NO_TRASH, PLAN, SLOW_MS, TICK, TRASH, copy, node, ours, slowly, starts, trees},
    herd::{Herd, Swept},
    measure::{Contender, Series, race},
    scan,
    settings::Settings,
    stage::{Empty, OneStore, Stage},
    words::grouped,
};

/// What was measured together.
pub(crate) struct Scene {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) series: Vec<Series>,
}

/// What a scene's table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Processes: their time and memory, as ratios to these two.
    Race { base: &'static str, own: &'static str },
    /// Text read: bytes a second.
    Scan,
    /// The cost of one row.
    Growth,
}

pub(crate) const SCAN: &str = "Scan alone";
pub(crate) const GROWTH: &str = "The cost of a row as stores grow";
pub(crate) const TICKS: &str = "The tick with nothing due, as a command";
/// On a slow disk everybody takes long.
pub(crate) const FEW_STORES: u64 = 500;
/// The smallest store of the tick, and of Node's start.
const SMALL: u64 = 3_000;

pub(crate) fn rows_of(weight: Weight, rows: u64) -> String {
    format!("{} {} rows", grouped(rows), if weight == Weight::Heavy { "heavy" } else { "lean" })
}

pub(crate) fn many(stores: u64) -> String {
    format!("{} stores of 30 KB, swept", grouped(stores))
}

pub(crate) fn many_slowly(stores: u64) -> String {
    format!("{} stores of 30 KB, swept, each sync {SLOW_MS} ms longer", grouped(stores))
}

pub(crate) fn many_ticks(stores: u64) -> String {
    format!("{} stores of 30 KB, nothing due", grouped(stores))
}

/// All of them, one after the other.
pub(crate) fn all(settings: &Settings) -> io::Result<Vec<Scene>> {
    let mut scenes = vec![scan::scene(settings)?, ticks(settings)?];
    let sizes = |weight, rows: &[u64]| rows.iter().map(|rows| (weight, *rows)).collect::<Vec<_>>();
    for (weight, rows) in
        [sizes(Weight::Lean, &settings.lean), sizes(Weight::Heavy, &settings.heavy)].concat()
    {
        scenes.push(sweeps(settings, weight, rows)?);
    }
    scenes.push(growth(settings)?);
    if let Some(rows) = settings.huge {
        scenes.push(huge(settings, rows)?);
    }
    // In the end, and all kept until then: what they leave behind when they are removed disturbs whoever comes after.
    let few = settings.stores.min(FEW_STORES);
    let herds = [few, settings.stores, settings.stores].map(|stores| Herd::make(&settings.folder, stores));
    let [few, many, at_rest] = herds.map(|herd| herd.map(|herd| Rc::new(herd) as Rc<dyn Stage>));
    let (few, many, at_rest) = (few?, many?, at_rest?);
    scenes.push(slow_herd(settings, &few));
    scenes.push(herd(settings, &many));
    scenes.push(herd_at_rest(settings, &at_rest)?);
    Ok(scenes)
}

fn run(settings: &Settings, name: String, kind: Kind, contenders: &[Contender], rounds: usize) -> Scene {
    eprintln!("{name}: {} contenders, {rounds} rounds", contenders.len());
    Scene { name, kind, series: race(contenders, rounds, &settings.folder) }
}

const RACE: Kind = Kind::Race { base: COPY, own: NO_TRASH };

fn one(settings: &Settings, weight: Weight, rows: u64) -> io::Result<Rc<dyn Stage>> {
    Ok(Rc::new(OneStore::make(&settings.folder, rows, weight)?))
}

/// One store, everybody.
fn sweeps(settings: &Settings, weight: Weight, rows: u64) -> io::Result<Scene> {
    let stage = one(settings, weight, rows)?;
    let mut contenders = vec![copy(&stage)];
    contenders.extend([NO_TRASH, TRASH, IDLE, PLAN].map(|name| ours(name, &stage)));
    contenders.push(node(&stage));
    contenders.extend(trees(&stage));
    Ok(run(settings, rows_of(weight, rows), RACE, &contenders, settings.rounds))
}

/// More rows than anybody has: the copy and ourselves.
fn huge(settings: &Settings, rows: u64) -> io::Result<Scene> {
    let stage = one(settings, Weight::Lean, rows)?;
    let contenders = [copy(&stage), ours(NO_TRASH, &stage), ours(TRASH, &stage)];
    Ok(run(settings, rows_of(Weight::Lean, rows), RACE, &contenders, settings.rounds.min(3)))
}

/// The same two commands on stores of every size.
fn growth(settings: &Settings) -> io::Result<Scene> {
    let mut contenders = Vec::new();
    for rows in &settings.growth {
        let stage = one(settings, Weight::Lean, *rows)?;
        contenders.extend([PLAN, NO_TRASH].map(|name| ours(name, &stage)));
    }
    Ok(run(settings, GROWTH.to_owned(), Kind::Growth, &contenders, settings.rounds))
}

/// Many small stores, swept by one command.
fn herd(settings: &Settings, stage: &Rc<dyn Stage>) -> Scene {
    let contenders = [copy(stage), ours(NO_TRASH, stage), ours(TRASH, stage), node(stage)];
    run(settings, many(settings.stores), RACE, &contenders, settings.rounds.min(3))
}

/// A few of them on a disk as slow as most are.
fn slow_herd(settings: &Settings, stage: &Rc<dyn Stage>) -> Scene {
    let contenders = [copy(stage), ours(NO_TRASH, stage), ours(TRASH, stage), node(stage)].map(slowly);
    let name = many_slowly(settings.stores.min(FEW_STORES));
    run(settings, name, RACE, &contenders, settings.rounds.min(3))
}

/// Many stores, none of them due.
fn herd_at_rest(settings: &Settings, stage: &Rc<dyn Stage>) -> io::Result<Scene> {
    let mut contenders = starts(&(Rc::new(Empty) as Rc<dyn Stage>));
    contenders.push(ours(TICK, &swept(settings, Rc::clone(stage))?));
    Ok(run(settings, many_ticks(settings.stores), TICKING, &contenders, settings.rounds))
}

const TICKING: Kind = Kind::Race { base: crate::contenders::TRUE, own: TICK };

/// A tick that finds nothing to do, beside a program that does nothing.
fn ticks(settings: &Settings) -> io::Result<Scene> {
    let mut contenders = starts(&(Rc::new(Empty) as Rc<dyn Stage>));
    contenders.push(ours(TICK, &swept(settings, one(settings, Weight::Lean, SMALL)?)?));
    Ok(run(settings, TICKS.to_owned(), TICKING, &contenders, settings.ticks))
}

fn swept(settings: &Settings, stage: Rc<dyn Stage>) -> io::Result<Rc<dyn Stage>> {
    let sweep = ours(NO_TRASH, &stage).command.map_err(io::Error::other)?;
    Ok(Rc::new(Swept::new(stage, sweep, settings.folder.clone())))
}
