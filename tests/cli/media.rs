//! `media`: a media store for scripts.

use std::fs;

use insta::assert_snapshot;

use crate::world::{Ran, World};

/// A picture in the store's folder, one outside, and a configuration that names the folder.
fn world() -> World {
    let world = World::new();
    world.write("media/a.png", "picture");
    world.write("b.png", "another");
    world.write("c.png", "a third");
    let dir = world.path("media");
    world.write("session-reaper.toml", &format!("[media]\ndir = {:?}\n", dir.to_str().unwrap()));
    world
}

fn store(world: &World, rest: &str) -> String {
    world.run(&format!("media store {rest}")).expect(0).out.trim().to_owned()
}

/// What was said, with each name as `[REF]`.
fn shown(ran: &Ran) -> String {
    let word = |word: &str| if word.contains("media://") { "[REF]".to_owned() } else { word.to_owned() };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    ran.shown().lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_name_outlives_its_process_and_takes_its_file_along() {
    let world = world();
    let name = store(&world, "--scope turn --delete-on-cleanup --type image/png media/a.png");
    let path = world.path("media/a.png");
    assert_eq!(world.run(&format!("media resolve {name}")).expect(0).out, "[DIR]/media/a.png\n");
    assert_snapshot!(shown(&world.run(&format!("media release {name}"))), @r#"
    exit 0
    --- stdout
    1 name released, 1 file gone (7 B), 0 kept
    --- stderr
    "#);
    assert!(!path.exists());
    assert_snapshot!(shown(&world.run(&format!("media resolve {name}"))), @r#"
    exit 1
    --- stdout
    --- stderr
    error: cannot resolve [REF] nobody has stored it here, or it was released; nothing was removed
    hint: store the file again
    "#);
    assert_snapshot!(shown(&world.run(&format!("media release {name}"))), @r#"
    exit 0
    --- stdout
    0 names released, 0 files gone (0 B), 0 kept
    --- stderr
    "#);
}

#[test]
fn i5_without_a_word_and_outside_of_the_folder_only_the_name_goes() {
    let world = world();
    let names = store(&world, "--scope s media/a.png b.png");
    assert_eq!(names.lines().count(), 2);
    let outside = store(&world, "--scope s --delete-on-cleanup c.png");
    assert_snapshot!(shown(&world.run("media list")), @r#"
    exit 0
    --- stdout
      REF                                           STORED  AT ITS END      SCOPE  PATH
      [REF]     0ms  stays           s      [DIR]/b.png
      [REF]     0ms  stays, outside  s      [DIR]/c.png
      [REF]     0ms  stays           s      [DIR]/media/a.png
    3 names
    --- stderr
    "#);
    assert_snapshot!(shown(&world.run("media release --scope s")), @r#"
    exit 0
    --- stdout
    3 names released, 0 files gone (0 B), 3 kept
    --- stderr
    "#);
    assert!(world.path("media/a.png").exists() && world.path("c.png").exists());
    world.run(&format!("media resolve {outside}")).expect(1);
    assert_snapshot!(shown(&world.run("media list")), @r#"
    exit 0
    --- stdout
    0 names
    --- stderr
    "#);
}

#[test]
fn a_scope_takes_the_files_along_that_were_given_to_the_store() {
    let world = world();
    world.write("media/b.png", "x");
    store(&world, "--scope turn --delete-on-cleanup media/a.png media/b.png");
    let other = store(&world, "--scope other --delete-on-cleanup media/b.png");
    let gone = world.run("media release --json --scope turn").expect(0).json();
    assert_eq!((&gone["references"], &gone["files"], &gone["kept"]), (&2.into(), &1.into(), &1.into()));
    assert!(!world.path("media/a.png").exists() && world.path("media/b.png").exists());
    assert_eq!(world.run(&format!("media resolve {other}")).expect(0).out, "[DIR]/media/b.png\n");
    world.run("media release --scope other").expect(0);
    assert!(!world.path("media/b.png").exists());
}

#[test]
fn i10_a_link_is_no_folder_for_a_store() {
    let world = world();
    let name = store(&world, "--delete-on-cleanup media/a.png");
    std::os::unix::fs::symlink(world.path("media"), world.path("link")).unwrap();
    let link = world.path("link");
    for line in [
        format!("media store --dir {} b.png", link.display()),
        format!("media release --dir {} {name}", link.display()),
    ] {
        let ran = world.run(&line).expect(4);
        assert!(ran.err.contains("link"), "{}", ran.shown());
    }
    assert!(world.path("media/a.png").exists());
}

#[test]
fn programs_are_told_all_that_is_known() {
    let world = world();
    let stored = world.run("media store --json --scope s --source telegram media/a.png").expect(0).json();
    let media = &stored["media"][0];
    assert_eq!(
        (media["scope"].as_str(), media["policy"].as_str(), media["kept"].as_str()),
        (Some("s"), Some("forget_only"), Some("forget_only"))
    );
    let name = media["reference"].as_str().unwrap();
    assert_eq!(world.run(&format!("media resolve --json {name}")).expect(0).json()["media"][0], *media);
    assert_eq!(world.run("media list --json --scope s").expect(0).json()["media"][0], *media);
    assert_eq!(world.run("media list --json --scope x").expect(0).json()["media"], serde_json::json!([]));
    let gone = world.run(&format!("media release --json {name}")).expect(0).json();
    assert_eq!((&gone["references"], &gone["files"], &gone["kept"]), (&1.into(), &0.into(), &1.into()));
}

#[test]
fn what_cannot_be_meant_makes_and_changes_nothing() {
    let world = World::new();
    world.write("a.png", "x");
    let before = world.listing();
    for (line, code) in [
        ("media store a.png", 2),
        ("media store --dir / a.png", 2),
        ("media store --dir store absent.png", 10),
        ("media list --dir store", 10),
        ("media release --dir store media://0b6f1c52-7f4e-4c7d-9a51-0c1d2e3f4a5b", 10),
        ("media resolve --dir store a.png", 2),
        ("media release --dir store", 2),
        ("media release --dir store --scope=", 2),
        ("media list --dir store --scope=", 2),
        ("media store --dir store --scope= a.png", 2),
        ("media store --dir store .", 4),
    ] {
        let ran = world.run(line).expect(code);
        assert!(ran.out.is_empty() && ran.err.starts_with("error: "), "{line}: {}", ran.shown());
        assert_eq!(world.listing(), before, "{line}");
    }
}

#[test]
fn of_several_files_the_names_of_those_that_were_stored_are_told() {
    let world = world();
    store(&world, "b.png");
    // One of the store's own files is a file, and none to store.
    let own = "media/.session-reaper/media.ledger";
    let ran = world.run(&format!("media store media/a.png {own} b.png")).expect(3);
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.shown());
    assert!(ran.err.contains("media.ledger"), "{}", ran.shown());
    let ran = world.run(&format!("media store --json media/a.png {own}")).expect(3).json();
    assert_eq!((ran["media"].as_array().unwrap().len(), ran["error"]["step"].as_str()), (1, Some("store")));
    let name = ran["media"][0]["reference"].as_str().unwrap();
    let gone = "media://0b6f1c52-7f4e-4c7d-9a51-0c1d2e3f4a5b";
    let ran = world.run(&format!("media resolve {name} {gone}")).expect(3);
    assert_eq!(ran.out, "[DIR]/media/a.png\n");
    assert!(ran.err.contains(gone), "{}", ran.shown());
}

#[test]
fn names_are_told_however_silent_the_rest_is() {
    let world = world();
    let name = world.run("-q media store media/a.png").expect(0).out;
    assert!(name.starts_with("media://"), "{name}");
    assert_eq!(world.run(&format!("-q media resolve {name}")).expect(0).out, "[DIR]/media/a.png\n");
}

#[test]
fn i5_a_look_makes_no_folder_the_stores() {
    let world = world();
    let name = store(&world, "media/a.png");
    world.run(&format!("media release {name}")).expect(0);
    fs::remove_file(world.path("media/a.png")).unwrap();
    let before = world.listing();
    world.run("media list").expect(0);
    assert_eq!(world.listing(), before);
    world.run(&format!("media release {name}")).expect(0);
    assert!(!world.path("media/.session-reaper/media.marker").exists());
}
