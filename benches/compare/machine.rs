//! What it was measured on, and what was measured.

use std::{fs, process::Command, thread};

use session_reaper::Bytes;

use crate::settings::{Settings, tool};

pub(crate) struct Machine {
    pub(crate) date: String,
    pub(crate) facts: Vec<(&'static str, String)>,
}

/// Features of a processor on which these programs depend.
const FEATURES: [&str; 10] = [
    "sse4_2",
    "pclmulqdq",
    "popcnt",
    "avx2",
    "bmi2",
    "avx512f",
    "avx512bw",
    "avx512vbmi",
    "vpclmulqdq",
    "sha_ni",
];

pub(crate) fn describe(settings: &Settings) -> Machine {
    let facts = vec![
        ("processor", processor()),
        ("memory", memory()),
        ("file system", file_system(settings)),
        ("kernel", read("/proc/sys/kernel/osrelease")),
        ("load in the minute before", read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned()),
        ("compiler", first_line("rustc", &["--version"])),
        ("session-reaper", first_line("git", &["describe", "--always", "--dirty"])),
        ("peers", peers()),
    ];
    Machine { date: session_reaper::now().to_string(), facts }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// The value of `name : value` in a file of the kernel's.
fn value_of(path: &str, name: &str) -> String {
    let text = read(path);
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let mut values =
        lines.filter(|(found, _)| found.trim() == name).map(|(_, value)| value.trim().to_owned());
    values.next().unwrap_or_default()
}

fn processor() -> String {
    let has = value_of("/proc/cpuinfo", "flags");
    let has: Vec<&str> =
        FEATURES.into_iter().filter(|name| has.split(' ').any(|flag| flag == *name)).collect();
    let cores = thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores, {} ({})", value_of("/proc/cpuinfo", "model name"), has.join(" "))
}

fn memory() -> String {
    let kilobytes = value_of("/proc/meminfo", "MemTotal");
    let number: u64 = kilobytes.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
    Bytes(number * 1024).to_string()
}

/// The mount whose path is the longest beginning of the folder's.
fn file_system(settings: &Settings) -> String {
    let mounts = read("/proc/self/mounts");
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let under = fields.filter(|fields| fields.len() > 3 && settings.folder.starts_with(fields[1]));
    let nearest = under.max_by_key(|fields| fields[1].len());
    nearest.map_or_else(String::new, |fields| format!("{} ({})", fields[2], fields[3]))
}

fn first_line(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

fn peers() -> String {
    let node = tool("NODE").map(|node| first_line(&node, &["--version"]));
    let python = tool("PYTHON").map(|python| first_line(&python, &["--version"]));
    let jq = tool("JQ").map(|jq| first_line(&jq, &["--version"]));
    let orjson = tool("ORJSON_VERSION");
    let told = [("Node", node), ("Python", python), ("orjson", orjson), ("jq", jq)].map(|(name, version)| {
        version.map_or_else(|why| format!("no {name}: {why}"), |found| name_and(name, &found))
    });
    format!("{}, serde_json {}, sonic-rs {}", told.join(", "), locked("serde_json"), locked("sonic-rs"))
}

/// Programs that name themselves are named once.
fn name_and(name: &str, version: &str) -> String {
    if version.to_lowercase().starts_with(&name.to_lowercase()) {
        version.to_owned()
    } else {
        format!("{name} {version}")
    }
}

/// The version of a crate in Cargo.lock.
fn locked(name: &str) -> String {
    let lock = include_str!("../../Cargo.lock");
    let rest = lock.split_once(&format!("name = \"{name}\"\nversion = \"")).map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or_default().to_owned()
}
