//! The key grammar: what the parts of a key say. A total function, every string has a shape.
//!
//! Keys are `agent:<id>:<rest>` or a bare `<rest>`. Words compare in any letter case, as gateways lower-case them
//! before they compare. A key with an empty part is malformed and therefore [`Kind::Unknown`]: unknown means keep.

use super::Kind;

/// What a key says, borrowed from the key's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape<'a> {
    /// The kind of the row.
    pub kind: Kind,
    /// The agent that the key names.
    pub agent: Option<&'a [u8]>,
    /// The parts of a cron run's key; only with [`Kind::CronRun`].
    pub cron_run: Option<CronRun<'a>>,
}

/// The parts of `[agent:<id>:]cron:<job>:run:<run>[:<more>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CronRun<'a> {
    /// The key up to and with the job: what `--keep-last` counts by.
    pub job: &'a [u8],
    /// The key up to and with the run's id: what a run and its descendants have in common.
    pub family: &'a [u8],
    /// Whether the run's id is a UUID.
    pub has_uuid: bool,
    /// Whether something follows the run's id.
    pub is_descendant: bool,
}

impl<'a> Shape<'a> {
    /// Reads a key's bytes (WTF-8, escapes resolved).
    ///
    /// ```
    /// use session_reaper::model::{Kind, Shape};
    /// let shape = Shape::of(b"agent:main:cron:daily:run:0f6a2b1c-1111-4222-8333-444455556666");
    /// assert_eq!(shape.kind, Kind::CronRun);
    /// assert_eq!(Shape::of(b"x:cron:daily:run:0f6a2b1c-1111-4222-8333-444455556666").kind, Kind::Unknown);
    /// ```
    #[must_use]
    pub fn of(key: &'a [u8]) -> Self {
        let Some((agent, rest)) = split_agent(key) else { return Self::unknown(None) };
        if has_empty_part(rest) {
            return Self::unknown(agent);
        }
        match head(rest) {
            (word, Some(more)) if is(word, b"cron") => Self::cron(key, agent, more),
            _ => Self { kind: kind_of(rest, agent.is_some()), agent, cron_run: None },
        }
    }

    const fn unknown(agent: Option<&'a [u8]>) -> Self {
        Self { kind: Kind::Unknown, agent, cron_run: None }
    }

    /// `more` is what follows `cron:` at the end of `key`.
    fn cron(key: &'a [u8], agent: Option<&'a [u8]>, more: &'a [u8]) -> Self {
        let (_, after_job) = head(more);
        let Some(after_job) = after_job else {
            return Self { kind: Kind::CronBase, agent, cron_run: None };
        };
        let (word, run) = head(after_job);
        match run {
            Some(run) if is(word, b"run") => {
                Self { kind: Kind::CronRun, agent, cron_run: Some(CronRun::new(key, after_job, run)) }
            }
            _ => Self::unknown(agent),
        }
    }
}

impl<'a> CronRun<'a> {
    /// `after_job` is `run:<id>[:<more>]` and `run` is `<id>[:<more>]`, both at the end of `key`.
    fn new(key: &'a [u8], after_job: &'a [u8], run: &'a [u8]) -> Self {
        let (id, more) = head(run);
        let job_end = key.len() - after_job.len() - 1;
        let family_end = key.len() - run.len() + id.len();
        Self {
            job: key.get(..job_end).unwrap_or(key),
            family: key.get(..family_end).unwrap_or(key),
            has_uuid: is_uuid(id),
            is_descendant: more.is_some(),
        }
    }
}

/// The agent and the rest of `agent:<id>:<rest>`; no agent for any other key; `None` when the scope is malformed.
fn split_agent(key: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    match head(key) {
        (word, Some(scoped)) if is(word, b"agent") => match head(scoped) {
            (agent, Some(rest)) if !agent.is_empty() => Some((Some(agent), rest)),
            _ => None,
        },
        _ => Some((None, key)),
    }
}

/// The kinds whose first word says it all.
const BY_FIRST_WORD: [(&[u8], Kind); 6] = [
    (b"subagent", Kind::Subagent),
    (b"hook", Kind::Hook),
    (b"acp", Kind::Acp),
    (b"acp-bridge", Kind::AcpBridge),
    (b"node", Kind::Node),
    (b"openai", Kind::OpenAi),
];

/// The kind of any key but cron's. Bare keys are known only where a gateway writes them bare.
fn kind_of(rest: &[u8], scoped: bool) -> Kind {
    match head(rest) {
        (word, None) => single_word(word, scoped),
        (word, Some(more)) => by_first_word(word, more).unwrap_or_else(|| conversation(rest, scoped)),
    }
}

