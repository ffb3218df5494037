//! From those who may write a user's stores to those who concern one store: locks first, then processes.

use std::{
    cell::OnceCell,
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    Era, Evidence, Gateway, Lookout, Sight, Version, has_prompts,
    home::{Around, Traces},
    machine::Writers,
    note::Held,
    package::{self, Package},
    program::{self, Program},
};
use crate::{fs::Owner, process};

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    pub(super) temps: BTreeSet<PathBuf>,
}

/// The store that is looked around.
struct Spot<'a> {
    place: &'a Path,
    around: OnceCell<Around>,
}

impl Spot<'_> {
    /// Only looked at where there is somebody whom it may concern.
    fn around(&self) -> &Around {
        self.around.get_or_init(|| Around::of(self.place))
    }
}

impl Watch {
    /// At this machine: its processes, and the folders in which gateways keep their locks.
    #[must_use]
    pub fn of_this_machine() -> Self {
        // A gateway that a service manager started may have been given another folder than we.
        Self::with_temps([std::env::temp_dir(), PathBuf::from("/tmp")])
    }

    /// At this machine, and for locks in these folders for temporary files instead.
    #[must_use]
    pub fn with_temps(temps: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { temps: temps.into_iter().collect() }
    }

    /// The live gateways that may write the store in the real folder `place`, which belongs to the user `owner`.
    #[must_use]
    pub fn look(&self, place: &Path, owner: Owner) -> Sight {
        Lookout::of(self.clone()).look(place, owner, Instant::now)
    }
}

/// Those who concern the store in `place`, of all who may write the stores of its owner.
pub(super) fn beside(writers: Writers, place: &Path) -> Sight {
    let spot = Spot { place, around: OnceCell::new() };
    // Who was there at the look may have ended since.
    let held = writers.locks.into_iter().filter(|held| held.note.is_live());
    let mut gateways: Vec<Gateway> = held.filter_map(|held| by_lock(held, &spot)).collect();
    for pid in writers.programs {
        if !gateways.iter().any(|gateway| gateway.pid == pid) {
            gateways.extend(by_process(pid, &spot));
        }
    }
    Sight { gateways, saw_processes: writers.saw_processes }
}

fn by_lock(held: Held, spot: &Spot<'_>) -> Option<Gateway> {
    let argv = process::argv(held.note.pid).unwrap_or_default();
    // It holds the lock, so it is one, whatever it shows.
    let program = program::program(&argv).unwrap_or(Program::Title);
    let gateway = about(held.note.pid, &argv, &program, held.note.config.clone(), spot)?;
    let era =
        if gateway.era == Era::Unknown && held.note.has_port() { Era::HonoursNone } else { gateway.era };
    Some(Gateway { era, evidence: Evidence::Lock(held.path), ..gateway })
}

fn by_process(pid: u32, spot: &Spot<'_>) -> Option<Gateway> {
    let argv = process::argv(pid)?;
    let program = program::program(&argv)?;
    about(pid, &argv, &program, None, spot)
}

/// What there is to know about a live gateway; `None` when it has nothing to do with the store.
fn about(
    pid: u32,
    argv: &[String],
    program: &Program<'_>,
    config: Option<PathBuf>,
    spot: &Spot<'_>,
) -> Option<Gateway> {
    let environment = process::environment(pid);
    let (root, working) = (process::root(pid), process::working_folder(pid));
    let (working, config_path) = (working.as_deref(), config.as_deref());
    let traces = Traces { root: &root, environment: environment.as_ref(), working, config: config_path };
    if !spot.around().may_concern(traces) {
        return None;
    }
    let version = match package::of(pid, program, environment.as_ref()) {
        Package::Other if config.is_none() && matches!(program, Program::Perhaps(_)) => return None,
        Package::OpenClaw(version) => version,
        Package::Other | Package::Unknown => None,
    };
    let era = era(version.as_ref(), spot.place);
    Some(Gateway { pid, name: name(argv), version, era, evidence: Evidence::Process, config })
}

/// The era of a version, or what the store's folder betrays of it.
fn era(version: Option<&Version>, place: &Path) -> Era {
    match version.map_or(Era::Unknown, Era::of) {
        Era::Unknown if has_prompts(place) => Era::HonoursNone,
        era => era,
    }
}

fn name(argv: &[String]) -> Option<String> {
    let name = argv.first()?.rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "tests make files as any program would")]
