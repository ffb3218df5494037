//! What a key says that its row is.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The kind of a row, read from its key alone. Every string has one; what nobody knows is [`Kind::Unknown`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// One run of a cron job, or something that such a run started: `cron:<job>:run:<id>[:<more>]`.
    CronRun,
    /// The row of a cron job itself: `cron:<job>`.
    CronBase,
    /// A sub-agent's session, nested ones too: `subagent:<id>`.
    Subagent,
    /// A session started by a hook: `hook:<id>`.
    Hook,
    /// An ACP session: `acp:...`.
    Acp,
    /// An ACP bridge's session: `acp-bridge:...`.
    AcpBridge,
    /// A node's session: `node:...`.
    Node,
    /// A session of the OpenAI-compatible endpoint: `openai:<id>`.
    OpenAi,
    /// A probe of a model: `explicit:model-run-<id>`.
    ModelRun,
    /// The gateway's heartbeat: `heartbeat`, `...:heartbeat`.
    Heartbeat,
    /// The agent's main session: `main`.
    Main,
    /// A conversation with one person: `<channel>:direct:<id>`, older `dm`.
    Direct,
    /// A conversation in a group: `<channel>:group:<id>`.
    Group,
    /// A conversation in a channel or room: `<channel>:channel:<id>`.
    Channel,
    /// A thread of any conversation: `...:thread:<id>`.
    Thread,
    /// A topic of any conversation: `...:topic:<id>`.
    Topic,
    /// The unscoped row `global`.
    Global,
    /// The unscoped row `unknown`, and every key that nobody knows.
    Unknown,
}

/// Every kind and its name, in the order in which people meet them.
const NAMES: [(Kind, &str); 18] = [
    (Kind::CronRun, "cron-run"),
    (Kind::CronBase, "cron-base"),
    (Kind::Subagent, "subagent"),
    (Kind::Hook, "hook"),
    (Kind::Acp, "acp"),
    (Kind::AcpBridge, "acp-bridge"),
    (Kind::Node, "node"),
    (Kind::OpenAi, "openai"),
    (Kind::ModelRun, "model-run"),
    (Kind::Heartbeat, "heartbeat"),
    (Kind::Main, "main"),
    (Kind::Direct, "direct"),
    (Kind::Group, "group"),
    (Kind::Channel, "channel"),
    (Kind::Thread, "thread"),
    (Kind::Topic, "topic"),
    (Kind::Global, "global"),
    (Kind::Unknown, "unknown"),
];

impl Kind {
    /// Every kind there is.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(kind, _)| *kind)
    }

    /// The kind's name in rules, reports and messages, such as `cron-run`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(kind, _)| *kind == self).map_or("unknown", |(_, name)| name)
    }

    /// Whether a rule may condemn rows of this kind by their age.
    ///
    /// Never the main session, nor what nobody knows; a rule for a cron job's own row must name it.
    #[must_use]
    pub const fn may_have_rule(self) -> bool {
        !matches!(self, Self::Main | Self::Global | Self::Unknown)
    }

    /// Whether rows of this kind hold what somebody would miss, so that losing many of them at once needs a second word.
    ///
    /// Conversations do, with people (`direct`, `group`, `channel`, `thread`, `topic`, `main`, `global`) and with programs
    /// that come back to them (`acp`, `acp-bridge`, `node`, `openai`); so does the row of a cron job, and whatever nobody
    /// knows. A cron run, a sub-agent, a hook's session, a probe of a model and a heartbeat are done once they are done:
    /// gateways make new ones by the hundred.
    #[must_use]
    pub const fn is_durable(self) -> bool {
        !matches!(self, Self::CronRun | Self::Subagent | Self::Hook | Self::ModelRun | Self::Heartbeat)
    }

    /// Whether a cap on the number of rows may take rows of this kind.
    ///
    /// The same rows that OpenClaw protects from its own cap are protected here, and the rows of cron jobs too.
    #[must_use]
    pub const fn counts_for_cap(self) -> bool {
        self.may_have_rule()
            && !matches!(self, Self::CronBase | Self::Group | Self::Channel | Self::Thread | Self::Topic)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no kind has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no kind of row; known are {}", known())]
pub struct UnknownKind {
    name: String,
}

fn known() -> String {
    NAMES.map(|(_, name)| name).join(", ")
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
            .ok_or_else(|| UnknownKind { name: name.to_owned() })
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_name_that_reads_back() {
        for kind in Kind::all() {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        assert!("cron".parse::<Kind>().unwrap_err().to_string().contains("cron-run, cron-base"));
    }
}
