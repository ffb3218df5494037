//! What somebody mounted in a job's folder: another disk, or a folder from elsewhere.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::rig::{is_root, tool};

/// A folder that stands in another place as well, while this lives.
struct Bound(PathBuf);

impl Bound {
    fn new(folder: &Path, place: &Path) -> Option<Self> {
        tool("mount", &["--bind", folder.to_str().unwrap()], place)?;
        Some(Self(place.to_owned()))
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        Command::new("umount").arg(&self.0).status().ok();
    }
}

/// Removes a group; on request as on a kernel that cannot be asked to enter no mount.
fn remove(path: &Path, is_old: bool) -> Output {
    let program = env!("CARGO_BIN_EXE_session-reaper");
    let mut command = Command::new(if is_old { "strace" } else { program });
    if is_old {
        command.args(["-qq", "-o", "/dev/null", "-e", "inject=openat2:error=ENOSYS", "--", program]);
    }
    command.env_clear().env("PATH", "/usr/bin:/bin").args(["group", "remove"]).arg(path).output().unwrap()
}

#[test]
fn i10_what_is_mounted_in_a_group_stays_and_is_told() {
    if !is_root() {
        return;
    }
    // In the midst, as the main folder itself, and as another member: of the very same file system, too.
    let places = ["w/data/cache", "w", "w-artifacts"];
    let is_traced = tool("strace", &["-qq", "-o", "/dev/null", "--"], Path::new("/bin/true")).is_some();
    for (place, is_old) in places.into_iter().flat_map(|place| [(place, false), (place, true)]) {
        if is_old && !is_traced {
            continue;
        }
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        let (outside, base) = (root.join("outside"), root.join("base"));
        for folder in [&outside, &base.join("w/data/cache"), &base.join("w-artifacts")] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(outside.join("precious"), "kept").unwrap();
        fs::write(base.join("w.cred.sh"), "token").unwrap();
        let Some(bound) = Bound::new(&outside, &base.join(place)) else { return };
        let output = remove(&base.join("w"), is_old);
        let said = String::from_utf8_lossy(&output.stderr);
        let expected =
            format!("error: cannot remove {}: something is mounted there", base.join(place).display());
        assert!(output.status.code() == Some(3) && said.contains(&expected), "{place}: {output:?}");
        assert_eq!(fs::read_to_string(outside.join("precious")).unwrap(), "kept");
        assert!(!base.join("w.cred.sh").exists());
        drop(bound);
        assert_eq!(remove(&base.join("w"), is_old).status.code(), Some(0), "{place}");
        assert_eq!(fs::read_dir(&base).unwrap().count(), 0);
        assert_eq!(fs::read_to_string(outside.join("precious")).unwrap(), "kept");
    }
}

/// What stays keeps no other folder from going, however deep it lies.
#[test]
fn what_is_mounted_keeps_nothing_else_that_lies_deep() {
    if !is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(dir.path()).unwrap();
    let w = root.join("base/w");
    let deep: PathBuf = std::iter::repeat_n("d", 200).collect();
    for folder in [&root.join("outside"), &w.join("a"), &w.join(&deep), &w.join("z")] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(w.join(&deep).join("file"), "x").unwrap();
    for place in ["a", "z"] {
        let Some(bound) = Bound::new(&root.join("outside"), &w.join(place)) else { return };
        let output = remove(&w, false);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let names: Vec<_> = fs::read_dir(&w).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [place], "{place}");
        drop(bound);
        fs::create_dir_all(w.join(&deep)).unwrap();
        fs::create_dir_all(w.join("z")).unwrap();
    }
}