#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::process::CommandExt,
        process::{Child, Command, Stdio},
        time::{Duration, Instant},
    };

    use tempfile::TempDir;

    use super::{super::FRESH, *};

    /// A process that ends with its test.
    struct Live(Child);

    impl Live {
        /// A program that shows this as its name, and reads from a pipe that nobody writes to.
        fn called(name: &str, arguments: &[&Path], variables: &[(&str, &Path)]) -> Self {
            let mut command = Command::new("/bin/bash");
            command.arg0(name).args(arguments).env_clear().envs(variables.iter().copied());
            let live = Self(command.stdin(Stdio::piped()).spawn().unwrap());
            let deadline = Instant::now() + Duration::from_secs(20);
            while process::argv(live.0.id()).is_none_or(|argv| argv.first().is_none_or(|first| first != name))
            {
                assert!(Instant::now() < deadline, "it does not become {name}");
                std::thread::sleep(Duration::from_millis(2));
            }
            live
        }
    }

    impl Drop for Live {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    fn owner() -> Owner {
        Owner { uid: process::user(), gid: 0 }
    }

    /// A home with a state folder and a folder for temporary files; nothing else shows there.
    struct Home(TempDir);

    impl Home {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            for folder in [".openclaw/agents/main/sessions", ".openclaw/agents/main/agent", "tmp", "other"] {
                fs::create_dir_all(home.path().join(folder)).unwrap();
            }
            Self(home)
        }

        fn path(&self, path: &str) -> PathBuf {
            self.0.path().canonicalize().unwrap().join(path)
        }

        fn place(&self) -> PathBuf {
            self.path(".openclaw/agents/main/sessions")
        }

        /// What is seen of the process `pid`: tests run beside each other, and beside whatever runs here.
        fn seen(&self, pid: u32) -> Option<Gateway> {
            let sight = Watch::with_temps([self.path("tmp")]).look(&self.place(), owner());
            assert!(sight.saw_processes);
            sight.gateways.into_iter().find(|gateway| gateway.pid == pid)
        }

        fn write_lock(&self, text: &str) -> PathBuf {
            let uid = rustix::process::geteuid().as_raw();
            let folder = self.path("tmp").join(format!("openclaw-{uid}"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("gateway.0123abcd.lock"), text).unwrap();
            folder.join("gateway.0123abcd.lock")
        }
    }

    #[test]
    fn a_live_gateway_is_seen_by_its_process_beside_its_own_stores_alone() {
        let (home, elsewhere) = (Home::new(), Home::new());
        let live = Live::called("openclaw-gateway", &[], &[("HOME", &home.path(""))]);
        let pid = live.0.id();
        let gateway = home.seen(pid).unwrap();
        assert_eq!(
            (gateway.name.as_deref(), gateway.evidence),
            (Some("openclaw-gateway"), Evidence::Process)
        );
        assert_eq!((gateway.version, gateway.era), (None, Era::Unknown));
        assert_eq!(elsewhere.seen(pid), None);
        fs::create_dir(home.place().join("skills-prompts")).unwrap();
        assert_eq!(home.seen(pid).unwrap().era, Era::HonoursNone);
        drop(live);
        assert_eq!(home.seen(pid), None);
    }

    #[test]
    fn the_version_is_that_of_the_script_or_of_the_command_behind_the_title() {
        let home = Home::new();
        let package = home.path("lib/openclaw");
        fs::create_dir_all(&package).unwrap();
        fs::create_dir(home.path("bin")).unwrap();
        fs::write(package.join("openclaw.mjs"), "read line").unwrap();
        fs::write(package.join("package.json"), r#"{"name":"openclaw","version":"2026.4.29"}"#).unwrap();
        std::os::unix::fs::symlink("../lib/openclaw/openclaw.mjs", home.path("bin/openclaw")).unwrap();
        // The kernel tells the time of its boot in whole seconds.
        std::thread::sleep(Duration::from_millis(1_100));
        let (script, home_folder) = (home.path("bin/openclaw"), home.path(""));
        let as_node = Live::called("node", &[&script, Path::new("gateway")], &[("HOME", &home_folder)]);
        let titled = Live::called("openclaw-gateway", &[], &[("HOME", &home_folder), ("_", &script)]);
        for live in [&as_node, &titled] {
            let gateway = home.seen(live.0.id()).unwrap();
            assert_eq!((gateway.version, gateway.era), (Version::read("2026.4.29"), Era::HonoursLock));
        }
        // What was installed over it does not run.
        fs::write(package.join("package.json"), r#"{"name":"openclaw","version":"2026.4.28"}"#).unwrap();
        let gateway = home.seen(as_node.0.id()).unwrap();
        assert_eq!((gateway.version, gateway.era), (None, Era::Unknown));
    }

    #[test]
    fn another_program_with_a_usual_name_is_none_once_its_package_says_so() {
        let home = Home::new();
        let script = home.path("other/dist/index.js");
        fs::create_dir(home.path("other/dist")).unwrap();
        fs::write(&script, "read line").unwrap();
        let home_folder = home.path("");
        let live = Live::called("node", &[&script, Path::new("gateway")], &[("HOME", &home_folder)]);
        assert!(home.seen(live.0.id()).is_some());
        fs::write(home.path("other/package.json"), r#"{"name":"some-server","version":"1.0.0"}"#).unwrap();
        assert_eq!(home.seen(live.0.id()), None);
    }

    #[test]
    fn a_lock_shows_a_gateway_that_shows_nothing_else_and_a_dead_ones_lock_shows_none() {
        let home = Home::new();
        let live = Live::called("some-wrapper", &[], &[("HOME", &home.path("other"))]);
        let pid = live.0.id();
        let process::Life::Here { start: Some(start) } = process::life(pid) else { panic!("it lives") };
        assert_eq!(home.seen(pid), None);
        let config = home.path(".openclaw/openclaw.json");
        let text = |start: u64, more: &str| {
            format!(
                r#"{{"pid":{pid},"createdAt":"2026-04-01T00:00:00.000Z","configPath":{config:?},"startTime":{start}{more}}}"#
            )
        };
        let path = home.write_lock(&text(start, ""));
        let gateway = home.seen(pid).unwrap();
        assert_eq!((gateway.evidence, gateway.config.as_deref()), (Evidence::Lock(path), Some(&*config)));
        assert_eq!(gateway.era, Era::Unknown);
        home.write_lock(&text(start, r#","port":18789"#));
        assert_eq!(home.seen(pid).unwrap().era, Era::HonoursNone);
        home.write_lock(&text(start + 1, ""));
        assert_eq!(home.seen(pid), None);
    }

    #[test]
    fn a_look_is_shared_while_it_is_fresh_and_whoever_came_since_is_seen_after_that() {
        let home = Home::new();
        let lookout = Lookout::of(Watch::with_temps([home.path("tmp")]));
        let begin = Instant::now();
        let seen = |pid: u32, after: Duration| {
            let sight = lookout.look(&home.place(), owner(), || begin + after);
            sight.gateways.iter().any(|gateway| gateway.pid == pid)
        };
        assert!(!seen(0, Duration::ZERO));
        let live = Live::called("openclaw-gateway", &[], &[("HOME", &home.path(""))]);
        let (pid, later) = (live.0.id(), FRESH + Duration::from_millis(1));
        assert!(!seen(pid, FRESH), "it looked once more");
        assert!(seen(pid, later));
        // Each store is judged for itself, and whoever has ended keeps nobody from one, however fresh the look is.
        let elsewhere = Home::new().place();
        assert!(lookout.look(&elsewhere, owner(), || begin + later).gateways.iter().all(|it| it.pid != pid));
        drop(live);
        assert!(!seen(pid, later));
    }

    #[test]
    fn a_lock_is_shared_with_the_look_and_counts_no_longer_than_its_gateway_lives() {
        let home = Home::new();
        let live = Live::called("some-wrapper", &[], &[("HOME", &home.path("other"))]);
        let process::Life::Here { start: Some(start) } = process::life(live.0.id()) else {
            panic!("it lives")
        };
        let config = home.path(".openclaw/openclaw.json");
        home.write_lock(&format!(r#"{{"pid":{},"configPath":{config:?},"startTime":{start}}}"#, live.0.id()));
        let (lookout, now) = (Lookout::of(Watch::with_temps([home.path("tmp")])), Instant::now());
        let pid = live.0.id();
        let is_seen = || {
            let sight = lookout.look(&home.place(), owner(), || now);
            sight.gateways.iter().any(|gateway| gateway.pid == pid)
        };
        assert!(is_seen() && is_seen());
        drop(live);
        assert!(!is_seen());
    }

    #[test]
    fn a_shell_that_speaks_of_openclaw_is_none() {
        let home = Home::new();
        let words = [Path::new("-c"), Path::new("read line; : openclaw gateway")];
        let live = Live::called("bash", &words, &[("HOME", &home.path(""))]);
        assert_eq!(home.seen(live.0.id()), None);
    }

    #[test]
    fn a_look_at_a_busy_machine_takes_milliseconds() {
        let home = Home::new();
        let begin = Instant::now();
        home.seen(1);
        // Some milliseconds are the promise, on a machine that tests do not share with others.
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    }

    #[test]
    fn a_database_beside_the_store_is_seen_in_the_usual_layout_alone() {
        let home = Home::new();
        let database = home.path(".openclaw/agents/main/agent/openclaw-agent.sqlite");
        assert_eq!(super::super::rows_in_sqlite(&home.place()), None);
        fs::create_dir(&database).unwrap();
        assert_eq!(super::super::rows_in_sqlite(&home.place()), None);
        fs::remove_dir(&database).unwrap();
        fs::write(&database, "").unwrap();
        assert_eq!(super::super::rows_in_sqlite(&home.place()), Some(database));
        assert_eq!(super::super::rows_in_sqlite(&home.path("other")), None);
    }
}
