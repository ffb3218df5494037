//! Any store is swept, written to meanwhile, and its trash damaged; then the run is taken back, and that once more. Whatever
//! happens, the store is a store, an error has changed nothing, and left alone the old text comes back byte for byte.
//!
//! The first byte says what happens in between; of the rest everything else is made.

#![no_main]

use std::{collections::HashSet, path::Path};

use libfuzzer_sys::fuzz_target;
use session_reaper::{
    FileStore, Policy, Timestamp,
    fs::MemDisk,
    json::testing::{Dice, Document, Row, Value, record, spoil},
    store::{Force, Wish},
    sweep::{self, Options, Outcome, RunId, UndoReport},
};

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
const PATH: &str = "/s/sessions.json";
const TRASH: &str = "/s/.session-reaper/trash";

fuzz_target!(|input: &[u8]| {
    let Some((what, rest)) = input.split_first() else { return };
    let mut dice = Dice::from_bytes(rest);
    let before = document(&mut dice);
    let world = World { disk: MemDisk::with_file(Path::new(PATH), before.as_bytes()) };
    let Some(run) = world.prune() else { return };
    let swept = world.text();
    if what & 1 == 1 {
        world.disk.put(Path::new(PATH), document(&mut dice).as_bytes());
    }
    if what & 2 == 2 {
        world.damage(&mut dice);
    }
    let force = if what & 4 == 4 { Force::All } else { Force::None };
    let there = world.text();
    let undone = world.undo(&run, 2, force.clone());
    if what & 3 == 0 {
        assert_eq!(undone.outcome, Outcome::Restored, "{:?}", undone.error);
        assert_eq!(world.text(), before);
    }
    if undone.outcome != Outcome::Restored {
        assert_eq!(world.text(), there, "nothing was done: {undone:?}");
        return;
    }
    let again = world.undo(&id(2), 3, force);
    assert!(again.error.is_none(), "{:?}", again.error);
    match what & 3 {
        0 => assert_eq!(world.text(), swept),
        // JavaScript sees one row of a key that stands twice, and so does who takes a run back.
        _ if has_twice(&there) || has_twice(&before) => {}
        _ => assert_eq!(rows(&world.text()), rows(&there)),
    }
});

/// A store in memory.
struct World {
    disk: MemDisk,
}

impl World {
    fn store(&self) -> FileStore<MemDisk> {
        FileStore::on(self.disk.clone(), PATH)
    }

    /// The text, which must be that of a store.
    fn text(&self) -> String {
        let text = self.disk.get(Path::new(PATH)).expect("the store is there");
        let (_, layout) = record(&text);
        assert!(layout.is_ok(), "{layout:?}: {}", String::from_utf8_lossy(&text));
        String::from_utf8(text).expect("what is made is UTF-8")
    }

    /// The run, if it took something.
    fn prune(&self) -> Option<RunId> {
        let report = sweep::prune(&self.store(), &Policy::default(), NOW, &options(1));
        assert!(report.error.is_none(), "{:?}", report.error);
        (report.pruned > 0).then(|| id(1))
    }

    fn undo(&self, run: &RunId, number: u32, force: Force) -> UndoReport {
        let wish = Wish { force, ..Wish::default() };
        let report = sweep::undo(&self.store(), run, &wish, "undo", NOW, &options(number));
        assert_eq!(report.scanned, report.kept + report.pruned);
        report
    }

    /// Spoils a file of the trash.
    fn damage(&self, dice: &mut Dice<'_>) {
        let bundle = self.disk.names(Path::new(TRASH)).pop().expect("there is a bundle");
        let name = dice.pick(&["rows.json", "manifest.json"]);
        let path = format!("{TRASH}/{bundle}/{name}");
        let text = self.disk.get(Path::new(&path)).expect("it is there");
        self.disk.scribble(Path::new(&path), &spoil(&text, dice));
    }
}

fn id(number: u32) -> RunId {
    format!("20261121T080000000Z-{number:08x}").parse().expect("it is a name")
}

fn options(number: u32) -> Options {
    Options { allow_mass_delete: true, allow_clock_jump: true, run: Some(id(number)), ..Options::default() }
}

/// Any document, with cron runs put somewhere into it, some of which have expired.
fn document(dice: &mut Dice<'_>) -> String {
    let mut document = Document::any(dice, 8);
    for _ in 0..dice.below(6) {
        let number = dice.below(8);
        let updated = if dice.one_in(4) { NOW.as_millis() } else { 1_700_000_000_000 };
        let field = |key: &str, value: String| Row { key: key.to_owned(), value: Value::Raw(value) };
        let value = Value::Object(vec![
            field("updatedAt", updated.to_string()),
            field("n", dice.below(3).to_string()),
        ]);
        let key = format!("agent:main:cron:j{number}:run:0f6a2b1c-1111-4222-8333-{number:012}");
        let at = dice.below(document.rows.len() + 1);
        document.rows.insert(at, Row { key, value });
    }
    document.text(dice)
}

/// Keys and values, in order.
fn rows(text: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (found, _) = record(text.as_bytes());
    found.rows(text.as_bytes()).into_iter().map(|(key, value, _)| (key, value)).collect()
}

fn has_twice(text: &str) -> bool {
    let mut seen = HashSet::new();
    !rows(text).into_iter().all(|(key, _)| seen.insert(key))
}
