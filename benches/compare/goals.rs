//! What speed is wanted, and whether it is there.

use std::fmt::Write as _;

use session_reaper::specimen::Weight::{Heavy, Lean};

use crate::{
    contenders::{COPY, IDLE, NO_TRASH, NODE, PLAN, TICK, TRASH, TRUE},
    measure::{Series, Spread},
    scan::{self, Text},
    scenes::{FEW_STORES, GROWTH, SCAN, Scene, TICKS, many, many_slowly, many_ticks, rows_of},
    words::{memory, three, time},
};

/// A figure, and where it has to lie.
struct Goal {
    what: String,
    figure: Option<f64>,
    wanted: Wanted,
}

#[derive(Debug, Clone, Copy)]
enum Wanted {
    AtMost(f64),
    AtLeast(f64),
    /// Gigabytes a second.
    Rate(f64),
    /// Bytes.
    Memory(f64),
    /// Seconds.
    Time(f64),
}

impl Wanted {
    fn is_met(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(limit) | Self::Rate(limit) => figure >= limit,
            Self::AtMost(limit) | Self::Memory(limit) | Self::Time(limit) => figure <= limit,
        }
    }

    fn limit(self) -> String {
        match self {
            Self::AtLeast(limit) => format!("at least {}", three(limit)),
            Self::AtMost(limit) => format!("at most {}", three(limit)),
            Self::Rate(limit) => format!("at least {} GB/s", three(limit)),
            Self::Memory(limit) => format!("at most {}", memory(limit)),
            Self::Time(limit) => format!("at most {}", time(limit)),
        }
    }

    fn show(self, figure: f64) -> String {
        match self {
            Self::AtLeast(_) | Self::AtMost(_) => three(figure),
            Self::Rate(_) => format!("{} GB/s", three(figure)),
            Self::Memory(_) => memory(figure),
            Self::Time(_) => time(figure),
        }
    }
}

/// The goals as a table, each with its figure.
pub(crate) fn table(scenes: &[Scene]) -> String {
    let mut text =
        "| goal | wanted | of the medians | | of the fastest |\n|---|---|---|---|---|\n".to_owned();
    let of = |pick: fn(Spread) -> f64| all(&Answers { scenes, pick });
    for (goal, at_best) in of(|spread| spread.median).into_iter().zip(of(|spread| spread.least)) {
        let verdict = match goal.figure {
            None => "not measured",
            Some(figure) if goal.wanted.is_met(figure) => "met",
            Some(_) => "**not met**",
        };
        let (median, best) = (goal.show(), at_best.show());
        let _ = writeln!(text, "| {} | {} | {median} | {verdict} | {best} |", goal.what, goal.wanted.limit());
    }
    text
}

impl Goal {
    fn show(&self) -> String {
        self.figure.map_or_else(|| "-".to_owned(), |figure| self.wanted.show(figure))
    }
}

/// What was measured, by name; of many runs one figure is picked.
struct Answers<'a> {
    scenes: &'a [Scene],
    pick: fn(Spread) -> f64,
}

impl Answers<'_> {
    fn series(&self, scene: &str, name: &str) -> Option<&Series> {
        self.scenes.iter().find(|found| found.name == scene)?.series.iter().find(|series| series.name == name)
    }

    fn time(&self, scene: &str, name: &str) -> Option<f64> {
        self.picked_time(self.series(scene, name)?)
    }

    fn peak(&self, scene: &str, name: &str) -> Option<f64> {
        self.series(scene, name)?.spread(|run| run.peak).map(self.pick)
    }

    fn picked_time(&self, series: &Series) -> Option<f64> {
        series.spread(|run| run.wall).map(self.pick)
    }

    fn time_ratio(&self, scene: &str, name: &str, other: &str) -> Option<f64> {
        Some(self.time(scene, name)? / self.time(scene, other)?)
    }

    fn peak_ratio(&self, scene: &str, name: &str, other: &str) -> Option<f64> {
        Some(self.peak(scene, name)? / self.peak(scene, other)?)
    }

    fn rate(&self, text: Text) -> Option<f64> {
        let series = self.series(SCAN, &scan::label(scan::OURS, text))?;
        Some(series.bytes as f64 / self.picked_time(series)? / 1e9)
    }

    /// The dearest row by the cheapest one, over all sizes; 10,000 and 1,000,000 rows must be among them.
    fn growth(&self, name: &str) -> Option<f64> {
        let scene = self.scenes.iter().find(|found| found.name == GROWTH)?;
        let sizes = || scene.series.iter().filter(|series| series.name == name);
        if ![10_000, 1_000_000].iter().all(|rows| sizes().any(|series| series.rows.abs_diff(*rows) < 100)) {
            return None;
        }
        let costs: Vec<f64> = sizes()
            .map(|series| Some(self.picked_time(series)? / series.rows as f64))
            .collect::<Option<_>>()?;
        Some(costs.iter().copied().fold(0.0, f64::max) / costs.iter().copied().fold(f64::MAX, f64::min))
    }
}

