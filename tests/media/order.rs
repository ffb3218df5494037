//! In which order things become durable: that a file goes before the file does, that its name is gone before it is said to be.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;
use session_reaper::{
    artifact::media::{Lease, MediaRef},
    fs::{MemDisk, MemEvent},
};

use crate::{
    memory::{MemStore, at, disk, open, path},
    world::{MAX_AGE, delete},
};

#[derive(Debug, Clone)]
enum Step {
    Store { in_folder: bool },
    Release(usize),
    ReleaseAll,
    Lease(usize),
    End(usize),
    Sweep { is_late: bool },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => any::<bool>().prop_map(|in_folder| Step::Store { in_folder }),
        3 => any::<usize>().prop_map(Step::Release),
        1 => Just(Step::ReleaseAll),
        2 => any::<usize>().prop_map(Step::Lease),
        2 => any::<usize>().prop_map(Step::End),
        2 => any::<bool>().prop_map(|is_late| Step::Sweep { is_late }),
        1 => Just(Step::Restart),
    ]
}

/// Every file has a name that no other ever has.
fn run(disk: &MemDisk, steps: &[Step]) {
    let mut store = Some(open(disk, at(0)).unwrap());
    let (mut refs, mut leases): (Vec<MediaRef>, Vec<Lease<MemDisk>>) = (Vec::new(), Vec::new());
    for (number, step) in steps.iter().enumerate() {
        let here: &MemStore = store.as_ref().unwrap();
        match *step {
            Step::Store { in_folder } => {
                let path = path(&if in_folder { format!("sub/f{number}") } else { format!("f{number}") });
                disk.put(&path, b"12345");
                refs.push(here.store(&path, delete(), "s", at(0)).unwrap().reference);
            }
            Step::Release(which) if !refs.is_empty() => {
                here.release(refs.swap_remove(which % refs.len())).unwrap();
            }
            Step::ReleaseAll => drop(here.release_all("s").unwrap()),
            Step::Lease(which) if !refs.is_empty() => leases.extend(here.lease(refs[which % refs.len()])),
            Step::End(which) if !leases.is_empty() => drop(leases.swap_remove(which % leases.len())),
            Step::Sweep { is_late } => drop(here.clean_expired(at(if is_late { 2 * MAX_AGE } else { 0 }))),
            Step::Restart => {
                drop(store.take());
                store = Some(open(disk, at(0)).unwrap());
            }
            _ => {}
        }
    }
}

/// What is to be unlinked is moved to such a name first.
const ASIDE: &str = "media.going.";

/// What a file holds, and how much of that is durable.
#[derive(Debug, Default)]
struct Text {
    all: Vec<u8>,
    durable: Vec<u8>,
}

fn records(text: &[u8]) -> Vec<Value> {
    let lines = text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    lines.filter_map(|line| serde_json::from_slice(line.get(17..)?).ok()).collect()
}

/// The names of the files that these records let go.
fn let_go(records: &[Value]) -> BTreeSet<String> {
    let mut names = BTreeMap::new();
    let mut gone = BTreeSet::new();
    for record in records {
        match record["op"].as_str().unwrap() {
            "store" => drop(names.insert(record["ref"].to_string(), name_of(&record["path"]))),
            "drop" => {
                let refs = record["refs"].as_array().unwrap().iter();
                gone.extend(refs.filter_map(|reference| names.get(&reference.to_string()).cloned()));
            }
            "going" => drop(gone.insert(name_of(&record["path"]))),
            _ => {}
        }
    }
    gone
}

