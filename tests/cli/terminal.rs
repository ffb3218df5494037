//! On a terminal: the list, the question, and what an answer does. Needs `script`; where that is not installed these
//! tests say that they were skipped, except in CI, where they fail.

use std::{
    io::{ErrorKind, Read, Write},
    process::{Child, Command, Stdio},
};

use crate::{
    jobs,
    world::{NOW, Ran, World, run_key, store_text, usual_store, usual_survivors},
};

/// Four runs, all of them expired.
fn four_expired() -> String {
    store_text(&[90_000_000; 4])
}

/// A program on a terminal of its own.
struct Talk {
    child: Child,
    heard: Vec<u8>,
}

impl Talk {
    /// Runs a line; `None` where there is no terminal to be had.
    fn begin(world: &World, line: &str) -> Option<Self> {
        let program = assert_cmd::cargo::cargo_bin!("session-reaper").display();
        let line = format!("'{program}' --now {NOW} {line}");
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(world.path("")).env_remove("NO_COLOR");
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        match script.spawn() {
            Ok(child) => Some(Self { child, heard: Vec::new() }),
            Err(error) if error.kind() == ErrorKind::NotFound => skipped(),
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits until the program has said this since it was last waited for.
    fn hear(&mut self, text: &str) {
        let out = self.child.stdout.as_mut().unwrap();
        let (from, mut byte) = (self.heard.len(), [0]);
        while !String::from_utf8_lossy(&self.heard[from..]).contains(text) {
            assert_eq!(out.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&self.heard));
            self.heard.extend(byte);
        }
    }

    fn say(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn end(self, world: &World) -> Ran {
        let mut output = self.child.wait_with_output().unwrap();
        output.stdout.splice(0..0, self.heard);
        world.ran(output)
    }
}

#[expect(clippy::print_stderr, reason = "a test that did not run must not look like one that did")]
fn skipped<T>() -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "`script` is not installed, and CI must run these tests");
    eprintln!("SKIPPED: `script` is not installed");
    None
}

/// Runs a line on a terminal of its own, with an answer at hand.
fn on_terminal(world: &World, line: &str, answer: &str) -> Option<Ran> {
    let mut talk = Talk::begin(world, line)?;
    talk.say(answer);
    Some(talk.end(world))
}

#[test]
fn prune_lists_asks_and_takes_only_a_yes() {
    for (answer, code, text) in
        [("y\n", 0, usual_survivors()), ("\n", 1, usual_store()), ("n\n", 1, usual_store())]
    {
        let (world, _) = World::with_store();
        let Some(ran) = on_terminal(&world, "prune sessions.json", answer) else { return };
        assert!(ran.out.contains("remove 2 rows? [y/N]") && ran.out.contains(":run:"), "{}", ran.shown());
        assert_eq!(ran.code, code, "{}", ran.shown());
        assert_eq!(world.read("sessions.json"), text);
    }
}

#[test]
fn folders_of_jobs_are_shown_and_asked_about_like_rows() {
    for (answer, code, left) in [("y\n", 0, 4), ("n\n", 1, 10)] {
        let world = jobs::world();
        let Some(ran) = on_terminal(&world, "prune", answer) else { return };
        assert!(
            ran.out.contains("remove 2 workspaces? [y/N]") && ran.out.contains("job-1"),
            "{}",
            ran.shown()
        );
        assert_eq!((ran.code, jobs::names(&world).len()), (code, left), "{}", ran.shown());
    }
}

#[test]
fn jobs_that_were_not_shown_are_asked_about_before_they_go() {
    let world = jobs::world();
    let Some(mut talk) = Talk::begin(&world, "prune") else { return };
    talk.hear("remove 2 workspaces? [y/N]");
    jobs::job(&world, "job-9", 25);
    talk.say("y\n");
    talk.hear("remove 3 workspaces? [y/N]");
    talk.say("n\n");
    let ran = talk.end(&world);
    assert_eq!((ran.code, jobs::names(&world).len()), (1, 13), "{}", ran.shown());
}

