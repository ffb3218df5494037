//! What a crash image must hold, and what the next sweep must make of it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use serde_json::value::RawValue;

use crate::{
    image::Known,
    steps::State,
    workload::{self, bare, binary, sweep},
};

/// Rows by their keys, in their own bytes.
type Rows = BTreeMap<String, String>;

/// What is wrong with an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The store is none of the states that it ever had: what gateways take for an empty one.
    Torn(String),
    /// A step that was acknowledged did not happen.
    Undone { found: usize, known: usize },
    /// A row is gone, and not in the trash.
    NotInTrash(String),
    /// The next sweep fails, ends elsewhere or leaves something.
    NotHealed(String),
    /// The file system itself is broken: a fault of the rig or of the kernel.
    NotMounted(String),
}

impl Fault {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Torn(_) => "torn",
            Self::Undone { .. } => "undone",
            Self::NotInTrash(_) => "not in the trash",
            Self::NotHealed(_) => "not healed",
            Self::NotMounted(_) => "not mounted",
        }
    }
}

/// What stands in a folder after the power has come back.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The text of the store, or why it cannot be read.
    store: Result<String, String>,
    bundles: Vec<Bundle>,
}

/// One bundle of the trash.
#[derive(Debug, Clone)]
struct Bundle {
    /// Whether it is still to be found out what became of its run.
    is_unfinished: bool,
    /// Its rows, or why they cannot be read.
    rows: Result<Rows, String>,
}

pub(crate) fn look(folder: &Path) -> Found {
    let store = fs::read(workload::store_in(folder)).map_err(|error| error.to_string());
    let store = store.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let trash = fs::read_dir(folder.join(".session-reaper/trash"));
    let paths = trash.into_iter().flatten().map(|entry| entry.unwrap().path());
    let bundles = paths
        .filter(|path| !has_ending(path, "purged"))
        .map(|path| Bundle { is_unfinished: has_ending(&path, "unfinished"), rows: rows_of(&path) });
    Found { store, bundles: bundles.collect() }
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

/// The rows of a bundle, in their own bytes. A run that only put rows in has none, and a manifest all the same.
fn rows_of(bundle: &Path) -> Result<Rows, String> {
    let manifest: serde_json::Value = read(&bundle.join("manifest.json"))?;
    if manifest["line"]["verb"] != "prune" && manifest["removed"].is_null() {
        return Ok(Rows::new());
    }
    let rows: BTreeMap<String, Box<RawValue>> = read(&bundle.join("rows.json"))?;
    Ok(rows.into_iter().map(|(key, row)| (key, row.get().to_owned())).collect())
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Which state was found; a fault where it cannot be, for all that is known.
pub(crate) fn judge(found: &Found, known: Known, states: &[State]) -> Result<usize, Fault> {
    let text = found.store.as_ref().map_err(|error| Fault::Torn(error.clone()))?;
    // An undo makes the store what it was: the same text may be the state of several steps.
    let same: Vec<_> = (0..states.len()).filter(|state| states[*state].text == *text).collect();
    let Some(first) = same.first() else {
        return Err(Fault::Torn(format!("{} bytes, {:.60?}", text.len(), text.trim_end_matches('\0'))));
    };
    assert!(*first <= known.begun, "state {first} was found before it was begun: {known:?}");
    let allowed = same.iter().find(|state| (known.ended..=known.begun).contains(*state));
    let Some(&state) = allowed else {
        return Err(Fault::Undone { found: *first, known: known.ended });
    };
    in_trash(&states[state].gone, &found.bundles)?;
    Ok(state)
}

/// Whether all these rows are in the trash, in their own bytes. A finished bundle is whole.
fn in_trash(gone: &Rows, bundles: &[Bundle]) -> Result<(), Fault> {
    let damaged =
        bundles.iter().find_map(|bundle| bundle.rows.as_ref().err().filter(|_| !bundle.is_unfinished));
    if let Some(error) = damaged {
        return Err(Fault::NotInTrash(error.clone()));
    }
    let holds = |bundle: &Bundle, key: &str, row: &str| {
        bundle.rows.as_ref().is_ok_and(|rows| rows.get(key).is_some_and(|kept| kept == row))
    };
    let lost = gone.iter().find(|(key, row)| !bundles.iter().any(|bundle| holds(bundle, key, row)));
    lost.map_or(Ok(()), |(key, _)| Err(Fault::NotInTrash(key.clone())))
}

/// Years ago, in seconds and in words.
const LONG_AGO: (u64, &str) = (1_700_000_000, "2023-11-14T22:13:20.000Z");

/// Lets the lock of a gateway be as old as if the power had been away for long: nobody waits for it here.
fn age_lock(folder: &Path) {
    let path = folder.join("sessions.json.lock");
    let Ok(bytes) = fs::read(&path) else { return };
    if let Ok(mut note) = serde_json::from_slice::<serde_json::Value>(&bytes) {
        note["createdAt"] = LONG_AGO.1.into();
        fs::write(&path, note.to_string()).unwrap();
    }
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(LONG_AGO.0)).unwrap();
}

/// Lets the next sweep finish the work, long after the power has come back.
pub(crate) fn heal(folder: &Path, state: &State) -> Result<(), Fault> {
    age_lock(folder);
    let output = bare(binary()).args(sweep(folder)).output().unwrap();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Fault::NotHealed(format!("{}, {}: {said}", state.step, output.status)));
    }
    let text = fs::read_to_string(workload::store_in(folder)).unwrap();
    if text != state.healed {
        return Err(Fault::NotHealed(format!("{}: another end, {text:.200?}", state.step)));
    }
    in_trash(&state.gone_when_healed, &look(folder).bundles)?;
    let left = left_behind(folder);
    if left.is_empty() {
        Ok(())
    } else {
        Err(Fault::NotHealed(format!("{left:?} left after a {}", state.step)))
    }
}

