//! `[workspaces]`: the folder of jobs, and which of them go.

use super::Layer;
use crate::{
    artifact::workspaces::{Settings, Shape},
    config::{Effective, Setting, error::Problem},
};

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
