//! Many small stores, each in a folder of its own, and stores that were swept a moment ago.

use std::{
    cell::{Cell, RefCell},
    fs, io,
    path::{Path, PathBuf},
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
};

use session_reaper::specimen::{self, Recipe, Weight};

use crate::{
    stage::{After, Stage, expect, recipe, rows_in},
    supervise,
};

/// Rows of a small store: about 30 KB.
const ROWS: u64 = 22;
/// How many texts there are; stores take turns.
const TEXTS: u64 = 16;

/// `agents/<name>/sessions/sessions.json`, many times.
///
/// None is removed before it is dropped, and it should not be while anything is measured. Where ext4 has no journal, it looks
/// at every file that was removed in the last minutes whenever a new one is made: with ten thousand of those, that would be
/// all that is measured.
pub(crate) struct Herd {
    home: PathBuf,
    folder: PathBuf,
    /// How many there were.
    old: Cell<u32>,
    texts: Vec<(Vec<u8>, specimen::Summary)>,
    count: u64,
    /// When each was written last.
    was: RefCell<Vec<std::time::SystemTime>>,
}

impl Herd {
    pub(crate) fn make(under: &Path, count: u64) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let text = |seed| {
            let mut text = Vec::new();
            let summary = specimen::write(&Recipe { seed, ..recipe(ROWS, Weight::Lean) }, &mut text)?;
            Ok((text, summary))
        };
        let texts = (1..=TEXTS).map(text).collect::<io::Result<_>>()?;
        let home = under.join(format!("herds-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        Ok(Self { folder: home.join("now"), home, old: Cell::new(0), texts, count, was: RefCell::default() })
    }

    fn each(&self) -> impl Iterator<Item = (PathBuf, &(Vec<u8>, specimen::Summary))> {
        let agents = self.folder.join("agents");
        (0..self.count)
            .zip(self.texts.iter().cycle())
            .map(move |(index, text)| (agents.join(format!("a{index:05}/sessions/sessions.json")), text))
    }

    fn written(&self) -> io::Result<Vec<std::time::SystemTime>> {
        self.each().map(|(path, _)| fs::metadata(path)?.modified()).collect()
    }

    fn sum(&self, of: impl Fn(&(Vec<u8>, specimen::Summary)) -> u64) -> u64 {
        self.each().map(|(_, text)| of(text)).sum()
    }
}

impl Stage for Herd {
    fn set(&self) -> io::Result<()> {
        let old = self.home.join(self.old.replace(self.old.get() + 1).to_string());
        match fs::rename(&self.folder, old) {
            // There is none to put aside at first.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            aside => aside?,
        }
        for (path, (text, _)) in self.each() {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(path, text)?;
        }
        rustix::fs::sync();
        *self.was.borrow_mut() = self.written()?;
        Ok(())
    }

    fn check(&self, after: After) -> Result<(), String> {
        if after == After::Untouched {
            let same = self.written().is_ok_and(|written| written == *self.was.borrow());
            return if same { Ok(()) } else { Err("it wrote a store, and should not have".to_owned()) };
        }
        let found = self.each().map(|(path, _)| rows_in(&path)).sum::<Result<u64, String>>()?;
        let goes = |summary: &specimen::Summary| if after == After::Pruned { summary.expired } else { 0 };
        expect(found, self.sum(|(_, summary)| summary.rows - goes(summary)))
    }

    fn rows(&self) -> u64 {
        self.sum(|(_, summary)| summary.rows)
    }

    fn bytes(&self) -> u64 {
        self.sum(|(_, summary)| summary.bytes)
    }

    fn path(&self) -> String {
        self.folder.display().to_string()
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// Stores that were swept once, so that a tick finds nothing to do.
pub(crate) struct Swept {
    pub(crate) stage: Rc<dyn Stage>,
    pub(crate) sweep: Vec<String>,
    pub(crate) home: PathBuf,
    done: Cell<bool>,
}

impl Swept {
    pub(crate) fn new(stage: Rc<dyn Stage>, sweep: Vec<String>, home: PathBuf) -> Self {
        Self { stage, sweep, home, done: Cell::new(false) }
    }
}

impl Stage for Swept {
    fn set(&self) -> io::Result<()> {
        if !self.done.replace(true) {
            self.stage.set()?;
            supervise::run(&self.sweep, &self.home).map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn check(&self, after: After) -> Result<(), String> {
        self.stage.check(after)
    }

    fn rows(&self) -> u64 {
        self.stage.rows()
    }

    fn bytes(&self) -> u64 {
        self.stage.bytes()
    }

    fn path(&self) -> String {
        self.stage.path()
    }
}