/// Half files, unfinished bundles and the lock that gateways look at. Our own locks are empty files that stay.
fn left_behind(folder: &Path) -> Vec<String> {
    let mut left: Vec<String> = below(&folder.join(".session-reaper"));
    left.retain(|name| {
        [".tmp", ".swap", ".unfinished", ".begun"].iter().any(|ending| name.ends_with(ending))
    });
    if folder.join("sessions.json.lock").exists() {
        left.push("sessions.json.lock".to_owned());
    }
    left
}

fn below(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        names.push(entry.path().display().to_string());
        if entry.file_type().unwrap().is_dir() {
            names.extend(below(&entry.path()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::{Row, expired, kept};

    /// A store that lost a row, got one and lost that as well.
    fn states() -> [State; 4] {
        let [old, stays, new] = [&expired(1, 9), &kept(2, 9), &expired(3, 9)];
        let state = |step, rows: &[&Row], gone: &[&Row]| {
            let [rows, gone] = [rows, gone].map(|rows| rows.iter().copied().cloned().collect::<Vec<_>>());
            State::new(step, &rows, &gone)
        };
        [
            state("start", &[old, stays], &[]),
            state("sweep", &[stays], &[old]),
            state("update", &[stays, new], &[old]),
            state("sweep", &[stays], &[old, new]),
        ]
    }

    fn found(text: &str, gone: &Rows, is_unfinished: bool) -> Found {
        Found { store: Ok(text.to_owned()), bundles: vec![Bundle { is_unfinished, rows: Ok(gone.clone()) }] }
    }

    #[test]
    fn a_state_is_right_between_what_was_acknowledged_and_what_was_begun() {
        let states = states();
        let seen = |state: usize| found(&states[state].text, &states[state].gone, true);
        for (ended, begun) in [(0, 1), (1, 1), (1, 2), (2, 2)] {
            for state in ended..=begun {
                assert_eq!(judge(&seen(state), Known { ended, begun }, &states), Ok(state));
            }
            for state in 0..ended {
                let fault = Fault::Undone { found: state, known: ended };
                assert_eq!(judge(&seen(state), Known { ended, begun }, &states), Err(fault));
            }
        }
    }

    #[test]
    fn the_judge_sees_what_is_torn_and_what_is_lost() {
        let states = states();
        let known = Known { ended: 1, begun: 2 };
        let good = found(&states[1].text, &states[1].gone, false);
        assert_eq!(judge(&good, known, &states), Ok(1));
        let half: String = states[1].text.chars().take(100).collect();
        for text in ["", "{}", &half, &states[1].text.replace("002", "00\0")] {
            let torn = found(text, &states[1].gone, false);
            assert_eq!(judge(&torn, known, &states).unwrap_err().kind(), "torn", "{text:?}");
        }
        let missing = Found { store: Err("no such file".to_owned()), ..good.clone() };
        assert_eq!(judge(&missing, known, &states).unwrap_err().kind(), "torn");
        let changed =
            states[1].gone.iter().map(|(key, row)| (key.clone(), row.replace("1e2", "100"))).collect();
        for rows in [Ok(changed), Ok(Rows::new()), Err("no JSON".to_owned())] {
            let lost = Found { bundles: vec![Bundle { is_unfinished: false, rows }], ..good.clone() };
            assert_eq!(judge(&lost, known, &states).unwrap_err().kind(), "not in the trash", "{lost:?}");
        }
    }
}
