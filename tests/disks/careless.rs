//! Sweeps as careless programs make them. The looks of this rig must see what they do.

use std::{fs, path::Path};

use crate::{
    home::{Found, Home, mode},
    rig::{Mount, is_root},
};

/// Writes the survivors over the store.
fn in_place(home: &Home) -> std::io::Result<()> {
    fs::write(home.store(), home.new_text())
}

/// Writes them beside, and gives that file the store's name.
fn by_rename(home: &Home) -> std::io::Result<()> {
    let temp = home.folder().join("sessions.json.tmp");
    fs::write(&temp, home.new_text())?;
    fs::rename(&temp, home.store())
}

fn seen(
    root: &Path,
    pad: usize,
    sweep: fn(&Home) -> std::io::Result<()>,
    before: impl FnOnce(&Home),
) -> String {
    let home = Home::new(root, pad);
    let rights = home.rights();
    assert_eq!(home.look(&rights), Ok(Found::Old));
    before(&home);
    sweep(&home).ok();
    home.look(&rights).expect_err("a careless sweep was not seen")
}

#[test]
fn careless_sweeps_are_seen() {
    if !is_root() {
        return;
    }
    let Some(full) = Mount::new("size=1m") else { return };
    // The file is emptied, its room goes to somebody else, and there is none for the survivors.
    let torn = seen(&full.path(), 50_000, in_place, |home| {
        fs::File::options().write(true).truncate(true).open(home.store()).unwrap();
        fs::write(full.path().join("filler"), vec![0; 700_000]).unwrap();
    });
    assert!(torn.starts_with("torn: "), "{torn}");
    let Some(full) = Mount::new("size=1m") else { return };
    let left = seen(&full.path(), 50_000, by_rename, |_| {});
    assert!(left.starts_with("left: "), "{left}");
    let dir = tempfile::tempdir().unwrap();
    mode(dir.path(), 0o755);
    let taken = seen(dir.path(), 10, by_rename, |_| {});
    assert!(taken.starts_with("was (1000, "), "{taken}");
    eprintln!("3 careless sweeps, 3 seen");
}
