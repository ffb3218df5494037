//! What `pin` and `unpin` have in common: which store, under whose lock, and who is asking.

use std::path::{Path, PathBuf};

use serde::Serialize;
use session_reaper::{
    FileStore, Key, Timestamp,
    config::Flags,
    lock::Stop,
    process::listed_user,
    store::{Pin, Store},
    sweep::SCHEMA,
};

use super::{Exit, Failure, Frame, signals, stores};

/// A store that can be pinned in.
#[derive(Debug)]
pub(super) struct Pinning {
    pub(super) store: FileStore,
    pub(super) stop: Stop,
    wait: std::time::Duration,
}

impl Pinning {
    /// The one store that was named.
    pub(super) fn prepare(
        store: &Path,
        lock_timeout: Option<&str>,
        frame: &Frame<'_>,
    ) -> Result<Self, Failure> {
        let lock_timeout = lock_timeout.map(str::to_owned);
        let flags = Flags { stores: vec![PathBuf::from(store)], lock_timeout, ..Flags::default() };
        let config = frame.configure(flags)?;
        let store = stores::only(&stores::find(&config)?)?.clone();
        Ok(Self { store, stop: signals::watch()?, wait: config.lock_timeout.as_duration() })
    }

    pub(super) fn name(&self) -> String {
        self.store.path().to_string_lossy().into_owned()
    }

    /// Does something to the pins that no sweep sees half done, and that no signal ends half way.
    pub(super) fn under_lock<T>(
        &self,
        work: impl FnOnce(&<FileStore as Store>::Guard) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let guard = self.store.lock(self.wait, &self.stop)?;
        let _stake = self.stop.enter();
        work(&guard)
    }

    /// How the process ends when all went well.
    pub(super) fn exit(&self) -> Exit {
        Exit::Done.unless_stopped(&self.stop)
    }
}

/// What every object of these verbs begins with.
#[derive(Serialize)]
pub(super) struct Head<'a, T> {
    schema: &'static str,
    verb: &'static str,
    now: Timestamp,
    store: &'a str,
    #[serde(flatten)]
    rest: T,
}

impl<'a, T> Head<'a, T> {
    pub(super) const fn of(verb: &'static str, now: Timestamp, store: &'a str, rest: T) -> Self {
        Self { schema: SCHEMA, verb, now, store, rest }
    }
}

/// A pin in JSON.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    key: &'a Key,
    reason: Option<&'a str>,
    until: Option<Timestamp>,
    at: Timestamp,
    by: Option<&'a str>,
    over: bool,
}

impl<'a> Shown<'a> {
    pub(super) fn of(pin: &'a Pin, now: Timestamp) -> Self {
        Self {
            key: &pin.key,
            reason: pin.reason.as_deref(),
            until: pin.until,
            at: pin.at,
            by: pin.by.as_deref(),
            over: pin.is_over(now),
        }
    }
}

/// The name of the user who runs this, or his number where the machine's own list has none.
pub(super) fn who() -> String {
    let uid = rustix::process::getuid().as_raw();
    listed_user(uid).map_or_else(|| format!("uid {uid}"), |user| user.name)
}
