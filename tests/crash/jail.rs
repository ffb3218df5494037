//! A process namespace with nobody in it: a sweep looks at every process for gateways, and must make the same calls in
//! every run, whatever else goes on on the machine.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A namespace that lives until this is dropped. What runs in it sees the same boot and the same namespace each time.
pub(crate) struct Jail {
    child: Child,
    /// The first process in there, by its number out here.
    first: String,
}

impl Jail {
    /// `None` where we may not make one.
    pub(crate) fn new() -> Option<Self> {
        let mut unshare = Command::new("unshare");
        unshare.args([
            "--pid",
            "--fork",
            "--kill-child=KILL",
            "--mount-proc",
            "sh",
            "-c",
            "echo; exec sleep 600",
        ]);
        unshare.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = unshare.spawn().ok()?;
        let mut line = String::new();
        let is_up = BufReader::new(child.stdout.take()?).read_line(&mut line).is_ok_and(|length| length > 0);
        let pid = child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        match children.split_whitespace().next() {
            Some(first) if is_up => Some(Self { child, first: first.to_owned() }),
            _ => {
                child.kill().ok();
                child.wait().ok();
                None
            }
        }
    }

    /// The command line that runs `program` in there.
    pub(crate) fn enter(&self, program: &OsStr) -> Vec<OsString> {
        // Whoever started the tests may have been told to ignore a signal, as by nohup.
        let heeding = ["env", "--default-signal=HUP,INT,TERM"].into_iter();
        let words = heeding.chain(["nsenter", "--target", &self.first, "--pid", "--mount", "--"]);
        words.map(OsString::from).chain([program.to_owned()]).collect()
    }
}

impl Drop for Jail {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
