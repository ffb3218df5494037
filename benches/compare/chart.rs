//! Tables of what was measured.

use std::fmt::Write as _;

use session_reaper::Bytes;

use crate::{
    contenders::COPY,
    measure::{Series, Spread},
    scenes::{Kind, Scene},
    words::{grouped, memory, three, time},
};

pub(crate) fn table(scene: &Scene) -> String {
    let mut text = format!("### {}\n\n", scene.name);
    match scene.kind {
        Kind::Race { base, own } => race(&mut text, scene, base, own),
        Kind::Scan => scan(&mut text, scene),
        Kind::Growth => growth(&mut text, scene),
    }
    text
}

fn head(text: &mut String, columns: &[&str]) {
    let _ = writeln!(text, "| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
}

fn not_measured(text: &mut String, series: &Series, columns: usize) {
    let why = series.failure.as_deref().unwrap_or("no round was asked for");
    let _ = writeln!(text, "| {} | not measured: {why} |{}", series.name, " |".repeat(columns - 2));
}

fn find<'a>(scene: &'a Scene, name: &str) -> Option<&'a Series> {
    scene.series.iter().find(|series| series.name == name)
}

fn ratio(mine: Option<f64>, other: Option<f64>) -> String {
    mine.zip(other)
        .filter(|(_, other)| *other > 0.0)
        .map_or("-".to_owned(), |(mine, other)| three(mine / other))
}

fn from_to(spread: Spread) -> String {
    format!("{} to {}", time(spread.least), time(spread.most))
}

fn race(text: &mut String, scene: &Scene, base: &str, own: &str) {
    if let Some(series) = scene.series.iter().find(|series| series.bytes > 0) {
        let _ = writeln!(text, "{} of text, {} rows.\n", Bytes(series.bytes), grouped(series.rows));
    }
    let to_base = if base == COPY { "time / copy".to_owned() } else { format!("time / `{base}`") };
    let columns =
        ["", "median", "spread", "processor", "peak memory", &to_base, "time / ours", "memory / ours"];
    let _ = writeln!(text, "Ours is `{own}`.\n");
    head(text, &columns);
    for series in &scene.series {
        let (Some(wall), Some(cpu)) = (series.spread(|run| run.wall), series.spread(|run| run.cpu)) else {
            not_measured(text, series, columns.len());
            continue;
        };
        let against =
            |name: &str, of: fn(&Series) -> Option<f64>| ratio(of(series), find(scene, name).and_then(of));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            series.name,
            time(wall.median),
            from_to(wall),
            time(cpu.median),
            series.peak().map_or_else(String::new, memory),
            against(base, Series::time),
            against(own, Series::time),
            against(own, Series::peak),
        );
    }
}

fn scan(text: &mut String, scene: &Scene) {
    head(text, &["", "text", "GB/s, median", "slowest to fastest"]);
    for series in &scene.series {
        let Some(wall) = series.spread(|run| run.wall) else {
            not_measured(text, series, 4);
            continue;
        };
        let rate = |seconds: f64| three(series.bytes as f64 / seconds / 1e9);
        let (middle, slow, fast) = (rate(wall.median), rate(wall.most), rate(wall.least));
        let _ = writeln!(text, "| {} | {} | {middle} | {slow} to {fast} |", series.name, Bytes(series.bytes));
    }
}

fn growth(text: &mut String, scene: &Scene) {
    head(text, &["rows", "", "median", "spread", "a row", "peak memory"]);
    for series in &scene.series {
        let Some(wall) = series.spread(|run| run.wall) else {
            not_measured(text, series, 6);
            continue;
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            grouped(series.rows),
            series.name,
            time(wall.median),
            from_to(wall),
            time(wall.median / series.rows as f64),
            series.peak().map_or_else(String::new, memory),
        );
    }
}
