//! What stands in an on-disk lock: who has it, and since when.
//!
//! Three forms are read. OpenClaw up to 2026.2.12 writes `{pid, startedAt}`; later ones `{pid, createdAt}`, with the
//! `starttime` of the process on Linux, and from 2026.5.22 `maxHoldMs` in the lock of a transcript. Ours has the fields of
//! all of them, so that each version finds what it looks for, and three that no gateway knows: a token that makes each
//! lock unlike any other, and the world that the process number is a number of.

use std::{
    hash::{BuildHasher, RandomState},
    io,
    time::Duration,
};

use serde::Serialize;
use serde_json::{Map, Value};

use super::Content;
use crate::{
    model::Timestamp,
    process::{Identity, World},
};

/// A lock is a few hundred bytes; whatever is larger is none.
pub(super) const MAX_NOTE: usize = 16 * 1024;

/// What stands in a lock. What is missing or of a wrong type is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note {
    /// The number of the process that has it.
    pub pid: Option<u32>,
    /// When that process was started, in ticks since the boot.
    pub start: Option<u64>,
    /// When the lock was made, as `createdAt` says.
    pub created: Option<Timestamp>,
    /// For how long its holder means to have it at most.
    pub max_hold: Option<Duration>,
    /// Makes a lock of ours unlike any other.
    pub token: Option<String>,
    /// What `pid` and `start` are numbers of: only ours say so.
    pub world: Option<World>,
}

/// The fields by which a lock is known, whoever wrote it.
const FIELDS: [&str; 6] = ["pid", "createdAt", "startedAt", "starttime", "maxHoldMs", "token"];

/// What stands in a file that has the name of a lock.
pub(super) fn content(text: &[u8]) -> Content {
    match Note::read(text) {
        Some(note) if has_a_field(text) => Content::Note(note),
        None if is_torn(text) => Content::Unreadable,
        _ => Content::NoLock,
    }
}

fn has_a_field(text: &[u8]) -> bool {
    let fields: Map<String, Value> = serde_json::from_slice(text).unwrap_or_default();
    FIELDS.iter().any(|name| fields.contains_key(*name))
}

/// Whether this may be the beginning of a lock: nothing yet, what a power cut leaves, or a part of the first field on.
fn is_torn(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let Some(rest) = text.strip_prefix(b"{") else { return text.iter().all(|byte| *byte == 0) };
    let Some(name) = rest.trim_ascii_start().strip_prefix(b"\"") else { return rest.trim_ascii().is_empty() };
    let is_first = |field: &&str| match name.iter().position(|byte| *byte == b'"') {
        Some(end) => name.get(..end) == Some(field.as_bytes()),
        None => field.as_bytes().starts_with(name),
    };
    !text.ends_with(b"}") && FIELDS.iter().any(is_first)
}

/// Our own form, in the order that OpenClaw writes its fields in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    pid: u32,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_hold_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starttime: Option<u64>,
    started_at: i64,
    by: &'static str,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    boot_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
}

impl Note {
    /// Reads what stands in a lock; `None` when that is no JSON object, so that it may be torn, or still be written.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(text) else { return None };
        let whole = |name: &str| fields.get(name).and_then(Value::as_u64);
        Some(Self {
            pid: whole("pid").and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0),
            start: whole("starttime"),
            created: word(&fields, "createdAt").and_then(read_time),
            max_hold: whole("maxHoldMs").map(Duration::from_millis),
            token: word(&fields, "token").map(str::to_owned),
            world: read_world(&fields),
        })
    }

    /// A note on a lock that `me` makes at `now`.
    #[must_use]
    pub fn of(me: &Identity, now: Timestamp, max_hold: Option<Duration>) -> Self {
        Self {
            pid: Some(me.pid),
            start: me.start,
            created: Some(now),
            max_hold,
            token: Some(token()),
            world: me.world.clone(),
        }
    }

    /// The text of a note that [`Note::of`] made.
    ///
    /// # Errors
    /// None that is known.
    pub(super) fn text(&self) -> io::Result<Vec<u8>> {
        let created = self.created.unwrap_or(Timestamp::from_millis(0));
        let written = Written {
            pid: self.pid.unwrap_or_default(),
            created_at: created,
            max_hold_ms: self.max_hold.map(|hold| u64::try_from(hold.as_millis()).unwrap_or(u64::MAX)),
            starttime: self.start,
            started_at: created.as_millis(),
            by: "session-reaper",
            token: self.token.as_deref().unwrap_or_default(),
            boot_id: self.world.as_ref().map(|world| world.boot.as_str()),
            namespace: self.world.as_ref().map(|world| world.namespace.as_str()),
        };
        let mut text = serde_json::to_vec_pretty(&written)?;
        text.push(b'\n');
        Ok(text)
    }
}

