//! `config show` and `config check`: the configuration in force, and what is wrong with it.

use std::io::Write;

use serde_json::json;
use session_reaper::{
    config::{self, ConfigError, Effective, ShownValue},
    sweep::SCHEMA,
};

use super::{
    Exit, Failure, Frame,
    flags::SettingArgs,
    output::{self, BOLD, DIM},
    words::plain,
};

/// The configuration in force
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every value in force, and where it comes from
    Show(Box<SettingArgs>),
    /// Whether the configuration can be used: errors by name and line
    Check(Box<SettingArgs>),
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    match &args.what {
        What::Show(settings) => show(&frame.configure(settings.flags())?, frame),
        What::Check(settings) => check(settings, frame),
    }
}

fn show(config: &Effective, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let values = config::show(config);
    let mut out = output::stdout();
    if frame.globals.json {
        let file = config.file.as_ref().map(|file| file.to_string_lossy());
        let shown = json!({ "schema": SCHEMA, "verb": "config show", "file": file, "values": values });
        writeln!(out, "{shown}")?;
    } else {
        table(&mut out, &values)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// `key  value  origin`, in columns.
fn table(out: &mut impl Write, values: &[ShownValue]) -> std::io::Result<()> {
    let rows: Vec<[String; 3]> =
        values.iter().map(|value| [value.key.clone(), value.literal(), value.origin.to_string()]).collect();
    let width = |column: fn(&[String; 3]) -> &String| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0)
    };
    let (keys, literals) = (width(|[key, _, _]| key), width(|[_, literal, _]| literal).min(48));
    for [key, literal, origin] in &rows {
        let (literal, origin) = (plain(literal), plain(origin));
        writeln!(out, "{BOLD}{key:<keys$}{BOLD:#}  {literal:<literals$}  {DIM}{origin}{DIM:#}")?;
    }
    Ok(())
}

fn check(settings: &SettingArgs, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let checked = frame.load(settings.flags());
    if !frame.globals.json {
        let config = checked?;
        let file = config.file.map_or_else(|| "no file".to_owned(), |file| file.display().to_string());
        return line(&format!("the configuration can be used ({})", plain(&file)));
    }
    let exit = if checked.is_ok() { Exit::Done } else { Exit::Usage };
    let problems = checked.as_ref().err().map(ConfigError::problems).unwrap_or_default();
    let report =
        json!({ "schema": SCHEMA, "verb": "config check", "ok": checked.is_ok(), "problems": problems });
    line(&report.to_string()).map(|_| exit)
}

fn line(text: &str) -> Result<Exit, Failure> {
    let mut out = output::stdout();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(Exit::Done)
}
