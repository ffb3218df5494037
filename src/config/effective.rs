//! The configuration in force: every value decided, each with its origin.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    Color, ConfigError, Environment, Files, LogFormat, Media, Origin, Payloads, Setting,
    error::{Problem, Problems},
    layer::{Given, Layer},
    openclaw::OpenClaw,
    value::Installation,
};
use crate::{
    artifact::workspaces,
    model::{Age, Kind, Retention},
    policy::Policy,
};

/// The configuration in force. [`Effective::origin`] tells where each value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Effective {
    /// The stores to sweep: paths, folders and globs, in the order given.
    pub stores: Vec<PathBuf>,
    /// The OpenClaw state folder in force, if any was asked for.
    pub openclaw: Option<PathBuf>,
    /// What goes and what stays.
    pub policy: Policy,
    /// Whether what is removed is kept in the trash.
    pub trash: bool,
    /// How long it is kept there.
    pub trash_retention: Retention,
    /// Whether it is compressed there.
    pub trash_compress: bool,
    /// The throttle of `tick`.
    pub every: Age,
    /// How long to wait for a lock.
    pub lock_timeout: Age,
    /// After how long no further store is begun; `None` for no limit.
    pub max_time: Option<Age>,
    /// Whether to sweep beside a live gateway that honours no lock.
    pub beside_live_gateway: bool,
    /// Whether most of a store may go at once.
    pub allow_mass_delete: bool,
    /// Whether a clock is believed that contradicts the store.
    pub allow_clock_jump: bool,
    /// Whether `tick` carries out a stricter policy at once.
    pub allow_tightened: bool,
    /// The folder that jobs have theirs in; `None` for none.
    pub workspaces_base: Option<PathBuf>,
    /// Which jobs' folders go, and what goes with them.
    pub workspaces: workspaces::Settings,
    /// Which media store is swept, and how.
    pub media: Media,
    /// Which spool of payloads is swept, and how.
    pub payloads: Payloads,
    /// The form of log lines.
    pub log_format: LogFormat,
    /// Whether to use colours.
    pub color: Color,
    /// The configuration file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// Where each value came from, by key; what is not here is a default.
    pub origins: BTreeMap<String, Origin>,
}

impl Default for Effective {
    fn default() -> Self {
        Self {
            stores: Vec::new(),
            openclaw: None,
            policy: Policy::default(),
            trash: true,
            trash_retention: Retention::After(Age::from_hours(7 * 24)),
            trash_compress: false,
            every: Age::from_minutes(5),
            lock_timeout: Age::from_seconds(5),
            max_time: None,
            beside_live_gateway: false,
            allow_mass_delete: false,
            allow_clock_jump: false,
            allow_tightened: false,
            workspaces_base: None,
            workspaces: workspaces::Settings::default(),
            media: Media::default(),
            payloads: Payloads::default(),
            log_format: LogFormat::default(),
            color: Color::default(),
            file: None,
            origins: BTreeMap::new(),
        }
    }
}

impl Effective {
    /// Where the value of `setting` came from. A rule has an origin of its own: see [`Effective::origin_of_rule`].
    #[must_use]
    pub fn origin(&self, setting: Setting) -> &Origin {
        self.origin_of(setting.key())
    }

    /// Where the rule for `kind` came from.
    #[must_use]
    pub fn origin_of_rule(&self, kind: Kind) -> &Origin {
        self.origin_of(&rule_key(kind))
    }