fn word<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

/// A time as JavaScript writes one; a bare number in quotes is none.
fn read_time(text: &str) -> Option<Timestamp> {
    text.contains('-').then(|| text.parse().ok()).flatten()
}

fn read_world(fields: &Map<String, Value>) -> Option<World> {
    Some(World { boot: word(fields, "bootId")?.to_owned(), namespace: word(fields, "namespace")?.to_owned() })
}

/// 128 bits that nobody has used before: both hashes have a random seed of their own.
fn token() -> String {
    let chance = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", chance(), chance())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn me() -> Identity {
        let world = World { boot: "b-1".to_owned(), namespace: "pid:[7]".to_owned() };
        Identity { pid: 4711, start: Some(99), world: Some(world) }
    }

    #[test]
    fn every_form_is_read() {
        let old = Note::read(br#"{"pid":12,"startedAt":1773912345678}"#).unwrap();
        assert_eq!(old, Note { pid: Some(12), ..Note::default() });
        let new = b"{\n  \"pid\": 12,\n  \"createdAt\": \"2026-11-21T08:00:00.250Z\",\n  \"maxHoldMs\": 300000,\n  \"starttime\": 7\n}\n";
        let read = Note::read(new).unwrap();
        assert_eq!((read.pid, read.start, read.world), (Some(12), Some(7), None));
        assert_eq!(read.created, Some(Timestamp::from_millis(1_795_248_000_250)));
        assert_eq!(read.max_hold, Some(Duration::from_mins(5)));
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_not_known() {
        for torn in ["", "{", "[]", "null", "\"x\"", "{\"pid\":1", "\0\0\0"] {
            assert_eq!(Note::read(torn.as_bytes()), None, "{torn:?}");
        }
        for odd in [
            r#"{"pid":-1,"createdAt":1773912345678,"starttime":"7","maxHoldMs":-3}"#,
            r#"{"pid":0,"createdAt":"soon"}"#,
            r#"{"pid":4294967296,"createdAt":"1773912345678"}"#,
            r#"{"pid":"12","bootId":"only a boot"}"#,
            "{}",
        ] {
            assert_eq!(Note::read(odd.as_bytes()), Some(Note::default()), "{odd}");
        }
    }

    #[test]
    fn a_lock_a_torn_one_and_another_file_are_told_apart() {
        for torn in
            ["", " \n", "\0\0\0\0", "{", "{\n  \"", "{\"p", "{\"pid\": 1, \"crea", "{\n  \"createdAt\": \"2"]
        {
            assert_eq!(content(torn.as_bytes()), Content::Unreadable, "{torn:?}");
        }
        for lock in [r#"{"pid":null,"startedAt":1}"#, r#"{"more":1,"token":"x"}"#] {
            assert_eq!(
                content(lock.as_bytes()),
                Content::Note(Note::read(lock.as_bytes()).unwrap()),
                "{lock}"
            );
        }
        for other in [
            "{}",
            "[1]",
            "null",
            "version: 1",
            "\u{feff}{\"a\":{}}",
            "\n{\"agent:x\":{\"a\":1e999}}",
            "{\"agent:x\":{",
            "{\"pi:x\":",
            "{\"pid\":1e999}",
            "{\"a",
        ] {
            assert_eq!(content(other.as_bytes()), Content::NoLock, "{other:?}");
        }
        assert_eq!(content(b"\xff\xfe"), Content::NoLock);
    }

    #[test]
    fn ours_has_what_every_version_looks_for() {
        let note = Note::of(&me(), Timestamp::from_millis(1_795_248_000_250), Some(Duration::from_secs(2)));
        let text = String::from_utf8(note.text().unwrap()).unwrap();
        let token = note.token.clone().unwrap();
        insta::assert_snapshot!(text.replace(&token, "<token>"), @r#"
        {
          "pid": 4711,
          "createdAt": "2026-11-21T08:00:00.250Z",
          "maxHoldMs": 2000,
          "starttime": 99,
          "startedAt": 1795248000250,
          "by": "session-reaper",
          "token": "<token>",
          "bootId": "b-1",
          "namespace": "pid:[7]"
        }
        "#);
        assert_eq!(Note::read(text.as_bytes()), Some(note));
        assert!(token.len() == 32 && token != super::token());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Note::read(&bytes);
        }
    }
}
