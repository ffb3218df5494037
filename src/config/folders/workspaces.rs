//! `[workspaces]`: the folder of jobs, and which of them go.

use std::path::{Path, PathBuf};

use super::Layer;
use crate::{
    artifact::workspaces::{Group, Settings, Shape},
    config::{
        Effective, Setting,
        error::Problem,
        paths::Paths,
        raw::{Raw, Wrong},
        value,
    },
};

/// The folder of jobs, named from the root on wherever that is written: one that starts where a file of settings stands would
/// be looked for in another place than it is, and nothing be found there. What a sweep would refuse for its name alone is refused
/// here; not one that a home is in, since a job may have its own in there.
pub(super) fn base(raw: &Raw, paths: &Paths) -> Result<Option<PathBuf>, Wrong> {
    let (Some(base), Raw::Word(text) | Raw::Text(text)) = (value::folder(raw, paths)?, raw) else {
        return Ok(None);
    };
    let named = paths.expand(text).map_err(Wrong::from)?;
    let home = paths.home.as_deref().filter(|home| home.components().eq(named.components()));
    [None, home].into_iter().try_for_each(|home: Option<&Path>| Group::of(&named, home).map(drop)).map_err(
        |error| {
            let why = error.message();
            Wrong::from(format!(
                "{text:?}: {why}; name the folder that jobs have theirs in, from the root on"
            ))
        },
    )?;
    Ok(Some(base))
}

impl Effective {
    /// A folder without names would be swept of nothing, and nobody would know why.
    pub(in crate::config) fn take_workspaces(&mut self, layer: &mut Layer) -> Result<(), Problem> {
        let start = Settings::default();
        self.workspaces_base = self.take(Setting::WorkspacesBase, layer.workspaces_base.take()).flatten();
        let names = self.take(Setting::WorkspacesNames, layer.workspaces_names.take());
        let ttl = self.take(Setting::WorkspacesTtl, layer.workspaces_ttl.take());
        let secret_ttl = self.take(Setting::WorkspacesSecretTtl, layer.workspaces_secret_ttl.take());
        self.workspaces = Settings {
            names: names.unwrap_or(start.names),
            shape: self.take_shape(layer)?,
            ttl: ttl.unwrap_or(start.ttl),
            secret_ttl: secret_ttl.unwrap_or(start.secret_ttl),
        };
        if self.workspaces_base.is_some() && self.workspaces.names.is_empty() {
            let why = "which folders in there are jobs' is not said: set workspaces.names as well, such as [\"job-*\"]";
            return Err(Problem::of_value(self.origin(Setting::WorkspacesBase), "workspaces.base", why));
        }
        Ok(())
    }

    fn take_shape(&mut self, layer: &mut Layer) -> Result<Shape, Problem> {
        let start = Shape::default();
        let secrets = self.take(Setting::WorkspacesSecrets, layer.workspaces_secrets.take());
        let siblings = self.take(Setting::WorkspacesSiblings, layer.workspaces_siblings.take());
        let secrets = secrets.unwrap_or_else(|| start.secrets().to_vec());
        let siblings = siblings.unwrap_or_else(|| start.siblings().to_vec());
        Shape::new(secrets, siblings).map_err(|error| {
            let origin = self.origin(Setting::WorkspacesSecrets);
            Problem::of_value(origin, Setting::WorkspacesSecrets.key(), &error.to_string())
        })
    }
}
