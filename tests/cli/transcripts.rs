//! `compact` on transcripts, and taking it back.

use std::fs;

use insta::assert_snapshot;

use crate::world::{NOW, World, usual_store};

/// A transcript with two small lines around a large result of a tool.
fn text() -> String {
    let log = r"all is well\n".repeat(10_000);
    let said = |role: &str, text: &str| {
        format!(
            r#"{{"type":"message","message":{{"role":"{role}","content":[{{"type":"text","text":"{text}"}}]}}}}"#
        )
    };
    format!("{}\n{}\n{}\n", said("user", "how is it?"), said("toolResult", &log), said("assistant", "well"))
}

fn world() -> World {
    let world = World::new();
    world.write("sessions.json", &usual_store());
    for name in ["one", "two"] {
        let path = world.write(&format!("{name}.jsonl"), &text());
        let time = std::time::Duration::from_millis(u64::try_from(NOW - 25 * 3_600_000).unwrap());
        fs::File::open(path).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH + time).unwrap();
    }
    world
}

#[test]
fn i9_a_dry_run_says_it_and_changes_nothing() {
    let world = world();
    let before = world.listing();
    assert_snapshot!(world.run("compact -n one.jsonl two.jsonl").shown(), @r#"
    exit 0
    --- stdout
    one.jsonl: 1 of 3 lines would get slimmer (127.2 kB of 130.3 kB)
    two.jsonl: 1 of 3 lines would get slimmer (127.2 kB of 130.3 kB)
    dry run: nothing was changed
    kept 6, slimmed 2, payloads 2, pruned 0, failed 0, freed 254.4 kB
    --- stderr
    "#);
    assert_eq!(world.listing(), before);
}

#[test]
fn large_results_go_to_files_and_an_undo_brings_them_back() {
    let world = world();
    assert_snapshot!(world.run("compact one.jsonl two.jsonl").shown(), @r#"
    exit 0
    --- stdout
    one.jsonl: 1 of 3 lines got slimmer (127.2 kB of 130.3 kB)
    two.jsonl: 1 of 3 lines got slimmer (127.2 kB of 130.3 kB)
    kept 6, slimmed 2, payloads 2, pruned 0, failed 0, freed 254.4 kB
    --- stderr
    note: to take this back: [PROGRAM] undo --store one.jsonl [RUN]
    note: to take this back: [PROGRAM] undo --store two.jsonl [RUN]
    "#);
    assert!(world.read("one.jsonl").len() < 10_000);
    let payload = fs::read_dir(world.path("one.jsonl.payloads")).unwrap().next().unwrap().unwrap();
    assert_eq!(fs::read_to_string(payload.path()).unwrap(), "all is well\n".repeat(10_000));
    assert_snapshot!(world.run("history --store one.jsonl").shown(), @r#"
    exit 0
    --- stdout
      RUN                           VERB     PRUNED  RESTORED  SIZE AFTER  STATE          STORE
      [RUN]  compact       1                3.1 kB  can be undone
    --- stderr
    "#);
    assert_snapshot!(world.run("undo -n --store one.jsonl").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/one.jsonl: 1 transcript would come back from run [RUN]
    dry run: nothing was changed
    restored 1, kept 1, pruned 0, failed 0, held up 0
    --- stderr
    "#);
    assert_snapshot!(world.run("undo --store one.jsonl").shown(), @r#"
    exit 0
    --- stdout
    [DIR]/one.jsonl: 1 transcript came back from run [RUN]
    results of tools stand in the transcript again; their files stay beside it
    to take this back: [PROGRAM] undo --store [DIR]/one.jsonl [RUN]
    restored 1, kept 1, pruned 0, failed 0, held up 0
    --- stderr
    "#);
    assert_eq!(world.read("one.jsonl"), text());
    assert_ne!(world.read("two.jsonl"), text());
    // A store in the same folder is none of it.
    assert_eq!(world.read("sessions.json"), usual_store());
    let runs = world.run("history --store sessions.json --json").expect(0).json();
    assert_eq!(runs["runs"], serde_json::json!([]));
}

#[test]
fn programs_are_told_of_each() {
    let world = world();
    let json = world.run("compact --json one.jsonl two.jsonl").expect(0).json();
    for store in json["stores"].as_array().unwrap() {
        assert_eq!(
            (&store["outcome"], &store["scanned"], &store["slimmed"]),
            (&"swept".into(), &3.into(), &1.into())
        );
        assert!(store["run"].is_string() && store["error"].is_null());
    }
    assert_eq!((&json["totals"]["payloads"], &json["totals"]["stores"]), (&2.into(), &2.into()));
    assert_ne!(json["stores"][0]["run"], json["stores"][1]["run"]);
}

#[test]
fn one_that_was_written_to_lately_is_left_alone() {
    let world = world();
    let path = world.write("three.jsonl", &text());
    let time = std::time::Duration::from_millis(u64::try_from(NOW - 60_000).unwrap());
    fs::File::open(path).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH + time).unwrap();
    assert_snapshot!(world.run("compact three.jsonl").shown(), @r#"
    exit 0
    --- stdout
    three.jsonl: left alone, it was written to lately
    kept 0, slimmed 0, payloads 0, pruned 0, failed 0, freed 0 B
    --- stderr
    "#);
    assert_eq!(world.read("three.jsonl"), text());
    world.run("compact --inactive 30s three.jsonl").expect(0);
    assert_ne!(world.read("three.jsonl"), text());
}

#[test]
fn what_cannot_be_meant_is_told_and_nothing_changes() {
    let world = world();
    let before = world.listing();
    for (line, code, why) in [
        ("compact one.jsonl sessions.json", 2, "stores and transcripts cannot be compacted in one call"),
        ("compact --field x one.jsonl", 2, "a transcript has none"),
        ("compact --no-trash one.jsonl", 2, "without a way back"),
        ("compact absent.jsonl", 10, "absent.jsonl"),
        ("undo --store one.jsonl", 1, "no run has changed it yet"),
    ] {
        let ran = world.run(line).expect(code);
        assert!(ran.err.contains(why), "{line}: {}", ran.shown());
        assert_eq!(world.listing(), before, "{line}");
    }
}

#[test]
fn the_trash_of_a_transcript_is_listed_and_emptied() {
    let world = world();
    world.run("compact one.jsonl").expect(0);
    let json = world.run("trash list --store one.jsonl --json").json();
    assert_eq!(json["bundles"].as_array().unwrap().len(), 1);
    world.run("trash empty --yes --store one.jsonl").expect(0);
    assert!(world.run("undo --store one.jsonl").expect(1).err.contains("no run has changed it"));
}

/// The results that stand in a transcript.
fn results(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let results = lines.filter(|line| line["message"]["role"] == "toolResult");
    results.map(|line| line["message"]["content"][0]["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_small_limit_makes_excerpts_small_and_never_keeps_a_large_result() {
    for (file, variable) in [("4kB", None), ("1kB", Some("4kB")), ("1B", None)] {
        let world = world();
        world.write("session-reaper.toml", &format!("[payloads]\ninline_limit = \"{file}\"\n"));
        let variables = variable.map(|value| ("SESSION_REAPER_PAYLOADS_INLINE_LIMIT", value));
        let ran = world.run_with("compact one.jsonl", variables.as_slice()).expect(0);
        assert!(ran.out.contains("1 of 3 lines got slimmer"), "{}", ran.shown());
        let shown = results(&world.read("one.jsonl")).concat();
        let is_right = if file == "1B" { shown.ends_with("by byte ranges]\n") } else { shown.len() <= 4_000 };
        assert!(is_right && shown.contains("one.jsonl.payloads/"), "{file}: {shown}");
    }
}

#[test]
fn a_line_that_was_cut_off_is_put_aside_and_told() {
    let world = world();
    let text = text() + "{\"type\":\"mess";
    let path = world.write("one.jsonl", &text);
    let time = std::time::Duration::from_millis(u64::try_from(NOW - 25 * 3_600_000).unwrap());
    fs::File::open(path).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH + time).unwrap();
    assert_snapshot!(world.run("compact -n one.jsonl").shown(), @r#"
    exit 0
    --- stdout
    one.jsonl: 1 of 4 lines would get slimmer (127.2 kB of 130.3 kB)
      1 line would be put aside: cut off at the end (13 B), in [DIR]/one.jsonl.payloads/037096297b7cbd26a3d07428585669f366adf2bba2504640b296073061084640.torn
    dry run: nothing was changed
    kept 4, slimmed 1, payloads 1, pruned 0, failed 0, freed 127.2 kB
    --- stderr
    "#);
    let json = world.run("compact --json one.jsonl").expect(0).json();
    let (store, at) = (&json["stores"][0], json["stores"][0]["tornAt"].as_str().unwrap());
    let at = at.strip_prefix("[DIR]/").unwrap();
    assert_eq!((&store["torn"], &store["tornBytes"]), (&1.into(), &13.into()));
    assert_eq!(fs::read_to_string(world.path(at)).unwrap(), "{\"type\":\"mess");
    assert!(world.read("one.jsonl").ends_with("}\n"));
    // Nothing is large any more: what is cut off now stays.
    let cut = world.read("one.jsonl") + "{\"type";
    let path = world.write("one.jsonl", &cut);
    fs::File::open(path).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH + time).unwrap();
    assert_snapshot!(world.run("compact one.jsonl").shown(), @r#"
    exit 0
    --- stdout
    one.jsonl: nothing to slim among 4 lines (0 B of 3.1 kB)
      1 line stayed: cut off at the end (6 B)
    kept 4, slimmed 0, payloads 0, pruned 0, failed 0, freed 0 B
    --- stderr
    "#);
    fs::write(world.path("one.jsonl"), cut.trim_end_matches("{\"type")).unwrap();
    world.run("undo --store one.jsonl").expect(0);
    assert_eq!(world.read("one.jsonl"), text);
}

#[test]
fn the_limit_is_the_configurations() {
    let world = world();
    world.write("session-reaper.toml", "[payloads]\ninline_limit = \"1MB\"\n");
    assert!(world.run("compact one.jsonl").expect(0).out.contains("nothing to slim among 3 lines"));
    assert_eq!(world.read("one.jsonl"), text());
}
