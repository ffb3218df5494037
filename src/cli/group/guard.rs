//! What `group remove` never takes: a folder that the configuration has swept, or one that such a folder is in. An empty
//! variable at the end of a path names just that.

use std::path::{Path, PathBuf};

use session_reaper::{
    Error, ErrorKind,
    artifact::{Target, workspaces::Shape},
    fs,
};

/// The refusal of a group of which a member is one of these folders, or around one.
pub(super) fn refusal(path: &Path, shape: &Shape, folders: &[Target]) -> Option<Error> {
    // Its slashes are part of no name.
    let main: PathBuf = path.components().collect();
    let suffixes = shape.siblings().iter().map(String::as_str).chain([""]);
    let members: Vec<PathBuf> = suffixes.map(|suffix| with(&main, suffix)).collect();
    let hit = folders.iter().find(|folder| members.iter().any(|member| is_around(member, folder.path())))?;
    let (kind, folder) = (hit.kind().name(), hit.path().display());
    let why = format!("{folder} is in there or is that folder, where {kind} are swept");
    let error = Error::new(ErrorKind::Config, "remove the group of", path, why);
    Some(error.with_hint("name the main folder of one job; a variable without a value, perhaps"))
}

fn with(main: &Path, suffix: &str) -> PathBuf {
    let mut name = main.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// By its name, and by what it is, whatever it is called. A link is removed and nothing behind it.
fn is_around(member: &Path, folder: &Path) -> bool {
    let number = |path: &Path| fs::stat(path).map(|stat| (stat.dev, stat.ino));
    let itself = number(member).filter(|_| fs::is_folder_itself(member));
    let real = fs::real_path(folder).ok().flatten();
    let mut around = folder.ancestors().chain(real.iter().flat_map(|real| real.ancestors()));
    folder.starts_with(member) || itself.is_some_and(|itself| around.any(|path| number(path) == Some(itself)))
}
