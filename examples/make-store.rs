//! Writes a realistic store of any size to stdout.
//!
//! `cargo run --release --example make-store -- --rows 100000 --lean > sessions.json`

use std::{
    env,
    io::{self, Write},
};

use session_reaper::{
    Timestamp, now,
    specimen::{self, Mix, Recipe, Weight},
};

const USAGE: &str = "make-store [--rows N] [--bare|--lean|--heavy] [--cron-runs|--realistic] \
                     [--expired PERCENT] [--now TIME] [--seed N] > sessions.json";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let recipe = recipe(env::args().skip(1)).map_err(|why| format!("{why}\nusage: {USAGE}"))?;
    let summary = specimen::write(&recipe, &mut io::stdout().lock())?;
    writeln!(
        io::stderr(),
        "{} rows, {} cron runs, {} of them expired at {}, {} bytes",
        summary.rows,
        summary.cron_runs,
        summary.expired,
        recipe.now,
        summary.bytes
    )?;
    Ok(())
}

fn recipe(mut args: impl Iterator<Item = String>) -> Result<Recipe, Box<dyn std::error::Error>> {
    let mut recipe = Recipe::new(now());
    while let Some(flag) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--bare" => recipe.weight = Weight::Bare,
            "--lean" => recipe.weight = Weight::Lean,
            "--heavy" => recipe.weight = Weight::Heavy,
            "--cron-runs" => recipe.kinds = Mix::CronRuns,
            "--realistic" => recipe.kinds = Mix::Realistic,
            "--rows" => recipe.rows = value()?.parse()?,
            "--expired" => recipe.expired_percent = value()?.parse()?,
            "--now" => recipe.now = value()?.parse::<Timestamp>()?,
            "--seed" => recipe.seed = value()?.parse()?,
            _ => return Err(format!("{flag} is unknown").into()),
        }
    }
    Ok(recipe)
}
