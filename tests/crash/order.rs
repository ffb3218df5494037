//! The order of the calls of a sweep: all written, made durable, renamed, and the folder made durable.

use crate::{
    rig,
    world::{Scenario, World},
};

/// What makes the new text durable, as places in a trace; `Err` names what is missing or out of order.
fn durable(trace: &str) -> Result<[usize; 4], String> {
    let lines: Vec<&str> = trace.lines().collect();
    let find = |what: &str, from: usize, is: &dyn Fn(&str) -> bool| {
        let found = lines.iter().skip(from).position(|line| is(line)).map(|at| at + from);
        found.ok_or_else(|| format!("{what} is missing after line {from}"))
    };
    let rename =
        find("the rename", 0, &|line| line.contains(" rename") && line.contains(", \"sessions.json\""))?;
    let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let pending = quoted(lines[rename]).ok_or("the rename has no source")?;
    // Right before it the file may have got the name that tells what it is about to replace.
    let is_naming = |line: &&&str| line.contains(" rename") && line.contains(&format!(", \"{pending}\""));
    let named = lines.iter().take(rename).find(is_naming).and_then(|line| quoted(line));
    let temp = named.unwrap_or(pending);
    let made =
        find("the new file", 0, &|line| line.contains(&format!("\"{temp}\"")) && line.contains("O_EXCL"))?;
    let file = lines[made].rsplit("= ").next().unwrap().trim();
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

#[test]
fn i3_the_new_text_is_durable_before_it_takes_the_stores_place_and_the_folder_after() {
    for foreign in [false, true] {
        let scenario = Scenario { name: "order", expired: &[true, false], leftover: false, foreign };
        if rig::points(scenario, rig::ours).is_none() {
            return;
        }
        let world = World::new(scenario);
        assert!(rig::run(&world, rig::ours, None).status.success());
        let trace = std::fs::read_to_string(world.trace()).unwrap();
        let order = durable(&trace).unwrap_or_else(|wrong| panic!("{wrong}: {trace}"));
        eprintln!(
            "write, fsync, rename and fsync of the folder are lines {order:?} of {}",
            trace.lines().count()
        );
    }
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
