//! What can be asked of a controller, and of one acquire.

use std::time::Duration;

/// How a controller gives leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseOptions {
    /// For how long an acquire waits, unless its request says otherwise: a minute.
    pub acquire_timeout: Duration,
    /// For how long a lease may be held, unless its request says otherwise: five minutes.
    pub max_hold: Duration,
    /// Whether the lock must hold against OpenClaw from 2026.5.12, which respects only processes that are called like
    /// itself: see [`super::is_respected_by_openclaw`].
    pub for_openclaw: bool,
}

impl Default for LeaseOptions {
    fn default() -> Self {
        Self {
            acquire_timeout: Duration::from_mins(1),
            max_hold: Duration::from_mins(5),
            for_openclaw: false,
        }
    }
}

/// One acquire. What is `None` is as the controller's options say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeaseRequest {
    /// For how long to wait.
    pub timeout: Option<Duration>,
    /// For how long the lease may be held. One that is entered again keeps its time.
    pub max_hold: Option<Duration>,
    /// Whether a lease that this very controller has on the transcript is shared, instead of waited for.
    pub reentrant: bool,
}
