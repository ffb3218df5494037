//! The command line of session-reaper.

fn main() {}
