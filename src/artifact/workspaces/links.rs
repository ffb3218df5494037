//! Links on the way to a path: whoever may put one there could lead us anywhere, so none is followed.

use std::path::{Path, PathBuf};

use crate::{
    fs,
    model::{Error, ErrorKind},
};

/// The refusal of `path`, where there is a link on the way to it: in the path of the folder `inside`, which is to be opened.
pub(super) fn link_on_the_way(step: &'static str, path: &Path, inside: &Path) -> Option<Error> {
    // A slash or a dot at its end would lead through a link, and none would be seen.
    let inside: &Path = &inside.components().collect::<PathBuf>();
    if !inside.ancestors().any(|path| fs::read_link(path).is_some()) {
        return None;
    }
    let rest = path.strip_prefix(inside).unwrap_or(Path::new(""));
    let hint = fs::real_path(inside).ok().flatten().map_or_else(
        || "and it leads nowhere; name the real path".to_owned(),
        |real| format!("name it by its real path: {}", real.join(rest).display()),
    );
    let error = Error::new(ErrorKind::Refused, step, path, "there is a link on the way to it");
    Some(error.with_hint(hint.trim_end_matches('/')))
}
