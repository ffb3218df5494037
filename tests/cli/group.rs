//! `group remove`: what goes, what is refused, and what it says.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    process::Command,
};

use insta::assert_snapshot;

use crate::world::World;

/// A base with a whole group, and a stranger beside it.
fn world_with_group() -> World {
    let world = World::new();
    world.write("base/w/src/main.rs", "fn main() {}");
    world.write("base/w.cred.sh", "token");
    world.write("base/w-artifacts/summary.md", "done");
    world.write("base/w2/file", "another job's");
    world
}

/// The real path of the test's folder: no link may be on the way.
fn real(world: &World, name: &str) -> String {
    fs::canonicalize(world.path("")).unwrap().join(name).to_str().unwrap().to_owned()
}

fn names(world: &World) -> Vec<String> {
    let names = fs::read_dir(world.path("base")).unwrap();
    let mut names: Vec<_> = names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_group_goes_and_nothing_else() {
    let world = world_with_group();
    assert_snapshot!(world.run(&format!("group remove {}", real(&world, "base/w"))).shown(), @r#"
    exit 0
    --- stdout
    [DIR]/base/w: removed 3 of 3, 3 files, 21 B freed
    --- stderr
    "#);
    assert_eq!(names(&world), ["w2"]);
    assert_snapshot!(world.run(&format!("group remove {}", real(&world, "base/w"))).shown(), @r#"
    exit 0
    --- stdout
    [DIR]/base/w: nothing was there
    --- stderr
    "#);
}

#[test]
fn a_slash_at_the_end_changes_nothing() {
    let world = world_with_group();
    world.run(&format!("-q group remove {}/", real(&world, "base/w"))).expect(0);
    assert_eq!(names(&world), ["w2"], "its token must have gone too");
}

#[test]
fn i6_a_path_that_cannot_be_meant_is_refused_and_nothing_is_removed() {
    let world = world_with_group();
    world.write(".cred.sh", "of the folder that we are in");
    symlink("base", world.path("link")).unwrap();
    let (w, home) = (real(&world, "base/w"), real(&world, ""));
    for (path, code, why) in [
        ("", 2, "value is required"),
        ("base/w", 2, "the path is relative"),
        ("/", 2, "the root of everything"),
        ("/base/..", 2, "there is a .. in the path"),
        (home.as_str(), 2, "your home folder is in there"),
        (real(&world, "link/w").as_str(), 4, "there is a link on the way to it"),
    ] {
        // One that is good beside it does not go either, if the command line is at fault.
        let words = if code == 2 { vec!["group", "remove", &w, path] } else { vec!["group", "remove", path] };
        let ran = world.ran(world.command(words).output().unwrap()).expect(code);
        assert!(ran.err.contains(why), "{path:?}: {}", ran.shown());
        assert_eq!(names(&world), ["w", "w-artifacts", "w.cred.sh", "w2"], "{path:?}");
    }
    assert_eq!(world.read(".cred.sh"), "of the folder that we are in");
}

/// `group remove "$BASE/$JOB"` with an empty variable, before anything was ever swept there.
#[test]
fn i10_no_folder_of_the_configuration_is_a_job_nor_one_around_it() {
    let world = world_with_group();
    let outer = real(&world, "outer");
    for name in ["jobs/job-1/file", "media/file", "spool/file", "results-artifacts/media/file"] {
        world.write(&format!("outer/{name}"), "");
    }
    symlink("../outer", world.path("outer/named")).unwrap();
    let config = |media: &str| {
        let text = format!(
            "[workspaces]\nbase = '{outer}/jobs/'\nnames = ['job-*']\n[media]\ndir = '{outer}/{media}'\n[payloads]\ndir = '{outer}/spool'\n"
        );
        world.write("session-reaper.toml", &text);
    };
    config("media");
    let w = real(&world, "base/w");
    let before = world.listing();
    let refused = |path: String, named: &str| {
        let ran = world.run(&format!("group remove {w} {path}")).expect(2);
        assert!(
            ran.err.contains("cannot remove the group of") && ran.err.contains(named),
            "{path}: {}",
            ran.shown()
        );
        assert!(ran.err.contains("hint: name the main folder of one job"), "{}", ran.shown());
    };
    for path in ["jobs/", "jobs//.", "jobs", "media", "spool"] {
        refused(format!("{outer}/{path}"), path.trim_end_matches(['/', '.']));
    }
    refused(outer.clone(), "jobs");
    // One that is not there yet is known by its name, and one that is a sibling as well.
    config("results-artifacts/media");
    refused(format!("{outer}/results"), "results-artifacts/media");
    // So is one that the configuration calls by another name.
    config("named/media");
    refused(format!("{outer}/media"), "named/media");
    config("none/media");
    refused(format!("{outer}/none"), "none/media");
    config("media");
    assert!(
        world
            .listing()
            .iter()
            .filter(|(path, ..)| !path.ends_with("session-reaper.toml"))
            .eq(before.iter().filter(|(path, ..)| !path.ends_with("session-reaper.toml")))
    );
    world.run(&format!("group remove {outer}/jobs/job-1")).expect(0);
    assert!(world.path("outer/jobs").exists() && !world.path("outer/jobs/job-1").exists());
}

#[test]
fn i10_a_home_folder_is_known_by_whatever_name_it_is_called() {
    let world = world_with_group();
    symlink("base", world.path("home")).unwrap();
    let w2 = real(&world, "base/w2");
    let mut command = world.command(["group", "remove", &w2, &real(&world, "base")]);
    let ran = world.ran(command.env("HOME", world.path("home")).output().unwrap()).expect(2);
    assert!(ran.err.contains("your home folder is in there"), "{}", ran.shown());
    assert_eq!(names(&world), ["w", "w-artifacts", "w.cred.sh", "w2"]);
    // The name of a link to it, and a sibling that is it.
    for (path, home) in [
        ("home", "home"),
        ("base/w", "base/w-artifacts"),
        ("base/w", "base/w-artifacts/x"),
        ("base/w/", "base/w"),
    ] {
        fs::create_dir_all(world.path(home)).ok();
        let mut command = world.command(["group", "remove", &real(&world, path)]);
        let ran = world.ran(command.env("HOME", world.path(home)).output().unwrap()).expect(2);
        assert!(ran.err.contains("your home folder is in there"), "{}", ran.shown());
    }
    assert_eq!(names(&world), ["w", "w-artifacts", "w.cred.sh", "w2"]);
    // Nobody says which it is: it is none of these in any case.
    let mut command = world.command(["group", "remove", &w2]);
    world.ran(command.env_remove("HOME").output().unwrap()).expect(0);
    assert_eq!(names(&world), ["w", "w-artifacts", "w.cred.sh"]);
}

#[test]
fn other_suffixes_name_other_members() {
    let world = world_with_group();
    world.write("base/w.key", "");
    world.write("base/w.log", "");
    let ran =
        world.run(&format!("group remove --secret .key --sibling .log --json {}", real(&world, "base/w")));
    let json = ran.expect(0).json();
    let members = json["groups"][0]["members"].as_array().unwrap();
    let told = |member: &serde_json::Value| {
        ["role", "outcome"].map(|name| member[name].as_str().unwrap().to_owned())
    };
    let told: Vec<_> = members.iter().map(told).collect();
    assert_eq!(told, [["secret", "removed"], ["main", "removed"], ["sibling", "removed"]]);
    assert_eq!(names(&world), ["w-artifacts", "w.cred.sh", "w2"]);
    for bad in ["", "/../x"] {
        let ran = world.ran(world.command(["group", "remove", "--secret", bad, "/x"]).output().unwrap());
        assert!(ran.code == 2 && ran.err.contains("cannot stand behind a name"), "{}", ran.shown());
    }
}

#[test]
fn a_broken_configuration_keeps_no_secret() {
    let world = world_with_group();
    world.write("session-reaper.toml", "retention = 0");
    // What is called as usual goes, and nobody can say that there is nothing else.
    let ran = world.run(&format!("group remove --json {}", real(&world, "base/w"))).expect(3);
    assert!(ran.err.contains("session-reaper.toml"), "{}", ran.shown());
    assert_eq!(ran.json()["groups"][0]["complete"], false);
    assert_eq!(names(&world), ["w2"]);
    // But who says it himself.
    let named = "group remove --json --secret .cred.sh --sibling=-artifacts";
    let ran = world.run(&format!("{named} {}", real(&world, "base/w2"))).expect(0);
    assert_eq!(ran.json()["groups"][0]["complete"], true);
}

#[test]
fn what_cannot_be_removed_is_told_and_keeps_nothing_else() {
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "CI must run this, as root");
        eprintln!("SKIPPED: only root makes files of other users");
        return;
    }
    let world = world_with_group();
    let base = world.path("base");
    // Folders of the job's own that it made read-only, as Go does with what it fetched, or worse; deep ones too.
    let deep = format!("deep{}", "/d".repeat(70));
    for (folder, mode) in [("modules", 0o555), ("listed", 0o444), ("shut", 0o600), (deep.as_str(), 0o555)] {
        for place in ["inner/file", "file"] {
            world.write(&format!("base/w/{folder}/{place}"), "");
        }
        let folder = base.join("w").join(folder);
        // From the innermost on, or it could not be entered.
        for folder in [folder.join("inner"), folder.clone()]
            .iter()
            .chain(folder.ancestors().take(12).skip(1).map(PathBuf::from).collect::<Vec<_>>().iter())
            .filter(|folder| folder.starts_with(base.join("w")) && **folder != base.join("w"))
        {
            fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
        }
    }
    // The job's folder is its own; what it stands in is somebody else's.
    assert!(Command::new("chown").args(["-R", "65534"]).arg(base.join("w")).status().unwrap().success());
    fs::set_permissions(&base, Permissions::from_mode(0o755)).unwrap();
    let program = assert_cmd::cargo::cargo_bin!("session-reaper");
    fs::set_permissions(world.path(""), Permissions::from_mode(0o755)).unwrap();
    let copy = world.path("session-reaper");
    assert!(Command::new("cp").arg(program).arg(&copy).status().unwrap().success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(copy);
    let ran =
        command.env_clear().args(["--json", "group", "remove", &real(&world, "base/w")]).output().unwrap();
    let ran = world.ran(ran).expect(3);
    assert!(ran.err.contains("cannot remove") && ran.err.contains("ermission denied"), "{}", ran.shown());
    let json = ran.json();
    assert_eq!(json["groups"][0]["complete"], false);
    // What was in the folder that is ours is gone; the folder itself and the others are not ours to remove.
    assert_eq!(fs::read_dir(base.join("w")).unwrap().count(), 0);
    assert_eq!(names(&world), ["w", "w-artifacts", "w.cred.sh", "w2"]);
}
