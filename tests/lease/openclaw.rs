//! OpenClaw's rule about the arguments of a lock's owner.

use session_reaper::lock::{LeaseController, LeaseError, LeaseOptions};

use crate::{World, child::Child};

#[test]
fn a_lock_for_openclaw_needs_an_argument_that_it_respects() {
    let world = World::new();
    let controller = LeaseController::new(LeaseOptions { for_openclaw: true, ..LeaseOptions::default() });
    let refused = controller.acquire(world.transcript()).unwrap_err();
    assert!(matches!(refused, LeaseError::NotOpenclaw { .. }) && refused.to_string().contains("`openclaw`"));
    assert!(!world.lock().exists());

    assert!(Child::start("for-openclaw", &world, &[]).says("acquired:").starts_with("Err(NotOpenclaw"));
    assert!(Child::start("for-openclaw", &world, &["openclaw"]).says("acquired:").starts_with("Ok("));
}
