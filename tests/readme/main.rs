//! What the README tells people to type is typed here, in a home of its own.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests make files as any program would, and end by panicking"
)]

mod reference;

use std::{fs, path::Path, process::Command};

const OLD: &str =
    r#"{"cron:a:run:0f6a2b1c-1111-4222-8333-444455556666":{"updatedAt":1700000000000},"agent:main:main":{}}"#;
const STORE: &str = ".openclaw/agents/main/sessions/sessions.json";

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The lines of all `sh` blocks, without comments.
fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" #").next().unwrap().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Runs a line with our binary in the path and a home that has one store.
fn type_it(line: &str) -> (Option<i32>, String) {
    let home = tempfile::tempdir().unwrap();
    let store = home.path().join(STORE);
    fs::create_dir_all(store.parent().unwrap()).unwrap();
    fs::write(&store, OLD).unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_session-reaper")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let output = Command::new("sh")
        .args(["-c", line])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", path)
        .current_dir(home.path())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

#[test]
fn every_command_of_the_readme_works() {
    let mut typed = 0;
    for line in commands(&readme()) {
        let line = line.trim_start_matches("* * * * * ").trim_start_matches("~/.cargo/bin/");
        let line = line.replace("cargo run --release --", "session-reaper");
        if !line.starts_with("session-reaper") {
            continue;
        }
        let asks = line.starts_with("session-reaper prune") && !line.contains("--dry-run");
        // What was never done cannot be taken back.
        let first = if line.contains(" undo ") { "session-reaper -q prune -y ~/.openclaw && " } else { "" };
        let (code, said) = type_it(&format!("{first}{line}"));
        assert_eq!(code, Some(if asks { 2 } else { 0 }), "{line}\n{said}");
        typed += 1;
    }
    assert!(typed >= 5, "only {typed} commands were found");
}

#[test]
fn the_test_command_and_every_linked_file_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(commands(&readme()).contains(&"tests/all.sh".to_owned()));
    let mut links = 0;
    for link in readme().split("](").skip(1) {
        let target = link.split(')').next().unwrap();
        let there =
            fs::metadata(root.join(target)).unwrap_or_else(|error| panic!("{target} is linked: {error}"));
        assert!(there.is_dir() || there.len() > 0, "{target} is linked and empty");
        links += 1;
    }
    assert!(links > 5);
}