    fn origin_of(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&Origin::Default)
    }

    /// The value of a setting, with its origin noted; `None` when nobody gave one.
    pub(super) fn take<T>(&mut self, setting: Setting, given: Option<Given<T>>) -> Option<T> {
        let Given { value, origin } = given?;
        self.origins.insert(setting.key().to_owned(), origin);
        Some(value)
    }

    fn take_policy(&mut self, layer: &mut Layer) -> Result<(), Problem> {
        let mut policy = Policy::default();
        if let Some(retention) = self.take(Setting::Retention, layer.retention.take()) {
            policy = policy.with_retention(retention);
        }
        if let Some(run_id) = self.take(Setting::RunId, layer.run_id.take()) {
            policy = policy.with_run_id(run_id);
        }
        if let Some(runs) = self.take(Setting::KeepLast, layer.keep_last.take()) {
            policy = policy.with_keep_last(runs);
        }
        let keep = self.take(Setting::Keep, layer.keep.take());
        policy = keep.into_iter().flatten().fold(policy, Policy::with_keep);
        policy = self.take_cap(policy, layer.max_entries.take())?;
        self.policy = self.take_rules(policy, std::mem::take(&mut layer.rules))?;
        Ok(())
    }

    fn take_cap(&mut self, policy: Policy, given: Option<Given<Option<u64>>>) -> Result<Policy, Problem> {
        match self.take(Setting::MaxEntries, given).flatten() {
            None => Ok(policy),
            Some(rows) => policy.with_max_entries(rows).map_err(|error| {
                Problem::of_value(self.origin(Setting::MaxEntries), "max_entries", &error.to_string())
            }),
        }
    }

    fn take_rules(
        &mut self,
        policy: Policy,
        rules: BTreeMap<Kind, Given<Retention>>,
    ) -> Result<Policy, Problem> {
        rules.into_iter().try_fold(policy, |policy, (kind, given)| {
            let key = rule_key(kind);
            let policy = policy
                .with_rule(kind, given.value)
                .map_err(|error| Problem::of_value(&given.origin, &key, &error.to_string()))?;
            self.origins.insert(key, given.origin);
            Ok(policy)
        })
    }

    fn take_trash(&mut self, layer: &mut Layer) {
        let start = Self::default();
        self.trash = self.take(Setting::TrashEnabled, layer.trash.take()).unwrap_or(start.trash);
        self.trash_retention =
            self.take(Setting::TrashRetention, layer.trash_retention.take()).unwrap_or(start.trash_retention);
        self.trash_compress =
            self.take(Setting::TrashCompress, layer.trash_compress.take()).unwrap_or(start.trash_compress);
    }

    /// What is only done when somebody says so.
    fn take_leave(&mut self, layer: &mut Layer) {
        let mut given = |setting, given: &mut Option<_>| self.take(setting, given.take()).unwrap_or(false);
        let beside = given(Setting::BesideLiveGateway, &mut layer.beside_live_gateway);
        let mass_delete = given(Setting::AllowMassDelete, &mut layer.allow_mass_delete);
        let clock_jump = given(Setting::AllowClockJump, &mut layer.allow_clock_jump);
        let tightened = given(Setting::AllowTightened, &mut layer.allow_tightened);
        (self.beside_live_gateway, self.allow_mass_delete) = (beside, mass_delete);
        (self.allow_clock_jump, self.allow_tightened) = (clock_jump, tightened);
    }

    fn take_rest(&mut self, layer: Layer) {
        let start = Self::default();
        self.stores = self.take(Setting::Stores, layer.stores).unwrap_or(start.stores);
        self.every = self.take(Setting::Every, layer.every).unwrap_or(start.every);
        self.lock_timeout = self.take(Setting::LockTimeout, layer.lock_timeout).unwrap_or(start.lock_timeout);
        self.max_time = self.take(Setting::MaxTime, layer.max_time).unwrap_or(start.max_time);
        self.log_format = self.take(Setting::LogFormat, layer.log_format).unwrap_or(start.log_format);
        self.color = self.take(Setting::Color, layer.color).unwrap_or(start.color);
    }
}

pub(super) fn rule_key(kind: Kind) -> String {
    format!("rules.{kind}")
}

/// The configuration in force, from every layer laid together and from OpenClaw's own file where it is asked for.
pub(super) fn resolve(
    mut layer: Layer,
    env: &Environment,
    files: &dyn Files,
) -> Result<Effective, ConfigError> {
    let mut effective = Effective::default();
    if let Some(asked) = layer.openclaw.take() {
        effective.openclaw = consult(&mut layer, &asked, env, files)?;
        effective.take(Setting::OpenClaw, Some(asked));
    }
    effective.take_policy(&mut layer)?;
    effective.take_trash(&mut layer);
    effective.take_leave(&mut layer);
    effective.take_workspaces(&mut layer.folders)?;
    effective.take_media(&mut layer.folders)?;
    effective.take_payloads(&mut layer.folders)?;
    effective.must_stand_apart()?;
    effective.take_rest(layer);
    Ok(effective)
}

/// Puts OpenClaw's stores and retention where nobody above said otherwise.
///
/// Its retention gives way to any of ours. Its stores give way to stores that come from as high as the wish for
/// OpenClaw itself: `--openclaw` on the command line is not overruled by stores in a file.
fn consult(
    layer: &mut Layer,
    asked: &Given<Installation>,
    env: &Environment,
    files: &dyn Files,
) -> Result<Option<PathBuf>, ConfigError> {
    let Some(found) = OpenClaw::find(asked, env, files)? else { return Ok(None) };
    let mut problems = Problems::default();
    if layer.retention.is_none() {
        layer.retention = problems.note(found.retention());
    }
    if layer.stores.as_ref().is_none_or(|stores| stores.origin.rank() < asked.origin.rank()) {
        layer.stores = problems.note(found.stores().map(Some));
    }
    problems.check()?;
    Ok(Some(found.into_state()))
}
