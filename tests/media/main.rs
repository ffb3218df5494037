//! The store for media, on the machine's own disk and on one in memory.
//!
//! What the store that it is modelled on does right is done here too (`upstream`); each of its weak points has a test that it
//! would fail (`weak`). Random histories with restarts (`history`), ends at each call (`ended`), schedules (`schedules`) and
//! real threads (`stress`) look for a file that goes too early, or stays for ever.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests make files as any program would, say what they did, and end by panicking"
)]

mod again;
mod age;
mod damage;
mod ended;
mod history;
mod leases;
mod locks;
mod lost;
mod many;
mod memory;
mod order;
mod orphans;
mod schedules;
mod stress;
mod swapped;
mod told;
mod upstream;
mod weak;
mod worker;
mod world;
