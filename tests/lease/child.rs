//! Another process with a lease: this very test binary, started again with a part to play.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use session_reaper::lock::{LeaseController, LeaseOptions};

use crate::{PATIENCE, World, held_for, text_of, within};

/// A child process; killed when this is dropped.
pub(crate) struct Child {
    process: std::process::Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Child {
    /// Starts a child that plays `part` in `world`.
    pub(crate) fn start(part: &str, world: &World, args: &[&str]) -> Self {
        // Whoever started the tests may have been told to ignore a signal, as by nohup.
        let mut process = Command::new("env")
            .arg("--default-signal=HUP,INT,TERM")
            .arg(env::current_exe().unwrap())
            .args(["child::child", "--ignored", "--exact", "--nocapture"])
            .args(args)
            .envs([("LEASE_PART", part), ("LEASE_FILE", world.transcript().to_str().unwrap())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// Waits for a line with `word` in it; what stands behind that.
    pub(crate) fn says(&mut self, word: &str) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "it never said {word}, but {all}");
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
            all.push_str(&line);
        }
    }

    pub(crate) fn tell(&mut self, word: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{word}").unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the child does not end");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn file() -> PathBuf {
    env::var_os("LEASE_FILE").unwrap().into()
}

fn told() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    line.trim().to_owned()
}

fn hang() -> ! {
    loop {
        thread::sleep(PATIENCE);
    }
}

/// Not a test: what a child does.
#[test]
#[ignore = "a part that a child process plays"]
fn child() {
    match env::var("LEASE_PART").as_deref() {
        Ok("hold") => hold(),
        Ok("stop") => stop(),
        Ok("write") => write(),
        Ok("count") => count(),
        Ok("signals") => signals(),
        Ok("unwatched") => unwatched(),
        Ok("threads") => threads(),
        Ok("for-openclaw") => for_openclaw(),
        _ => {}
    }
}

fn hold() {
    let lease = LeaseController::default().acquire(file()).unwrap();
    lease.append(b"held\n").unwrap();
    println!("held");
    hang();
}

/// Holds a lease for a second, and writes when it is told to.
fn stop() {
    let controller = LeaseController::default();
    let lease = controller.acquire_with(file(), held_for(Duration::from_secs(1))).unwrap();
    lease.append(b"before\n").unwrap();
    println!("held");
    assert_eq!(told(), "write");
    println!("wrote: {:?}", lease.append(b"late\n"));
    drop(lease);
    println!("dropped");
}

/// Writes all the time, until it may not any more.
fn write() {
    let lease = LeaseController::default().acquire_with(file(), held_for(Duration::from_secs(1))).unwrap();
    println!("held");
    while lease.append(b"one of many\n").is_ok() {}
    drop(lease);
    println!("ended");
}

/// Adds one to the last number of the transcript, again and again. Without the lock numbers would be lost.
fn count() {
    for _ in 0..told().parse().unwrap() {
        let lease = LeaseController::default().acquire(file()).unwrap();
        let last: u32 = text_of(&file()).lines().last().and_then(|line| line.parse().ok()).unwrap_or(0);
        thread::sleep(Duration::from_micros(200));
        lease.append(format!("{}\n", last + 1).as_bytes()).unwrap();
    }
    println!("counted");
}

fn signals() {
    let (one, two) = (LeaseController::default(), LeaseController::default());
    let _watches = [one.release_on_signals().unwrap(), two.release_on_signals().unwrap()];
    let _leases = [one.acquire(file()).unwrap(), two.acquire(file().with_file_name("two.jsonl")).unwrap()];
    println!("held");
    hang();
}

fn unwatched() {
    let controller = LeaseController::default();
    drop(controller.release_on_signals().unwrap());
    drop((controller.release_on_signals().unwrap(), controller.release_on_signals().unwrap()));
    let _lease = controller.acquire(file()).unwrap();
    println!("held");
    hang();
}

/// How many watchdogs this process has.
fn watchdogs() -> usize {
    let names = fs::read_dir("/proc/self/task").unwrap();
    let names = names.map(|task| fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default());
    names.filter(|name| name.trim() == "lease-watchdog").count()
}

/// The number of watchdogs, once it is `expected`: a thread gets its name, and goes, in its own time.
fn settled(expected: usize) -> usize {
    let deadline = Instant::now() + PATIENCE;
    while watchdogs() != expected && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
    watchdogs()
}

fn threads() {
    let before = watchdogs();
    let controller = LeaseController::default();
    let leases = [
        controller.acquire(file()).unwrap(),
        controller.acquire(file().with_file_name("two.jsonl")).unwrap(),
    ];
    let during = settled(1);
    drop((controller, leases));
    println!("threads: before {before}, during {during}, after {}", settled(0));
}

fn for_openclaw() {
    let controller = LeaseController::new(LeaseOptions { for_openclaw: true, ..LeaseOptions::default() });
    println!("acquired: {:?}", controller.acquire_with(file(), within(PATIENCE)));
}
