//! What a row is for, and the key that says so.

use super::{
    pretty::append_number,
    random::{Random, Uuid},
    words::CHANNELS,
};

/// What a row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The row of a cron job.
    Base {
        job: u64,
    },
    /// One run of a job.
    Run {
        job: u64,
    },
    /// The sub-agent of a run.
    Descendant {
        job: u64,
        run: Uuid,
    },
    Main,
    Heartbeat,
    Global,
    /// A conversation on a channel, `word` being what its key calls it.
    Peer {
        channel: &'static str,
        word: &'static str,
        inner: &'static str,
    },
    /// A row whose key is a prefix and a UUID.
    Worker {
        prefix: &'static str,
    },
}

/// Conversations: the word for the peer, and the word for what is inside.
const PEERS: [(&str, &str); 8] = [
    ("direct", ""),
    ("direct", ""),
    ("dm", ""),
    ("group", ""),
    ("channel", ""),
    ("group", "topic"),
    ("channel", "thread"),
    ("direct", "thread"),
];

/// Rows that the gateway makes for work of its own.
const WORKERS: [&str; 8] = [
    "subagent:",
    "subagent:",
    "subagent:",
    "hook:",
    "hook:",
    "openai:",
    "explicit:model-run-",
    "acp:claude:",
];

impl Role {
    /// The rows of which a store has one at most.
    pub(super) const fn singular(index: u64) -> Self {
        match index {
            0 => Self::Main,
            1 => Self::Heartbeat,
            _ => Self::Global,
        }
    }

    /// Some conversation, or the row of some work.
    pub(super) fn other(random: &mut Random) -> Self {
        if random.chance(50) {
            let (word, inner) = random.pick(&PEERS);
            return Self::Peer { channel: random.pick(&CHANNELS), word, inner };
        }
        Self::Worker { prefix: random.pick(&WORKERS) }
    }

    /// Appends the key of the row number `index` whose session is `session`.
    pub(super) fn append_key(self, seed: u64, index: u64, session: Uuid, text: &mut Vec<u8>) {
        match self {
            Self::Global => text.extend_from_slice(b"global"),
            Self::Main => text.extend_from_slice(b"agent:main:main"),
            Self::Heartbeat => text.extend_from_slice(b"agent:main:heartbeat"),
            Self::Base { job } => append_job(seed, job, text),
            Self::Run { job } => append_run(seed, job, session, text),
            Self::Descendant { job, run } => {
                append_run(seed, job, run, text);
                text.extend_from_slice(b":subagent:");
                session.append(text);
            }
            Self::Peer { channel, word, inner } => append_peer([channel, word, inner], index, text),
            Self::Worker { prefix } => {
                text.extend_from_slice(b"agent:main:");
                text.extend_from_slice(prefix.as_bytes());
                session.append(text);
            }
        }
    }
}

/// Jobs belong to one agent or the other, and are called by UUIDs.
fn append_job(seed: u64, job: u64, text: &mut Vec<u8>) {
    let agent: &[u8] = if job % 8 == 7 { b"agent:ops:cron:" } else { b"agent:main:cron:" };
    text.extend_from_slice(agent);
    Random::of(seed, job).uuid().append(text);
}

fn append_run(seed: u64, job: u64, run: Uuid, text: &mut Vec<u8>) {
    append_job(seed, job, text);
    text.extend_from_slice(b":run:");
    run.append(text);
}

/// The row's number makes the peer's id one that no other row has.
fn append_peer([channel, word, inner]: [&str; 3], index: u64, text: &mut Vec<u8>) {
    text.extend_from_slice(b"agent:main:");
    text.extend_from_slice(channel.as_bytes());
    text.push(b':');
    text.extend_from_slice(word.as_bytes());
    text.push(b':');
    append_number(peer_id(index), text);
    if !inner.is_empty() {
        text.push(b':');
        text.extend_from_slice(inner.as_bytes());
        text.push(b':');
        append_number(index.cast_signed() % 97, text);
    }
}

/// The id of the peer of a row.
pub(super) const fn peer_id(index: u64) -> i64 {
    (4_200_000_000 + index * 7).cast_signed()
}
