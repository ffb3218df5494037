//! Compaction and undo on a disk in memory: what goes, what stays, and what is left wherever it fails or ends.

mod durable;
mod guards;
mod limits;
mod races;
mod stops;
mod tails;

use std::{
    ffi::OsStr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use proptest::prelude::*;

use super::{
    Compacted, Settings,
    compact::compact_on,
    place::Base,
    undo::{Undo, undo_on},
};
use crate::{
    artifact::{Options, Undone, payloads::BlobHash},
    fs::{Disk, MemDisk, MemEvent},
    json,
    model::{Age, Error, Timestamp},
    trash::{RunId, Stage},
};

const PATH: &str = "/t/one.jsonl";
const PAYLOADS: &str = "/t/one.jsonl.payloads";

fn path() -> &'static Path {
    Path::new(PATH)
}

fn settings() -> Settings {
    let settings = Settings::default().with_quiet(None);
    settings.with_inline_limit(400).unwrap().with_excerpt(40, 5).unwrap()
}

fn options() -> Options {
    Options { lock_timeout: Age::from_seconds(0), ..Options::default() }
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn compact(disk: &MemDisk) -> Result<Compacted, Error> {
    compact_on(disk, path(), &settings(), now(), &options())
}

/// The same, of a transcript that has rested.
fn compact_rested(disk: &MemDisk) -> Result<Compacted, Error> {
    let settings = settings().with_quiet(Some(Age::from_seconds(1)));
    compact_on(disk, path(), &settings, now(), &options())
}

fn undo(disk: &MemDisk, run: &RunId) -> Result<Undone, Error> {
    undo_how(disk, run, &settings(), &options())
}

fn undo_how(disk: &MemDisk, run: &RunId, settings: &Settings, options: &Options) -> Result<Undone, Error> {
    undo_on(disk, Path::new("/t"), run, &Undo { settings, now: now(), options })
}

fn text(disk: &MemDisk) -> Vec<u8> {
    disk.get(path()).unwrap()
}

fn result(text: &str) -> String {
    format!(
        r#"{{"type":"message","message":{{"role":"toolResult","content":[{{"type":"text","text":"{text}"}}]}}}}"#
    )
}

/// A call, its result, which is large, and an answer.
fn transcript() -> String {
    let call =
        r#"{"type":"message","message":{"role":"assistant","content":[{"type":"toolCall","id":"c1"}]}}"#;
    let answer =
        r#"{"type":"message","message":{"role":"assistant","content":[{"type":"text","text":"done"}]}}"#;
    format!("{call}\n{}\n{answer}\n{}\n", result(&"line\\n".repeat(300)), result(&"x".repeat(900)))
}

/// Whole payloads, each with the name that it must have.
fn payloads(disk: &MemDisk) -> usize {
    let names = disk.names(Path::new(PAYLOADS));
    for name in names.iter().filter(|name| name.len() == 64) {
        let bytes = disk.get(&Path::new(PAYLOADS).join(name)).unwrap();
        assert_eq!(BlobHash::of(&bytes).to_string(), *name);
    }
    names.len()
}

/// A part of a line, and whether it is the raw text of a result.
type Part = (String, bool);

fn raw() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => "[a-z ]{20,90}",
        2 => "[äß€𝄞]{1,20}",
        1 => Just("\\n".to_owned()), 1 => Just("\\\"\\\\\\/".to_owned()), 1 => Just("\\u0041\\u00e9".to_owned()),
        1 => Just("\\ud83d\\ude00".to_owned()), 1 => Just("\\ud83d".to_owned()), 1 => Just("\\u0000".to_owned()),
    ];
    prop::collection::vec(word, 0..30).prop_map(|words| words.concat())
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\t "), 1 => Just("\r")]
}

