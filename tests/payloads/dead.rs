//! A spool whose runtimes were killed, and sweeps of it as the command line makes them.

use std::{
    fs::File,
    time::{Duration, SystemTime},
};

use session_reaper::{
    artifact::{
        self, Report,
        payloads::{self, Options, inspect, sweep},
    },
    now,
    policy::Detail,
};

use crate::{
    child::Living,
    world::{World, after, small},
};

pub(crate) const HOUR: i64 = 3_600_000;

/// What is in a session that was killed.
pub(crate) fn payload(id: &str) -> Vec<u8> {
    vec![id.as_bytes()[0]; 100]
}

/// Sessions, each with a payload of a hundred bytes, whose process was killed.
pub(crate) fn kill(world: &World, ids: &[&str]) {
    let start = |id: &&str| Living::start(world, id, str::from_utf8(&payload(id)[..1]).unwrap());
    let living: Vec<_> = ids.iter().map(start).collect();
    living.into_iter().for_each(Living::kill);
}

/// Lets the last payload of a session be so many hours old.
pub(crate) fn age(world: &World, name: &str, hours: u64) {
    let time = SystemTime::now() - Duration::from_secs(hours * 3_600);
    File::open(world.dir().join(name)).unwrap().set_modified(time).unwrap();
}

pub(crate) fn all() -> artifact::Options {
    artifact::Options { items: Some(Detail::Everything), ..artifact::Options::default() }
}

/// A sweep so many milliseconds from now, and that it adds up.
pub(crate) fn swept_with(
    world: &World,
    settings: &Options,
    millis: i64,
    options: &artifact::Options,
) -> Report {
    let report = sweep(&world.dir(), settings, after(millis), options);
    assert_eq!(report.scanned, report.swept + report.retained + report.skipped + report.failed, "{report:?}");
    assert_eq!(report.kind, payloads::KIND);
    report
}

pub(crate) fn swept(world: &World) -> Report {
    swept_with(world, &small(), 0, &all())
}

pub(crate) fn inspected(world: &World, settings: &Options) -> Report {
    inspect(&world.dir(), settings, now())
}

/// Why each thing stays or goes.
pub(crate) fn said(report: &Report) -> Vec<(&str, &'static str)> {
    let mut said: Vec<_> = report.items.iter().map(|item| (item.name.as_str(), item.why)).collect();
    said.sort_unstable();
    said
}
