//! What one source says of the folders beside the stores.

use std::path::PathBuf;

use super::workspaces;
use crate::{
    config::{
        Origin, Setting,
        layer::{Given, put},
        paths::Paths,
        raw::{Raw, Wrong},
        value,
    },
    model::{Age, Retention},
    policy::Glob,
};

/// What one source says of the folders beside the stores.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::config) struct Layer {
    pub(super) workspaces_base: Option<Given<Option<PathBuf>>>,
    pub(super) workspaces_names: Option<Given<Vec<Glob>>>,
    pub(super) workspaces_ttl: Option<Given<Retention>>,
    pub(super) workspaces_secret_ttl: Option<Given<Retention>>,
    pub(super) workspaces_secrets: Option<Given<Vec<String>>>,
    pub(super) workspaces_siblings: Option<Given<Vec<String>>>,
    pub(super) media_dir: Option<Given<Option<PathBuf>>>,
    pub(super) media_enabled: Option<Given<bool>>,
    pub(super) media_max_age: Option<Given<Retention>>,
    pub(super) media_interval: Option<Given<Age>>,
    pub(super) media_orphan_grace: Option<Given<Retention>>,
    pub(super) payloads_dir: Option<Given<Option<PathBuf>>>,
    pub(super) payloads_grace: Option<Given<Retention>>,
    pub(super) payloads_max_bytes: Option<Given<Option<u64>>>,
    pub(super) payloads_one_process_tree: Option<Given<bool>>,
    pub(super) payloads_inline_limit: Option<Given<u64>>,
}

impl Layer {
    /// Takes one value of `[workspaces]`, or says what is wrong with it.
    pub(in crate::config) fn set_workspaces(
        &mut self,
        setting: Setting,
        raw: &Raw,
        origin: &Origin,
        paths: &Paths,
    ) -> Result<(), Wrong> {
        match setting {
            Setting::WorkspacesBase => put(&mut self.workspaces_base, workspaces::base(raw, paths)?, origin),
            Setting::WorkspacesNames => put(&mut self.workspaces_names, value::names(raw)?, origin),
            Setting::WorkspacesTtl => put(&mut self.workspaces_ttl, value::retention(raw, "h")?, origin),
            Setting::WorkspacesSecretTtl => {
                put(&mut self.workspaces_secret_ttl, value::retention(raw, "h")?, origin);
            }
            Setting::WorkspacesSecrets => put(&mut self.workspaces_secrets, value::suffixes(raw)?, origin),
            _ => put(&mut self.workspaces_siblings, value::suffixes(raw)?, origin),
        }
        Ok(())
    }

    /// The same of `[media]`.
    pub(in crate::config) fn set_media(
        &mut self,
        setting: Setting,
        raw: &Raw,
        origin: &Origin,
        paths: &Paths,
    ) -> Result<(), Wrong> {
        match setting {
            Setting::MediaDir => put(&mut self.media_dir, value::folder(raw, paths)?, origin),
            Setting::MediaEnabled => put(&mut self.media_enabled, value::switch(raw)?, origin),
            Setting::MediaMaxAge => put(&mut self.media_max_age, value::retention(raw, "m")?, origin),
            Setting::MediaInterval => put(&mut self.media_interval, value::age(raw, "m")?, origin),
            _ => put(&mut self.media_orphan_grace, value::retention(raw, "h")?, origin),
        }
        Ok(())
    }

    /// The same of `[payloads]`.
    pub(in crate::config) fn set_payloads(
        &mut self,
        setting: Setting,
        raw: &Raw,
        origin: &Origin,
        paths: &Paths,
    ) -> Result<(), Wrong> {
        match setting {
            Setting::PayloadsDir => put(&mut self.payloads_dir, value::folder(raw, paths)?, origin),
            Setting::PayloadsGrace => put(&mut self.payloads_grace, value::retention(raw, "h")?, origin),
            Setting::PayloadsMaxBytes => put(&mut self.payloads_max_bytes, value::quota(raw)?, origin),
            Setting::PayloadsOneProcessTree => {
                put(&mut self.payloads_one_process_tree, value::switch(raw)?, origin);
            }
            _ => put(&mut self.payloads_inline_limit, value::size(raw)?, origin),
        }
        Ok(())
    }

    /// This layer over another one: where both have a value, this one's counts.
    pub(in crate::config) fn over(self, below: Self) -> Self {
        Self {
            workspaces_base: self.workspaces_base.or(below.workspaces_base),
            workspaces_names: self.workspaces_names.or(below.workspaces_names),
            workspaces_ttl: self.workspaces_ttl.or(below.workspaces_ttl),
            workspaces_secret_ttl: self.workspaces_secret_ttl.or(below.workspaces_secret_ttl),
            workspaces_secrets: self.workspaces_secrets.or(below.workspaces_secrets),
            workspaces_siblings: self.workspaces_siblings.or(below.workspaces_siblings),
            media_dir: self.media_dir.or(below.media_dir),
            media_enabled: self.media_enabled.or(below.media_enabled),
            media_max_age: self.media_max_age.or(below.media_max_age),
            media_interval: self.media_interval.or(below.media_interval),
            media_orphan_grace: self.media_orphan_grace.or(below.media_orphan_grace),
            payloads_dir: self.payloads_dir.or(below.payloads_dir),
            payloads_grace: self.payloads_grace.or(below.payloads_grace),
            payloads_max_bytes: self.payloads_max_bytes.or(below.payloads_max_bytes),
            payloads_one_process_tree: self.payloads_one_process_tree.or(below.payloads_one_process_tree),
            payloads_inline_limit: self.payloads_inline_limit.or(below.payloads_inline_limit),
        }
    }
}