fn odd() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("\"n\":1e999,"),
        Just("\"n\":-0.0,"),
        Just("\"n\":12345678901234567890123,"),
        Just("\"\\u0078\":{\"type\":[\"text\",null]},"),
        Just("\"data\":\"\\ud800\","),
        Just(""),
    ]
}

fn result_line() -> impl Strategy<Value = Vec<Part>> {
    let part = (raw(), space(), odd());
    (prop::collection::vec(part, 0..4), odd(), space(), any::<bool>()).prop_map(
        |(parts, odd, space, crlf)| {
            let mut line = vec![(format!("{{{odd}\"message\":{{{space}\"content\":{space}["), false)];
            for (number, (raw, space, odd)) in parts.into_iter().enumerate() {
                let comma = if number > 0 { "," } else { "" };
                line.push((format!("{comma}{{{odd}\"text\"{space}:\""), false));
                line.push((raw, true));
                line.push(("\",\"type\":\"text\"}".to_owned(), false));
            }
            let end = if crlf { "\r\n" } else { "\n" };
            line.push((
                format!("],\"role\":\"toolResult\",\"toolCallId\":\"c\"}},\"type\":\"message\"}}{end}"),
                false,
            ));
            line
        },
    )
}

fn other_line() -> impl Strategy<Value = Vec<Part>> {
    let line = prop_oneof![
        raw()
            .prop_map(|raw| format!(r#"{{"type":"message","message":{{"role":"user","content":"{raw}"}}}}"#)),
        raw().prop_map(|raw| result(&raw).replace("toolResult", "assistant")),
        raw().prop_map(|raw| result(&raw).replace("]}}", "]}")),
        raw().prop_map(|raw| format!("\u{feff}{}", result(&raw))),
        "[ -~]{0,40}",
        Just(r#"{"type":"session","version":3,"id":"s"}"#.to_owned()),
    ];
    line.prop_map(|line| vec![(format!("{line}\n"), false)])
}

/// Checks a new text against the parts of the old one. Returns how many results went.
fn check(disk: &MemDisk, parts: &[Part], new: &[u8]) -> u64 {
    let (mut rest, mut gone) = (new, 0);
    for (part, is_result) in parts {
        let meant = json::decode(part.as_bytes());
        if !is_result || meant.len() <= 400 || rest.starts_with(part.as_bytes()) {
            rest = rest.strip_prefix(part.as_bytes()).expect("it stays as it was");
            assert!(!is_result || meant.len() <= 400 || part.len() < 700, "{part}");
            continue;
        }
        let mut end = 0;
        while rest[end] != b'"' {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
        let (shown, behind) = rest.split_at(end);
        let hash = BlobHash::of(&meant).to_string();
        let shown = String::from_utf8(json::decode(shown).into_owned()).unwrap();
        assert!(shown.contains(&format!("{PAYLOADS}/{hash}")) && shown.len() <= 400, "{shown}");
        assert_eq!(disk.get(&Path::new(PAYLOADS).join(hash)).unwrap(), *meant);
        (rest, gone) = (behind, gone + 1);
    }
    assert!(rest.is_empty());
    gone
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn i2_every_byte_outside_of_a_result_that_goes_stays_and_an_undo_brings_all_back(
        lines in prop::collection::vec(prop_oneof![2 => result_line(), 1 => other_line()], 0..6),
        torn in prop_oneof![Just(""), Just("{\"type\":\"mess")],
    ) {
        let mut parts: Vec<Part> = lines.concat();
        parts.push((torn.to_owned(), false));
        let aside = Path::new(PAYLOADS).join(format!("{}.torn", BlobHash::of(torn.as_bytes())));
        let old: String = parts.iter().map(|(part, _)| part.as_str()).collect();
        let disk = MemDisk::with_file(path(), old.as_bytes());
        let rested = settings().with_quiet(Some(Age::from_seconds(1)));
        let dry = compact_on(&disk, path(), &rested, now(), &Options { dry_run: true, ..options() }).unwrap();
        prop_assert_eq!(disk.names(Path::new("/t")), ["one.jsonl"]);
        let done = compact_rested(&disk).unwrap();
        prop_assert_eq!(&dry, &Compacted { run: None, ..done.clone() });
        let new = text(&disk);
        prop_assert_eq!(done.torn_at.is_some(), done.payloads > 0 && !torn.is_empty());
        if done.torn_at.as_ref() == Some(&aside) {
            parts.pop();
            prop_assert_eq!(disk.get(&aside).unwrap(), torn.as_bytes());
        }
        prop_assert_eq!(check(&disk, &parts, &new), done.payloads);
        prop_assert_eq!(done.touched + done.kept + done.unreadable + done.torn, done.lines);
        prop_assert_eq!(done.lines, old.split_inclusive('\n').count() as u64);
        prop_assert_eq!((done.bytes_before, done.bytes_after), (old.len() as u64, new.len() as u64));
        prop_assert!(new.len() <= old.len());
        // A second one finds nothing to do.
        let again = compact_rested(&disk).unwrap();
        prop_assert_eq!((again.run, again.payloads), (None, 0));
        prop_assert_eq!(text(&disk), new);
        prop_assert_eq!(done.run.is_some(), done.payloads > 0);
        if let Some(run) = done.run {
            undo(&disk, &run).unwrap();
        }
        prop_assert_eq!(text(&disk), old.as_bytes());
    }
}

#[test]
fn the_limit_itself_stays_and_one_byte_more_goes() {
    for (bytes, goes) in [(399, 0), (400, 0), (401, 1)] {
        for letter in ["x", "\\n", "\\u0041"] {
            let line = result(&letter.repeat(bytes));
            let disk = MemDisk::with_file(path(), format!("{line}\n").as_bytes());
            assert_eq!(compact(&disk).unwrap().payloads, goes, "{bytes} of {letter}");
            assert_eq!(payloads(&disk) as u64, goes);
        }
    }
}

#[test]
fn i2_calls_and_results_keep_their_order_and_equal_results_are_one_file() {
    let large = result(&"y".repeat(900));
    let old = format!("{}{large}\n{large}\n", transcript());
    let disk = MemDisk::with_file(path(), old.as_bytes());
    let done = compact(&disk).unwrap();
    assert_eq!((done.lines, done.touched, done.payloads, payloads(&disk)), (6, 4, 4, 3));
    let roles = |text: &str| -> Vec<String> {
        let role =
            |line: &str| line.split("\"role\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        text.lines().map(role).collect()
    };
    assert_eq!(roles(&String::from_utf8(text(&disk)).unwrap()), roles(&old));
}

#[test]
fn a_payload_that_is_not_what_its_name_says_is_moved_aside() {
    let disk = MemDisk::with_file(path(), transcript().as_bytes());
    let hash = BlobHash::of("x".repeat(900).as_bytes()).to_string();
    disk.put(&Path::new(PAYLOADS).join(&hash), "z".repeat(900).as_bytes());
    compact(&disk).unwrap();
    assert_eq!(disk.get(&Path::new(PAYLOADS).join(&hash)).unwrap(), "x".repeat(900).as_bytes());
    assert_eq!(disk.get(&Path::new(PAYLOADS).join(format!("{hash}.0.bad"))).unwrap()[0], b'z');
}

#[test]
fn a_file_system_that_cannot_exchange_is_refused_and_nothing_changes() {
    let disk = MemDisk::with_file(path(), transcript().as_bytes()).without_exchange();
    let error = compact(&disk).unwrap_err();
    assert!(error.message().contains("change names") && !error.is_too_late());
    assert_eq!((text(&disk), payloads(&disk)), (transcript().into_bytes(), 0));
}

/// The lock of a process that ends here is not one that anybody takes from a process that lives.
fn unlock(disk: &MemDisk) {
    let folder = disk.folder(Path::new("/t")).unwrap();
    let _ = disk.remove(&folder, OsStr::new("one.jsonl.lock"));
}

/// Takes back all runs that are in the trash, newest first.
fn undo_all(disk: &MemDisk) {
    let base = Base::open(disk, Path::new("/t")).unwrap();
    let nook = base.enter(&options()).unwrap();
    let names = nook.attic().names().unwrap();
    drop(nook);
    for name in names.iter().rev() {
        assert_eq!(name.stage, Stage::Finished);
        undo(disk, &name.run).unwrap();
    }
}

/// Files on their way whose makers are gone.
fn half_made(disk: &MemDisk) -> Vec<String> {
    let folders = ["/t", PAYLOADS, "/t/.session-reaper", "/t/.session-reaper/trash"];
    let names = folders.iter().flat_map(|folder| disk.names(Path::new(folder)));
    names.filter(|name| name.contains(".tmp")).collect()
}

fn compacted() -> (MemDisk, RunId, Vec<u8>) {
    let disk = MemDisk::with_file(path(), transcript().as_bytes());
    let run = compact(&disk).unwrap().run.unwrap();
    let new = text(&disk);
    (disk, run, new)
}

#[test]
fn i3_where_any_call_fails_the_old_text_is_there_or_the_new_one_and_an_error_changes_nothing() {
    let (_, _, new) = compacted();
    let (mut failed, mut unknown, mut calls) = (0, 0, 0);
    for forever in [false, true] {
        for at in 0.. {
            let disk = MemDisk::with_file(path(), transcript().as_bytes());
            disk.fail_at(at, forever);
            let done = compact(&disk);
            calls = disk.heal();
            if calls <= at {
                assert!(done.is_ok());
                break;
            }
            let is_new = text(&disk) == new;
            assert!(is_new || text(&disk) == transcript().as_bytes(), "{at}");
            match done {
                Err(error) => {
                    failed += 1;
                    // Where nobody could look whether the two have changed names, nobody may say that they have not.
                    let is_unknown = forever && error.to_string().contains("cannot switch");
                    assert!(error.is_too_late() == is_new || is_unknown, "{at}: {error}");
                    unknown += u64::from(error.is_too_late() != is_new);
                }
                // What comes after the journal's line is no error of the compaction.
                Ok(_) => assert!(is_new, "{at}"),
            }
            payloads(&disk);
            unlock(&disk);
            compact(&disk).unwrap();
            assert_eq!((text(&disk), payloads(&disk)), (new.clone(), 2), "{at}");
            undo_all(&disk);
            assert_eq!(text(&disk), transcript().as_bytes(), "{at}");
        }
    }
    assert!(failed > 60 && calls > 60 && unknown <= 1, "{failed} of {calls}, {unknown}");
}

#[test]
fn i3_ended_at_any_call_of_a_compaction_or_an_undo_it_can_be_finished_and_taken_back() {
    let (_, _, new) = compacted();
    for is_undo in [false, true] {
        for at in 1.. {
            let (disk, run) = if is_undo {
                let (disk, run, _) = compacted();
                (disk, Some(run))
            } else {
                (MemDisk::with_file(path(), transcript().as_bytes()), None)
            };
            let ending = disk.clone().ending_after(at);
            let _ = match &run {
                Some(run) => undo(&ending, run).map(drop),
                None => compact(&ending).map(drop),
            };
            let is_over = !ending.has_ended();
            assert!(text(&disk) == new || text(&disk) == transcript().as_bytes(), "{at}");
            unlock(&disk);
            if let Some(run) = &run {
                // What is done already is gone from the trash.
                drop(undo(&disk, run));
            } else {
                compact(&disk).unwrap();
                assert_eq!((text(&disk), payloads(&disk)), (new.clone(), 2), "{at}");
                undo_all(&disk);
            }
            assert_eq!(half_made(&disk), [""; 0], "{at}, undo: {is_undo}");
            assert_eq!(text(&disk), transcript().as_bytes(), "{at}, undo: {is_undo}");
            if is_over {
                assert!(at > 60, "{at}");
                break;
            }
        }
    }
}

#[test]
fn i7_another_programs_text_of_any_moment_is_never_lost() {
    let late = "{\"type\":\"late\"}\n";
    let mut kept_off = 0;
    for at in 0..400 {
        let disk = MemDisk::with_file(path(), transcript().as_bytes());
        let (other, left) = (disk.clone(), Arc::new(AtomicI64::new(at)));
        let to_go = Arc::clone(&left);
        let hooked = disk.clone().with_hook(move || {
            if left.fetch_sub(1, Ordering::SeqCst) == 0 {
                let text = [text(&other), late.as_bytes().to_vec()].concat();
                other.put(path(), &text);
            }
        });
        match compact(&hooked) {
            Ok(done) => assert_eq!(done.touched, 2),
            Err(error) => {
                kept_off += 1;
                assert!(!error.is_too_late(), "{error}");
            }
        }
        let text = String::from_utf8(text(&disk)).unwrap();
        let came = to_go.load(Ordering::SeqCst) < 0;
        assert!(text.ends_with(late) == came, "{at}: {text}");
        unlock(&disk);
    }
    assert!(kept_off < 20, "{kept_off}");
}

#[test]
fn i4_lines_that_were_added_stay_behind_the_old_text_and_an_undo_can_be_undone() {
    let (disk, run, new) = compacted();
    let grown = [&new[..], b"{\"type\":\"added\"}\n{\"torn"].concat();
    disk.put(path(), &grown);
    assert_eq!(undo(&disk, &run).unwrap().restored, ["one.jsonl"]);
    assert_eq!(text(&disk), [transcript().as_bytes(), b"{\"type\":\"added\"}\n{\"torn"].concat());
    assert_eq!(payloads(&disk), 2, "payloads stay");
    assert!(undo(&disk, &run).unwrap_err().message().contains("nothing of run"));
    undo_all(&disk);
    assert_eq!(text(&disk), grown);
}

#[test]
fn i7_a_transcript_that_was_changed_otherwise_is_held_up() {
    let (disk, run, new) = compacted();
    let changed = [b" ", &new[..]].concat();
    disk.put(path(), &changed);
    assert_eq!(undo(&disk, &run).unwrap().held_up, ["one.jsonl"]);
    assert_eq!(text(&disk), changed);
}

#[test]
fn what_some_readers_take_for_the_end_of_a_line_is_escaped_in_what_is_shown() {
    let line = result(&format!("{}\\u2028a\\u2029b\\u0085c", "x".repeat(900)));
    let disk = MemDisk::with_file(path(), format!("{line}\n").as_bytes());
    assert_eq!(compact(&disk).unwrap().payloads, 1);
    let text = String::from_utf8(text(&disk)).unwrap();
    assert!(text.contains("\\u2028a\\u2029b\\u0085c"), "{text}");
    assert!(!text.contains(['\u{2028}', '\u{2029}', '\u{85}']), "{text}");
    assert_eq!(payloads(&disk), 1);
}

#[test]
fn i6_a_payload_that_is_there_already_is_made_durable() {
    let disk = MemDisk::with_file(path(), transcript().as_bytes());
    let text = "x".repeat(900);
    let there = Path::new(PAYLOADS).join(BlobHash::of(text.as_bytes()).to_string());
    disk.put(&there, text.as_bytes());
    disk.watch();
    compact(&disk).unwrap();
    let events = disk.events();
    let is_written = |file: usize| {
        events.iter().any(|event| matches!(event, MemEvent::Written { file: it, .. } if *it == file))
    };
    let synced =
        events.iter().filter(|event| matches!(event, MemEvent::Synced { file } if !is_written(*file)));
    assert_eq!(synced.count(), 1, "{events:?}");
}
