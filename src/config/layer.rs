//! What one source says: at most one value for each setting, each with its origin. Layers are laid over one another,
//! value by value.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    Color, LogFormat, Origin, Setting, folders,
    paths::Paths,
    raw::{Raw, Wrong},
    value::{self, Installation},
};
use crate::{
    model::{Age, Kind, Retention},
    policy::{Glob, RunId},
};

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

/// What one source says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Layer {
    pub(super) stores: Option<Given<Vec<PathBuf>>>,
    pub(super) openclaw: Option<Given<Installation>>,
    pub(super) retention: Option<Given<Retention>>,
    pub(super) run_id: Option<Given<RunId>>,
    pub(super) keep_last: Option<Given<u32>>,
    pub(super) rules: BTreeMap<Kind, Given<Retention>>,
    pub(super) max_entries: Option<Given<Option<u64>>>,
    pub(super) keep: Option<Given<Vec<Glob>>>,
    pub(super) trash: Option<Given<bool>>,
    pub(super) trash_retention: Option<Given<Retention>>,
    pub(super) trash_compress: Option<Given<bool>>,
    pub(super) every: Option<Given<Age>>,
    pub(super) lock_timeout: Option<Given<Age>>,
    pub(super) max_time: Option<Given<Option<Age>>>,
    pub(super) beside_live_gateway: Option<Given<bool>>,
    pub(super) allow_mass_delete: Option<Given<bool>>,
    pub(super) allow_clock_jump: Option<Given<bool>>,
    pub(super) allow_tightened: Option<Given<bool>>,
    /// What is said of the folders beside the stores.
    pub(super) folders: folders::Layer,
    pub(super) log_format: Option<Given<LogFormat>>,
    pub(super) color: Option<Given<Color>>,
}

impl Layer {
    /// Takes one value, or says what is wrong with it.
    pub(super) fn set(
        &mut self,
        setting: Setting,
        raw: &Raw,
        origin: &Origin,
        paths: &Paths,
    ) -> Result<(), Wrong> {
        match setting {
            Setting::Stores => put(&mut self.stores, value::stores(raw, paths)?, origin),
            Setting::OpenClaw => put(&mut self.openclaw, value::installation(raw, paths)?, origin),
            Setting::Retention => put(&mut self.retention, value::retention(raw, "h")?, origin),
            Setting::RunId => put(&mut self.run_id, value::word(raw, &RUN_IDS)?, origin),
            Setting::KeepLast => put(&mut self.keep_last, value::count(raw)?, origin),
            Setting::Rules => self.set_rules(raw, origin)?,
            Setting::MaxEntries => put(&mut self.max_entries, value::cap(raw)?, origin),
            Setting::Keep => put(&mut self.keep, value::globs(raw)?, origin),
            Setting::TrashEnabled => put(&mut self.trash, value::switch(raw)?, origin),
            Setting::TrashRetention => put(&mut self.trash_retention, value::retention(raw, "d")?, origin),
            Setting::TrashCompress => put(&mut self.trash_compress, value::switch(raw)?, origin),
            Setting::Every => put(&mut self.every, value::age(raw, "m")?, origin),
            Setting::LockTimeout => put(&mut self.lock_timeout, value::age(raw, "s")?, origin),
            Setting::MaxTime => put(&mut self.max_time, value::limit(raw, "m")?, origin),
            Setting::BesideLiveGateway => put(&mut self.beside_live_gateway, value::switch(raw)?, origin),
            Setting::AllowMassDelete => put(&mut self.allow_mass_delete, value::switch(raw)?, origin),
            Setting::AllowClockJump => put(&mut self.allow_clock_jump, value::switch(raw)?, origin),
            Setting::AllowTightened => put(&mut self.allow_tightened, value::switch(raw)?, origin),
            Setting::WorkspacesBase
            | Setting::WorkspacesNames
            | Setting::WorkspacesTtl
            | Setting::WorkspacesSecretTtl
            | Setting::WorkspacesSecrets
            | Setting::WorkspacesSiblings => self.folders.set_workspaces(setting, raw, origin, paths)?,
            Setting::MediaDir
            | Setting::MediaEnabled
            | Setting::MediaMaxAge
            | Setting::MediaInterval
            | Setting::MediaOrphanGrace => self.folders.set_media(setting, raw, origin, paths)?,
            Setting::PayloadsDir
            | Setting::PayloadsGrace
            | Setting::PayloadsMaxBytes
            | Setting::PayloadsOneProcessTree
            | Setting::PayloadsInlineLimit => self.folders.set_payloads(setting, raw, origin, paths)?,
            Setting::LogFormat => put(&mut self.log_format, value::word(raw, &LogFormat::NAMES)?, origin),
            Setting::Color => put(&mut self.color, value::word(raw, &Color::NAMES)?, origin),
        }
        Ok(())
    }

    fn set_rules(&mut self, raw: &Raw, origin: &Origin) -> Result<(), Wrong> {
        for (kind, retention) in value::rules(raw)? {
            self.set_rule(kind, retention, origin);
        }
        Ok(())
    }

    /// Takes the rule of one kind.
    pub(super) fn set_rule(&mut self, kind: Kind, retention: Retention, origin: &Origin) {
        self.rules.insert(kind, Given { value: retention, origin: origin.clone() });
    }

    /// Takes stores that are paths already.
    pub(super) fn set_stores(&mut self, stores: Vec<PathBuf>, origin: &Origin) {
        put(&mut self.stores, stores, origin);
    }

    /// This layer over another one: where both have a value, this one's counts.
    pub(super) fn over(self, below: Self) -> Self {
        let mut rules = below.rules;
        rules.extend(self.rules);
        Self {
            stores: self.stores.or(below.stores),
            openclaw: self.openclaw.or(below.openclaw),
            retention: self.retention.or(below.retention),
            run_id: self.run_id.or(below.run_id),
            keep_last: self.keep_last.or(below.keep_last),
            rules,
            max_entries: self.max_entries.or(below.max_entries),
            keep: self.keep.or(below.keep),
            trash: self.trash.or(below.trash),
            trash_retention: self.trash_retention.or(below.trash_retention),
            trash_compress: self.trash_compress.or(below.trash_compress),
            every: self.every.or(below.every),
            lock_timeout: self.lock_timeout.or(below.lock_timeout),
            max_time: self.max_time.or(below.max_time),
            beside_live_gateway: self.beside_live_gateway.or(below.beside_live_gateway),
            allow_mass_delete: self.allow_mass_delete.or(below.allow_mass_delete),
            allow_clock_jump: self.allow_clock_jump.or(below.allow_clock_jump),
            allow_tightened: self.allow_tightened.or(below.allow_tightened),
            folders: self.folders.over(below.folders),
            log_format: self.log_format.or(below.log_format),
            color: self.color.or(below.color),
        }
    }
}

/// The words for run ids.
pub(super) const RUN_IDS: [(&str, RunId); 2] = [("uuid", RunId::Uuid), ("any", RunId::Any)];

pub(super) fn put<T>(place: &mut Option<Given<T>>, value: T, origin: &Origin) {
    *place = Some(Given { value, origin: origin.clone() });
}
