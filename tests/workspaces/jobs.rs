//! A folder of jobs, as old as a test wants them.

use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};

use session_reaper::{
    Timestamp,
    artifact::{
        Options, Report,
        workspaces::{Settings, sweep},
    },
    policy::Detail,
};

use crate::world::World;

/// The sweeps' time: now, for what these tests make is from now.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

/// Jobs' folders begin with `job-`; a day and six hours.
pub(crate) fn settings() -> Settings {
    Settings::new(vec!["job-*".parse().unwrap()])
}

pub(crate) fn options() -> Options {
    Options { items: Some(Detail::Everything), ..Options::default() }
}

pub(crate) fn swept(world: &World) -> Report {
    let report = sweep(&world.path("jobs"), &settings(), now(), &options());
    assert_eq!(report.scanned, report.swept + report.retained + report.skipped + report.failed);
    report
}

/// Why each thing stays or goes.
pub(crate) fn said(report: &Report) -> Vec<(&str, &'static str)> {
    let mut said: Vec<_> = report.items.iter().map(|item| (item.name.as_str(), item.why)).collect();
    said.sort_unstable();
    said
}

/// Gives a path, and all below it, a time so many hours ago.
pub(crate) fn age(path: &Path, hours: i64) {
    let ago = Duration::from_secs(u64::try_from(hours.abs() * 3600).unwrap());
    let time = if hours < 0 { SystemTime::now() + ago } else { SystemTime::now() - ago };
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            age(&entry.unwrap().path(), hours);
        }
    }
    File::open(path).unwrap().set_modified(time).unwrap();
}

/// A job's folder, its token and its results, so many hours old.
pub(crate) fn job(world: &World, name: &str, hours: i64) {
    for (path, text) in
        [("/src/deep/main.rs", "1234567890"), (".cred.sh", "token"), ("-artifacts/s.md", "done")]
    {
        world.write(&format!("jobs/{name}{path}"), text);
    }
    for member in ["", ".cred.sh", "-artifacts"] {
        age(&world.path(&format!("jobs/{name}{member}")), hours);
    }
}

pub(crate) fn world() -> World {
    let world = World::new();
    fs::create_dir(world.path("jobs")).unwrap();
    world
}
