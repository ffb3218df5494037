//! What the log says: with what a store works, and one line for each sweep, however it ends.

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
};

use session_reaper::artifact::media::MediaStore;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::world::{MAX_AGE, World, at, put};

/// Keeps the lines of this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "session_reaper"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn told(work: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        // Another thread may just have found nobody who listens.
        tracing::callsite::rebuild_interest_cache();
        work();
    });
    lines.0.lock().unwrap().clone()
}

#[test]
fn i9_one_line_for_each_sweep_however_it_ends() {
    let world = World::new();
    let store = world.open();
    put(&store, &world.media("a"), "s");
    let lines = told(|| drop(store.clean_expired(at(MAX_AGE + 1))));
    assert_eq!(lines.len(), 1, "{lines:?}");
    let fields = [
        "swept=1 ",
        "retained=0 ",
        "skipped=0 ",
        "failed=0 ",
        "bytes_freed=5 ",
        "duration_ms=",
        "end=\"whole\" ",
    ];
    for field in fields {
        assert!(lines[0].contains(field), "{field}: {lines:?}");
    }
    let quiet = MediaStore::open(world.options().with_enabled(false), at(0)).unwrap();
    let lines = told(|| drop(quiet.clean_expired(at(0))));
    assert!(lines.len() == 1 && lines[0].contains("end=\"disabled\""), "{lines:?}");
    let lines = told(|| quiet.start().unwrap());
    assert!(lines.len() == 1 && lines[0].contains("disabled"), "{lines:?}");
    std::fs::remove_file(world.ledger()).unwrap();
    std::fs::create_dir(world.ledger()).unwrap();
    let lines = told(|| drop(store.clean_expired(at(0))));
    assert!(
        lines.len() == 1 && lines[0].contains("end=\"failed\"") && lines[0].contains("error="),
        "{lines:?}"
    );
}

#[test]
fn with_what_a_store_works_is_told_when_it_is_opened() {
    let world = World::new();
    let lines = told(|| drop(world.open()));
    for field in ["enabled=true ", "max_age=30m ", "interval=5m ", "orphan_grace=1h ", "takes_orphans=true "]
    {
        assert!(lines[0].contains(field), "{field}: {lines:?}");
    }
}