fn single_word(word: &[u8], scoped: bool) -> Kind {
    match (scoped, word) {
        (false, word) if is(word, b"global") => Kind::Global,
        (true, word) if is(word, b"heartbeat") => Kind::Heartbeat,
        (_, word) if is(word, b"main") => Kind::Main,
        _ => Kind::Unknown,
    }
}

fn by_first_word(word: &[u8], more: &[u8]) -> Option<Kind> {
    let probe = b"model-run-";
    if is(word, b"explicit") && more.get(..probe.len()).is_some_and(|start| is(start, probe)) {
        return Some(Kind::ModelRun);
    }
    BY_FIRST_WORD.iter().find(|(known, _)| is(word, known)).map(|(_, kind)| *kind)
}

/// The kinds that a word further in tells: sub-agents of anything, then threads, topics, heartbeats, peers.
fn conversation(rest: &[u8], scoped: bool) -> Kind {
    if !scoped {
        return Kind::Unknown;
    }
    let has = |word: &[u8]| parts(rest).skip(1).any(|part| is(part, word)) && !ends_with(rest, word);
    match rest {
        _ if has(b"subagent") => Kind::Subagent,
        _ if ends_with(rest, b"heartbeat") => Kind::Heartbeat,
        _ if has(b"thread") => Kind::Thread,
        _ if has(b"topic") => Kind::Topic,
        _ => peer(rest),
    }
}

/// `direct:<id>`, `<channel>:<group|channel|direct|dm>:<id>` and `<channel>:<account>:<direct|dm>:<id>`.
fn peer(rest: &[u8]) -> Kind {
    let mut parts = parts(rest);
    let (first, second, third) = (parts.next(), parts.next(), parts.next());
    let word = |part: Option<&[u8]>, word| part.is_some_and(|part| is(part, word));
    let direct = |part| word(part, b"direct") || word(part, b"dm");
    match (third.is_some(), parts.next().is_some()) {
        (false, _) if direct(first) => Kind::Direct,
        (true, _) if word(second, b"group") => Kind::Group,
        (true, _) if word(second, b"channel") => Kind::Channel,
        (true, _) if direct(second) => Kind::Direct,
        (true, true) if direct(third) => Kind::Direct,
        _ => Kind::Unknown,
    }
}

fn head(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b':', text) {
        Some(at) => (text.get(..at).unwrap_or(text), text.get(at + 1..)),
        None => (text, None),
    }
}

fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b':')
}

fn has_empty_part(text: &[u8]) -> bool {
    let mut begins = 0;
    for colon in memchr::memchr_iter(b':', text) {
        if colon == begins {
            return true;
        }
        begins = colon + 1;
    }
    begins == text.len()
}

fn ends_with(text: &[u8], word: &[u8]) -> bool {
    parts(text).last().is_some_and(|part| is(part, word))
}

fn is(part: &[u8], word: &[u8]) -> bool {
    part.eq_ignore_ascii_case(word)
}

