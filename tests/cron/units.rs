//! What crontab and systemd say about the files in contrib/.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::{binary, skip};

const UNITS: [&str; 2] = ["session-reaper.service", "session-reaper.timer"];

fn contrib(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(name)
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// The units as they are but for the program's place, which is that of the binary under test.
fn units_with_our_binary() -> (TempDir, Vec<PathBuf>) {
    let folder = TempDir::new().unwrap();
    let copy = |name: &str| {
        let text = fs::read_to_string(contrib(name)).unwrap();
        let ours = text.replace("ExecStart=session-reaper ", &format!("ExecStart={} ", binary().display()));
        assert_eq!(ours != text, name.ends_with(".service"), "{name}");
        let path = folder.path().join(name);
        fs::write(&path, ours).unwrap();
        path
    };
    let units = UNITS.map(copy).to_vec();
    (folder, units)
}

fn verify(units: &[PathBuf], whose: &str) -> Output {
    let runtime = TempDir::new().unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args([whose, "--man=no", "verify"]).args(units).env("XDG_RUNTIME_DIR", runtime.path());
    command.output().unwrap()
}

/// systemd also speaks of units that are not ours, so only lines that name ours count.
#[test]
fn systemd_has_nothing_to_say_against_the_units() {
    if !is_there("systemd-analyze") {
        return skip("there is no systemd-analyze here; tests/setup.sh installs it");
    }
    let (_folder, units) = units_with_our_binary();
    for whose in ["--system", "--user"] {
        let said = verify(&units, whose);
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        let about_us: Vec<_> = text.lines().filter(|line| line.contains("session-reaper")).collect();
        eprintln!("systemd-analyze {whose} verify: {}; {text:?}", said.status);
        assert!(about_us.is_empty() && said.status.success(), "{whose}: {text}");
    }
}

#[test]
fn crontab_takes_the_documented_lines() {
    if !is_there("crontab") {
        return skip("there is no crontab here; tests/setup.sh installs it");
    }
    let said = Command::new("crontab").arg("-n").arg(contrib("crontab")).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    eprintln!("crontab -n: {}", String::from_utf8_lossy(&said.stderr));
}
