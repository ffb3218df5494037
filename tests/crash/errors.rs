//! One system call fails once: the exit code, the message and the store must tell the same story.

use std::{collections::BTreeMap, fs, process::Output, time::Instant};

use crate::{
    rig::{self, Point},
    world::{Found, Scenario, World, is_root},
};

/// What a call can say when it fails.
const ERRORS: [(&str, &[&str]); 24] = [
    ("fsync", &["EIO", "ENOSPC", "EACCES", "EINTR"]),
    ("fdatasync", &["EIO", "ENOSPC"]),
    ("renameat", &["EIO", "ENOSPC", "EACCES"]),
    ("renameat2", &["EIO", "ENOSPC", "EACCES"]),
    ("write", &["EIO", "ENOSPC", "EINTR"]),
    ("pwrite64", &["EIO", "ENOSPC"]),
    ("open", &["EIO", "EACCES"]),
    ("openat", &["EIO", "ENOSPC", "EACCES"]),
    ("fchown", &["EIO", "EACCES"]),
    ("fchmod", &["EIO", "EACCES"]),
    ("fsetxattr", &["EIO", "ENOSPC"]),
    ("flistxattr", &["EIO"]),
    ("flock", &["EIO", "EACCES", "EINTR"]),
    ("mkdirat", &["EIO", "ENOSPC", "EACCES"]),
    ("pread64", &["EIO", "EINTR"]),
    ("read", &["EIO"]),
    ("fstat", &["EIO"]),
    ("newfstatat", &["EIO", "EACCES"]),
    ("statx", &["EIO", "EACCES"]),
    ("readlink", &["EIO", "EACCES"]),
    ("getdents64", &["EIO"]),
    ("unlinkat", &["EIO", "EACCES"]),
    ("close", &["EIO"]),
    ("fcntl", &["EIO"]),
];

/// Calls without which a sweep is none; at least one of each group must have failed.
const MUST_FAIL: [&[&str]; 6] =
    [&["fsync"], &["renameat", "renameat2"], &["write", "pwrite64"], &["openat"], &["fchmod"], &["flock"]];

/// What is wrong with how a sweep ended that met an error; `None` when all is well.
fn complaint(found: &Found, code: Option<i32>, stderr: &str, trace: &str) -> Option<String> {
    let says = |word| stderr.contains(word);
    // Where the report itself cannot be printed there is no store to name.
    let printing = trace.lines().any(|line| line.contains("write(1, ") && line.contains("(INJECTED)"));
    let wrong = match (found, code) {
        (Found::Torn(_), _) => "the store is neither old nor new",
        (_, None | Some(101 | 134)) => "it crashed",
        (Found::Old, Some(0)) => "it says that all is well, and the store is the old one",
        (Found::New, Some(code)) if code != 0 && code != 3 => "rows are gone, and the exit code says none is",
        (Found::Old, Some(_)) if !says("nothing was removed") => "it does not say that nothing was removed",
        (Found::New, Some(3)) if !printing && !says("the rows were removed") => "it does not say what went",
        (_, Some(1..)) if !printing && !names_step_and_path(stderr) => "the message names no step or no path",
        _ if renames_what_is_not_durable(trace) => "a file that was not made durable took the store's place",
        _ => return None,
    };
    Some(wrong.to_owned())
}

/// `error: cannot <step> <path>: ...`
fn names_step_and_path(stderr: &str) -> bool {
    stderr.lines().filter_map(|line| line.strip_prefix("error: cannot ")).any(|rest| {
        rest.split_once('/')
            .is_some_and(|(step, path)| !step.trim().is_empty() && path.contains("sessions.json: "))
    })
}

/// Whether a failed fsync of a file is followed by a rename onto the store. The folder's own fsync comes after the rename.
/// One that was only interrupted may be asked again.
fn renames_what_is_not_durable(trace: &str) -> bool {
    let mut failed = false;
    trace.lines().any(|line| {
        failed |= line.contains("sync(") && line.contains("(INJECTED)") && !line.contains(" EINTR ");
        failed && line.contains(" rename") && line.contains(", \"sessions.json\"")
    })
}

fn fail_at(scenario: Scenario, point: &Point, errno: &str) -> (World, Output) {
    let world = World::new(scenario);
    let inject = format!("{}:error={errno}:when={}", point.name, point.number);
    let output = rig::run(&world, rig::ours, Some(&inject));
    (world, output)
}

