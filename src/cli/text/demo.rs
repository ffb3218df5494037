//! What the demonstration shows, on one screen.

use std::{io::Write, path::PathBuf};

use session_reaper::{
    Bytes,
    inspect::{Survey, Survivors},
    sweep::{Report, StoreReport},
};

use super::shares;
use crate::cli::{
    Failure,
    output::{self, BOLD, DIM, GOES},
    words::{self, plain},
};

/// So many kinds have a line of their own: all of it fits on one screen.
const KINDS: usize = 4;

/// What there is to show.
pub(crate) struct Shown {
    pub(crate) folder: PathBuf,
    pub(crate) before: Survey,
    pub(crate) millis: u128,
    pub(crate) same: Survivors,
    pub(crate) back: Back,
}

/// How the sweep was taken back.
#[derive(Debug, Default)]
pub(crate) struct Back {
    pub(crate) rows: u64,
    pub(crate) millis: u128,
    /// Whether the store was what it had been, byte for byte.
    pub(crate) is_whole: bool,
}

impl Shown {
    pub(crate) fn print(&self, report: &Report) -> Result<(), Failure> {
        let mut out = output::stdout();
        let (rows, size) = (self.before.census.total.rows, Bytes(self.before.bytes_before));
        writeln!(out, "{BOLD}A store as gateways leave it{BOLD:#}: {rows} rows, {size}")?;
        shares::kinds(&mut out, &self.before, KINDS)?;
        report.stores.iter().try_for_each(|store| self.swept(&mut out, store))?;
        self.taken_back(&mut out)?;
        self.next(&mut out)?;
        Ok(out.flush()?)
    }

    fn swept(&self, out: &mut impl Write, store: &StoreReport) -> std::io::Result<()> {
        let counts = |counts: Vec<(String, u64)>| {
            let texts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            texts.join(", ")
        };
        let pruned = counts(store.by_rule.iter().map(|(rule, count)| (rule.to_string(), *count)).collect());
        let kept = counts(store.kept_by.iter().map(|(why, count)| (why.to_string(), *count)).collect());
        writeln!(
            out,
            "\n{BOLD}Swept{BOLD:#} in {} ms: cron runs older than 24h go, all else stays",
            self.millis
        )?;
        writeln!(out, "  {DIM}pruned{DIM:#}   {GOES}{pruned}{GOES:#}")?;
        writeln!(out, "  {DIM}kept{DIM:#}     {kept}")?;
        writeln!(
            out,
            "  {DIM}size{DIM:#}     {} before, {} after",
            Bytes(store.bytes_before),
            Bytes(store.bytes_after)
        )?;
        let (same, left) = (self.same.identical, self.same.after);
        writeln!(
            out,
            "  {DIM}checked{DIM:#}  {same} of the {left} rows left are byte for byte what they were"
        )
    }

    fn taken_back(&self, out: &mut impl Write) -> std::io::Result<()> {
        let Back { rows, millis, is_whole } = self.back;
        let whole = if is_whole { "every byte as it was" } else { "NOT every byte as it was" };
        writeln!(
            out,
            "\n{BOLD}Undone{BOLD:#} in {millis} ms: {rows} rows came back, {whole}; then swept again"
        )
    }

    fn next(&self, out: &mut impl Write) -> std::io::Result<()> {
        let (program, folder) = (words::program(), words::quoted(&self.folder.display().to_string()));
        let (program, folder) = (plain(&program), plain(&folder));
        writeln!(out, "\n{BOLD}Try next{BOLD:#}")?;
        for (verb, rest) in [
            ("list", ""),
            ("explain", " agent:main:main"),
            ("prune -n --retention 6h", ""),
            ("history --store", ""),
            ("undo --store", ""),
        ] {
            writeln!(out, "  {program} {verb} {folder}{rest}")?;
        }
        writeln!(out, "  rm -r {folder}{DIM}    when you have seen enough{DIM:#}")
    }
}
