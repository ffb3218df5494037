//! A store on a disk in memory, and runs on it.

use session_reaper::{
    FileStore, Key, Policy, Timestamp,
    fs::MemDisk,
    store::Wish,
    sweep::{self, Options, RunId, StoreReport, UndoReport},
};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
pub(crate) const DAY: i64 = 86_400_000;
pub(crate) const PATH: &str = "/s/sessions.json";
pub(crate) const OURS: &str = "/s/.session-reaper";

/// A store on a disk in memory.
pub(crate) struct World {
    pub(crate) disk: MemDisk,
    runs: std::cell::Cell<u32>,
}

/// Nothing that a guard could have against it.
pub(crate) fn options() -> Options {
    Options { allow_mass_delete: true, allow_clock_jump: true, ..Options::default() }
}

impl World {
    pub(crate) fn with(text: &str) -> Self {
        Self { disk: MemDisk::with_file(PATH.as_ref(), text.as_bytes()), runs: 0.into() }
    }

    pub(crate) fn store(&self) -> FileStore<MemDisk> {
        FileStore::on(self.disk.clone(), PATH)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.disk.get(PATH.as_ref()).unwrap()).unwrap()
    }

    /// Another writer's update.
    pub(crate) fn write(&self, text: &str) {
        self.disk.put(PATH.as_ref(), text.as_bytes());
    }

    /// A name for a run that no other has.
    pub(crate) fn run(&self) -> RunId {
        self.runs.set(self.runs.get() + 1);
        format!("20261121T080000000Z-{:08x}", self.runs.get()).parse().unwrap()
    }

    pub(crate) fn prune(&self) -> (RunId, StoreReport) {
        let run = self.run();
        let options = Options { run: Some(run.clone()), ..options() };
        (run, sweep::prune(&self.store(), &Policy::default(), NOW, &options))
    }

    pub(crate) fn undo(&self, run: &RunId, wish: &Wish) -> (RunId, UndoReport) {
        let id = self.run();
        let options = Options { run: Some(id.clone()), ..options() };
        (id, sweep::undo(&self.store(), run, wish, "undo", NOW, &options))
    }

    /// What is in our folder on its way to somewhere.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let mut names = self.disk.names(OURS.as_ref());
        names.extend(self.disk.names(format!("{OURS}/trash").as_ref()));
        names.retain(|name| {
            [".tmp", ".swap", ".unfinished", ".purged", ".begun"].iter().any(|end| name.ends_with(end))
        });
        names
    }

    /// The texts of all bundles.
    pub(crate) fn trash(&self) -> Vec<String> {
        let trash = format!("{OURS}/trash");
        let names = self.disk.names(trash.as_ref());
        let rows =
            names.iter().filter_map(|name| self.disk.get(format!("{trash}/{name}/rows.json").as_ref()));
        rows.map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }
}

/// A key of a cron run.
pub(crate) fn run_key(number: usize) -> String {
    format!("agent:main:cron:ours-{number}:run:0f6a2b1c-1111-4222-8333-{number:012}")
}

pub(crate) fn wish(only: Option<&str>) -> Wish {
    Wish { only: only.map(Key::from), ..Wish::default() }
}
