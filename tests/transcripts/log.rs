//! One line of the log for each compaction.

use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::world::{World, compact, transcript};

type Line = BTreeMap<String, String>;

/// Takes down what is said, by whatever test.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<Line>>>);

struct Fields(Line);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "session_reaper"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(Line::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What is said of this transcript meanwhile. Other tests run beside this one, each on its own.
fn said(path: &Path, what: impl FnOnce()) -> Vec<Line> {
    static LISTENER: OnceLock<Listener> = OnceLock::new();
    let listener = LISTENER.get_or_init(|| {
        let listener = Listener::default();
        tracing::subscriber::set_global_default(listener.clone()).unwrap();
        listener
    });
    what();
    let path = path.display().to_string();
    let mut lines = std::mem::take(&mut *listener.0.lock().unwrap());
    lines.retain(|line| line.get("path") == Some(&path));
    lines
}

#[test]
fn i9_each_compaction_is_one_line_however_it_ends() {
    let world = World::new(&transcript());
    let lines = said(&world.path(), || drop(world.compact().unwrap()));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&*lines[0]["message"], &*lines[0]["payloads"]), ("transcript compacted", "2"));
    assert!(lines[0].contains_key("run") && lines[0].contains_key("duration_ms"));
    let lines = said(&world.path(), || drop(world.compact().unwrap()));
    assert_eq!((lines.len(), &*lines[0]["touched"]), (1, "0"));
    let lines = said(&world.root.join("none"), || drop(compact(&world.root.join("none")).unwrap_err()));
    assert!(lines.len() == 1 && lines[0]["error"].contains("cannot look at"), "{lines:?}");
}
