//! The configuration in force for people and programs, and the reference of all settings.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Effective, Origin, Setting, effective::rule_key, layer::RUN_IDS};
use crate::{model::Kind, policy::RunId};

/// One value in force. Its text form, `key = value`, can stand in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownValue {
    /// The key in the file, such as `cron.retention`.
    pub key: String,
    /// The value.
    pub value: Value,
    /// Where it came from: `default`, `FILE:LINE`, a variable, a flag, or OpenClaw's file.
    pub origin: Origin,
    /// The variable that sets it.
    pub env: String,
    /// The flag that sets it, if there is one.
    pub flag: Option<&'static str>,
}

impl ShownValue {
    /// The value as TOML writes it.
    #[must_use]
    pub fn literal(&self) -> String {
        literal(&self.value)
    }
}

impl std::fmt::Display for ShownValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {}", self.key, self.literal())
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Every value in force with its origin, in the order of the table; of the rules, those that somebody gave.
#[must_use]
pub fn show(effective: &Effective) -> Vec<ShownValue> {
    Setting::ALL.into_iter().flat_map(|setting| shown(effective, setting)).collect()
}

fn shown(effective: &Effective, setting: Setting) -> Vec<ShownValue> {
    match setting {
        Setting::Rules => effective.policy.rules().keys().map(|kind| shown_rule(effective, *kind)).collect(),
        _ => vec![ShownValue {
            key: setting.key().to_owned(),
            value: value(effective, setting),
            origin: effective.origin(setting).clone(),
            env: setting.env(),
            flag: setting.flag(),
        }],
    }
}

fn shown_rule(effective: &Effective, kind: Kind) -> ShownValue {
    ShownValue {
        key: rule_key(kind),
        value: json!(effective.policy.retention_of(kind)),
        origin: effective.origin_of_rule(kind).clone(),
        env: Setting::Rules.env(),
        flag: Setting::Rules.flag(),
    }
}

fn value(effective: &Effective, setting: Setting) -> Value {
    let policy = &effective.policy;
    let or_false = |limit: Option<Value>| limit.unwrap_or(json!(false));
    let path = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
    match setting {
        Setting::Stores => effective.stores.iter().map(path).collect(),
        Setting::OpenClaw => or_false(effective.openclaw.as_ref().map(|state| json!(path(state)))),
        Setting::Retention => json!(policy.retention()),
        Setting::RunId => json!(run_id(policy.run_id())),
        Setting::KeepLast => json!(policy.keep_last()),
        Setting::Rules => json!(policy.rules()),
        Setting::MaxEntries => or_false(policy.max_entries().map(|rows| json!(rows))),
        Setting::Keep => json!(policy.keep()),
        Setting::TrashEnabled => json!(effective.trash),
        Setting::TrashRetention => json!(effective.trash_retention),
        Setting::TrashCompress => json!(effective.trash_compress),
        Setting::Every => json!(effective.every),
        Setting::LockTimeout => json!(effective.lock_timeout),
        Setting::MaxTime => or_false(effective.max_time.map(|limit| json!(limit))),
        Setting::BesideLiveGateway => json!(effective.beside_live_gateway),
        Setting::AllowMassDelete => json!(effective.allow_mass_delete),
        Setting::AllowClockJump => json!(effective.allow_clock_jump),
        Setting::AllowTightened => json!(effective.allow_tightened),
        Setting::WorkspacesBase => or_false(effective.workspaces_base.as_ref().map(|base| json!(path(base)))),
        Setting::WorkspacesNames => json!(effective.workspaces.names),
        Setting::WorkspacesTtl => json!(effective.workspaces.ttl),
        Setting::WorkspacesSecretTtl => json!(effective.workspaces.secret_ttl),
        Setting::WorkspacesSecrets => json!(effective.workspaces.shape.secrets()),
        Setting::WorkspacesSiblings => json!(effective.workspaces.shape.siblings()),
        Setting::MediaDir => or_false(effective.media.dir.as_ref().map(|dir| json!(path(dir)))),
        Setting::MediaEnabled => json!(effective.media.enabled),
        Setting::MediaMaxAge => json!(effective.media.max_age),
        Setting::MediaInterval => json!(effective.media.interval),
        Setting::MediaOrphanGrace => json!(effective.media.orphan_grace),
        Setting::PayloadsDir => or_false(effective.payloads.dir.as_ref().map(|dir| json!(path(dir)))),
        Setting::PayloadsGrace => json!(effective.payloads.grace),
        Setting::PayloadsMaxBytes => or_false(effective.payloads.max_bytes.map(|bytes| json!(bytes))),
        Setting::PayloadsOneProcessTree => json!(effective.payloads.one_process_tree),
        Setting::PayloadsInlineLimit => json!(effective.payloads.inline_limit),
        Setting::LogFormat => json!(effective.log_format),
        Setting::Color => json!(effective.color),
    }
}

fn run_id(run_id: RunId) -> &'static str {
    RUN_IDS.iter().find(|(_, value)| *value == run_id).map_or("uuid", |(word, _)| word)
}

/// The table of all settings in Markdown.
#[must_use]
pub fn reference() -> String {
    let head = "| key | default | accepts | variable | flag | what it does |\n|---|---|---|---|---|---|\n";
    Setting::ALL.into_iter().fold(head.to_owned(), |table, setting| table + &reference_row(setting))
}

fn reference_row(setting: Setting) -> String {
    let key = if setting == Setting::Rules { "rules.<kind>" } else { setting.key() };
    let default = if setting == Setting::Rules { "none" } else { setting.default() };
    let flag = setting.flag().map_or_else(String::new, |flag| format!("`{flag}`"));
    format!(
        "| `{key}` | `{default}` | {} | `{}` | {flag} | {} |\n",
        setting.accepts(),
        setting.env(),
        setting.help().replace('|', "\\|")
    )
}
