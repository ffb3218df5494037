//! What the log says: with what a store works, and one line for each sweep, however it ends.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt::{Debug, Write as _},
    sync::Once,
};

use session_reaper::artifact::{
    self,
    media::{self, MediaStore, Usage},
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::Interest,
};

use crate::world::{MAX_AGE, World, at, put};

thread_local! {
    /// The lines of this thread with the names of their fields, while somebody wants to know.
    static HEARD: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

/// Hears all threads for as long as the process lives: one that came and went would be overheard now and then by those who come at
/// the same time.
struct Ear;

#[derive(Default)]
struct Line {
    text: String,
    fields: Vec<&'static str>,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.text, "{}={value:?} ", field.name()).unwrap();
        self.fields.push(field.name());
    }
}

impl Subscriber for Ear {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "session_reaper" && HEARD.with_borrow(Option::is_some)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        HEARD.with_borrow_mut(|heard| {
            if let Some(heard) = heard {
                heard.push(line);
            }
        });
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn heard(work: impl FnOnce()) -> Vec<Line> {
    static LISTENS: Once = Once::new();
    LISTENS.call_once(|| tracing::subscriber::set_global_default(Ear).unwrap());
    HEARD.set(Some(Vec::new()));
    work();
    HEARD.take().unwrap()
}

fn told(work: impl FnOnce()) -> Vec<String> {
    heard(work).into_iter().map(|line| line.text).collect()
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

/// Whoever reads these lines by program relies on them: what is added or renamed here is told in the changes.
#[test]
fn the_fields_of_a_sweeps_line_are_these_and_no_others() {
    let world = World::new();
    let store = world.open();
    put(&store, &world.media("a"), "s");
    world.media("stray");
    let all = [
        "message",
        "swept",
        "retained",
        "skipped",
        "failed",
        "bytes_freed",
        "duration_ms",
        "end",
        "reasons",
        "damaged_lines",
    ];
    let lines = heard(|| drop(store.clean_expired(at(MAX_AGE + 1))));
    assert_eq!(lines.len(), 1);
    let fields: BTreeSet<&str> = lines[0].fields.iter().copied().collect();
    assert_eq!(fields, BTreeSet::from(all), "{}", lines[0].text);
}

/// A scheduler has no store that is open: with what its net works it says itself.
#[test]
fn with_what_a_net_works_is_told_when_it_is_thrown() {
    let world = World::new();
    drop(world.open());
    let settings = world.options().with_max_age("7m").unwrap().with_trash_retention("3h").unwrap();
    let options =
        artifact::Options { trash_retention: "2h".parse().unwrap(), ..artifact::Options::default() };
    let lines = told(|| drop(media::sweep(&settings, at(0), &options)));
    let line = lines.iter().find(|line| line.contains("max_age")).unwrap_or_else(|| panic!("{lines:?}"));
    for field in ["enabled=true ", "max_age=7m ", "orphan_grace=1h ", "trash=true ", "trash_retention=3h "] {
        assert!(line.contains(field), "{field}: {line}");
    }
    let lines = told(|| drop(media::inspect(&settings, at(0))));
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn with_what_a_store_works_is_told_when_it_is_opened() {
    let world = World::new();
    let lines = told(|| drop(world.open()));
    for field in [
        "enabled=true ",
        "max_age=30m ",
        "interval=5m ",
        "orphan_grace=1h ",
        "trash=true ",
        "trash_retention=1w ",
        "takes_orphans=true ",
    ] {
        assert!(lines[0].contains(field), "{field}: {lines:?}");
    }
}

#[test]
fn how_much_a_store_has_is_told_file_by_file() {
    let world = World::new();
    let store = world.open();
    assert_eq!(store.usage().unwrap(), Usage::default());
    let media = put(&store, &world.media("a"), "s");
    put(&store, &media.path, "t");
    put(&store, &world.media("sub/b"), "s");
    put(&store, &world.write("out/c", "precious"), "s");
    world.media("stray");
    assert_eq!(store.usage().unwrap(), Usage { references: 4, files: 2, bytes: 10 });
    store.release_all("s").unwrap();
    assert_eq!(store.usage().unwrap(), Usage { references: 1, files: 1, bytes: 5 });
    std::fs::remove_file(&media.path).unwrap();
    assert_eq!(store.usage().unwrap(), Usage { references: 1, files: 0, bytes: 0 });
}
