//! A disk without room, or without inodes, at every point at which a sweep could meet that.

use std::{collections::BTreeMap, fs};

use crate::{
    home::{Found, Home},
    rig::{Mount, is_root},
};

const FULL: &str = "no space left on device";
const HINT: &str = "free some space";
/// Disks in memory give room by the page.
const PAGE: usize = 4096;

#[test]
fn i6_survivors_that_do_not_fit_leave_the_store_as_it_was() {
    let Some(mount) = is_root().then(|| Mount::new("size=1m")).flatten() else { return };
    let home = Home::new(&mount.path(), 50_000);
    assert!(fs::metadata(home.store()).unwrap().len() > 600_000 && home.new_text().len() > 500_000);
    let rights = home.rights();
    for round in 0..2 {
        let ran = home.sweep();
        ran.must_refuse(&home, FULL, HINT);
        assert!(ran.said.contains("cannot write the new text of "), "{ran:?}");
        assert_eq!(home.look(&rights), Ok(Found::Old), "round {round}");
    }
    mount.become_("size=4m");
    let ran = home.sweep();
    assert_eq!((ran.code, home.look(&rights)), (Some(0), Ok(Found::New)), "{ran:?}");
}

#[test]
fn i4_rows_that_do_not_fit_into_the_trash_stay_in_the_store() {
    let Some(mount) = is_root().then(|| Mount::new("size=1m")).flatten() else { return };
    // The survivors would fit: only what goes is too much.
    let home = Home::with_rows(&mount.path(), 50_000, (2, 10));
    assert!(home.new_text().len() < 110_000);
    let rights = home.rights();
    for round in 0..2 {
        let ran = home.sweep();
        ran.must_refuse(&home, FULL, HINT);
        // Both are written in one go, so that either may be named.
        let steps = ["cannot keep in the trash what goes of ", "cannot write the new text of "];
        assert!(steps.iter().any(|step| ran.said.contains(step)), "{ran:?}");
        assert_eq!((home.look(&rights), home.bundles()), (Ok(Found::Old), 0), "round {round}");
    }
    let ran = home.run(&["prune", "--yes", "--no-trash"]);
    assert_eq!((ran.code, home.look(&rights), home.bundles()), (Some(0), Ok(Found::New), 0), "{ran:?}");
    mount.become_("size=4m");
    home.fill();
    let ran = home.sweep();
    assert_eq!((ran.code, home.look(&rights), home.bundles()), (Some(0), Ok(Found::New), 1), "{ran:?}");
    let ran = home.run(&["undo", "--store"]);
    assert_eq!((ran.code, home.look(&rights)), (Some(0), Ok(Found::Old)), "{ran:?}");
}

/// Sweeps in a home where `room` is what is left of something; then with plenty. Tells at which step it ended.
fn sweep_with(home: &Home, more: impl FnOnce()) -> String {
    let rights = home.rights();
    let ran = home.sweep();
    let found = home.look(&rights);
    let step = if ran.code == Some(0) {
        assert_eq!(found, Ok(Found::New), "{ran:?}");
        "done".to_owned()
    } else {
        ran.must_refuse(home, FULL, HINT);
        assert_eq!(found, Ok(Found::Old), "{ran:?}");
        let step = ran.said.lines().find_map(|line| line.strip_prefix("error: cannot ")).unwrap();
        step.split(" /").next().unwrap().to_owned()
    };
    assert_eq!(home.bundles(), usize::from(ran.code == Some(0)), "{ran:?}");
    more();
    home.fill();
    let ran = home.sweep();
    assert_eq!((ran.code, home.look(&rights)), (Some(0), Ok(Found::New)), "{ran:?}");
    step
}

/// How often a sweep ended at which step. It must have been stopped at several, and come through in the end.
fn tell(what: &str, steps: &BTreeMap<String, u32>) {
    eprintln!("{what}: {} sweeps, which ended so: {steps:?}", steps.values().sum::<u32>());
    assert!(steps.contains_key("done") && steps.len() > 2, "the rig did not meet {what}: {steps:?}");
}

#[test]
fn i6_wherever_the_room_ends_the_store_is_whole() {
    if !is_root() {
        return;
    }
    let mut steps = BTreeMap::new();
    for pages in 0..16 {
        let Some(mount) = Mount::new("size=256k") else { return };
        let home = Home::new(&mount.path(), PAGE / 4);
        let free = rustix::fs::statvfs(mount.path()).unwrap().f_bavail;
        let room = usize::try_from(free).unwrap();
        let filler = mount.path().join("filler");
        fs::write(&filler, vec![0; (room - pages) * PAGE]).unwrap();
        let step = sweep_with(&home, || fs::remove_file(&filler).unwrap());
        *steps.entry(step).or_default() += 1;
    }
    tell("a disk without room", &steps);
}

#[test]
fn i6_wherever_the_inodes_end_the_store_is_whole() {
    if !is_root() {
        return;
    }
    let mut steps = BTreeMap::new();
    // The mount itself, the folder and the store have three.
    for inodes in 3..20 {
        let Some(mount) = Mount::new(&format!("size=1m,nr_inodes={inodes}")) else { return };
        let home = Home::new(&mount.path(), 10);
        let step = sweep_with(&home, || mount.become_("nr_inodes=99"));
        *steps.entry(step).or_default() += 1;
    }
    tell("a disk without inodes", &steps);
}
