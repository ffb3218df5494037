//! Processes that contend, one of them under strace: delayed or killed at one of its system calls.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use session_reaper::model::Timestamp;
use tempfile::TempDir;

use crate::{
    contend::{LOCK, OURS, TURN, dead_text, names},
    contender::{ANSWER, ROLE, ROOM},
    strace::{NOT_FILES, call_of, skip},
};

/// A system call of a contender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) name: String,
    /// The how many-th of its name it is in its thread.
    pub(crate) number: usize,
}

/// Where rounds are held, each in a folder of its own.
pub(crate) struct Ground {
    dir: TempDir,
    /// What kind of contender all of them are.
    pub(crate) role: &'static str,
    traces: AtomicUsize,
}

impl Ground {
    pub(crate) fn new(role: &'static str) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), role, traces: AtomicUsize::new(0) }
    }

    /// A new folder with a dead lock in it.
    pub(crate) fn folder(&self, round: usize) -> PathBuf {
        let folder = self.dir.path().join(format!("round-{round}"));
        fs::create_dir(&folder).unwrap();
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        let now = Timestamp::from_millis(i64::try_from(now).unwrap());
        fs::write(folder.join(LOCK), dead_text(now)).unwrap();
        folder
    }

    /// Where a trace goes.
    fn trace(&self) -> PathBuf {
        self.dir.path().join("trace")
    }

    /// A contender that goes on from folder to folder.
    pub(crate) fn server(&self) -> Contender {
        Contender::start(&mut Command::new(std::env::current_exe().unwrap()), self.role)
    }

    /// A contender under strace, with `inject` done to it at a point.
    pub(crate) fn traced(&self, point: &Point, inject: &str) -> Contender {
        let Point { name, number } = point;
        let trace = self.dir.path().join(format!("trace-{}", self.traces.fetch_add(1, Ordering::SeqCst)));
        let mut strace = Command::new("strace");
        // Not with --seccomp-bpf: strace 6.1 then never comes to a second call of a name.
        strace.args(["-f", "-qq", "-o", &trace.display().to_string(), "-e", &format!("trace={name}")]);
        strace.args(["-e", &format!("inject={name}:{inject}:when={number}"), "--"]);
        let contender = Contender::start(strace.arg(std::env::current_exe().unwrap()), self.role);
        Contender { trace: Some(trace), ..contender }
    }

    /// The points of a contender that is alone, from when it knows its folder; `None` where there is no strace.
    pub(crate) fn points(&self) -> Option<Vec<Point>> {
        if let Err(error) = Command::new("strace").arg("-V").output() {
            skip(&format!("strace: {error}; tests/setup.sh installs it"));
            return None;
        }
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", &self.trace().display().to_string(), "--"]);
        let mut alone = Contender::start(strace.arg(std::env::current_exe().unwrap()), self.role);
        let answer = alone.go(&self.folder(0)).and_then(|()| alone.answer());
        alone.end();
        let trace = fs::read_to_string(self.trace()).unwrap_or_default();
        if answer.is_none() && !trace.contains("execve(") {
            skip("strace may not trace here");
            return None;
        }
        assert_eq!(answer.as_deref(), Some("held"), "{trace}");
        Some(points_of(&trace))
    }
}

/// A contender that runs.
pub(crate) struct Contender {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    trace: Option<PathBuf>,
}

impl Contender {
    fn start(command: &mut Command, role: &str) -> Self {
        command.args(["contender::contender", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(ROLE, role).env_remove("RUST_BACKTRACE");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (orders, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, orders, answers, trace: None }
    }

    /// Waits until libtest has begun: then it is close to reading its orders.
    pub(crate) fn is_up(&mut self) {
        let mut line = String::new();
        while self.answers.read_line(&mut line).is_ok_and(|length| length > 0) && !line.contains("running 1")
        {
            line.clear();
        }
    }

    /// Sends it into a folder; `None` when it has ended.
    pub(crate) fn go(&mut self, folder: &Path) -> Option<()> {
        self.orders.as_mut()?.write_all(format!("{}\n", folder.display()).as_bytes()).ok()
    }

    /// How it went; `None` when it was killed.
    pub(crate) fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.answers.read_line(&mut line).ok()? > 0 {
            if let Some(answer) = line.strip_prefix(ANSWER) {
                return Some(answer.trim_end().to_owned());
            }
            line.clear();
        }
        None
    }

    /// Lets it end, and waits until it has. Tells whether strace did something to it, if it was under strace.
    pub(crate) fn end(mut self) -> Option<bool> {
        self.orders = None;
        self.child.wait().unwrap();
        let trace = fs::read_to_string(self.trace?).unwrap();
        Some(trace.contains("(DELAYED)") || trace.contains("killed by SIGKILL"))
    }
}

/// What lies in a folder after a round that should not.
pub(crate) fn left_in(folder: &Path) -> Vec<String> {
    let mut left = names(folder);
    left.extend(names(&folder.join(OURS)));
    left.retain(|name| ![OURS, TURN, ROOM].iter().any(|known| name == known));
    left.into_iter().map(|name| name.to_string_lossy().into_owned()).collect()
}

/// The calls of the thread that reads a folder's name, from then on until it answers. No other thread may make a call of
/// the same name and number, for it would be struck first.
pub(crate) fn points_of(trace: &str) -> Vec<Point> {
    let mut numbers = BTreeMap::<(&str, &str), usize>::new();
    let (mut points, mut knows) = (Vec::new(), None);
    for (line, (thread, name)) in trace.lines().filter_map(|line| Some((line, call_of(line)?))) {
        let number = numbers.entry((thread, name)).or_default();
        *number += 1;
        if knows == Some(thread) && line.contains(ANSWER) {
            break;
        }
        if knows == Some(thread) && !NOT_FILES.contains(&name) {
            points.push(Point { name: name.to_owned(), number: *number });
        }
        if name == "read" && line.contains("round-") {
            knows = Some(thread);
        }
    }
    let others = |point: &Point| {
        let same = numbers.iter().filter(|((thread, name), _)| knows != Some(*thread) && *name == point.name);
        same.map(|(_, number)| *number).max().unwrap_or(0)
    };
    let (ours, theirs): (Vec<_>, Vec<_>) = points.into_iter().partition(|point| point.number > others(point));
    if !theirs.is_empty() {
        eprintln!("{} calls cannot be told from another thread's: {theirs:?}", theirs.len());
    }
    ours
}

#[test]
fn a_trace_is_read_as_pairs_of_name_and_number_in_the_thread_that_contends() {
    let trace = "7 openat(1, \"/etc\") = 3\n7 fstat(1) = 0\n8 openat(1, \"/etc\") = 3\n8 read(0, \"/tmp/round-0\\n\") = 9\n\
                 8 openat(1, \"x\") = 3\n8 mmap(0) = 0\n8 <... openat resumed>) = 3\n\
                 8 fstat(3) = 0\n8 linkat(3) = 0\n8 write(1, \"\\ncontender: held\\n\") = 1\n8 linkat(3) = 0\n";
    let points: Vec<_> = points_of(trace).into_iter().map(|point| (point.name, point.number)).collect();
    assert_eq!(points, [("openat".to_owned(), 2), ("linkat".to_owned(), 1)]);
}
