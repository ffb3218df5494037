//! What a signal does: it ends the process at once while nothing is at stake, and otherwise asks the sweep to end by
//! itself, with no lock and no half file left behind.

use std::io;

use session_reaper::{lock::Stop, process};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

use super::Failure;

/// From here on TERM, INT and HUP ask to stop. One that this process was started to ignore, as by nohup, stays ignored.
pub(super) fn watch() -> Result<Stop, Failure> {
    let stop = Stop::default();
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        if !process::ignores(signal) {
            heed(signal, &stop)
                .map_err(|error| Failure::error(format!("cannot watch for signals: {error}")))?;
        }
    }
    Ok(stop)
}

fn heed(signal: i32, stop: &Stop) -> io::Result<()> {
    flag::register_usize(signal, stop.asked(), usize::try_from(signal).unwrap_or_default())?;
    flag::register_conditional_shutdown(signal, 128 + signal, stop.is_free()).map(drop)
}
