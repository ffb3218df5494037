//! What contenders work on: a store, copied anew for each of them, in the page cache and on the disk.

use std::{
    cell::Cell,
    fs::{self, File},
    io::{self, BufWriter, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use session_reaper::{
    Timestamp,
    json::{RawRow, Scanner, Visit},
    specimen::{self, Mix, Recipe, Weight},
};

/// The time at which all stores are judged.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);

/// What must be true when a contender has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// Exactly the expired rows are gone.
    Pruned,
    /// It is the same file, and nobody has written to it.
    Untouched,
    /// It is another file, with every row.
    Copied,
}

pub(crate) trait Stage {
    /// Makes everything as if nobody had ever been here.
    fn set(&self) -> io::Result<()>;
    /// Whether the work was done.
    fn check(&self, after: After) -> Result<(), String>;
    fn rows(&self) -> u64;
    fn bytes(&self) -> u64;
    /// What contenders are told to work on.
    fn path(&self) -> String;
}

/// One store.
pub(crate) struct OneStore {
    pristine: PathBuf,
    folder: PathBuf,
    summary: specimen::Summary,
    was: Cell<Option<(u64, i64, i64)>>,
}

pub(crate) fn recipe(rows: u64, weight: Weight) -> Recipe {
    Recipe { rows, weight, expired_percent: 25, kinds: Mix::CronRuns, ..Recipe::new(NOW) }
}

impl OneStore {
    /// A quarter of its rows has expired.
    pub(crate) fn make(under: &Path, rows: u64, weight: Weight) -> io::Result<Self> {
        let name = format!("{weight:?}-{rows}");
        let pristine = under.join(format!("{name}.pristine"));
        let mut out = BufWriter::new(File::create(&pristine)?);
        let summary = specimen::write(&recipe(rows, weight), &mut out)?;
        out.into_inner()?.sync_all()?;
        Ok(Self { pristine, folder: under.join(name), summary, was: Cell::new(None) })
    }

    fn store(&self) -> PathBuf {
        self.folder.join("sessions.json")
    }

    fn identity(&self) -> io::Result<(u64, i64, i64)> {
        let about = fs::metadata(self.store())?;
        Ok((about.ino(), about.mtime(), about.mtime_nsec()))
    }
}

impl Stage for OneStore {
    fn set(&self) -> io::Result<()> {
        let _ = fs::remove_dir_all(&self.folder);
        fs::create_dir(&self.folder)?;
        fs::copy(&self.pristine, self.store())?;
        File::open(self.store())?.sync_all()?;
        File::open(&self.folder)?.sync_all()?;
        self.was.set(Some(self.identity()?));
        Ok(())
    }

    fn check(&self, after: After) -> Result<(), String> {
        match after {
            After::Untouched if self.identity().ok() == self.was.get() => Ok(()),
            After::Untouched => Err("it wrote the store, and should not have".to_owned()),
            After::Copied if self.identity().ok() == self.was.get() => Err("it copied nothing".to_owned()),
            After::Copied => expect(rows_in(&self.store())?, self.summary.rows),
            After::Pruned => expect(rows_in(&self.store())?, self.summary.rows - self.summary.expired),
        }
    }

    fn rows(&self) -> u64 {
        self.summary.rows
    }

    fn bytes(&self) -> u64 {
        self.summary.bytes
    }

    fn path(&self) -> String {
        self.store().display().to_string()
    }
}

impl Drop for OneStore {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.pristine);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// No store at all: what the start of a process costs.
pub(crate) struct Empty;

impl Stage for Empty {
    fn set(&self) -> io::Result<()> {
        Ok(())
    }

    fn check(&self, _: After) -> Result<(), String> {
        Ok(())
    }

    fn rows(&self) -> u64 {
        0
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn path(&self) -> String {
        String::new()
    }
}

pub(crate) fn expect(found: u64, expected: u64) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("it left {found} rows instead of {expected}")) }
}

#[derive(Default)]
struct Count(u64);

impl Visit for Count {
    fn row(&mut self, _: RawRow<'_>) {
        self.0 += 1;
    }
}

/// How many rows a store has, read piece by piece.
pub(crate) fn rows_in(path: &Path) -> Result<u64, String> {
    let told = |error: &dyn std::fmt::Display| format!("what it left cannot be read: {error}");
    let mut file = File::open(path).map_err(|error| told(&error))?;
    let (mut scanner, mut count, mut piece) = (Scanner::new(), Count::default(), vec![0; 1 << 18]);
    loop {
        let read = file.read(&mut piece).map_err(|error| told(&error))?;
        if read == 0 {
            break;
        }
        scanner.feed(&piece[..read], &mut count).map_err(|error| told(&error))?;
    }
    scanner.finish(&mut count).map_err(|error| told(&error))?;
    Ok(count.0)
}
