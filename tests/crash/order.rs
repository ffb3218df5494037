//! The order of the calls of a sweep: all written, made durable, renamed, and the folder made durable.

use std::fs;

use crate::{
    careless::{NAME_NOT_DURABLE, NOT_DURABLE},
    rig,
    scenario::{Scenario, Step},
    world::{Found, World},
};

/// What makes the new text durable, as places in a trace; `Err` names what is missing or out of order.
fn durable(trace: &str) -> Result<[usize; 4], String> {
    let lines: Vec<&str> = trace.lines().collect();
    let find = |what: &str, from: usize, is: &dyn Fn(&str) -> bool| {
        let found = lines.iter().skip(from).position(|line| is(line)).map(|at| at + from);
        found.ok_or_else(|| format!("{what} is missing after line {from}"))
    };
    let rename = find("the rename", 0, &|line| is_rename(line) && line.contains(", \"sessions.json\""))?;
    let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let pending = quoted(lines[rename]).ok_or("the rename has no source")?;
    // Right before it the file may have got the name that tells what it is about to replace.
    let is_naming = |line: &&&str| line.contains(" rename") && line.contains(&format!(", \"{pending}\""));
    let named = lines.iter().take(rename).find(is_naming).and_then(|line| quoted(line));
    let temp = named.unwrap_or(pending);
    let made =
        find("the new file", 0, &|line| line.contains(&format!("\"{temp}\"")) && line.contains("O_EXCL"))?;
    let file = number_of(&lines, made);
    let folder = lines[rename].split(',').nth(2).unwrap().trim();
    let write = find("a write", made, &|line| line.contains(&format!("write({file}, ")))?;
    let synced = find("fsync of the new file", made, &|line| line.contains(&format!("sync({file})")))?;
    let folder_synced =
        find("fsync of the folder", rename, &|line| line.contains(&format!("sync({folder})")))?;
    let late = lines.iter().take(rename).skip(synced).find(|line| {
        ["write(", "write64(", "fchmod(", "fchown(", "setxattr("]
            .iter()
            .any(|call| line.contains(&format!("{call}{file},")))
    });
    match late {
        Some(late) => Err(format!("after the fsync: {late}")),
        None if write < synced && synced < rename => Ok([write, synced, rename, folder_synced]),
        None => Err(format!("write at {write}, fsync at {synced}, rename at {rename}")),
    }
}

/// A rename that took place.
fn is_rename(line: &str) -> bool {
    line.contains(" rename") && !line.contains(" = -1 ")
}

/// The number through which the file is written that was opened in a line: programs like dd give it another.
fn number_of<'a>(lines: &[&'a str], opened: usize) -> &'a str {
    let number = |line: &'a str| line.rsplit("= ").next().unwrap().trim();
    let file = number(lines[opened]);
    let is_other = |line: &&&str| line.contains(&format!(" dup2({file}, "));
    lines.get(opened + 1).filter(is_other).map_or(file, |line| number(line))
}

/// Whether the bundle is durable before the new text takes the store's place: its rows, its manifest, its own folder and the
/// trash.
fn is_kept_before(trace: &str, rename: usize) -> Result<(), String> {
    let before: Vec<&str> = trace.lines().take(rename).collect();
    let find = |what: &str, from: usize, is: &dyn Fn(&str) -> bool| {
        let found = before.iter().skip(from).position(|line| is(line)).map(|at| at + from);
        found.ok_or_else(|| format!("before the rename there is no {what} after line {from}"))
    };
    let file = |line: usize| before[line].rsplit("= ").next().unwrap().trim().to_owned();
    let made = |name: &str| format!("\"{name}\", O_");
    let synced = |what: &str, from: usize, file: &str| {
        // Once it is closed the number is another file's.
        let closed = before.iter().skip(from).position(|line| line.contains(&format!("close({file})")));
        let end = closed.map_or(before.len(), |closed| from + closed);
        let synced = before[..end].iter().skip(from).position(|line| line.contains(&format!("sync({file})")));
        synced.map(|at| at + from).ok_or_else(|| format!("there is no fsync of {what} after line {from}"))
    };
    let rows = find("rows", 0, &|line| line.contains(&made("rows.json")) && line.contains("O_EXCL"))?;
    let rows_synced = synced("the rows", rows, &file(rows))?;
    let manifest = find("manifest", 0, &|line| line.contains(&made("manifest.json.tmp")))?;
    let written = synced("the manifest", manifest, &file(manifest))?;
    let named = find("name of the manifest", written.max(rows_synced), &|line| {
        line.contains(" renameat(") && line.contains(", \"manifest.json\")")
    })?;
    let bundle = before[named].split(['(', ',']).nth(1).unwrap().to_owned();
    let folder = find("folder of the bundle", 0, &|line| {
        line.contains("openat(") && line.contains(".unfinished\"") && line.ends_with(&format!(" = {bundle}"))
    })?;
    let trash = before[folder].split(['(', ',']).nth(1).unwrap().to_owned();
    let bundle_synced = synced("the bundle", named, &bundle)?;
    synced("the trash", bundle_synced, &trash).map(drop)
}

