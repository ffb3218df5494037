//! What is done on the disk while it is being watched: sweeps, a gateway's updates, and an undo.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, SystemTime},
};

use crate::{
    disk::{Disk, Entry, Recording},
    filesystems::FileSystem,
    rig::{self, Mounted},
    steps::{self, NOW, Row, State},
    variants::{self, Lost},
};

/// How sweeps run: as they are, or with fsyncs that say that they were done and were not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Whole,
    Without(Lost),
}

/// What happened on a disk, and what the store was after each step.
pub(crate) struct Story {
    pub(crate) recording: Recording,
    /// By the number of the step; first what was there before any.
    pub(crate) states: Vec<State>,
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_session-reaper"))
}

pub(crate) fn store_in(folder: &Path) -> PathBuf {
    folder.join("sessions.json")
}

/// A command that knows nothing of the machine it runs on.
pub(crate) fn bare(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", "/nowhere").env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.current_dir("/").stdin(Stdio::null());
    command
}

/// The arguments of a sweep.
pub(crate) fn sweep(folder: &Path) -> Vec<String> {
    let store = store_in(folder).display().to_string();
    ["--now", NOW, "prune", "--yes"].map(str::to_owned).into_iter().chain([store]).collect()
}

/// The steps as they are taken, one after another.
struct Player<'a> {
    disk: &'a Disk,
    folder: PathBuf,
    ram: PathBuf,
    way: Way,
    rows: Vec<Row>,
    gone: Vec<Row>,
    /// What the newest sweep took.
    swept: Vec<Row>,
    states: Vec<State>,
    /// How long the rows are, in words.
    size: usize,
}

/// Plays the whole story on a new disk. Each number has stores of another size: from one block to a dozen.
pub(crate) fn play(dir: &Path, fs: FileSystem, way: Way, number: usize) -> Story {
    let [shown, live] = ["shown", "live"].map(|name| dir.join(name));
    for folder in [&shown, &live] {
        fs::create_dir_all(folder).unwrap();
    }
    let disk = Disk::new(&shown, &format!("{}.disk", rig::token(dir)), fs.size << 20);
    fs.make(disk.path());
    let mounted = Mounted::new(fs.kind, fs.options, disk.path(), &live).unwrap();
    let mut player = Player::new(&disk, live.join("sessions"), dir.join("ram"), way);
    player.begin(60 + 193 * number % 1200);
    rustix::fs::syncfs(File::open(&live).unwrap()).unwrap();
    disk.start();
    player.all();
    let recording = disk.stop();
    let states = player.states;
    drop(mounted);
    Story { recording, states }
}

impl<'a> Player<'a> {
    fn new(disk: &'a Disk, folder: PathBuf, ram: PathBuf, way: Way) -> Self {
        let (rows, gone, swept, states) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { disk, folder, ram, way, rows, gone, swept, states, size: 0 }
    }

    /// What is there when the recording begins.
    fn begin(&mut self, size: usize) {
        self.size = size;
        self.rows = vec![self.kept(0), self.expired(1), self.kept(2), self.expired(3)];
        fs::create_dir(&self.folder).unwrap();
        write_durably(&self.folder, &steps::text(&self.rows));
        self.states = vec![State::new("start", &self.rows, &[])];
    }

    fn kept(&self, number: usize) -> Row {
        steps::kept(number, self.size)
    }

    fn expired(&self, number: usize) -> Row {
        steps::expired(number, self.size)
    }

    fn all(&mut self) {
        self.sweep();
        self.update(1);
        self.sweep();
        self.update(2);
        self.undo();
        self.sweep();
        self.undo();
        self.update(3);
        self.sweep();
    }

    /// Takes a step; it is acknowledged once it has returned.
    fn step(&mut self, name: &'static str, act: impl FnOnce(&mut Self)) {
        self.disk.mark(Entry::Began(self.states.len()));
        act(self);
        self.disk.mark(Entry::Ended(self.states.len()));
        let state = State::new(name, &self.rows, &self.gone);
        assert_eq!(fs::read_to_string(store_in(&self.folder)).unwrap(), state.text, "after a {name}");
        self.states.push(state);
    }

    /// A gateway's update: one chat more, and cron runs that are over.
    fn update(&mut self, round: usize) {
        self.step("update", |player| {
            let news = [player.expired(10 * round), player.kept(10 * round + 1)];
            player.rows.extend(news);
            player.rows.insert(0, player.expired(10 * round + 2));
            write_durably(&player.folder, &steps::text(&player.rows));
        });
    }

    fn sweep(&mut self) {
        let args = sweep(&self.folder);
        let trace = variants::rehearse(&self.folder, &self.ram, self.way);
        self.step("sweep", |player| {
            let output = match &trace {
                None => bare(binary()).args(args).output().unwrap(),
                Some(rehearsed) => rehearsed.perform(&args),
            };
            must_succeed(&output);
            player.swept = player.rows.iter().filter(|row| row.is_expired).cloned().collect();
            player.rows = steps::survivors(&player.rows);
            player.gone.extend(player.swept.clone());
        });
    }

    /// Takes the newest sweep back: its rows return. Where they stand then is the business of other tests.
    fn undo(&mut self) {
        let store = store_in(&self.folder);
        self.step("undo", |player| {
            let args = ["--now", NOW, "undo", "--store"];
            must_succeed(&bare(binary()).args(args).arg(&store).output().unwrap());
            let text = fs::read_to_string(&store).unwrap();
            player.gone.retain(|row| !player.swept.contains(row));
            player.rows.append(&mut player.swept);
            player.rows.sort_by_key(|row| text.find(&format!("\"{}\"", row.key)));
        });
    }
}

fn must_succeed(output: &Output) {
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
}

/// As a careful gateway writes: what is there afterwards stays there. The file looks as if nobody had written to it just
/// now, so that a sweep does not wait for it to be left alone.
fn write_durably(folder: &Path, text: &str) {
    let temp = folder.join("sessions.json.gateway.tmp");
    let mut file = File::create(&temp).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
    file.sync_all().unwrap();
    fs::rename(&temp, store_in(folder)).unwrap();
    File::open(folder).unwrap().sync_all().unwrap();
}
