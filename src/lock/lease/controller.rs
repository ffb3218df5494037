//! The controller of one attempt: it gives leases out and can end them all.

use std::{
    env, io,
    path::Path,
    process,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Abandoned, Lease, LeaseError, LeaseOptions, LeaseRequest, SignalWatch, abandon,
    argv::is_respected_by_openclaw,
    place::Place,
    signals,
    slot::{Slot, Try},
    table::Table,
    watchdog::Watchdog,
};
use crate::{
    fs::{Disk, RealDisk},
    lock::{Content, Found, Verdict, wait_for},
    model::Timestamp,
    process::argv,
};

/// The write locks of one attempt of a runtime. Clones are handles of the same controller; a new attempt makes a new one.
#[derive(Debug, Clone)]
pub struct LeaseController<D: Disk = RealDisk>(Arc<Core<D>>);

/// What lives as long as a handle of the controller or one of its leases: with the last of them the watchdog ends.
#[derive(Debug)]
pub(super) struct Core<D: Disk> {
    disk: D,
    options: LeaseOptions,
    table: Arc<Table<D>>,
    watchdog: Watchdog<D>,
}

impl<D: Disk> Core<D> {
    pub(super) fn table(&self) -> &Table<D> {
        &self.table
    }
}

impl Default for LeaseController {
    fn default() -> Self {
        Self::new(LeaseOptions::default())
    }
}

impl LeaseController {
    /// A controller for transcripts on the machine's disk.
    #[must_use]
    pub fn new(options: LeaseOptions) -> Self {
        Self::on(RealDisk, options)
    }
}

impl<D: Disk> LeaseController<D> {
    /// A controller for transcripts on another disk.
    #[must_use]
    pub fn on(disk: D, options: LeaseOptions) -> Self {
        let table = Table::new();
        let watchdog = Watchdog::new(Arc::clone(&table));
        Self(Arc::new(Core { disk, options, table, watchdog }))
    }

    pub(super) const fn of(core: Arc<Core<D>>) -> Self {
        Self(core)
    }

    /// Takes the write lock on the transcript at `path`, which need not be there yet, as the options say.
    ///
    /// # Errors
    /// As [`LeaseController::acquire_with`].
    pub fn acquire(&self, path: impl AsRef<Path>) -> Result<Lease<D>, LeaseError> {
        self.acquire_with(path, LeaseRequest::default())
    }

    /// The same, as the request says.
    ///
    /// # Errors
    /// [`LeaseError::Timeout`] when somebody else had the lock all the time; [`LeaseError::Takeover`] when the attempt was
    /// given up; [`LeaseError::NotOpenclaw`] when OpenClaw would remove the lock; [`LeaseError::Refused`] for a link and
    /// whatever else is no file; and as the operating system says.
    pub fn acquire_with(
        &self,
        path: impl AsRef<Path>,
        request: LeaseRequest,
    ) -> Result<Lease<D>, LeaseError> {
        let (core, path) = (&self.0, path.as_ref());
        core.table.must_go_on(path)?;
        self.must_be_respected(path)?;
        let place = Place::find(&core.disk, path)?;
        core.watchdog.start().map_err(place.fail("start the watchdog of"))?;
        let slot = Slot::new(place, request.max_hold.unwrap_or(core.options.max_hold));
        core.table.enter(&slot)?;
        let timeout = request.timeout.unwrap_or(core.options.acquire_timeout);
        Waiter {
            core,
            lease: Some(Lease::new(Arc::clone(core), slot)),
            reentrant: request.reentrant,
            met: None,
        }
        .wait(timeout)
    }

    /// Ends every lease that this controller has given, on disk too, before it returns, and gives none any more: its
    /// attempt is given up, whatever the holders of the leases are doing. Their writes fail with [`LeaseError::Takeover`].
    /// The next attempt, with a controller of its own, has the locks at once. One warning is logged.
    ///
    /// It waits for writes that are going on, a second at most, and for nothing else. A write that is stuck in the kernel for
    /// longer keeps its lock until it comes back, and is told in [`Abandoned::failed`]. To do it again does nothing more.
    #[expect(clippy::must_use_candidate, reason = "what counts is that it was done")]
    pub fn abandon_in_flight(&self, reason: &str) -> Abandoned {
        abandon::abandon(&self.0.table, reason)
    }

    /// Whether the attempt was given up.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.0.table.must_go_on(Path::new("")).is_err()
    }

    /// Until the watch is dropped, TERM, INT and HUP first end all leases of every controller that is watched so, and then
    /// do what they do by default. A signal that this process ignores stays ignored. A program with handlers of its own does
    /// not use this: it calls [`LeaseController::abandon_in_flight`] when it is told to end.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn release_on_signals(&self) -> io::Result<SignalWatch> {
        signals::watch(Arc::clone(&self.0.table) as _)
    }

    /// For OpenClaw, only a process that it respects may hold its locks.
    fn must_be_respected(&self, path: &Path) -> Result<(), LeaseError> {
        if self.0.options.for_openclaw && !is_respected_by_openclaw(&own_argv()) {
            return Err(LeaseError::NotOpenclaw { path: path.to_owned() });
        }
        Ok(())
    }
}

/// Our arguments as others see them; where the kernel does not show them, as they were given to us.
fn own_argv() -> Vec<String> {
    let given = || env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    argv(process::id()).unwrap_or_else(given)
}

/// One acquire, while it waits.
struct Waiter<'a, D: Disk> {
    core: &'a Arc<Core<D>>,
    /// Known to whatever ends leases from the beginning; no lock is held yet.
    lease: Option<Lease<D>>,
    reentrant: bool,
    met: Option<(Found, Verdict)>,
}

impl<D: Disk> Waiter<'_, D> {
    fn wait(mut self, timeout: Duration) -> Result<Lease<D>, LeaseError> {
        let begin = Instant::now();
        let got = wait_for(timeout, || Ok(self.attempt().transpose()));
        match got {
            Ok(Some(lease)) => lease,
            _ => Err(self.timed_out(begin.elapsed())),
        }
    }

    fn attempt(&mut self) -> Result<Option<Lease<D>>, LeaseError> {
        let Some(lease) = &self.lease else { return Ok(None) };
        if let Some(slot) = self.reentrant.then(|| self.core.table.join(lease.slot().place())).flatten() {
            return Ok(Some(Lease::new(Arc::clone(self.core), slot)));
        }
        match lease.slot().attempt()? {
            Try::Held => {
                self.core.table.wake();
                lease.slot().must_go_on()?;
                Ok(self.lease.take())
            }
            Try::Taken(found, verdict) => {
                self.met = Some((found, verdict));
                Ok(None)
            }
            Try::Crossed => Ok(None),
        }
    }

    fn timed_out(&self, waited: Duration) -> LeaseError {
        let note = self.met.as_ref().and_then(|(found, _)| match &found.content {
            Content::Note(note) => Some(note),
            _ => None,
        });
        let age = self.met.as_ref().map(|(found, _)| {
            let since = note.and_then(|note| note.created).unwrap_or(found.modified);
            let age = Timestamp::from_nanos(self.core.disk.now_ns()).millis_since(since);
            Duration::from_millis(u64::try_from(age).unwrap_or(0))
        });
        LeaseError::Timeout {
            path: self.lease.as_ref().map(|lease| lease.path().to_owned()).unwrap_or_default(),
            pid: note.and_then(|note| note.pid),
            age,
            verdict: self.met.as_ref().map(|(_, verdict)| *verdict),
            waited,
        }
    }
}