#[test]
fn i3_i4_all_is_durable_before_the_new_text_takes_the_stores_place_and_the_folder_after() {
    let foreign = [Step::Store("GSS"), Step::Foreign];
    for before in [&foreign[..1], &foreign[..]] {
        if rig::points(&Scenario::PRUNE).is_none() {
            return;
        }
        let world = World::new(&Scenario::PRUNE);
        for step in &before[1..] {
            world.go_through(*step);
        }
        assert_eq!(rig::run(&world, Scenario::PRUNE.line, None).code, 0);
        let trace = fs::read_to_string(world.trace()).unwrap();
        let order = durable(&trace).unwrap_or_else(|wrong| panic!("{wrong}: {trace}"));
        is_kept_before(&trace, order[2]).unwrap_or_else(|wrong| panic!("{wrong}: {trace}"));
        eprintln!(
            "write, fsync, rename and fsync of the folder are lines {order:?} of {}",
            trace.lines().count()
        );
    }
}

/// The trace of a pruner that is not ours, with what is wrong about its order.
fn wrong_with(scenario: &Scenario) -> (String, Option<String>) {
    let world = World::new(scenario);
    assert_eq!(rig::run(&world, scenario.line, None).code, 0, "{}", scenario.name);
    assert_eq!(world.found(), Found::New, "left alone it does what a sweep does");
    let trace = fs::read_to_string(world.trace()).unwrap();
    let wrong = durable(&trace).err();
    (trace, wrong)
}

#[test]
fn the_rig_finds_pruners_that_make_nothing_durable() {
    if rig::points(&Scenario::PRUNE).is_none() {
        return;
    }
    let mut found = 0;
    for (scenario, missing) in [
        (NOT_DURABLE, "fsync of the new file is missing"),
        (NAME_NOT_DURABLE, "fsync of the folder is missing"),
    ] {
        let (trace, wrong) = wrong_with(&scenario);
        eprintln!("{}: {wrong:?}", scenario.name);
        assert!(wrong.is_some_and(|wrong| wrong.starts_with(missing)), "{missing}: {trace}");
        let rename = trace.lines().position(is_rename).expect("it renames");
        assert!(is_kept_before(&trace, rename).is_err(), "it keeps nothing: {trace}");
        found += 1;
    }
    eprintln!("{found} of 2 careless programs are found by the order of their calls");
}

#[test]
fn the_reader_of_orders_sees_what_is_missing() {
    let [made, write, synced, renamed, folder] = [
        "1 openat(4, \"t.tmp\", O_RDWR|O_CREAT|O_EXCL, 0600) = 7",
        "1 write(7, \"x\", 1) = 1",
        "1 fsync(7) = 0",
        "1 renameat(4, \"t.tmp\", 3, \"sessions.json\") = 0",
        "1 fsync(3) = 0",
    ];
    assert_eq!(durable(&[made, write, synced, renamed, folder].join("\n")), Ok([1, 2, 3, 4]));
    for wrong in [
        vec![made, write, renamed, folder],
        vec![made, write, synced, renamed],
        vec![made, synced, write, renamed, folder],
        vec![made, write, synced, folder, renamed],
        vec![made, write, renamed, synced, folder],
        vec![made, write, synced, write, renamed, folder],
    ] {
        assert!(durable(&wrong.join("\n")).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_reader_of_orders_sees_what_is_not_kept() {
    let lines = [
        "1 openat(8, \"r.s.unfinished\", O_DIRECTORY) = 9",
        "1 openat(9, \"rows.json\", O_RDWR|O_CREAT|O_EXCL, 0600) = 7",
        "1 fsync(7) = 0",
        "1 close(7) = 0",
        "1 openat(9, \"manifest.json.tmp\", O_RDWR|O_CREAT|O_EXCL, 0600) = 7",
        "1 fsync(7) = 0",
        "1 renameat(9, \"manifest.json.tmp\", 9, \"manifest.json\") = 0",
        "1 fsync(9) = 0",
        "1 fsync(8) = 0",
        "1 renameat(4, \"t.tmp\", 3, \"sessions.json\") = 0",
    ];
    assert_eq!(is_kept_before(&lines.join("\n"), lines.len() - 1), Ok(()));
    for left_out in (0..lines.len() - 1).filter(|at| !lines[*at].contains("close(")) {
        let rest: Vec<_> =
            lines.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, line)| *line).collect();
        assert!(is_kept_before(&rest.join("\n"), rest.len() - 1).is_err(), "without {}", lines[left_out]);
    }
    let too_late = [&lines[..8], &lines[9..], &lines[8..9]].concat();
    assert!(is_kept_before(&too_late.join("\n"), 8).is_err());
}
