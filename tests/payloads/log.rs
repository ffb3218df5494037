//! One line of the log for each sweep, and one for each payload that had to stay.

use std::{
    collections::BTreeMap,
    fmt, fs,
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::world::{World, after, put, small};

type Line = BTreeMap<String, String>;

/// Takes down what is said in this thread.
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
        fields.0.insert("level".to_owned(), event.metadata().level().to_string());
        self.0.lock().unwrap().push(fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn said(what: impl FnOnce()) -> Vec<Line> {
    let listener = Listener::default();
    tracing::subscriber::with_default(listener.clone(), || {
        // Another thread may just have found nobody who listens.
        tracing::callsite::rebuild_interest_cache();
        what();
    });
    let mut lines = listener.0.lock().unwrap();
    std::mem::take(&mut *lines)
}

#[test]
fn i9_each_sweep_is_one_line_early_exits_included() {
    let world = World::new();
    let spool = world.spool();
    let lines = said(|| drop(spool.sweep(after(0)).unwrap()));
    assert_eq!(lines.len(), 1);
    for field in ["scanned", "swept", "retained", "skipped", "failed", "bytes_freed", "duration_ms"] {
        assert!(lines[0].contains_key(field), "{field}: {lines:?}");
    }
    assert_eq!((&*lines[0]["message"], &*lines[0]["level"]), ("payloads swept", "INFO"));
    assert_eq!(said(|| drop(world.spool())).len(), 1);
    fs::remove_dir_all(world.dir()).unwrap();
    // There is nothing any more, and that is a line as well.
    let lines = said(|| drop(spool.sweep(after(0))));
    assert_eq!((lines.len(), &*lines[0]["scanned"]), (1, "0"), "{lines:?}");
}

#[test]
fn i6_a_payload_that_could_not_be_written_is_a_warning() {
    let world = World::new();
    let session = world.spool_with(small().with_max_bytes(20).unwrap()).session("one").unwrap();
    put(&session, b"a payload of one");
    let full = said(|| drop(session.put(b"another payload", "text/plain")));
    assert_eq!((full.len(), &*full[0]["level"]), (1, "WARN"));
    fs::remove_dir_all(session.path()).unwrap();
    let failed = said(|| drop(session.put(b"a payload of two", "text/plain")));
    assert_eq!((failed.len(), &*failed[0]["level"]), (1, "WARN"));
    assert!(failed[0]["error"].contains("cannot keep a payload in"), "{failed:?}");
    assert!(said(|| drop(session.put(b"small", "text/plain"))).is_empty());
}
