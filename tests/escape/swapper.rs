//! Who exchanges a folder for a link, as fast as he can or with pauses.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};

/// How long he lets things stand. Without a pause every look is a toss of a coin; with a long one a whole sweep fits in.
pub(crate) const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_micros(100),
    Duration::from_millis(2),
    Duration::from_millis(15),
    Duration::from_millis(60),
];

/// Into so many parts a pause is divided, to begin after some of them.
const PARTS: u32 = 7;

/// At work until he is told to stop.
pub(crate) struct Swapper {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Swapper {
    /// Begins after a part of the first pause, which `round` chooses: no two rounds are exchanged at the same moments.
    pub(crate) fn start(folder: &Path, link: &Path, pause: Duration, round: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, folder, link) = (Arc::clone(&stop), folder.to_owned(), link.to_owned());
        let thread = thread::spawn(move || {
            let mut swaps = 0;
            thread::sleep(pause * (round % PARTS) / PARTS);
            while !told.load(Ordering::Relaxed) || swaps % 2 == 1 {
                match renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE) {
                    Ok(()) => swaps += 1,
                    // A bundle that was just taken out of the trash.
                    Err(Errno::NOENT) if told.load(Ordering::Relaxed) => break,
                    Err(Errno::NOENT) => thread::yield_now(),
                    Err(error) => panic!("{error}"),
                }
                if !pause.is_zero() {
                    thread::sleep(pause);
                }
            }
            swaps
        });
        Self { stop, thread }
    }

    /// Tells how often he swapped. What is still there is in its own place again.
    pub(crate) fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
