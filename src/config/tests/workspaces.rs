//! The folder of jobs: which one, and what in it are jobs.

use std::path::PathBuf;

use super::{malformed::refused, *};

#[test]
fn a_folder_needs_names_wherever_they_come_from() {
    let file = "[workspaces]\nbase = \"/jobs\"";
    refused(of_text(file), "session-reaper.toml:2", &["workspaces.base", "workspaces.names", "job-*"]);
    refused(of_env(&[("SESSION_REAPER_WORKSPACES_BASE", "/jobs")]), "SESSION_REAPER_WORKSPACES_BASE", &[]);
    let files = Memory::default().with("session-reaper.toml", file);
    let names = env(&[("SESSION_REAPER_WORKSPACES_NAMES", "job-*, task-*")]);
    let effective = load(&Flags::default(), &names, &files, None, None).unwrap();
    assert_eq!(effective.workspaces_base, Some(PathBuf::from("/jobs")));
    assert_eq!(shown(&effective, "workspaces.names").0, "[\"job-*\", \"task-*\"]");
    assert_eq!(
        shown(&effective, "workspaces.base"),
        ("\"/jobs\"".to_owned(), "session-reaper.toml:2".to_owned())
    );
}

#[test]
fn false_means_no_folder_also_over_another_source() {
    let files =
        Memory::default().with("session-reaper.toml", "[workspaces]\nbase = \"~/jobs\"\nnames = [\"j*\"]");
    let of = |variables: &[(&str, &str)]| {
        load(&Flags::default(), &env(variables), &files, None, None).unwrap().workspaces_base
    };
    assert_eq!(of(&[]), Some(PathBuf::from("/home/u/jobs")));
    assert_eq!(of(&[("SESSION_REAPER_WORKSPACES_BASE", "false")]), None);
    assert_eq!(of_text("[workspaces]\nbase = false").unwrap().workspaces_base, None);
}

#[test]
fn no_malformed_value_is_taken() {
    for (line, part) in [
        ("base = 7", "is no folder"),
        ("base = \"\"", "it is empty"),
        ("base = true", "is no folder"),
        ("names = \"job-*\"", "is no list"),
        ("names = [\"\"]", "is no pattern"),
        ("secrets = [\"\"]", "cannot stand behind a name"),
        ("siblings = [\"a/b\"]", "cannot stand behind a name"),
        ("ttl = 0", "0 is no age"),
        ("secret_ttl = \"0h\"", "24h"),
    ] {
        refused(of_text(&format!("[workspaces]\n{line}")), "session-reaper.toml:2", &["workspaces.", part]);
    }
}
