//! What nobody may change, not even root: `chattr +i`.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use crate::{
    home::{Found, Home, mode},
    rig::{Immutable, is_root},
};

const CAUSE: &str = "operation not permitted";
const HINT: &str = "chattr -i";

fn kept(what: impl Fn(&Home) -> PathBuf) {
    for was_swept in [false, true] {
        let dir: TempDir = tempfile::tempdir().unwrap();
        mode(dir.path(), 0o755);
        let home = Home::new(dir.path(), 10);
        let rights = home.rights();
        if was_swept {
            assert_eq!((home.sweep().code, home.look(&rights)), (Some(0), Ok(Found::New)));
            home.fill();
        }
        let inode = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(home.store()).unwrap());
        let (before, path) = (inode(), what(&home));
        let Some(flag) = Immutable::new(&path) else { return };
        home.sweep().must_refuse(&home, CAUSE, HINT);
        assert_eq!((home.look(&rights), inode()), (Ok(Found::Old), before));
        drop(flag);
        let ran = home.sweep();
        assert_eq!((ran.code, home.look(&rights)), (Some(0), Ok(Found::New)), "{ran:?}");
    }
}

#[test]
fn i6_an_immutable_store_stays_as_it_is() {
    if is_root() {
        kept(Home::store);
    }
}

#[test]
fn i6_an_immutable_folder_keeps_its_store() {
    if is_root() {
        kept(Home::folder);
    }
}

#[test]
fn i6_our_own_folder_that_is_immutable_keeps_the_store() {
    if is_root() {
        kept(|home| {
            if !home.ours().exists() {
                fs::create_dir(home.ours()).unwrap();
                mode(&home.ours(), 0o700);
                std::os::unix::fs::chown(home.ours(), Some(crate::home::OWNER), Some(crate::home::OWNER))
                    .unwrap();
            }
            home.ours()
        });
    }
}
