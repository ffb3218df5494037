//! A disk that may only be read.

use crate::{
    home::{Found, Home},
    rig::{Mount, is_root},
};

#[test]
fn i6_a_disk_that_is_mounted_read_only_is_told_and_can_be_looked_at() {
    // Without our folder, and with all that an earlier sweep leaves.
    for was_swept in [false, true] {
        let Some(mount) = is_root().then(|| Mount::new("size=1m")).flatten() else { return };
        let home = Home::new(&mount.path(), 10);
        let rights = home.rights();
        if was_swept {
            assert_eq!((home.sweep().code, home.look(&rights)), (Some(0), Ok(Found::New)));
            home.fill();
        }
        mount.become_("ro");
        let ran = home.sweep();
        ran.must_refuse(&home, "read-only file system", "the file system is mounted read-only");
        assert_eq!(home.look(&rights), Ok(Found::Old));
        assert_eq!(home.ours().exists(), was_swept);
        for look in [&["prune", "--dry-run"][..], &["plan"], &["stats"], &["list"]] {
            let ran = home.run(look);
            assert_eq!(ran.code, Some(0), "{look:?}: {ran:?}");
        }
        mount.become_("rw");
        let ran = home.sweep();
        assert_eq!((ran.code, home.look(&rights)), (Some(0), Ok(Found::New)), "{ran:?}");
    }
}
