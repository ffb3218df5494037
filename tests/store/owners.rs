//! Owners, groups, ACLs and attributes, on the machine's own disk and with the real binary.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

const NOW: &str = "2026-11-21T08:00:00Z";
const OLD: &str = r#"{
  "agent:main:cron:a:run:0f6a2b1c-1111-4222-8333-444455556666": {
    "updatedAt": 1700000000000
  },
  "agent:main:main": {
    "updatedAt": 1700000000000
  }
}"#;
const NEW: &str = r#"{
  "agent:main:main": {
    "updatedAt": 1700000000000
  }
}"#;

/// A user who owns a store, and one who does not. Neither needs to have a name.
const OWNER: u32 = 1000;
const STRANGER: u32 = 65_534;

/// Why a part cannot run, on the terminal; a failure where it must run.
fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI must run this: {why}");
    eprintln!("SKIPPED: {why}");
}

/// Whether we are root; says so when not.
fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skip("only root makes files of other users");
    }
    root
}

/// Runs a tool; `None` where it is missing or the file system does not have what it sets.
fn tool(program: &str, args: &[&str], path: &Path) -> Option<String> {
    let output = match Command::new(program).args(args).arg(path).output() {
        Ok(output) => output,
        Err(error) => {
            skip(&format!("{program}: {error}; tests/setup.sh installs it"));
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("not supported") {
        skip(&format!("{program}: {said}"));
        return None;
    }
    assert!(output.status.success(), "{program} {args:?}: {said}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A folder that others may enter, with a store and a copy of the binary that others may run.
struct Home {
    dir: TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap() };
        mode(home.dir.path(), 0o755);
        fs::create_dir(home.folder()).unwrap();
        home.write(OLD);
        home
    }

    /// The same, belonging to somebody.
    fn of(uid: u32, gid: u32, folder_mode: u32, store_mode: u32) -> Self {
        let home = Self::new();
        chown(home.folder(), Some(uid), Some(gid)).unwrap();
        chown(home.store(), Some(uid), Some(gid)).unwrap();
        mode(&home.folder(), folder_mode);
        mode(&home.store(), store_mode);
        home
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("sessions")
    }

    fn store(&self) -> PathBuf {
        self.folder().join("sessions.json")
    }

    fn ours(&self) -> PathBuf {
        self.folder().join(".session-reaper")
    }

    /// Writes into the file that is there, as its owner could.
    fn write(&self, text: &str) {
        fs::write(self.store(), text).unwrap();
    }

    fn text(&self) -> String {
        fs::read_to_string(self.store()).unwrap()
    }

    /// A sweep as we are.
    fn sweep(&self) {
        let output = self.run(&[env!("CARGO_BIN_EXE_session-reaper")]);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(self.text(), NEW);
    }

    /// A sweep as somebody else.
    fn sweep_as(&self, uid: u32, gid: u32) -> Output {
        let binary = self.dir.path().join("session-reaper");
        if !binary.exists() {
            // Not by our own hands: a test that forks meanwhile would hold the copy open for writing, and it could not run.
            let program = env!("CARGO_BIN_EXE_session-reaper");
            assert!(Command::new("cp").arg(program).arg(&binary).status().unwrap().success());
            mode(&binary, 0o755);
        }
        let (user, group) = (format!("--reuid={uid}"), format!("--regid={gid}"));
        self.run(&["setpriv", &user, &group, "--clear-groups", "--", binary.to_str().unwrap()])
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(words[0]);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", "/nonexistent");
        command.current_dir(self.dir.path()).stdin(Stdio::null()).args(&words[1..]);
        command.args(["--now", NOW, "prune", "--yes"]).arg(self.store()).output().unwrap()
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Who may do what with a file, in numbers.
fn rights(path: &Path) -> (u32, u32, u32) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
}

fn acl(path: &Path) -> Option<String> {
    tool("getfacl", &["--omit-header", "--numeric", "--absolute-names"], path)
}

#[test]
fn i2_an_acl_stays_whatever_the_folder_gives_to_new_files() {
    for (of_the_store, of_the_folder) in [(true, false), (false, true), (true, true)] {
        let home = Home::new();
        mode(&home.store(), 0o640);
        if of_the_folder {
            let set = ["--default", "--modify", "user:4321:rwx,group:77:rwx,mask::rwx"];
            if tool("setfacl", &set, &home.folder()).is_none() {
                return;
            }
        }
        if of_the_store && tool("setfacl", &["--modify", "user:1234:rw-"], &home.store()).is_none() {
            return;
        }
        let (before, inode) = (acl(&home.store()).unwrap(), fs::metadata(home.store()).unwrap().ino());
        assert_eq!(before.contains("user:1234:rw-"), of_the_store, "{before}");
        home.sweep();
        assert_ne!(fs::metadata(home.store()).unwrap().ino(), inode);
        let after = acl(&home.store()).unwrap();
        assert_eq!(after, before, "of the store {of_the_store}, of the folder {of_the_folder}");
        assert!(!after.contains("4321"), "{after}");
        for entry in fs::read_dir(home.ours()).unwrap() {
            let path = entry.unwrap().path();
            let open = acl(&path).unwrap().lines().any(|line| {
                let effective = line.split("#effective:").nth(1).unwrap_or_default();
                line.starts_with("user:4321:") && !effective.trim().is_empty() && effective.trim() != "---"
            });
            assert!(!open, "{} is open to 4321: {:?}", path.display(), acl(&path));
        }
    }
}

#[test]
fn i2_extended_attributes_stay() {
    let home = Home::new();
    let root = rustix::process::geteuid().is_root();
    let names = if root { &["user.note", "trusted.note"][..] } else { &["user.note"][..] };
    for name in names {
        if tool("setfattr", &["--name", name, "--value", "kept \u{e9}"], &home.store()).is_none() {
            return;
        }
    }
    let attributes = || tool("getfattr", &["--dump", "--match=-", "--absolute-names"], &home.store());
    let before = attributes().unwrap();
    assert!(names.iter().all(|name| before.contains(name)), "{before}");
    home.sweep();
    assert_eq!(attributes().unwrap(), before);
}

#[test]
fn i2_a_setgid_folder_gives_its_group_to_nothing() {
    if !is_root() {
        return;
    }
    let home = Home::of(OWNER, 12, 0o2775, 0o660);
    chown(home.store(), Some(OWNER), Some(34)).unwrap();
    let before = rights(&home.store());
    home.sweep();
    assert_eq!((rights(&home.store()), before), (before, (OWNER, 34, 0o660)));
    assert_eq!(rights(&home.folder()), (OWNER, 12, 0o2775));
    assert_eq!(rights(&home.ours()), (OWNER, 34, 0o700));
}

#[test]
fn i2_a_store_that_root_sweeps_stays_its_owners_who_can_sweep_it_next() {
    if !is_root() {
        return;
    }
    for store_mode in [0o600, 0o640, 0o664] {
        let home = Home::of(OWNER, OWNER, 0o750, store_mode);
        home.sweep();
        for round in 0..3 {
            assert_eq!(rights(&home.store()), (OWNER, OWNER, store_mode), "round {round}");
            for path in
                fs::read_dir(home.ours()).unwrap().map(|entry| entry.unwrap().path()).chain([home.ours()])
            {
                let (uid, gid, mode) = rights(&path);
                assert_eq!((uid, gid, mode & 0o077), (OWNER, OWNER, 0), "{}", path.display());
            }
            home.write(OLD);
            // The owner, then root again, then the owner.
            if round % 2 == 0 {
                let output = home.sweep_as(OWNER, OWNER);
                assert!(output.status.success(), "round {round}: {}", said(&output));
                assert_eq!(home.text(), NEW);
            } else {
                home.sweep();
            }
        }
    }
}

/// A store that a stranger may write, in a folder that he may write, but whose owner he cannot keep.
fn shared() -> Home {
    Home::of(OWNER, STRANGER, 0o770, 0o660)
}

#[test]
fn i2_i6_who_cannot_keep_the_owner_is_refused_and_changes_nothing() {
    if !is_root() {
        return;
    }
    let home = shared();
    let look = || (rights(&home.store()), fs::metadata(home.store()).unwrap().ino(), home.text());
    let before = look();
    let output = home.sweep_as(STRANGER, STRANGER);
    let message = said(&output);
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(message.contains("owner") && message.contains("nothing was removed"), "{message}");
    assert!(message.contains("sessions.json"), "{message}");
    assert_eq!(look(), before);
    let left = fs::read_dir(home.ours()).map_or(0, |names| {
        names.filter(|name| name.as_ref().unwrap().path().extension().is_some_and(|end| end == "tmp")).count()
    });
    assert_eq!(left, 0, "survivors are left");
}

#[test]
fn a_refused_strangers_sweep_does_not_keep_the_owner_from_sweeping() {
    if !is_root() {
        return;
    }
    let home = shared();
    assert_eq!(home.sweep_as(STRANGER, STRANGER).status.code(), Some(4));
    let output = home.sweep_as(OWNER, STRANGER);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!((home.text().as_str(), rights(&home.store())), (NEW, (OWNER, STRANGER, 0o660)));
}

#[test]
fn a_folder_that_a_killed_sweep_of_root_left_to_root_is_given_to_the_owner() {
    if !is_root() {
        return;
    }
    let home = Home::of(OWNER, OWNER, 0o750, 0o600);
    fs::create_dir(home.ours()).unwrap();
    chown(home.ours(), Some(0), Some(0)).unwrap();
    home.sweep();
    assert_eq!(rights(&home.ours()), (OWNER, OWNER, 0o700));
    home.write(OLD);
    let output = home.sweep_as(OWNER, OWNER);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn i10_a_folder_of_a_strangers_is_refused_and_not_given_away() {
    if !is_root() {
        return;
    }
    let home = Home::of(OWNER, OWNER, 0o750, 0o600);
    fs::create_dir(home.ours()).unwrap();
    chown(home.ours(), Some(STRANGER), Some(STRANGER)).unwrap();
    let before = rights(&home.ours());
    let output = home.run(&[env!("CARGO_BIN_EXE_session-reaper")]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!((rights(&home.ours()), home.text().as_str()), (before, OLD));
}
