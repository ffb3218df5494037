//! A transcript of 2 GB with results of 50 MB, compacted: `cargo bench --bench transcripts`.
//!
//! Each size is compacted in a process of its own, which tells its time and the peak of its memory; beside it stands what copying
//! the same file and making the copy durable takes in the same run. The peak of 200 MB and that of 2 GB should be the same.
//! `SESSION_REAPER_BENCH=few` makes 20 MB and 60 MB with results of 5 MB; `SESSION_REAPER_BENCH=<n>` makes one of n MB with results
//! of 50 MB. At most three times the size is on the disk at once, below `target/tmp`; nothing of it stays.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program"
)]

use std::{
    env,
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use session_reaper::artifact::{
    Options,
    transcripts::{Settings, compact},
};

/// By this the child knows what it is for.
const PART: &str = "SESSION_REAPER_BENCH_TRANSCRIPT";

const MB: usize = 1 << 20;

/// Small lines stand between large ones.
const SMALL: usize = 200;

fn main() {
    if let Some(path) = env::var_os(PART) {
        return child(Path::new(&path));
    }
    let which = env::var("SESSION_REAPER_BENCH").unwrap_or_default();
    let (sizes, line) = match which.parse() {
        Ok(size) => (vec![size], 50),
        Err(_) if which == "few" => (vec![20, 60], 5),
        Err(_) => (vec![200, 2_000], 50),
    };
    for size in sizes {
        measure(size, line);
    }
}

/// Makes a transcript of so many megabytes, copies it, and lets a child compact it.
fn measure(size: usize, line: usize) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().canonicalize().unwrap().join("one.jsonl");
    let results = make(&path, size, line);
    let length = fs::metadata(&path).unwrap().len();
    println!("{} MB, {results} results of {line} MB", length / MB as u64);
    let copy = copy(&path);
    println!("{:<40} {:>6} ms", "cp and fsync", copy.as_millis());
    let output = Command::new(env::current_exe().unwrap()).env(PART, &path).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    print!("{}", String::from_utf8(output.stdout).unwrap());
    let payloads = fs::read_dir(path.with_extension("jsonl.payloads")).unwrap();
    assert_eq!(payloads.count(), results, "each result is another");
}

/// What is compacted, and how long and with how much memory.
fn child(path: &Path) {
    let settings = Settings::default().with_quiet(None);
    let begun = Instant::now();
    let done = compact(path, &settings, session_reaper::now(), &Options::default()).unwrap();
    let took = begun.elapsed();
    assert!(done.payloads > 0 && done.bytes_after < done.bytes_before / 2, "{done:?}");
    println!("{:<40} {:>6} ms, peak memory {}", "compact", took.as_millis(), peak());
}

/// The most memory that this process has had; nobody tells outside of Linux.
fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}

/// Large results between small lines, each another one. Returns how many.
fn make(path: &Path, size: usize, line: usize) -> usize {
    let mut file = BufWriter::with_capacity(MB, File::create(path).unwrap());
    let results = (size / line).max(1);
    for result in 0..results {
        for small in 0..SMALL {
            let text = format!("what was said {small} times");
            writeln!(file, r#"{{"type":"message","message":{{"role":"user","content":"{text}"}}}}"#).unwrap();
        }
        let head = r#"{"type":"message","message":{"role":"toolResult","content":[{"type":"text","text":""#;
        write!(file, "{head}{result}").unwrap();
        let piece = "0123456789abcd\\n".repeat(MB / 16);
        for _ in 0..line {
            file.write_all(piece.as_bytes()).unwrap();
        }
        file.write_all(b"\"}]}}\n").unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    results
}

/// What a copy takes that is durable. It does not stay.
fn copy(path: &Path) -> Duration {
    let to = path.with_extension("copy");
    let begun = Instant::now();
    fs::copy(path, &to).unwrap();
    File::open(&to).unwrap().sync_all().unwrap();
    let took = begun.elapsed();
    fs::remove_file(to).unwrap();
    took
}