/// 8-4-4-4-12 hexadecimal digits.
fn is_uuid(id: &[u8]) -> bool {
    // Four bytes that are no digits, and these are where the dashes belong: so the others are digits.
    id.len() == 36
        && [8, 13, 18, 23].iter().all(|at| id.get(*at) == Some(&b'-'))
        && id.iter().filter(|byte| !byte.is_ascii_hexdigit()).count() == 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::bytes::Regex;

    const U: &str = "0f6a2b1c-1111-4222-8333-444455556666";

    fn kind(key: &str) -> Kind {
        Shape::of(key.replace("<u>", U).as_bytes()).kind
    }

    #[test]
    fn every_form_of_key_has_its_kind() {
        for (key, expected) in [
            ("agent:main:cron:daily:run:<u>", Kind::CronRun),
            ("cron:daily:run:<u>", Kind::CronRun),
            ("AGENT:Main:CRON:daily:Run:<u>", Kind::CronRun),
            ("agent:main:cron:daily:run:<u>:subagent:<u>", Kind::CronRun),
            ("agent:main:cron:daily:run:<u>:thread:7", Kind::CronRun),
            ("agent:main:cron:daily:run:not-a-uuid", Kind::CronRun),
            ("agent:main:cron:daily", Kind::CronBase),
            ("cron:daily", Kind::CronBase),
            ("agent:main:main", Kind::Main),
            ("main", Kind::Main),
            ("agent:main:heartbeat", Kind::Heartbeat),
            ("agent:main:telegram:direct:7:heartbeat", Kind::Heartbeat),
            ("agent:main:subagent:<u>", Kind::Subagent),
            ("agent:main:subagent:<u>:subagent:<u>", Kind::Subagent),
            ("agent:main:telegram:group:7:subagent:<u>", Kind::Subagent),
            ("agent:main:hook:<u>", Kind::Hook),
            ("hook:<u>", Kind::Hook),
            ("agent:main:acp:x:y", Kind::Acp),
            ("agent:main:acp-bridge:x", Kind::AcpBridge),
            ("agent:main:node:laptop", Kind::Node),
            ("agent:main:openai:<u>", Kind::OpenAi),
            ("agent:main:explicit:model-run-<u>", Kind::ModelRun),
            ("agent:main:telegram:group:-100", Kind::Group),
            ("agent:main:matrix:channel:!room:server.org", Kind::Channel),
            ("agent:main:telegram:direct:7", Kind::Direct),
            ("agent:main:telegram:dm:7", Kind::Direct),
            ("agent:main:telegram:work:direct:7", Kind::Direct),
            ("agent:main:direct:7", Kind::Direct),
            ("agent:main:slack:channel:c1:thread:17.5", Kind::Thread),
            ("agent:main:telegram:group:-100:topic:9", Kind::Topic),
            ("global", Kind::Global),
            ("unknown", Kind::Unknown),
        ] {
            assert_eq!(kind(key), expected, "{key}");
        }
    }

    #[test]
    fn what_only_looks_like_a_known_form_is_unknown() {
        for key in [
            "",
            ":",
            "x",
            "agent",
            "agent:",
            "agent::",
            "agent:main",
            "agent:main:",
            "agent::main",
            "agent::cron:j:run:<u>",
            "x:cron:daily:run:<u>",
            "agent:a:x:cron:daily:run:<u>",
            "agent:a:agent:b:cron:daily:run:<u>",
            "cron:",
            "cron",
            "cron::run:<u>",
            "cron:daily:run:",
            "cron:daily:run",
            "cron:daily:ran:<u>",
            "agent:main:cron:daily:run:<u>:",
            "agent:main:cron:daily:run:<u>::x",
            "agent:main::cron:daily:run:<u>",
            " cron:daily:run:<u>",
            "cron:a:b:run:<u>",
            "agent:main:global",
            "telegram:direct:7",
            "agent:main:telegram:direct",
            "agent:main:explicit:other",
            "acp",
            "ＣＲＯＮ:x",
        ] {
            assert_eq!(kind(key), Kind::Unknown, "{key}");
        }
    }

    #[test]
    fn a_run_and_its_descendants_share_family_and_job() {
        let key = format!("agent:main:cron:daily:run:{U}:subagent:x");
        let run = Shape::of(key.as_bytes()).cron_run.unwrap();
        assert_eq!(run.job, b"agent:main:cron:daily");
        assert_eq!(run.family, format!("agent:main:cron:daily:run:{U}").as_bytes());
        assert!(run.is_descendant && run.has_uuid);
    }

    /// The contract's sentence as one anchored expression, to hold the hand-written reader against.
    fn contract() -> Regex {
        let hex = "[0-9a-f]";
        let uuid = format!("{hex}{{8}}-{hex}{{4}}-{hex}{{4}}-{hex}{{4}}-{hex}{{12}}");
        Regex::new(&format!("(?is-u)^(?:agent:[^:]+:)?cron:[^:]+:run:{uuid}(?::[^:]+)*$")).unwrap()
    }

    fn near_keys() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            8 => prop::sample::select(vec!["agent", "cron", "run", "main", "job", "Agent", "CRON", "rUn", U]),
            1 => Just(String::new()).prop_map(|_| ""),
            1 => Just("0f6a2b1c-1111-4222-8333-44445555666g"),
        ];
        prop::collection::vec(word, 0..9).prop_map(|parts| parts.join(":"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn i5_only_the_anchored_grammar_is_a_prunable_run(key in prop_oneof![near_keys(), ".*"]) {
            let run = Shape::of(key.as_bytes()).cron_run.is_some_and(|run| run.has_uuid);
            prop_assert_eq!(run, contract().is_match(key.as_bytes()), "{}", key);
        }

        #[test]
        fn every_string_of_bytes_has_a_kind(key in prop::collection::vec(any::<u8>(), 0..200)) {
            let shape = Shape::of(&key);
            prop_assert_eq!(shape.kind == Kind::CronRun, shape.cron_run.is_some());
        }
    }
}
