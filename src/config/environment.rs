//! The environment as a value: collected once by the caller, read here, so that tests have one of their own.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use super::{
    Origin, Setting,
    error::{Problem, Problems},
    layer::Layer,
    paths::Paths,
    raw::Raw,
    setting::PREFIX,
    suggest::{did_you_mean, nearest},
};

/// The variable that names the configuration file.
pub(super) const CONFIG: &str = "SESSION_REAPER_CONFIG";

/// Variables with our prefix that are no settings.
const OTHERS: [&str; 2] = [CONFIG, "SESSION_REAPER_NODE_DOCS"];

/// Variables of our own tests begin with this.
const TESTS: &str = "SESSION_REAPER_TEST_";

/// What stands between two stores, as in `PATH`.
const BETWEEN_PATHS: char = if cfg!(windows) { ';' } else { ':' };

/// The variables of the environment: `std::env::vars_os().collect()`, or what a test makes of it.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Environment {
    fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// Somebody else's variable with a path in it: an empty one counts as none.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// The user's home folder.
    pub(super) fn home(&self) -> Option<PathBuf> {
        self.path("HOME").or_else(|| self.path("USERPROFILE").filter(|_| cfg!(windows)))
    }

    /// The folder of the user's configuration: `$XDG_CONFIG_HOME`, else `~/.config`.
    #[must_use]
    pub fn user_config_dir(&self) -> Option<PathBuf> {
        let named = self.path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        named.or_else(|| self.home().map(|home| home.join(".config")))
    }

    /// A variable of ours: text, and never empty.
    pub(super) fn ours(&self, name: &str) -> Result<Option<&str>, Problem> {
        let refuse = |what: &str| Problem::of_value(&Origin::Env(name.to_owned()), name, what);
        match self.get(name).map(OsStr::to_str) {
            None => Ok(None),
            Some(None) => Err(refuse("its value is no UTF-8 text")),
            Some(Some("")) => Err(refuse("it is empty; give it a value or unset it")),
            Some(text) => Ok(text),
        }
    }

    /// The settings among the variables; a variable with our prefix that nobody knows is a problem.
    pub(super) fn layer(&self, problems: &mut Problems) -> Layer {
        let mut layer = Layer::default();
        let paths = Paths::of_here(self);
        for name in self.0.keys().map(|name| name.to_string_lossy()).filter(|name| is_ours(name)) {
            match Setting::of_env(&name) {
                Some(setting) => problems.note(self.set(&mut layer, setting, &paths)),
                None => problems.add(unknown(&name)),
            }
        }
        layer
    }

    fn set(&self, layer: &mut Layer, setting: Setting, paths: &Paths) -> Result<(), Problem> {
        let name = setting.env();
        let Some(text) = self.ours(&name)? else { return Ok(()) };
        let origin = Origin::Env(name);
        layer
            .set(setting, &raw(setting, text), &origin, paths)
            .map_err(|wrong| Problem::of_value(&origin, setting.key(), &wrong.message))
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) && !name.starts_with(TESTS) && !OTHERS.contains(&name)
}

/// A variable's text, taken apart where the setting is a list.
fn raw(setting: Setting, text: &str) -> Raw {
    match setting {
        Setting::Stores => Raw::words(text.split(BETWEEN_PATHS)),
        Setting::Keep
        | Setting::Rules
        | Setting::WorkspacesNames
        | Setting::WorkspacesSecrets
        | Setting::WorkspacesSiblings => Raw::words(text.split(',').map(str::trim)),
        _ => Raw::Word(text.to_owned()),
    }
}

fn unknown(name: &str) -> Problem {
    let known: Vec<String> = Setting::ALL.map(Setting::env).into_iter().chain([CONFIG.to_owned()]).collect();
    let short = name.strip_prefix(PREFIX).unwrap_or(name);
    let tail = |known: &&str| known.rsplit_once('_').is_some_and(|(_, tail)| tail == short);
    let shorts = known.iter().filter_map(|name| name.strip_prefix(PREFIX));
    let near = known.iter().map(String::as_str).find(tail).map(str::to_owned);
    let near = near.or_else(|| nearest(short, shorts).map(|short| format!("{PREFIX}{short}")));
    let message = format!("unknown variable{}", did_you_mean(near.as_deref()));
    Problem::of_value(&Origin::Env(name.to_owned()), name, &message)
}
