//! One process, from its start to its end: how long it took, what it used.
//!
//! A small process of its own stands around each measured one, because the kernel adds up what children used, and
//! counts a child's peak memory from the moment at which it still shares its parent's.

use std::{
    env, io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeVal,
};

use crate::measure::Run;

/// The frame's work: `supervise PROGRAM ARGUMENT...` runs it and prints seconds, seconds of processor, peak bytes.
pub(crate) fn frame(command: &[String]) -> io::Result<()> {
    let [program, args @ ..] = command else { return Err(io::Error::other("supervise what?")) };
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null());
    let begin = Instant::now();
    let status =
        command.status().map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
    let wall = begin.elapsed();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    if !status.success() {
        return Err(io::Error::other(format!("{program} ended with {status}")));
    }
    let cpu = seconds(used.user_time()) + seconds(used.system_time());
    println!("{} {cpu} {}", wall.as_secs_f64(), used.max_rss() * 1024);
    Ok(())
}

fn seconds(time: TimeVal) -> f64 {
    let micros = Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or(0)).as_secs_f64();
    time.tv_sec() as f64 + micros
}

/// Runs a command in a frame, with an environment that says nothing about the machine's owner.
pub(crate) fn run(command: &[String], home: &Path) -> Result<Run, String> {
    let output = Command::new(env::current_exe().map_err(|error| error.to_string())?)
        .arg("supervise")
        .args(command)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .current_dir(home)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(reason(&String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [wall, cpu, peak] => Ok(Run { wall, cpu, peak }),
        _ => Err(format!("the frame said {text:?}")),
    }
}

/// The line that says most: the first that speaks of an error.
fn reason(stderr: &str) -> String {
    let line = stderr.lines().find(|line| line.to_lowercase().contains("error")).or(stderr.lines().last());
    line.unwrap_or("it failed without a word").trim().chars().take(120).collect()
}
