//! Sweeps whose fsyncs are left out: the rig must see it in the images.
//!
//! strace tells the sweep that an fsync was done, and leaves it out. Which one that is, by number, a rehearsal on a copy of
//! the store tells.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use crate::{
    check::Fault,
    explore::{self, Tally},
    filesystems::{EXT4, FileSystem, LATE},
    rig,
    workload::{self, Way, bare, binary, sweep},
};

/// Which fsync does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// That of the file with the survivors.
    File,
    /// That of the rows in the trash.
    Trash,
    /// That of the store's folder, and those after it: in a journal each of them would make the folder durable as well.
    Folder,
    All,
}

/// What makes things durable, as far as a program can ask for it.
const SYNCS: &str = "fsync,fdatasync,sync_file_range,syncfs,sync,msync";

/// A sweep that will be done with fsyncs left out.
pub(crate) struct Rehearsed {
    injects: Vec<String>,
    trace: PathBuf,
    folder: PathBuf,
    lost: Lost,
}

/// Sweeps a copy of the store under strace, to learn which fsync is which. Nothing to learn where all are done.
pub(crate) fn rehearse(folder: &Path, ram: &Path, way: Way) -> Option<Rehearsed> {
    let Way::Without(lost) = way else { return None };
    let (twin, trace) = (ram.join("twin"), ram.join("trace"));
    fs::remove_dir_all(&twin).ok();
    rig::run("cp", ["-a".as_ref(), folder.as_os_str(), twin.as_os_str()]).unwrap();
    let output = under_strace(&trace, &[], &sweep(&twin));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(&trace).unwrap();
    let injects = injects(&text, &twin, lost).unwrap_or_else(|| panic!("{lost:?}: {text}"));
    fs::remove_dir_all(&twin).unwrap();
    Some(Rehearsed { injects, trace, folder: folder.to_owned(), lost })
}

impl Rehearsed {
    /// The sweep itself. What was left out must be what was meant.
    pub(crate) fn perform(&self, args: &[String]) -> Output {
        let output = under_strace(&self.trace, &self.injects, args);
        let trace = fs::read_to_string(&self.trace).unwrap();
        let meant = is_as_meant(&trace, &self.folder, self.lost);
        assert!(meant, "{:?}, {:?}: {trace}", self.lost, self.injects);
        output
    }
}

/// Whether exactly those fsyncs were left out that a variant is to lose.
fn is_as_meant(trace: &str, folder: &Path, lost: Lost) -> bool {
    let was_lost = |line: &str| line.contains("(INJECTED)");
    let Some(first) = trace.lines().position(|line| is_meant(line, folder, lost)) else { return false };
    let expected = |at: usize| match lost {
        Lost::All => true,
        Lost::File | Lost::Trash => at == first,
        Lost::Folder => at >= first,
    };
    trace.lines().enumerate().all(|(at, line)| was_lost(line) == expected(at))
}

fn under_strace(trace: &Path, injects: &[String], args: &[String]) -> Output {
    let mut command = bare("strace".as_ref());
    command.args(["-f", "-qq", "-y", "-e", &format!("trace={SYNCS}"), "-o"]).arg(trace);
    for inject in injects {
        command.args(["-e", &format!("inject={inject}")]);
    }
    command.arg("--").arg(binary()).args(args).output().unwrap()
}

/// `7  fsync(5</d/.session-reaper/sessions.json.7.0.tmp>) = 0` -> `fsync` and the path
fn synced(line: &str) -> Option<(&str, &Path)> {
    let (call, rest) = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().split_once('(')?;
    let (path, _) = rest.split_once('<')?.1.rsplit_once(">)")?;
    Some((call, Path::new(path)))
}

/// Whether a line of a trace makes durable what a variant is to lose.
fn is_meant(line: &str, folder: &Path, lost: Lost) -> bool {
    let Some((_, path)) = synced(line) else { return lost == Lost::All };
    let is_half = path.extension().is_some_and(|ending| ending == "tmp" || ending == "swap");
    let ours = folder.join(".session-reaper");
    match lost {
        Lost::All => true,
        Lost::Folder => path == folder,
        Lost::Trash => path.starts_with(ours.join("trash")) && path.ends_with("rows.json"),
        Lost::File => {
            path.parent() == Some(&ours)
                && is_half
                && path.file_name().unwrap().to_string_lossy().starts_with("sessions.json.")
        }
    }
}

