//! The store for media, on the machine's own disk and on one in memory.
//!
//! What the store that it is modelled on does right is done here too (`upstream`); each of its weak points has a test that it
//! would fail (`weak`). Random histories with restarts (`history`), ends at each call in memory (`ended`) and of real processes
//! (`killed`), schedules (`schedules`) and real threads (`stress`) look for a file that goes too early, or stays for ever.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests make files as any program would, say what they did, and end by panicking"
)]

mod again;
mod age;
mod agree;
mod back;
mod child;
mod cut;
mod damage;
mod ended;
mod exchanged;
#[path = "../shared/folder.rs"]
mod folder;
mod history;
mod killed;
mod leases;
mod locks;
mod lost;
mod many;
mod memory;
mod net;
mod order;
mod orphans;
#[path = "../shared/part.rs"]
mod part;
mod promised;
mod schedules;
#[path = "../crash/strace.rs"]
mod strace;
mod stress;
#[path = "../shared/swap.rs"]
mod swap;
mod swapped;
mod told;
mod upstream;
mod weak;
mod worker;
mod world;