/// Makes every call that can fail do so once; counts the failures of each name.
fn i6_failing_everywhere(scenario: Scenario) -> BTreeMap<String, usize> {
    let begin = Instant::now();
    let (mut counts, mut wrong, mut codes) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
    for point in rig::points(scenario, rig::ours).unwrap_or_default() {
        let errors =
            ERRORS.iter().find(|(name, _)| *name == point.name).map_or(&[][..], |(_, errors)| errors);
        for errno in errors {
            let (world, output) = fail_at(scenario, &point, errno);
            let trace = fs::read_to_string(world.trace()).unwrap();
            let what = format!("{}: {errno} at #{} {}", scenario.name, point.number, point.line);
            assert!(trace.contains("(INJECTED)"), "{what}: nothing failed");
            let said = String::from_utf8_lossy(&output.stderr);
            let found = world.found();
            if let Some(complaint) = complaint(&found, output.status.code(), &said, &trace) {
                wrong.push(format!("{what}: {complaint}; {:?}, {found:?}, {said}", output.status));
            }
            *codes.entry(output.status.code()).or_insert(0) += 1;
            *counts.entry(point.name.clone()).or_insert(0) += 1;
            world.must_heal(&what);
        }
    }
    let total: usize = counts.values().sum();
    eprintln!("{}: {total} errors in {:?}, exit codes {codes:?}, {counts:?}", scenario.name, begin.elapsed());
    assert!(wrong.is_empty(), "{} of {total}: {wrong:#?}", wrong.len());
    counts
}

#[test]
fn i6_each_call_of_a_first_sweep_fails_once() {
    let counts = i6_failing_everywhere(Scenario {
        name: "first sweep",
        expired: &[true, false],
        leftover: false,
        foreign: true,
    });
    if counts.is_empty() {
        return;
    }
    for group in MUST_FAIL.iter().chain(&[&["mkdirat"][..]]) {
        assert!(group.iter().any(|name| counts.contains_key(*name)), "none of {group:?} failed: {counts:?}");
    }
    if is_root() {
        assert!(counts.contains_key("fchown"), "{counts:?}");
    } else {
        rig::skip("only root gives files away, so that fchown is not called");
    }
    assert!(counts.values().sum::<usize>() >= 100, "{counts:?}");
}

#[test]
fn i6_each_call_of_a_sweep_after_a_killed_one_fails_once() {
    let counts = i6_failing_everywhere(Scenario {
        name: "after a killed sweep",
        expired: &[false, true],
        leftover: true,
        foreign: false,
    });
    if counts.is_empty() {
        return;
    }
    for group in MUST_FAIL.iter().chain(&[&["unlinkat"][..], &["getdents64"][..]]) {
        assert!(group.iter().any(|name| counts.contains_key(*name)), "none of {group:?} failed: {counts:?}");
    }
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let good = "error: cannot make durable /s/sessions.json: io; nothing was removed\n";
    let synced = "1 fsync(7) = -1 EIO (Input/output error) (INJECTED)\n";
    assert_eq!(complaint(&Found::Old, Some(1), good, synced), None);
    assert_eq!(complaint(&Found::New, Some(0), "", ""), None);
    let renamed = format!("{synced}1 renameat(4, \"sessions.json.1.0.tmp\", 3, \"sessions.json\") = 0\n");
    let state = format!("{synced}1 renameat(4, \"sessions.json.1.0.tmp\", 3, \"sessions.json.state\") = 0\n");
    assert_eq!(complaint(&Found::Old, Some(1), good, &state), None);
    for (found, code, stderr, trace) in [
        (Found::Torn(String::new()), Some(1), good, ""),
        (Found::Old, Some(101), good, ""),
        (Found::Old, None, good, ""),
        (Found::Old, Some(0), "", ""),
        (Found::New, Some(1), good, ""),
        (Found::New, Some(3), good, ""),
        (Found::Old, Some(1), "error: cannot sync: io; nothing was removed", ""),
        (Found::Old, Some(1), "error: cannot sync /s/sessions.json: io", ""),
        (Found::New, Some(0), "", &*renamed),
    ] {
        assert!(complaint(&found, code, stderr, trace).is_some(), "{found:?} {code:?} {stderr} {trace}");
    }
}
