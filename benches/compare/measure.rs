//! Contenders in turn, round by round, so that the machine's moods strike all of them alike.

use std::{path::Path, rc::Rc};

use crate::{
    stage::{After, Stage},
    supervise,
};

/// What one process took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of processor, the kernel's for it included.
    pub(crate) cpu: f64,
    /// Bytes of memory at the peak.
    pub(crate) peak: f64,
}

/// Who is measured, and on what.
pub(crate) struct Contender {
    pub(crate) name: String,
    /// Program and arguments, or why there are none.
    pub(crate) command: Result<Vec<String>, String>,
    pub(crate) stage: Rc<dyn Stage>,
    /// What the store must be like afterwards.
    pub(crate) after: After,
}

/// Everything that was measured of one contender.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// Why there is nothing, or not everything.
    pub(crate) failure: Option<String>,
    pub(crate) runs: Vec<Run>,
}

/// The middle one of many figures, and the two ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Series {
    pub(crate) fn spread(&self, what: impl Fn(&Run) -> f64) -> Option<Spread> {
        if self.failure.is_some() {
            return None;
        }
        let mut figures: Vec<f64> = self.runs.iter().map(what).collect();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let median = match figures.len() {
            0 => return None,
            odd if odd % 2 == 1 => figures[middle],
            _ => f64::midpoint(figures[middle - 1], figures[middle]),
        };
        Some(Spread { median, least: figures[0], most: figures[figures.len() - 1] })
    }

    pub(crate) fn time(&self) -> Option<f64> {
        self.spread(|run| run.wall).map(|spread| spread.median)
    }

    pub(crate) fn peak(&self) -> Option<f64> {
        self.spread(|run| run.peak).map(|spread| spread.median)
    }
}

/// Runs everybody `rounds` times. Whoever fails once is out.
pub(crate) fn race(contenders: &[Contender], rounds: usize, home: &Path) -> Vec<Series> {
    let mut all: Vec<Series> = contenders.iter().map(begin).collect();
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            // Nobody always runs behind the same neighbour's writes.
            let index = (turn + round) % contenders.len();
            let (contender, series) = (&contenders[index], &mut all[index]);
            if let (Ok(command), None) = (&contender.command, &series.failure) {
                match once(contender, command, home) {
                    Ok(run) => series.runs.push(run),
                    Err(why) => series.failure = Some(why),
                }
            }
        }
    }
    all
}

fn begin(contender: &Contender) -> Series {
    Series {
        name: contender.name.clone(),
        rows: contender.stage.rows(),
        bytes: contender.stage.bytes(),
        failure: contender.command.as_ref().err().cloned(),
        runs: Vec::new(),
    }
}

fn once(contender: &Contender, command: &[String], home: &Path) -> Result<Run, String> {
    contender.stage.set().map_err(|error| format!("no store to work on: {error}"))?;
    let run = supervise::run(command, home)?;
    contender.stage.check(contender.after)?;
    Ok(run)
}
