//! The configuration: flags, variables, our file, OpenClaw's file and defaults, laid over one another value by value.
//!
//! [`Setting`] is the table that everything follows from. Each source becomes a layer of typed values, each with its
//! [`Origin`]; [`load`] lays flags over variables over the file over what OpenClaw says over the defaults. A value that
//! cannot be read is never replaced by a default: it is a [`ConfigError`] that names it, and nothing is swept.
//!
//! Nothing here touches the disk or the process's environment: [`Files`] and [`Environment`] are passed in.

mod choice;
mod effective;
mod environment;
mod error;
mod file;
mod flags;
mod folders;
mod layer;
mod openclaw;
mod origin;
mod paths;
mod raw;
mod setting;
mod show;
mod suggest;
mod value;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use choice::{Color, LogFormat};
pub use effective::Effective;
pub use environment::Environment;
pub use error::{ConfigError, Problem};
pub use file::Files;
pub use flags::Flags;
pub use folders::{Media, Payloads};
pub use origin::Origin;
pub use setting::Setting;
pub use show::{ShownValue, reference, show};

use self::{error::Problems, paths::Paths};

/// The configuration in force.
///
/// The file is the one that `explicit_config` (`--config`) names, else `$SESSION_REAPER_CONFIG`, else
/// `./session-reaper.toml`, else `session-reaper/session-reaper.toml` in `user_config_dir`
/// (see [`Environment::user_config_dir`]).
///
/// ```
/// use session_reaper::config::{Environment, Files, Flags, Setting, load};
/// struct NoFiles;
/// impl Files for NoFiles {
///     fn read(&self, _: &std::path::Path) -> std::io::Result<Option<String>> {
///         Ok(None)
///     }
/// }
/// let env: Environment = [("SESSION_REAPER_EVERY", "1m")].into_iter().collect();
/// let flags = Flags { retention: Some("36h".to_owned()), ..Flags::default() };
/// let effective = load(&flags, &env, &NoFiles, None, None)?;
/// assert_eq!(effective.policy.retention().to_string(), "1d12h");
/// assert_eq!(effective.origin(Setting::Retention).to_string(), "--retention");
/// # Ok::<(), session_reaper::config::ConfigError>(())
/// ```
///
/// # Errors
/// When anything that was given cannot be read or understood: every such problem of flags, variables and file at once,
/// each with its place. A file that was named must be there.
pub fn load(
    flags: &Flags,
    env: &Environment,
    files: &dyn Files,
    explicit_config: Option<&Path>,
    user_config_dir: Option<&Path>,
) -> Result<Effective, ConfigError> {
    let mut problems = Problems::default();
    let file = problems.note(file::find(explicit_config, user_config_dir, env, files));
    let from_file = file.as_ref().map(|file| file.layer(env, &mut problems)).unwrap_or_default();
    let from_env = env.layer(&mut problems);
    let from_flags = flags.layer(&Paths::of_here(env), &mut problems);
    problems.check()?;
    let mut effective = effective::resolve(from_flags.over(from_env).over(from_file), env, files)?;
    effective.file = file.map(|file| file.path);
    Ok(effective)
}
