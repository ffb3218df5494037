//! TERM, INT and HUP leave no lock behind, and end the process as they do.

use std::os::unix::process::ExitStatusExt;

use rustix::process::Signal;

use crate::{World, child::Child};

#[test]
fn a_signal_leaves_no_lock_behind() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let world = World::new();
        let mut child = Child::start("signals", &world, &[]);
        child.says("held");
        assert!(world.lock().exists() && world.0.path().join("two.jsonl.lock").exists());
        child.signal(signal);
        assert_eq!(child.wait().signal(), Some(signal.as_raw()));
        assert!(!world.lock().exists(), "{signal:?} left a lock behind");
        assert!(!world.0.path().join("two.jsonl.lock").exists(), "{signal:?} left another controller's lock");
    }
}

#[test]
fn after_the_watch_a_signal_does_what_it_does_by_default() {
    let world = World::new();
    let mut child = Child::start("unwatched", &world, &[]);
    child.says("held");
    child.signal(Signal::TERM);
    assert_eq!(child.wait().signal(), Some(Signal::TERM.as_raw()));
    assert!(world.lock().exists(), "nobody was there to release it");
}
