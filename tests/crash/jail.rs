//! A process namespace with nobody in it: a sweep looks at every process for gateways, and must make the same calls in
//! every run, whatever else goes on on the machine.
//!
//! A shell in there does what it is told, line by line, so that a run costs no more than its own processes. There are as
//! many such shells as processors; whoever wants one waits for it.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Condvar, Mutex, PoisonError},
};

use crate::strace;

/// A shell that lives until this is dropped. What runs in it sees the same boot and the same namespace each time.
pub(crate) struct Jail {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// Whoever started the tests may have been told to ignore a signal, as by nohup.
const HEEDING: [&str; 2] = ["env", "--default-signal=HUP,INT,TERM,PIPE"];

const ALONE: [&str; 5] = ["unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"];

impl Jail {
    pub(crate) fn new() -> Self {
        let alone = HEEDING.iter().chain(&ALONE).copied().chain(["sh"]);
        Self::start(alone).unwrap_or_else(|| {
            strace::skip("a namespace of its own for each sweep needs root, and unshare of util-linux");
            Self::start(HEEDING.into_iter().chain(["sh"])).expect("there is a shell")
        })
    }

    /// `None` where that cannot be had.
    fn start(words: impl Iterator<Item = &'static str>) -> Option<Self> {
        let words: Vec<_> = words.collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let answers = BufReader::new(child.stdout.take()?);
        let mut jail = Self { orders: child.stdin.take(), child, answers };
        jail.tell("true");
        jail.answer().map(|_| jail)
    }

    /// Has a line of shell run; [`Jail::answer`] tells how it ended.
    pub(crate) fn tell(&mut self, line: &str) {
        let orders = self.orders.as_mut().expect("the shell is there");
        // One that has ended gives no answer.
        let _ = orders.write_all(format!("{line}; echo $?\n").as_bytes());
    }

    /// The exit code of the line; `None` when the shell has ended.
    pub(crate) fn answer(&mut self) -> Option<i32> {
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        line.trim_end().parse().ok()
    }
}

impl Drop for Jail {
    fn drop(&mut self) {
        self.orders = None;
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The jails that nobody uses, and how many there are in all.
static FREE: Mutex<(Vec<Jail>, usize)> = Mutex::new((Vec::new(), 0));
static CAME_BACK: Condvar = Condvar::new();

/// How many sweeps run at once: more would only wait for each other, and for locks longer than they may.
pub(crate) fn hands() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A jail for as long as this is there.
pub(crate) struct Lease {
    jail: Option<Jail>,
    is_shared: bool,
}

impl Lease {
    /// One of those that are shared.
    pub(crate) fn take() -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(jail) = free.0.pop() {
                return Self { jail: Some(jail), is_shared: true };
            }
            if free.1 < hands() {
                free.1 += 1;
                drop(free);
                return Self { jail: Some(Jail::new()), is_shared: true };
            }
            free = CAME_BACK.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// One more, for who would keep the others waiting.
    pub(crate) fn own() -> Self {
        Self { jail: Some(Jail::new()), is_shared: false }
    }

    pub(crate) fn jail(&mut self) -> &mut Jail {
        self.jail.as_mut().expect("it is given back by drop alone")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.is_shared {
            return;
        }
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        // In the middle of a panic it may still be at work.
        match self.jail.take().filter(|_| !std::thread::panicking()) {
            Some(jail) => free.0.push(jail),
            None => free.1 -= 1,
        }
        CAME_BACK.notify_one();
    }
}

/// A word as the shell takes it, whatever is in it.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
