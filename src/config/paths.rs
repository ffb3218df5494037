//! What a path means where it was written: `~`, and relative paths in a file.

use std::path::{Path, PathBuf};

use super::Environment;

/// How to read the paths of one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Paths {
    /// The folder that relative paths start from; none is the current one.
    pub(super) base: Option<PathBuf>,
    /// The user's home, where it is known.
    pub(super) home: Option<PathBuf>,
}

impl Paths {
    /// Paths of variables and flags: relative to the current folder.
    pub(super) fn of_here(env: &Environment) -> Self {
        Self { base: None, home: env.home() }
    }

    /// Paths of a file: relative to the folder it stands in.
    pub(super) fn of_file(file: &Path, env: &Environment) -> Self {
        let base = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        Self { base: base.map(Path::to_path_buf), home: env.home() }
    }

    /// The path that a text means.
    pub(super) fn resolve(&self, text: &str) -> Result<PathBuf, String> {
        if text.trim().is_empty() {
            return Err(format!("{text:?} is no path: it is empty"));
        }
        let path = self.expand(text)?;
        Ok(self.base.as_ref().map_or(path.clone(), |base| base.join(path)))
    }

    /// The path with a leading `~` replaced.
    pub(super) fn expand(&self, text: &str) -> Result<PathBuf, String> {
        let rest = match text.strip_prefix('~') {
            Some("") => "",
            Some(rest) if rest.starts_with(['/', std::path::MAIN_SEPARATOR]) => rest,
            _ => return Ok(PathBuf::from(text)),
        };
        let home =
            self.home.as_ref().ok_or_else(|| format!("{text:?}: HOME is not set, so ~ means nothing"))?;
        Ok(home.join(rest.trim_start_matches(['/', std::path::MAIN_SEPARATOR])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_and_a_relative_path_starts_at_the_file() {
        let paths = Paths { base: Some("/etc/reaper".into()), home: Some("/home/u".into()) };
        for (text, path) in [
            ("~", "/home/u"),
            ("~/x/sessions.json", "/home/u/x/sessions.json"),
            ("~other/x", "/etc/reaper/~other/x"),
            ("stores/*.json", "/etc/reaper/stores/*.json"),
            ("/abs", "/abs"),
        ] {
            assert_eq!(paths.resolve(text), Ok(PathBuf::from(path)), "{text}");
        }
        assert!(paths.resolve("").is_err() && paths.resolve(" ").is_err());
        assert!(Paths::default().resolve("~/x").unwrap_err().contains("HOME"));
    }
}