#[test]
fn prune_asks_nothing_where_nothing_will_go() {
    let (world, _) = World::with_store();
    let before = world.listing();
    let Some(ran) = on_terminal(&world, "prune --retention 2d sessions.json", "") else { return };
    assert!(!ran.out.contains("[y/N]") && ran.out.contains("nothing to prune"), "{}", ran.shown());
    assert_eq!(world.listing(), before, "what nobody was asked about is not swept");
}

#[test]
fn a_store_that_could_not_be_shown_is_not_swept_although_it_could_be_by_now() {
    let (world, _) = World::with_store();
    world.write("bad.json", "{");
    let Some(mut talk) = Talk::begin(&world, "prune sessions.json bad.json none.json") else { return };
    talk.hear("remove 2 rows? [y/N]");
    world.write("bad.json", &usual_store());
    world.write("none.json", &usual_store());
    talk.say("y\n");
    let ran = talk.end(&world);
    assert_eq!(ran.code, 3, "{}", ran.shown());
    assert_eq!(world.read("sessions.json"), usual_survivors());
    assert_eq!((world.read("bad.json"), world.read("none.json")), (usual_store(), usual_store()));
    for told in ["left alone:", "error:"] {
        let lines = ran.out.lines().filter(|line| line.contains(told) && line.contains("cannot"));
        assert_eq!(lines.count(), 2, "{}", ran.shown());
    }
    let (world, _) = World::with_store();
    let Some(ran) = on_terminal(&world, "prune none.json", "y\n") else { return };
    assert!(ran.code == 10 && !ran.out.contains("[y/N]"), "{}", ran.shown());
}

#[test]
fn rows_that_were_not_shown_are_asked_about_before_they_go() {
    let (world, _) = World::with_store();
    world.write("bad.json", "{");
    for (answer, code, survivors) in [("y\n", 0, false), ("n\n", 1, true)] {
        world.write("sessions.json", &usual_store());
        let Some(mut talk) = Talk::begin(&world, "prune sessions.json") else { return };
        talk.hear("remove 2 rows? [y/N]");
        world.write("sessions.json", &four_expired());
        talk.say("y\n");
        talk.hear("remove 4 rows? [y/N]");
        assert_eq!(world.read("sessions.json"), four_expired());
        talk.say(answer);
        let ran = talk.end(&world);
        assert_eq!(ran.code, code, "{}", ran.shown());
        assert_eq!(world.read("sessions.json").contains(&run_key(1)), survivors, "{}", ran.shown());
    }
}

#[test]
fn a_store_that_lost_rows_since_it_was_shown_is_swept_without_another_question() {
    let (world, _) = World::with_store();
    let Some(mut talk) = Talk::begin(&world, "prune sessions.json") else { return };
    talk.hear("remove 2 rows? [y/N]");
    world.write("sessions.json", &store_text(&[90_000_000]));
    talk.say("y\n");
    let ran = talk.end(&world);
    assert!(ran.code == 0 && ran.out.matches("[y/N]").count() == 1, "{}", ran.shown());
    assert_eq!(world.read("sessions.json"), store_text(&[]));
}

#[test]
fn a_no_to_json_is_an_object_too() {
    let (world, _) = World::with_store();
    let Some(ran) = on_terminal(&world, "prune --json sessions.json", "n\n") else { return };
    assert!(ran.code == 1 && ran.out.contains("\"applied\":false"), "{}", ran.shown());
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn what_is_shown_before_the_question_has_no_line_that_wraps() {
    let world = World::new();
    world.write("sessions.json", &store_text(&[90_000_000; 23]));
    let Some(ran) = on_terminal(&world, "prune sessions.json", "n\n") else { return };
    let shown = anstream::adapter::strip_str(&ran.out).to_string();
    assert!(shown.contains('…') && shown.contains("... and 7 more"), "{shown}");
    let widest = shown.lines().map(|line| line.trim_end().chars().count()).max();
    assert!(widest <= Some(80) && shown.lines().count() <= 24, "{widest:?}: {shown}");
}