fn name_of(path: &Value) -> String {
    path.as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// What is wrong with the order, and how many files went, for ever and into the trash.
fn judge(events: &[MemEvent]) -> (Vec<String>, usize, usize) {
    let (mut texts, mut ledger) = (BTreeMap::<usize, Text>::new(), None);
    // Names that are gone, by their folder, until that is durable.
    let mut unsure: BTreeMap<String, usize> = BTreeMap::new();
    let (mut wrong, mut went, mut moved, mut listed) = (Vec::new(), 0, 0, None);
    for event in events {
        match event {
            MemEvent::Written { file, bytes } => {
                let text = texts.entry(*file).or_default();
                text.all.extend_from_slice(bytes);
                if ledger == Some(*file) {
                    let gone = records(&text.all).into_iter().filter(|record| record["op"] == "gone");
                    let names = gone.flat_map(|record| record["paths"].as_array().unwrap().clone());
                    // Nor is what was moved aside to be unlinked to be there again.
                    let is_early = |name: &String| {
                        unsure.contains_key(name) || unsure.keys().any(|name| name.starts_with(ASIDE))
                    };
                    let early = names.map(|path| name_of(&path)).filter(is_early);
                    wrong.extend(early.map(|name| format!("{name} is said to be gone before it is")));
                }
            }
            MemEvent::Cut { file, length } => {
                texts.entry(*file).or_default().all.truncate(usize::try_from(*length).unwrap());
            }
            MemEvent::Synced { file } => {
                let text = texts.entry(*file).or_default();
                text.durable.clone_from(&text.all);
            }
            MemEvent::Named { file, name } if name == "media.ledger" => ledger = Some(*file),
            MemEvent::Removed { folder, name } if name.to_string_lossy().starts_with('f') => {
                let name = name.to_string_lossy().into_owned();
                let text = ledger.and_then(|ledger| texts.get(&ledger));
                let durable = let_go(&records(text.map_or(&[], |text| &text.durable)));
                if !durable.contains(&name) {
                    wrong.push(format!("{name} went before that was durable"));
                }
                unsure.insert(name, *folder);
                went += 1;
            }
            MemEvent::Removed { folder, name } if name.to_string_lossy().starts_with(ASIDE) => {
                unsure.insert(name.to_string_lossy().into_owned(), *folder);
            }
            MemEvent::Named { name, file } if is_number(name) => {
                // Into the trash: that its references go is durable by then, and so is the list that has them.
                let text = ledger.and_then(|ledger| texts.get(&ledger));
                let parked = records(text.map_or(&[], |text| &text.durable));
                let is_told = parked.iter().any(|record| record["going"]["by"] == "trash");
                let is_listed = listed.is_some_and(|list| texts.get(&list).is_some_and(Text::is_durable));
                if !is_listed || !is_told {
                    wrong.push(format!("{file} moved before that was durable"));
                }
                moved += 1;
            }
            MemEvent::Named { file, name } if name == "things.jsonl" => listed = Some(*file),
            MemEvent::FolderSynced { folder } => unsure.retain(|_, of| of != folder),
            _ => {}
        }
    }
    (wrong, went, moved)
}

/// Whether this is the name of a thing in the trash.
fn is_number(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Text {
    fn is_durable(&self) -> bool {
        self.all == self.durable && !self.all.is_empty()
    }
}

fn without(events: &[MemEvent], is_left_out: impl Fn(&MemEvent) -> bool) -> Vec<MemEvent> {
    events.iter().filter(|event| !is_left_out(event)).cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn i1_that_a_file_goes_is_durable_before_it_goes(steps in prop::collection::vec(step(), 1..40)) {
        let disk = disk();
        disk.watch();
        run(&disk, &steps);
        let events = disk.events();
        let (wrong, went, moved) = judge(&events);
        prop_assert!(wrong.is_empty(), "{wrong:?}");
        // The judge would see it: with the syncs left out, each file that went is one too early.
        let (early, ..) = judge(&without(&events, |event| matches!(event, MemEvent::Synced { .. })));
        prop_assert_eq!(early.iter().filter(|early| early.contains("moved before that")).count(), moved);
        prop_assert_eq!(early.iter().filter(|early| early.contains("went before that")).count(), went);
        let (early, ..) = judge(&without(&events, |event| matches!(event, MemEvent::FolderSynced { .. })));
        prop_assert_eq!(went > 0, early.iter().any(|early| early.contains("is said to be gone")));
    }
}
