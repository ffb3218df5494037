//! Which version a live program of OpenClaw is: what the `package.json` above its script says.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Version, program::Program};
use crate::{
    fs,
    process::{self, Environment},
};

/// A `package.json` of OpenClaw has some 50 KB.
const MAX_PACKAGE: u64 = 1024 * 1024;
/// So many folders above the script the package can be: `<package>/dist/cli/index.js`, and one more.
const PARENTS: usize = 4;
/// What OpenClaw has been called.
const NAMES: [&str; 3] = ["openclaw", "clawdbot", "moltbot"];

/// To which package a script belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Package {
    /// To OpenClaw, of this version where it can be told.
    OpenClaw(Option<Version>),
    /// To another program.
    Other,
    /// That cannot be seen.
    Unknown,
}

/// What a `package.json` says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    name: Option<String>,
    version: Option<String>,
}

/// The package that a live program runs. A title hides the script, then the command that the shell was asked for tells.
pub(super) fn of(pid: u32, program: &Program<'_>, environment: Option<&Environment>) -> Package {
    match program {
        Program::Script(script) | Program::Perhaps(script) => of_script(pid, Path::new(script)),
        Program::Title => {
            let command = environment.and_then(|variables| variables.get("_")).map(PathBuf::from);
            let is_ours = |command: &PathBuf| command.file_name().is_some_and(|name| name == "openclaw");
            command.filter(is_ours).map_or(Package::Unknown, |command| of_script(pid, &command))
        }
    }
}

fn of_script(pid: u32, script: &Path) -> Package {
    let path = if script.is_absolute() {
        Some(script.to_owned())
    } else {
        process::working_folder(pid).map(|folder| folder.join(script))
    };
    path.map_or(Package::Unknown, |path| above(&process::root(pid), &path, process::started_ns(pid)))
}

/// The package of the script at `path` below `root`. A version that came after `started` is not the one that runs.
fn above(root: &Path, path: &Path, started: Option<i128>) -> Package {
    let Ok(Some(real)) = fs::real_path_within(root, path) else { return Package::Unknown };
    let mut nearest = Package::Unknown;
    for folder in real.ancestors().skip(1).take(PARENTS) {
        let Ok(Some((text, stat))) = fs::read_within(root, &folder.join("package.json"), MAX_PACKAGE) else {
            continue;
        };
        match read(&text) {
            Package::OpenClaw(version) => {
                let is_old = started.is_some_and(|started| stat.changed_ns < started);
                return Package::OpenClaw(version.filter(|_| is_old));
            }
            Package::Other => nearest = Package::Other,
            Package::Unknown => {}
        }
    }
    nearest
}

/// A package without a name only says how its folder is to be read. A fork keeps a part of the name.
fn read(text: &[u8]) -> Package {
    let Ok(written) = serde_json::from_slice::<Written>(text) else { return Package::Unknown };
    match written.name.as_deref() {
        None => Package::Unknown,
        Some("openclaw") => Package::OpenClaw(written.version.as_deref().and_then(Version::read)),
        Some(name) if NAMES.iter().any(|part| name.contains(part)) => Package::OpenClaw(None),
        Some(_) => Package::Other,
    }
}

#[expect(clippy::disallowed_methods, reason = "tests make files as any program would")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_known_by_its_name() {
        let version = |text| Package::OpenClaw(Version::read(text));
        for (text, package) in [
            (r#"{"name":"openclaw","version":"2026.4.29"}"#, version("2026.4.29")),
            (r#"{"name":"openclaw"}"#, Package::OpenClaw(None)),
            (r#"{"name":"@me/openclaw-fork","version":"2026.4.29"}"#, Package::OpenClaw(None)),
            (r#"{"name":"my-server","version":"1.2.3"}"#, Package::Other),
            (r#"{"type":"module"}"#, Package::Unknown),
            ("{", Package::Unknown),
            ("[]", Package::Unknown),
        ] {
            assert_eq!(read(text.as_bytes()), package, "{text}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_package_is_found_behind_the_link_below_the_root_unless_it_is_younger() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let package = root.join("usr/lib/node_modules/openclaw");
        std::fs::create_dir_all(package.join("dist/cli")).unwrap();
        std::fs::create_dir_all(root.join("usr/bin")).unwrap();
        std::fs::write(package.join("package.json"), r#"{"name":"openclaw","version":"2026.4.29"}"#).unwrap();
        std::fs::write(package.join("dist/package.json"), r#"{"type":"module"}"#).unwrap();
        std::fs::write(package.join("dist/index.js"), "").unwrap();
        std::fs::write(package.join("openclaw.mjs"), "").unwrap();
        std::os::unix::fs::symlink(
            "../lib/node_modules/openclaw/openclaw.mjs",
            root.join("usr/bin/openclaw"),
        )
        .unwrap();
        let later = Some(i128::MAX);
        // What the kernel calls real is real from our root, so this only holds where both roots are one: see below.
        for script in ["usr/lib/node_modules/openclaw/dist/index.js", "usr/bin/openclaw"] {
            let path = root.join(script);
            let found = above(Path::new("/"), &path, later);
            assert_eq!(found, Package::OpenClaw(Version::read("2026.4.29")), "{script}");
            assert_eq!(above(Path::new("/"), &path, Some(0)), Package::OpenClaw(None));
            assert_eq!(above(Path::new("/"), &path, None), Package::OpenClaw(None));
        }
        assert_eq!(above(Path::new("/"), &root.join("none"), later), Package::Unknown);
    }
}
