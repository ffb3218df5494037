//! What is logged when an attempt is given up: one line that says it all.

use std::{
    fmt::{self, Write},
    sync::{Arc, Mutex},
};

use session_reaper::lock::LeaseController;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::World;

/// Keeps the warnings of one thread.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn one_line_tells_how_many_where_who_and_why() {
    let warnings = Warnings::default();
    let world = World::new();
    tracing::subscriber::with_default(warnings.clone(), || {
        let attempt = LeaseController::default();
        let _lease = attempt.acquire(world.transcript()).unwrap();
        attempt.abandon_in_flight("compaction timed out");
        attempt.abandon_in_flight("once more");
    });
    let lines = warnings.0.lock().unwrap().clone();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let pid = format!("pid={} ", std::process::id());
    for part in [
        "message=leases in flight abandoned",
        "count=1 ",
        "one.jsonl",
        &pid,
        "reason=\"compaction timed out\"",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}
