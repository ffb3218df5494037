//! Processes that begin at one moment, and whose end is waited for no longer than a deadline.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde::de::DeserializeOwned;

/// Processes on their way. Those that still run when this is dropped are killed.
#[derive(Default)]
pub(crate) struct Processes(Vec<Running>);

struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Processes {
    /// Starts a process that says `ready` when it is, and begins when its stdin ends. What it says on stderr is for us all.
    pub(crate) fn add(&mut self, command: &mut Command) {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        self.0.push(Running { child, out });
    }

    /// Waits until each one is ready: Node needs longer to start than a sweep takes.
    pub(crate) fn wait_until_ready(&mut self) {
        for Running { out, .. } in &mut self.0 {
            let ready = out.lines().map_while(Result::ok).any(|line| line == "ready");
            assert!(ready, "a process ended before it began");
        }
    }

    /// Lets all begin.
    pub(crate) fn go(&mut self) {
        self.0.iter_mut().for_each(|running| drop(running.child.stdin.take()));
    }

    /// What each one said at its end. What they print must fit into a pipe.
    pub(crate) fn finish<F: DeserializeOwned>(mut self, within: Duration) -> Vec<F> {
        let end = Instant::now() + within;
        while self.0.iter_mut().any(|running| running.child.try_wait().unwrap().is_none()) {
            assert!(Instant::now() < end, "not done within {within:?}");
            thread::sleep(Duration::from_millis(20));
        }
        self.0.iter_mut().map(Running::figures).collect()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for Running { child, .. } in &mut self.0 {
            // One that has ended by itself cannot be killed.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Running {
    /// The one line of JSON among what a process printed.
    fn figures<F: DeserializeOwned>(&mut self) -> F {
        let status = self.child.wait().unwrap();
        let mut text = String::new();
        self.out.read_to_string(&mut text).unwrap();
        figures(status, &text)
    }
}

fn figures<F: DeserializeOwned>(status: ExitStatus, text: &str) -> F {
    assert!(status.success(), "{status}: {text}");
    let line = text.lines().find(|line| line.starts_with('{'));
    let line = line.unwrap_or_else(|| panic!("no figures among: {text}"));
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}
