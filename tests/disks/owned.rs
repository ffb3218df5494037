//! A store of a user's that root sweeps, with all that can be said about who may do what with it.

use std::os::unix::fs::chown;

use crate::{
    home::{Found, Home, OWNER, mode},
    rig::{is_root, tool},
};

/// The group of the folder, which its files would get.
const GROUP: u32 = 2000;

#[test]
fn i2_a_private_store_in_a_setgid_folder_with_acl_and_attributes_stays_its_owners() {
    if !is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    mode(dir.path(), 0o755);
    let home = Home::new(dir.path(), 10);
    chown(home.folder(), Some(OWNER), Some(GROUP)).unwrap();
    mode(&home.folder(), 0o2770);
    // An ACL whose mask leaves the store private: a mode that is copied without it would open it, or lose it.
    let acls = [
        ("setfacl", &["--modify", "user:1234:rw-,mask::---"][..], home.store()),
        ("setfacl", &["--default", "--modify", "user:4321:rwx"], home.folder()),
        ("setfattr", &["--name", "user.note", "--value", "kept \u{e9}"], home.store()),
    ];
    if acls.into_iter().any(|(program, args, path)| tool(program, args, &path).is_none()) {
        return;
    }
    let rights = home.rights();
    assert_eq!((rights.0, rights.1, rights.2), (OWNER, OWNER, 0o600));
    let names: Vec<&str> = rights.3.keys().map(String::as_str).collect();
    assert_eq!(names, ["system.posix_acl_access", "user.note"]);
    let mut sweeps = 0;
    for round in 0..3 {
        let ran = home.sweep();
        assert_eq!((ran.code, home.look(&rights)), (Some(0), Ok(Found::New)), "round {round}: {ran:?}");
        // What root took away the owner brings back.
        let ran = home.run_as_owner(&["undo", "--store"]);
        assert_eq!((ran.code, home.look(&rights)), (Some(0), Ok(Found::Old)), "round {round}: {ran:?}");
        let ran = home.sweep_as_owner();
        assert_eq!((ran.code, home.look(&rights)), (Some(0), Ok(Found::New)), "round {round}: {ran:?}");
        home.fill();
        sweeps += 2;
    }
    assert_eq!(home.bundles(), 3 * sweeps / 2);
    eprintln!("{sweeps} sweeps by root and by the owner in turn");
}
