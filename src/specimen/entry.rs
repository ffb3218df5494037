//! One row: the fields that gateways write, in their order.

use super::{
    Weight,
    heavy::Ballast,
    pretty::Pretty,
    random::{Random, Uuid},
    role::{Role, peer_id},
    words::{HOOKS, JOBS, MODELS, SUBJECTS},
};

/// What a row holds. Two roles with one entry have the same fields, as a job's row and that of its newest run do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) session: Uuid,
    pub(super) updated: i64,
    /// The row's number in the store.
    pub(super) index: u64,
    /// The store's seed.
    pub(super) seed: u64,
    /// What the other values are drawn from.
    pub(super) draw: u64,
}

impl Entry {
    pub(super) fn write(&self, role: Role, ballast: &Ballast, pretty: &mut Pretty) {
        let key = |text: &mut Vec<u8>| role.append_key(self.seed, self.index, self.session, text);
        pretty.keyed(key, |p| {
            self.basics(role, p);
            if ballast.weight != Weight::Bare {
                self.details(role, p);
            }
            ballast.write(self.updated, self.draw, p);
        });
    }

    fn basics(&self, role: Role, pretty: &mut Pretty) {
        pretty.plain("sessionId", |text| self.session.append(text));
        pretty.number("updatedAt", self.updated);
        pretty.flag("systemSent", true);
        pretty.flag("abortedLastRun", self.draw.is_multiple_of(41));
        pretty.string("thinkingLevel", "low");
        if let Some((prefix, names)) = label(role) {
            let name = Random::new(self.draw).pick(names);
            pretty.string_of("label", &[prefix, name]);
        }
    }

    fn details(&self, role: Role, pretty: &mut Pretty) {
        let mut random = Random::new(self.draw);
        pretty.plain("sessionFile", |text| {
            text.extend_from_slice(b"/home/u/.openclaw/agents/main/sessions/");
            self.session.append(text);
            text.extend_from_slice(b".jsonl");
        });
        let ran = random.between(1_000, 900_000).cast_signed();
        pretty.number("sessionStartedAt", self.updated.saturating_sub(ran));
        pretty.number("lastInteractionAt", self.updated.saturating_sub(ran / 2));
        match role {
            Role::Peer { channel, word, .. } => self.whereabouts(channel, word, pretty),
            Role::Base { .. } | Role::Run { .. } => self.whereabouts("telegram", "direct", pretty),
            Role::Descendant { .. } => self.lineage(ran, pretty),
            Role::Worker { prefix } if prefix.starts_with("subagent") => self.lineage(ran, pretty),
            _ => {}
        }
        model(&mut random, pretty);
        tokens(&mut random, pretty);
    }

    /// Where the answers go.
    fn whereabouts(&self, channel: &str, word: &str, pretty: &mut Pretty) {
        let peer = peer_id(self.index).to_string();
        let chat = if word == "dm" { "direct" } else { word };
        pretty.string("chatType", chat);
        pretty.string("channel", channel);
        pretty.object("origin", |p| {
            p.string("provider", channel);
            p.string("surface", channel);
            p.string("chatType", chat);
            p.string_of("from", &[channel, ":", &peer]);
            p.string("accountId", "default");
        });
        pretty.object("deliveryContext", |p| {
            p.string("channel", channel);
            p.string_of("to", &[channel, ":", &peer]);
            p.string("accountId", "default");
        });
        pretty.string("lastChannel", channel);
        pretty.string_of("lastTo", &[channel, ":", &peer]);
        pretty.string("lastAccountId", "default");
    }

    /// What started it, and how that ended. Now and then a crash has left one that seems to run for ever.
    fn lineage(&self, ran: i64, pretty: &mut Pretty) {
        let status = if self.draw.is_multiple_of(23) { "running" } else { "done" };
        pretty.string("spawnedBy", "agent:main:main");
        pretty.number("spawnDepth", 1);
        pretty.string("status", status);
        pretty.number("startedAt", self.updated.saturating_sub(ran));
        pretty.number("endedAt", self.updated);
        pretty.number("runtimeMs", ran);
    }
}

/// How rows of a role are labelled.
const fn label(role: Role) -> Option<(&'static str, &'static [&'static str])> {
    match role {
        Role::Base { .. } | Role::Run { .. } => Some(("Cron: ", &JOBS)),
        Role::Worker { .. } => Some(("", &HOOKS)),
        Role::Peer { .. } => Some(("", &SUBJECTS)),
        _ => None,
    }
}

fn model(random: &mut Random, pretty: &mut Pretty) {
    let (provider, model) = random.pick(&MODELS);
    pretty.string("modelProvider", provider);
    pretty.string("model", model);
}

fn tokens(random: &mut Random, pretty: &mut Pretty) {
    let input = random.between(900, 160_000).cast_signed();
    let output = random.between(20, 4_000).cast_signed();
    pretty.number("inputTokens", input);
    pretty.number("outputTokens", output);
    pretty.number("totalTokens", input + output);
    pretty.flag("totalTokensFresh", true);
    pretty.number("contextTokens", 200_000);
    pretty.number("cacheRead", input / 10 * 8);
    pretty.number("cacheWrite", input / 50);
    pretty.number("compactionCount", random.below(3).cast_signed());
}
