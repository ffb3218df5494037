//! A plain thread that calls the reaper on every tick of its own timer.
//!
//! `cargo run --example embed-in-a-thread -- ~/.openclaw/agents/main/sessions/sessions.json`

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example is a program")]

use std::{env, error::Error, sync::mpsc, thread, time::Duration};

use session_reaper::{FileStore, Policy, Reaper};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: embed-in-a-thread SESSIONS.JSON [TICKS [MILLISECONDS]]")?;
    let ticks: u32 = env::args().nth(2).map_or(Ok(u32::MAX), |text| text.parse())?;
    let pause: u64 = env::args().nth(3).map_or(Ok(60_000), |text| text.parse())?;

    let reaper = Reaper::new(FileStore::new(path), Policy::default().with_retention("24h".parse()?));
    let (stop, stopped) = mpsc::channel::<()>();
    let scheduler = thread::spawn(move || {
        for _ in 0..ticks {
            match reaper.tick(session_reaper::now()) {
                Ok(report) => {
                    report.stores.iter().for_each(|s| println!("{}: {} pruned", s.outcome.name(), s.pruned));
                }
                Err(error) => eprintln!("{:?}: {error}", error.class()),
            }
            // The pause ends at once when the program wants to.
            if stopped.recv_timeout(Duration::from_millis(pause)) != Err(mpsc::RecvTimeoutError::Timeout) {
                break;
            }
        }
    });
    // A real program does its work here, and drops `stop` when it ends.
    scheduler.join().map_err(|_| "the scheduler's thread panicked")?;
    drop(stop);
    Ok(())
}
