//! Who else writes a store: whether it may be changed beside them.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use super::{FileStore, place::Place};
use crate::{
    fs::Disk,
    gateway::{self, Era, Gateway},
    model::{Error, ErrorKind},
    store::Others,
};

/// What was seen beside a store.
struct Seen {
    rows_elsewhere: Option<PathBuf>,
    gateway: Option<Gateway>,
}

/// Looks around on this machine; a store on another disk has no gateways.
pub(super) fn admit<D: Disk>(store: &FileStore<D>, beside_live_gateway: bool) -> Result<Others, Error> {
    let Some(lookout) = &store.lookout else { return Ok(Others::HonourLocks) };
    let place = Place::find(store)?;
    let owner = place.owner(store)?;
    let folders = place.locked_at(store)?;
    let folders = || folders.iter().map(|(folder, _)| folder.as_path());
    judge(
        &store.path,
        &Seen {
            rows_elsewhere: folders().find_map(gateway::rows_in_sqlite),
            gateway: folders()
                .flat_map(|folder| lookout.look(folder, owner, Instant::now).gateways)
                .max_by_key(danger),
        },
        beside_live_gateway,
    )
}

/// How much a gateway keeps us from a store.
fn danger(gateway: &Gateway) -> u8 {
    match gateway.era {
        Era::HonoursLock => 0,
        Era::HonoursNone => 1,
        Era::Unknown => 2,
        Era::Sqlite => 3,
    }
}

fn judge(store: &Path, seen: &Seen, beside_live_gateway: bool) -> Result<Others, Error> {
    let refuse = |why: String| Error::new(ErrorKind::Refused, "sweep", store, why);
    if let Some(rows) = &seen.rows_elsewhere {
        let why =
            format!("its rows live in {}, and this file is only what they were taken from", rows.display());
        return Err(refuse(why).with_hint(
            "prune them by the gateway's own means: OpenClaw 2026.7.2 and later keeps its sessions in SQLite",
        ));
    }
    match &seen.gateway {
        None => Ok(Others::HonourLocks),
        Some(gateway) if gateway.era == Era::HonoursLock => Ok(Others::HonourLocks),
        Some(gateway) if gateway.era == Era::Sqlite => Err(refuse(format!(
            "{} is live, which keeps its rows in SQLite and would not see the change",
            named(gateway)
        ))
        .with_hint("if this store is another gateway's, stop that one for the sweep")),
        Some(_) if beside_live_gateway => Ok(Others::HonourNone),
        Some(gateway) => {
            Err(refuse(format!("{} is live, {}", named(gateway), because(gateway)))
                .with_hint(remedy(gateway)))
        }
    }
}

fn named(gateway: &Gateway) -> String {
    match &gateway.version {
        Some(version) => format!("OpenClaw {version} (process {})", gateway.pid),
        None => format!("an OpenClaw gateway (process {})", gateway.pid),
    }
}

const fn remedy(gateway: &Gateway) -> &'static str {
    match gateway.era {
        Era::Unknown => {
            "stop it for the sweep, or give --beside-live-gateway: its lock is taken all the same, which is enough for \
             OpenClaw up to 2026.4.30; beside a later one the sweep waits for a quiet moment, and reports rows that come back"
        }
        _ => {
            "stop it for the sweep, or give --beside-live-gateway: then the sweep waits for a quiet moment, and reports \
             rows that come back"
        }
    }
}

const fn because(gateway: &Gateway) -> &'static str {
    match gateway.era {
        Era::Unknown => {
            "and whether its version honours a lock cannot be told: its next write could undo the sweep"
        }
        _ => "which looks at no lock: its next write could undo the sweep, or the sweep its write",
    }
}
