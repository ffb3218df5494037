//! A runtime that writes a transcript under a lease, and gives an attempt up that hangs.
//!
//! `cargo run --example hold-a-lease -- /tmp/one.jsonl`

#![allow(clippy::print_stdout, reason = "an example is a program")]

use std::{env, error::Error, sync::mpsc, thread, time::Duration};

use session_reaper::lock::{LeaseController, LeaseError};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: hold-a-lease TRANSCRIPT.JSONL")?;

    // One controller an attempt. TERM, INT and HUP leave no lock behind.
    let attempt = LeaseController::default();
    let _signals = attempt.release_on_signals()?;
    let lease = attempt.acquire(&path)?;
    lease.append(b"{\"type\":\"message\",\"text\":\"question\"}\n")?;

    // The lock is not held while the model thinks. Whoever changed the transcript meanwhile is not written over.
    let paused = lease.pause()?;
    thread::sleep(Duration::from_millis(20));
    let lease = paused.resume(Duration::from_mins(1))?;
    lease.append(b"{\"type\":\"message\",\"text\":\"answer\"}\n")?;

    // Work that never settles: the attempt is given up, and its locks are gone when the call returns.
    let (settle, settled) = mpsc::channel::<()>();
    let hung = thread::spawn(move || {
        let _ = settled.recv();
        lease.append(b"{\"type\":\"late\"}\n")
    });
    let abandoned = attempt.abandon_in_flight("compaction timed out");
    println!("released {} lock(s)", abandoned.released);
    LeaseController::default().acquire(&path)?.append(b"{\"type\":\"message\",\"text\":\"next\"}\n")?;

    drop(settle);
    match hung.join().map_err(|_| "the hung work panicked")? {
        Err(error @ LeaseError::Takeover { .. }) => println!("the late write was refused: {error}"),
        other => return Err(format!("the late write was not refused: {other:?}").into()),
    }
    Ok(())
}
