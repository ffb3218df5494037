//! `check`: is everything swept as it should be? One line and an exit code for monitors.

use serde::Serialize;
use session_reaper::{
    Age, Policy, Timestamp,
    artifact::{self, Action},
    config::Flags,
    inspect::{self, Backlog, Health, Level, Limits},
};

use super::{
    Exit, Failure, Frame,
    flags::StoreArgs,
    looking::{self, RuleArgs},
    output,
    progress::Progress,
    stores::{self, Target},
    words::{self, plain},
};

const EXAMPLES: &str = "\
Examples:
  session-reaper check                                      the config's stores
  session-reaper check --warning 30m --critical 6h ~/.openclaw

Exit codes of this verb: 0 OK, 1 warning, 2 critical, 3 unknown. An argument that is not known ends it with 2, as everywhere.";

/// For monitoring: is everything swept as it should be? One line
///
/// Warning: the last sweep of a store failed or was refused, or rows are overdue for longer than --warning. Critical: for
/// longer than --critical, or no sweep was seen for so long while rows are overdue. Unknown: a store cannot be read, or
/// the configuration is wrong. The worst store is named, critical before unknown before warning. Folders that the
/// configuration names beside the stores are judged like them, where no STORE is named. Takes no lock and writes nothing. Give it the flags and the configuration that the scheduler has.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    stores: StoreArgs,

    /// Warn when a row is overdue for longer than this [default: 1h]
    #[arg(short, long, value_name = "AGE", allow_hyphen_values = true)]
    warning: Option<String>,

    /// It is critical when a row is overdue for longer than this [default: 24h]
    #[arg(short, long, value_name = "AGE", allow_hyphen_values = true)]
    critical: Option<String>,

    #[command(flatten)]
    rules: RuleArgs,
}

impl Args {
    fn limits(&self) -> Result<Limits, Failure> {
        let start = Limits::default();
        let warning = age("--warning", self.warning.as_deref())?.unwrap_or(start.warning);
        let critical = age("--critical", self.critical.as_deref())?.unwrap_or(start.critical);
        if warning > critical {
            let message =
                format!("--warning {warning} is longer than --critical {critical}; nothing was removed");
            return Err(Failure::usage(message));
        }
        Ok(Limits { warning, critical })
    }
}

fn age(flag: &str, text: Option<&str>) -> Result<Option<Age>, Failure> {
    let age = text.map(str::parse).transpose();
    age.map_err(|error: session_reaper::AgeError| {
        Failure::usage(format!("{flag}: {error}; nothing was removed"))
    })
}

/// What all stores come to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    status: Level,
    code: u8,
    overdue: u64,
    oldest_ms: i64,
    line: String,
    stores: &'a [Health],
}

pub(super) fn run(args: &Args, frame: &Frame<'_>) -> Result<Exit, Failure> {
    let limits = args.limits()?;
    let config = frame.configure(args.rules.lay_into(args.stores.lay_into(Flags::default())))?;
    let folders = args.stores.folders(&config);
    let targets = stores::find_beside(&config, &folders)?;
    let progress = Progress::of("reading", frame, targets.len());
    let look = |target| progress.over(|| examine(target, &config.policy, frame.now, &limits));
    let clashes = artifact::clashes(&folders, targets.iter().filter_map(Target::path));
    let stores = targets.into_iter().map(look);
    let folders = folders.iter().zip(clashes).map(|(folder, clash)| match clash {
        // No sweep would touch it.
        Some(why) => Health::of_error(why),
        None => examine_folder(folder, frame.now, &limits),
    });
    let stores: Vec<Health> = stores.chain(folders).collect();
    drop(progress);
    let summary = summarize(&stores, &limits);
    let exit = Exit::Judged(summary.status);
    if frame.globals.json {
        looking::json("check", frame, &config.policy, summary)?;
    } else if frame.speaks() || summary.status != Level::Fine {
        output::line(&summary.line)?;
    }
    Ok(exit)
}

/// What kept the look from being taken is told where monitors read, too.
pub(super) fn unknown(failure: Failure, object: Option<&str>) -> Exit {
    if object.is_none() {
        // It is told on stderr in any case.
        let _ = output::line(&format!("{} - {}", Level::Unknown.name(), in_one_line(failure.text())));
    }
    failure.with_exit(Exit::Judged(Level::Unknown)).tell(object)
}

fn examine(target: Target, policy: &Policy, now: Timestamp, limits: &Limits) -> Health {
    match target {
        Target::Store(store) => inspect::check(&store, policy, now, limits),
        Target::None(error) => Health::of_error(error),
    }
}

/// A folder of what sessions leave behind: what a sweep would take now, and for how long that has been due.
fn examine_folder(target: &artifact::Target, now: Timestamp, limits: &Limits) -> Health {
    let report = target.inspect(now);
    if let Some(error) = report.error {
        return Health { store: report.path, ..Health::of_error(error) };
    }
    let due = report.items.iter().filter(|item| item.action == Action::Sweep);
    let oldest = due.filter_map(|item| item.expires_at).min();
    let (last_sweep, failures) = target.last();
    let backlog = Backlog {
        overdue: report.swept,
        oldest_ms: oldest.map_or(0, |since| now.millis_since(since).max(0)),
        last_sweep: last_sweep.filter(|last| *last <= now),
        failures,
        is_cooling: false,
    };
    Health::of_backlog(report.path, target.kind().unit(), backlog, now, limits)
}

fn summarize<'a>(stores: &'a [Health], limits: &Limits) -> Summary<'a> {
    // Of those that are equally bad, the one that waits longest.
    let worst = stores.iter().max_by_key(|store| (store.status, store.backlog.oldest_ms));
    let status = worst.map_or(Level::Unknown, |worst| worst.status);
    let overdue = stores.iter().map(|store| store.backlog.overdue).sum();
    let oldest_ms = stores.iter().map(|store| store.backlog.oldest_ms).max().unwrap_or(0);
    let line = format!(
        "{} - {} | overdue={overdue} oldest={}s;{};{} {}",
        status.name(),
        in_one_line(&about(stores, worst)),
        oldest_ms / 1_000,
        limits.warning.as_millis() / 1_000,
        limits.critical.as_millis() / 1_000,
        counts(stores),
    );
    Summary { status, code: status.code(), overdue, oldest_ms, line, stores }
}

/// How many stores there are, and the worst of them by name.
fn about(stores: &[Health], worst: Option<&Health>) -> String {
    let all = words::count(stores.len() as u64, "store");
    let Some(worst) = worst else { return all };
    let bad = stores.iter().filter(|store| store.status != Level::Fine).count();
    match bad {
        0 if worst.backlog.overdue == 0 => format!("{all}, nothing overdue"),
        0 => format!("{all}, none overdue for long; {}: {}", worst.store, worst.why),
        1 if stores.len() == 1 => format!("{}: {}", worst.store, worst.why),
        bad => format!("{bad} of {all}, the worst {}: {}", worst.store, worst.why),
    }
}

/// Numbers of stores, for graphs.
fn counts(stores: &[Health]) -> String {
    let count = |is: fn(&Health) -> bool| stores.iter().filter(|store| is(store)).count();
    format!(
        "stores={} failing={} unknown={}",
        stores.len(),
        count(|store| store.backlog.failures > 0),
        count(|store| store.status == Level::Unknown)
    )
}

/// A bar would begin the numbers, and a line break end the line.
fn in_one_line(text: &str) -> String {
    plain(text).replace('|', "\\u{7c}")
}