/// What strace is to leave out, after a rehearsal with this trace; `None` where nothing in it is what is to be lost.
fn injects(trace: &str, folder: &Path, lost: Lost) -> Option<Vec<String>> {
    let line = trace.lines().position(|line| is_meant(line, folder, lost))?;
    let (call, _) = synced(trace.lines().nth(line)?)?;
    let before = |name: &str| {
        trace.lines().take(line).filter(|line| synced(line).is_some_and(|(found, _)| found == name)).count()
    };
    Some(match lost {
        Lost::All => vec![format!("{SYNCS}:retval=0")],
        Lost::File | Lost::Trash => vec![format!("{call}:retval=0:when={}", before(call) + 1)],
        Lost::Folder => {
            SYNCS.split(',').map(|name| format!("{name}:retval=0:when={}+", before(name) + 1)).collect()
        }
    })
}

/// Plays the story with fsyncs left out; the faults that the images show.
fn faults_without(dir: &Path, fs: FileSystem, lost: Lost) -> Vec<Fault> {
    let story = workload::play(dir, fs, Way::Without(lost), 3);
    let mut tally = Tally::new(fs.name);
    explore::explore(dir, fs, &story, 120, false, &mut tally);
    eprintln!("without fsync of {lost:?}, {tally}");
    tally.faults.into_iter().map(|(_, fault)| fault).collect()
}

#[test]
fn the_rig_sees_that_the_survivors_were_not_made_durable() {
    rig::inside("variants::the_rig_sees_that_the_survivors_were_not_made_durable", |dir| {
        let faults = faults_without(dir, LATE, Lost::File);
        assert!(faults.iter().any(|fault| matches!(fault, Fault::Torn(_))), "{faults:?}");
    });
}

#[test]
fn the_rig_sees_that_the_trash_was_not_made_durable() {
    rig::inside("variants::the_rig_sees_that_the_trash_was_not_made_durable", |dir| {
        let faults = faults_without(dir, LATE, Lost::Trash);
        assert!(faults.iter().any(|fault| matches!(fault, Fault::NotInTrash(_))), "{faults:?}");
    });
}

#[test]
fn the_rig_sees_that_the_folder_was_not_made_durable() {
    rig::inside("variants::the_rig_sees_that_the_folder_was_not_made_durable", |dir| {
        let faults = faults_without(dir, EXT4, Lost::Folder);
        assert!(faults.iter().any(|fault| matches!(fault, Fault::Undone { .. })), "{faults:?}");
    });
}

#[test]
fn the_rig_sees_that_nothing_was_made_durable() {
    rig::inside("variants::the_rig_sees_that_nothing_was_made_durable", |dir| {
        let faults = faults_without(dir, LATE, Lost::All);
        assert!(faults.iter().any(|fault| matches!(fault, Fault::Torn(_))), "{faults:?}");
        assert!(faults.iter().any(|fault| matches!(fault, Fault::Undone { .. })), "{faults:?}");
    });
}

#[test]
fn a_trace_tells_which_fsync_is_which() {
    let trace = "7 fsync(4</d/.session-reaper/trash/1.unfinished/rows.json>) = 0\n\
                 7  fdatasync(9</d/.session-reaper/sessions.json.7.0.tmp>) = 0\n\
                 7 fsync(5</d/.session-reaper/sessions.json.7.1.tmp>) = 0\n7 fsync(3</d>) = 0\n";
    let of = |lost| injects(trace, Path::new("/d"), lost);
    assert_eq!(of(Lost::File).unwrap(), ["fdatasync:retval=0:when=1"]);
    assert_eq!(of(Lost::Trash).unwrap(), ["fsync:retval=0:when=1"]);
    assert_eq!(of(Lost::Folder).unwrap()[..2], ["fsync:retval=0:when=3+", "fdatasync:retval=0:when=2+"]);
    assert_eq!(injects("7 fsync(3</d>) = 0", Path::new("/d"), Lost::File), None);
}

#[test]
fn what_was_left_out_is_seen() {
    let [file, folder, journal] = [
        "7 fsync(5</d/.session-reaper/sessions.json.7.0.tmp>) = 0",
        "7 fsync(3</d>) = 0",
        "7 fdatasync(4</j>) = 0",
    ];
    let lost = |line: &str| format!("{line} (INJECTED)");
    let is = |lines: [&str; 3], lost| is_as_meant(&lines.join("\n"), Path::new("/d"), lost);
    assert!(is([&lost(file), folder, journal], Lost::File));
    assert!(is([file, &lost(folder), &lost(journal)], Lost::Folder));
    assert!(is([&lost(file), &lost(folder), &lost(journal)], Lost::All));
    assert!(!is([&lost(file), &lost(folder), journal], Lost::File));
    assert!(!is([file, &lost(folder), journal], Lost::Folder));
    assert!(!is([&lost(file), folder, &lost(journal)], Lost::Folder));
    assert!(!is([file, folder, journal], Lost::All));
}
