//! The lock that a gateway holds on its configuration: `<temp>/openclaw-<uid>/gateway.<hash>.lock`.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use crate::{
    fs::{Disk, Reader, RealDisk},
    process::{self, Life},
};

use super::program;

/// A lock is a line of some hundred bytes.
const MAX_NOTE: usize = 64 * 1024;
/// One user runs a few gateways. Whoever makes more names than this only wants to keep us busy.
const MAX_NOTES: usize = 256;

/// What a gateway writes into its lock. What is missing or of a wrong type is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) pid: u32,
    pub(super) config: Option<PathBuf>,
    start: Option<u64>,
    /// Written from 2026.7 on.
    port: Option<u64>,
}

/// A lock of a live gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) path: PathBuf,
    pub(super) note: Note,
}

impl Note {
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_slice(text).ok()?;
        let whole = |name: &str| fields.get(name).and_then(Value::as_u64);
        Some(Self {
            pid: whole("pid").and_then(|pid| u32::try_from(pid).ok())?,
            config: fields.get("configPath").and_then(Value::as_str).map(PathBuf::from),
            start: whole("startTime"),
            port: whole("port"),
        })
    }

    /// Whether whoever wrote this is still there. A number that somebody else has by now is known by its start, and where
    /// none was written, by what its process is.
    pub(super) fn is_live(&self) -> bool {
        match (process::life(self.pid), self.start) {
            (Life::Gone, _) => false,
            (Life::Here { start: Some(now) }, Some(then)) => now == then,
            (Life::Here { .. }, _) => {
                process::argv(self.pid).is_none_or(|argv| program::program(&argv).is_some())
            }
        }
    }

    /// Whether the gateway is known to be younger than those that honour a lock.
    pub(super) const fn has_port(&self) -> bool {
        self.port.is_some()
    }
}

/// The locks of live gateways of a user in a folder for temporary files. What cannot be read says nothing.
pub(super) fn held(temp: &Path, uid: u32) -> Vec<Held> {
    notes(temp, uid).unwrap_or_default().into_iter().filter(|held| held.note.is_live()).collect()
}

fn notes(temp: &Path, uid: u32) -> Option<Vec<Held>> {
    let disk = RealDisk;
    let temp = disk.resolve(temp).ok()?;
    let name = OsString::from(format!("openclaw-{uid}"));
    let parent = disk.folder(&temp).ok()?;
    let folder = disk.subfolder(&parent, &name).ok()?;
    // Everybody may make a folder there: in one that belongs to another user nothing is this user's.
    let owner = disk.stat(&parent, &name).ok()?.owner.uid;
    if owner != uid && owner != 0 {
        return None;
    }
    let names = disk.list(&folder).ok()?;
    let held = |name: OsString| {
        let note = Note::read(&bytes(disk, &folder, &name)?)?;
        Some(Held { path: temp.join(format!("openclaw-{uid}")).join(name), note })
    };
    Some(names.into_iter().filter(|name| is_name(name)).take(MAX_NOTES).filter_map(held).collect())
}

fn bytes(disk: RealDisk, folder: &<RealDisk as Disk>::Folder, name: &OsStr) -> Option<Vec<u8>> {
    let file = disk.open(folder, name).ok()?;
    if !file.stat().ok()?.is_file {
        return None;
    }
    let mut buffer = vec![0; MAX_NOTE];
    let length = file.read_at(&mut buffer, 0).ok()?;
    buffer.truncate(length);
    Some(buffer)
}

/// `gateway.<hash>.lock`
fn is_name(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b"gateway.") && name.ends_with(b".lock")
}

#[expect(clippy::disallowed_methods, reason = "tests make files as any program would")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_every_version_wrote_it() {
        let text = br#"{"pid":12,"createdAt":"2026-04-01T00:00:00.000Z","configPath":"/h/.openclaw/openclaw.json","startTime":77}"#;
        let note = Note::read(text).unwrap();
        assert_eq!((note.pid, note.start, note.has_port()), (12, Some(77), false));
        assert_eq!(note.config.as_deref(), Some(Path::new("/h/.openclaw/openclaw.json")));
        let note = Note::read(br#"{"pid":12,"startTime":null,"port":18789,"more":{}}"#).unwrap();
        assert_eq!((note.start, note.config.clone(), note.has_port()), (None, None, true));
        for none in [&b""[..], b"{}", b"[1]", br#"{"pid":-1}"#, br#"{"pid":"12"}"#, br#"{"pid":12"#, b"\xff"]
        {
            assert_eq!(Note::read(none), None);
        }
    }

    #[test]
    fn a_note_is_live_as_long_as_its_process_and_no_other() {
        let me = std::process::id();
        let note = |pid, start| Note { pid, config: None, start, port: None };
        let Life::Here { start } = process::life(me) else { panic!("we live") };
        assert!(!note(u32::MAX, None).is_live());
        if start.is_some() {
            assert!(note(me, start).is_live() && !note(me, Some(1)).is_live());
            // A test is no gateway.
            assert!(!note(me, None).is_live());
        }
    }

    #[test]
    fn only_files_of_the_user_are_looked_at_and_nothing_hangs() {
        let temp = tempfile::tempdir().unwrap();
        let uid = rustix::process::geteuid().as_raw();
        let folder = temp.path().join(format!("openclaw-{uid}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("gateway.0a.lock"), r#"{"pid":1,"startTime":3}"#).unwrap();
        std::fs::write(folder.join("gateway.torn.lock"), r#"{"pid":1"#).unwrap();
        std::fs::write(folder.join("other.lock"), r#"{"pid":1}"#).unwrap();
        std::os::unix::fs::symlink("gateway.0a.lock", folder.join("gateway.link.lock")).unwrap();
        std::fs::create_dir(folder.join("gateway.folder.lock")).unwrap();
        let fifo = folder.join("gateway.fifo.lock");
        assert!(std::process::Command::new("mkfifo").arg(fifo).status().unwrap().success());
        let found = notes(temp.path(), uid).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].path.ends_with("gateway.0a.lock") && held(temp.path(), uid).is_empty());
        assert!(held(temp.path(), uid + 1).is_empty() && held(Path::new("/none"), uid).is_empty());
    }
}
