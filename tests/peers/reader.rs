//! Reads a store over and over while others write it: it is always there, and always one whole JSON object.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde::de::IgnoredAny;

/// A breath between two reads, or the reader takes a whole processor from those it watches.
const PAUSE: Duration = Duration::from_millis(4);

/// More complaints than this say nothing new.
const ENOUGH: usize = 5;

/// What a reader saw.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    pub(crate) reads: usize,
    pub(crate) complaints: Vec<String>,
}

/// A thread that reads.
pub(crate) struct Reader {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Reads>,
}

impl Reader {
    pub(crate) fn of(store: &Path) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (until, store) = (Arc::clone(&stop), store.to_owned());
        Self { stop, thread: thread::spawn(move || read_until(&until, &store)) }
    }

    pub(crate) fn finish(self) -> Reads {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn read_until(stop: &AtomicBool, store: &Path) -> Reads {
    let mut seen = Reads::default();
    while !stop.load(Ordering::Relaxed) && seen.complaints.len() < ENOUGH {
        seen.reads += 1;
        seen.complaints.extend(complaint(store));
        thread::sleep(PAUSE);
    }
    seen
}

/// What is wrong with the store at this moment.
fn complaint(store: &Path) -> Option<String> {
    let bytes = match fs::read(store) {
        Ok(bytes) => bytes,
        Err(error) => return Some(format!("it cannot be read: {error}")),
    };
    match serde_json::from_slice::<IgnoredAny>(&bytes) {
        Ok(_) if bytes.starts_with(b"{") => None,
        Ok(_) => Some("it is no object".to_owned()),
        Err(error) => Some(format!("{} bytes are no JSON: {error}", bytes.len())),
    }
}

#[test]
fn the_reader_sees_a_gap_and_a_torn_text() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("sessions.json");
    assert!(complaint(&store).is_some_and(|said| said.contains("cannot be read")));
    for (text, wrong) in [("{\"a\": {}}", false), ("{\"a\": {}", true), ("", true), ("[]", true)] {
        fs::write(&store, text).unwrap();
        assert_eq!(complaint(&store).is_some(), wrong, "{text:?}");
    }
}
