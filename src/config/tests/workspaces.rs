//! The folder of jobs: which one, and what in it are jobs.

use std::path::{Path, PathBuf};

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
        ("secret_ttl = \"-6h\"", "-6h"),
        ("secret_ttl = -6", "-6"),
    ] {
        refused(of_text(&format!("[workspaces]\n{line}")), "session-reaper.toml:2", &["workspaces.", part]);
    }
}

/// As the folders of media and payloads are: before anything is looked at, and not when it is to be swept.
#[test]
fn i10_a_folder_that_cannot_be_that_of_jobs_is_refused_where_it_is_named() {
    for (base, why) in [
        ("/", "this is the root of everything"),
        ("//.", "this is the root of everything"),
        ("~", "your home folder is in there"),
        ("~/", "your home folder is in there"),
        ("/home/u/", "your home folder is in there"),
        ("jobs", "the path is relative"),
        ("./jobs", "the path is relative"),
        ("../jobs", "the path is relative"),
        ("/srv/../jobs", "there is a .. in the path"),
    ] {
        let file = format!("[workspaces]\nbase = \"{base}\"\nnames = [\"*\"]");
        refused(of_text(&file), "session-reaper.toml:2", &["workspaces.base", why]);
        let variables = [("SESSION_REAPER_WORKSPACES_BASE", base), ("SESSION_REAPER_WORKSPACES_NAMES", "*")];
        refused(of_env(&variables), "SESSION_REAPER_WORKSPACES_BASE", &[why]);
        // A file elsewhere does not make a folder beside itself of it.
        let files = Memory::default().with("/etc/reaper.toml", &file);
        let named = Some(Path::new("/etc/reaper.toml"));
        refused(
            load(&Flags::default(), &env(&[]), &files, named, None),
            "/etc/reaper.toml:2",
            &["workspaces.base", why],
        );
    }
    let fine = of_text("[workspaces]\nbase = \"/home/u/jobs/\"\nnames = [\"*\"]").unwrap();
    assert_eq!(fine.workspaces_base, Some(PathBuf::from("/home/u/jobs/")));
    // A job has its own home in there, perhaps: a sweep looks at that.
    let around = of_text("[workspaces]\nbase = \"/home\"\nnames = [\"*\"]").unwrap();
    assert_eq!(around.workspaces_base, Some(PathBuf::from("/home")));
}
