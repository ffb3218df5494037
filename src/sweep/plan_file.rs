//! A plan written down: what `plan -o` writes and `apply` carries out, exactly or not at all.
//!
//! The file says what was judged (store, its digest, policy, time) and what would go. A plan is a pure function, so
//! `apply` makes it again from the store as it is and compares digests: whatever was changed, in the store or in the file,
//! it refuses.

use std::{io, ops::ControlFlow, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{
    model::{Error, ErrorKind, Key, Timestamp},
    policy::{Policy, Verdict},
    store::{Planned, Store},
};

/// The name of the file's format.
const SCHEMA: &str = "session-reaper-plan/1";

/// A plan that was read from a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanFile {
    schema: String,
    store: String,
    store_digest: String,
    now: Timestamp,
    policy: Policy,
    prune: Vec<Box<RawValue>>,
    digest: String,
}

/// The same, as it is written: its keys come straight from the store.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    schema: &'a str,
    store: &'a str,
    store_digest: &'a str,
    now: Timestamp,
    policy: &'a Policy,
    prune: &'a [Key],
    digest: String,
}

/// Writes a plan down. It must have been made with a digest.
///
/// # Errors
/// When the keys cannot be read, or `out` cannot be written.
pub fn write_plan<S: Store>(
    store: &S,
    planned: &Planned<S>,
    policy: &Policy,
    out: &mut dyn io::Write,
) -> Result<(), Error> {
    let name = store.name();
    let prune = doomed_keys(store, planned)?;
    let store_digest = planned.digest.as_deref().unwrap_or_default();
    let now = planned.plan.now();
    let digest = digest(&name, store_digest, now, policy, prune.iter().map(Key::to_json));
    let file = Written { schema: SCHEMA, store: &name, store_digest, now, policy, prune: &prune, digest };
    serde_json::to_writer_pretty(&mut *out, &file)
        .map_err(io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .map_err(|error| Error::io("write the plan for", name.as_ref(), error))
}

fn doomed_keys<S: Store>(store: &S, planned: &Planned<S>) -> Result<Vec<Key>, Error> {
    let mut keys = Vec::new();
    store.visit(planned, &mut |key, verdict: &Verdict| {
        if verdict.prunes() {
            keys.push(key);
        }
        ControlFlow::Continue(())
    })?;
    Ok(keys)
}

/// A digest over everything that the plan says, each part with its length so that no two plans share a text.
fn digest(
    store: &str,
    store_digest: &str,
    now: Timestamp,
    policy: &Policy,
    keys: impl Iterator<Item = String>,
) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    };
    let policy = serde_json::to_string(policy).unwrap_or_default();
    [SCHEMA, store, store_digest, &now.to_string(), &policy].into_iter().for_each(&mut add);
    keys.for_each(|key| add(&key));
    crate::model::hex(&hash.finalize())
}

impl PlanFile {
    /// Reads a plan that [`write_plan`] wrote to the file `path`.
    ///
    /// # Errors
    /// When the text is no plan, or was changed since it was written.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let refuse = |message: String| {
            Error::new(ErrorKind::Malformed, "read the plan", path, message)
                .with_hint("make a new one with `session-reaper plan STORE -o FILE`")
        };
        let file: Self = serde_json::from_str(text).map_err(|error| refuse(error.to_string()))?;
        if file.schema != SCHEMA {
            return Err(refuse(format!("its schema is {:?}, not {SCHEMA:?}", file.schema)));
        }
        if file.own_digest() != file.digest {
            return Err(refuse("its digest does not fit: it was changed since it was written".to_owned()));
        }
        Ok(file)
    }

    fn own_digest(&self) -> String {
        let keys = self.prune.iter().map(|key| key.get().to_owned());
        digest(&self.store, &self.store_digest, self.now, &self.policy, keys)
    }

    /// The store that the plan is for.
    #[must_use]
    pub fn store(&self) -> &str {
        &self.store
    }

    /// The policy that the plan was made by.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The time that the plan was made for.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Refuses unless the plan made anew is this one.
    pub(super) fn must_fit<S: Store>(&self, store: &S, planned: &Planned<S>) -> Result<(), Error> {
        let keys = doomed_keys(store, planned)?;
        let store_digest = planned.digest.as_deref().unwrap_or_default();
        let fresh = digest(&self.store, store_digest, self.now, &self.policy, keys.iter().map(Key::to_json));
        if fresh == self.digest { Ok(()) } else { Err(self.moved()) }
    }

    /// The error for a store that is not what it was.
    pub(super) fn moved(&self) -> Error {
        let message = "it has changed since the plan was made";
        Error::new(ErrorKind::Changed, "apply the plan to", self.store.as_ref(), message)
            .with_hint("make a new plan and look at it again")
    }
}
