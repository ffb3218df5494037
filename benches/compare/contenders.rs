//! Who takes part: session-reaper in each of its ways, a plain copy, and programs of other makes that do the same job.

use std::rc::Rc;

use session_reaper::Bytes;

use crate::{
    measure::Contender,
    settings::tool,
    stage::{After, NOW, Stage},
};

pub(crate) const COPY: &str = "copy, fsync, rename, folder fsync";
pub(crate) const NO_TRASH: &str = "session-reaper prune --no-trash";
pub(crate) const TRASH: &str = "session-reaper prune";
pub(crate) const IDLE: &str = "session-reaper prune, nothing to prune";
pub(crate) const PLAN: &str = "session-reaper prune -n";
pub(crate) const TICK: &str = "session-reaper tick, nothing due";
pub(crate) const TRUE: &str = "/bin/true";
pub(crate) const NODE: &str = "Node 24";
pub(crate) const NODE_START: &str = "Node 24 that does nothing";

/// How much longer each sync takes on the slow disk. Those of virtual machines need less, those of most others more.
pub(crate) const SLOW_MS: u64 = 3;

/// Above this much text nobody is asked to hold a tree of it in memory, but for Node, which says no by itself.
const TREE: u64 = 200_000_000;

/// session-reaper's own command line for a verb; no guard has a word, since times and rows are made up.
fn reaper(verb: &[&str], path: &str) -> Result<Vec<String>, String> {
    let now = NOW.as_millis().to_string();
    let flags = ["--allow-mass-delete", "--allow-clock-jump", path];
    let words = ["-q", "--now", &now].into_iter().chain(verb.iter().copied()).chain(flags);
    Ok([tool("REAPER")?].into_iter().chain(words.map(str::to_owned)).collect())
}

/// A sweep, a plan or a tick by session-reaper.
pub(crate) fn ours(name: &str, stage: &Rc<dyn Stage>) -> Contender {
    let (verb, after): (&[&str], _) = match name {
        NO_TRASH => (&["prune", "--yes", "--no-trash"], After::Pruned),
        TRASH => (&["prune", "--yes"], After::Pruned),
        IDLE => (&["prune", "--yes", "--retention", "1000w"], After::Untouched),
        PLAN => (&["prune", "-n"], After::Untouched),
        TICK => (&["tick"], After::Pruned),
        _ => panic!("session-reaper has no {name}"),
    };
    contender(name, reaper(verb, &stage.path()), stage, after)
}

fn contender(
    name: &str,
    command: Result<Vec<String>, String>,
    stage: &Rc<dyn Stage>,
    after: After,
) -> Contender {
    Contender { name: name.to_owned(), command, stage: Rc::clone(stage), after }
}

/// What the disk asks of everybody: the whole file copied and made durable, by one small process.
pub(crate) fn copy(stage: &Rc<dyn Stage>) -> Contender {
    contender(COPY, itself("copy", stage), stage, After::Copied)
}

/// Node 24 as a gateway does it.
pub(crate) fn node(stage: &Rc<dyn Stage>) -> Contender {
    contender(NODE, tool("NODE").map(|node| script(node, "sweep.mjs", &[], stage)), stage, After::Pruned)
}

/// The programs and libraries that hold the store as a tree.
pub(crate) fn trees(stage: &Rc<dyn Stage>) -> Vec<Contender> {
    let python = tool("PYTHON").and_then(|python| Ok((python, tool("ORJSON")?)));
    let jq = tool("JQ").map(|jq| script("/bin/sh".to_owned(), "sweep-jq.sh", &[jq], stage));
    [
        ("jq", jq),
        ("Python, orjson", python.map(|(python, orjson)| script(python, "sweep.py", &[orjson], stage))),
        ("Rust, serde_json::Value", itself("serde_json", stage)),
        ("Rust, sonic_rs::Value", itself("sonic-rs", stage)),
    ]
    .map(|(name, command)| contender(name, fits(stage).and(command), stage, After::Pruned))
    .into()
}

/// The same on a disk whose every sync takes longer, as strace makes it: each thread waits for itself, and no other call is
/// looked at.
pub(crate) fn slowly(contender: Contender) -> Contender {
    const SYNCS: &str = "fsync,fdatasync";
    let words = |strace: String| {
        let (trace, delay) =
            (format!("trace={SYNCS}"), format!("inject={SYNCS}:delay_enter={}", SLOW_MS * 1000));
        let flags = ["-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", &trace, "-e", &delay];
        [strace].into_iter().chain(flags.map(str::to_owned)).collect::<Vec<_>>()
    };
    let command = tool("STRACE").and_then(|strace| Ok([words(strace), contender.command?].concat()));
    Contender { command, ..contender }
}

/// What the start of a process costs.
pub(crate) fn starts(nothing: &Rc<dyn Stage>) -> Vec<Contender> {
    let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let node = tool("NODE").map(|node| words(&[&node, "-e", "0"]));
    vec![
        contender(TRUE, Ok(words(&[TRUE])), nothing, After::Untouched),
        contender(NODE_START, node, nothing, After::Untouched),
    ]
}

fn fits(stage: &Rc<dyn Stage>) -> Result<(), String> {
    let bytes = stage.bytes();
    if bytes <= TREE {
        Ok(())
    } else {
        Err(format!("it would hold {} of text as a tree in memory", Bytes(bytes)))
    }
}

/// This very program, as one that does the job with a library; a copy of it, as ours is one.
fn itself(peer: &str, stage: &Rc<dyn Stage>) -> Result<Vec<String>, String> {
    Ok(vec![tool("PEERS")?, "peer".to_owned(), peer.to_owned(), NOW.as_millis().to_string(), stage.path()])
}

/// `program benches/compare/<file> <more> <now> <path>`
fn script(program: String, file: &str, more: &[String], stage: &Rc<dyn Stage>) -> Vec<String> {
    let file = format!("{}/benches/compare/{file}", env!("CARGO_MANIFEST_DIR"));
    let last = [NOW.as_millis().to_string(), stage.path()];
    [program, file].into_iter().chain(more.iter().cloned()).chain(last).collect()
}
