//! Is an OpenClaw gateway live beside this store, and does its version honour a lock?
//!
//! Two kinds of evidence are looked for: the lock that a gateway holds on its configuration, and the processes of the
//! store's owner and of root. A gateway whose state folder is certainly another one is left out; whatever is in doubt
//! counts, for an update that is lost costs more than a sweep that is put off.
//!
//! Looking never fails and changes nothing: what cannot be read says nothing, and [`Sight::saw_processes`] tells when that
//! was too much. A gateway on another machine, or in a container whose processes we cannot see, shows nowhere here.

mod home;
mod machine;
mod note;
mod package;
mod program;
mod version;
mod watch;

use std::path::{Path, PathBuf};

pub use machine::{FRESH, Lookout};
pub use version::{Era, Version};
pub use watch::Watch;

use crate::fs;

/// How a gateway gave itself away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// It holds this lock on its configuration.
    Lock(PathBuf),
    /// Its process was seen.
    Process,
}

/// A live gateway, or another program of OpenClaw that may write the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gateway {
    /// The number of its process.
    pub pid: u32,
    /// What it shows as its name: `openclaw-gateway`, `node`.
    pub name: Option<String>,
    /// Its version, where that is certain.
    pub version: Option<Version>,
    /// Who serialises the writers of its store. Known for some whose version is not.
    pub era: Era,
    /// How it was seen.
    pub evidence: Evidence,
    /// Its configuration, where its lock names one.
    pub config: Option<PathBuf>,
}

/// What was seen beside a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sight {
    /// The gateways that concern the store.
    pub gateways: Vec<Gateway>,
    /// Whether the machine's processes could be seen. If not, a gateway that holds no lock stayed hidden.
    pub saw_processes: bool,
}

/// The live gateways that may write the store in the real folder `place`, which belongs to the user `owner`.
#[must_use]
pub fn live_beside(place: &Path, owner: fs::Owner) -> Sight {
    Watch::of_this_machine().look(place, owner)
}

/// The database that holds the rows of the store in `place` since 2026.7.2, if there is one: for a store in
/// `<agent>/sessions/`, `<agent>/agent/openclaw-agent.sqlite`.
#[must_use]
pub fn rows_in_sqlite(place: &Path) -> Option<PathBuf> {
    let agent = place.parent().filter(|_| place.ends_with("sessions"))?;
    let path = agent.join("agent/openclaw-agent.sqlite");
    fs::is_file(&path).then_some(path)
}

/// Whether a gateway that looks at no lock has worked here: 2026.5.28 and later keep prompts in a folder beside the store.
fn has_prompts(place: &Path) -> bool {
    fs::is_folder(&place.join("skills-prompts"))
}