fn all(answers: &Answers<'_>) -> Vec<Goal> {
    [sweeps(answers), node(answers), ourselves(answers), many_stores(answers)].into_iter().flatten().collect()
}

fn goal(what: impl Into<String>, figure: Option<f64>, wanted: Wanted) -> Goal {
    Goal { what: what.into(), figure, wanted }
}

fn sweeps(answers: &Answers<'_>) -> Vec<Goal> {
    let mut goals = Vec::new();
    for (weight, rows) in [(Lean, 100_000), (Lean, 1_000_000), (Heavy, 20_000)] {
        let scene = rows_of(weight, rows);
        let against = |ours| answers.time_ratio(&scene, ours, COPY);
        goals.push(goal(format!("{scene}: `--no-trash` / copy"), against(NO_TRASH), Wanted::AtMost(1.0)));
        goals.push(goal(format!("{scene}: with the trash / copy"), against(TRASH), Wanted::AtMost(1.2)));
    }
    goals
}

fn node(answers: &Answers<'_>) -> Vec<Goal> {
    let mut goals = Vec::new();
    for (weight, rows, faster, smaller) in
        [(Lean, 3_000, 5.0, None), (Lean, 100_000, 12.0, Some(100.0)), (Heavy, 4_000, 12.0, Some(100.0))]
    {
        let scene = rows_of(weight, rows);
        let quick = answers.time_ratio(&scene, NODE, NO_TRASH);
        goals.push(goal(format!("{scene}: Node 24 / ours, time"), quick, Wanted::AtLeast(faster)));
        goals.extend(smaller.map(|smaller| {
            let small = answers.peak_ratio(&scene, NODE, NO_TRASH);
            goal(format!("{scene}: Node 24 / ours, memory"), small, Wanted::AtLeast(smaller))
        }));
    }
    goals
}

fn ourselves(answers: &Answers<'_>) -> Vec<Goal> {
    let million = rows_of(Lean, 1_000_000);
    let idle = answers.time_ratio(&million, IDLE, PLAN);
    vec![
        scanned(answers, Text::Lean, 2.0),
        scanned(answers, Text::Prompts, 4.0),
        scanned(answers, Text::Heavy, 4.0),
        goal(
            "a row from 10,000 to 1,000,000, dearest / cheapest, plan",
            answers.growth(PLAN),
            Wanted::AtMost(1.2),
        ),
        goal(
            "a row from 10,000 to 1,000,000, dearest / cheapest, sweep",
            answers.growth(NO_TRASH),
            Wanted::AtMost(1.2),
        ),
        goal(format!("{million}, nothing to prune: sweep / plan"), idle, Wanted::AtMost(1.1)),
        goal("the tick with nothing due, more than /bin/true", idle_tick(answers), Wanted::Time(0.001)),
        memory_of(answers, 1_000_000),
        memory_of(answers, 4_000_000),
    ]
}

fn scanned(answers: &Answers<'_>, text: Text, wanted: f64) -> Goal {
    goal(format!("scan with validation: {}", text.name()), answers.rate(text), Wanted::Rate(wanted))
}

fn idle_tick(answers: &Answers<'_>) -> Option<f64> {
    Some(answers.time(TICKS, TICK)? - answers.time(TICKS, TRUE)?)
}

/// The peak of a sweep with the trash: no more than 16 MB, and 24 bytes a row.
fn memory_of(answers: &Answers<'_>, rows: u64) -> Goal {
    let scene = rows_of(Lean, rows);
    let limit = f64::from(16 << 20) + 24.0 * rows as f64;
    goal(format!("{scene}: peak memory"), answers.peak(&scene, TRASH), Wanted::Memory(limit))
}

fn many_stores(answers: &Answers<'_>) -> Vec<Goal> {
    let (swept, slowly, at_rest) = (many(10_000), many_slowly(FEW_STORES), many_ticks(10_000));
    let ratio = |scene: &str| answers.time_ratio(scene, NODE, NO_TRASH);
    vec![
        goal(format!("{swept}: Node 24 / ours, time"), ratio(&swept), Wanted::AtLeast(4.0)),
        goal(format!("{slowly}: Node 24 / ours, time"), ratio(&slowly), Wanted::AtLeast(4.0)),
        goal(format!("{at_rest}: the tick over all"), answers.time(&at_rest, TICK), Wanted::Time(0.05)),
    ]
}
