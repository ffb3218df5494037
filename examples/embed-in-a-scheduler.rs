//! The reaper as a job of an async scheduler, tokio-cron-scheduler.
//!
//! `cargo run --example embed-in-a-scheduler -- ~/.openclaw/agents/main/sessions/sessions.json`

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example is a program")]

use std::{env, error::Error, sync::Arc, time::Duration};

use session_reaper::{FileStore, Policy, Reaper};
use tokio_cron_scheduler::{Job, JobScheduler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: embed-in-a-scheduler SESSIONS.JSON [SECONDS]")?;
    let seconds: u64 = env::args().nth(2).map_or(Ok(u64::MAX), |text| text.parse())?;

    let reaper = Arc::new(Reaper::new(FileStore::new(path), Policy::default()));
    let mut scheduler = JobScheduler::new().await?;
    // Every second; the reaper itself sweeps a store no more often than every five minutes.
    let job = Job::new_async("* * * * * *", move |_, _| {
        let reaper = Arc::clone(&reaper);
        Box::pin(async move {
            // A sweep reads and writes files: it belongs on a thread that may block.
            match tokio::task::spawn_blocking(move || reaper.tick(session_reaper::now())).await {
                Ok(Ok(report)) => {
                    report.stores.iter().for_each(|s| println!("{}: {} pruned", s.outcome.name(), s.pruned));
                }
                Ok(Err(error)) => eprintln!("{:?}: {error}", error.class()),
                Err(panic) => eprintln!("{panic}"),
            }
        })
    })?;
    scheduler.add(job).await?;
    scheduler.start().await?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    scheduler.shutdown().await?;
    Ok(())
}
