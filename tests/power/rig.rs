//! What the rig needs of the machine: root, a namespace of its own, mounts that end, and no loop device left behind.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::mount::{UnmountFlags, unmount};

/// Names the folder of a test that runs in its namespace.
const INSIDE: &str = "SESSION_REAPER_POWER_INSIDE";

/// Why the rig cannot run, on the terminal; a failure where it must run.
pub(crate) fn skip(why: &str) {
    assert!(env::var_os("CI").is_none(), "CI must run this: {why}");
    eprintln!("SKIPPED: {why}");
}

/// Runs a program to its end; what it said, as an error where it failed.
pub(crate) fn run<S: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = S>) -> Result<(), String> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}; tests/setup.sh installs it"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program}: {}, {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}

/// The words before a command that put it into namespaces of its own, which end when the test does.
const JAIL: [&str; 9] = [
    "setpriv",
    "--pdeathsig",
    "KILL",
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child=KILL",
    "--mount-proc",
];

fn jail(program: &OsStr) -> Command {
    let mut command = Command::new(JAIL[0]);
    command.args(&JAIL[1..]).arg(program).stdin(Stdio::null());
    command
}

/// What keeps the rig from running here; `None` when nothing does.
fn missing(dir: &Path) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root mounts disks".to_owned());
    }
    let devices = ["/dev/fuse", "/dev/loop-control"];
    if let Some(device) = devices.iter().find(|device| !Path::new(device).exists()) {
        return Some(format!("there is no {device}"));
    }
    let programs = [["mkfs.ext4", "-V"], ["strace", "-V"], ["cp", "--version"], ["mount", "--version"]];
    if let Some(error) = programs.iter().find_map(|[program, arg]| run(program, [arg]).err()) {
        return Some(error);
    }
    let mut probe = jail("mount".as_ref());
    let output = probe.args(["-t", "tmpfs", "none"]).arg(dir).output();
    match output {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!("no namespace to mount in: {}", String::from_utf8_lossy(&output.stderr))),
        Err(error) => Some(format!("setpriv of util-linux: {error}")),
    }
}

/// Runs the body of the test of this name in namespaces of its own, as this very program started again.
pub(crate) fn inside(name: &str, body: fn(&Path)) {
    if let Some(dir) = env::var_os(INSIDE) {
        return in_namespace(Path::new(&dir), body);
    }
    let dir = tempfile::Builder::new().prefix("power-").tempdir().unwrap();
    if let Some(why) = missing(dir.path()) {
        return skip(&why);
    }
    let mut command = jail(env::current_exe().unwrap().as_os_str());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(INSIDE, dir.path());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    eprint!("{said}");
    assert!(
        output.status.success(),
        "{name}: {}, {}",
        output.status,
        String::from_utf8_lossy(&output.stdout)
    );
    let passed = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    assert!(passed, "{name}: there is no test of this name");
    no_loop_device_is_left(dir.path());
}

fn in_namespace(dir: &Path, body: fn(&Path)) {
    let ram = dir.join("ram");
    fs::create_dir(&ram).unwrap();
    let mounted = Mounted::new("tmpfs", "", "none".as_ref(), &ram).unwrap();
    body(dir);
    no_loop_device_is_left(dir);
    drop(mounted);
}

/// The name that all files below loop devices of one test bear.
pub(crate) fn token(dir: &Path) -> String {
    dir.file_name().unwrap().to_string_lossy().into_owned()
}

fn no_loop_device_is_left(dir: &Path) {
    let begin = Instant::now();
    loop {
        let left = loops(&token(dir));
        if left.is_empty() {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "loop devices are left: {left:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Loop devices over files whose names bear this word.
fn loops(token: &str) -> Vec<String> {
    let devices = fs::read_dir("/sys/block").unwrap().map(|entry| entry.unwrap().path());
    let files = devices.filter_map(|device| fs::read_to_string(device.join("loop/backing_file")).ok());
    files.filter(|file| file.contains(token)).collect()
}

/// A mount that ends with us.
#[derive(Debug)]
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    /// By mount(8), which makes a loop device for a file and frees it with the mount.
    pub(crate) fn new(kind: &str, options: &str, source: &Path, at: &Path) -> Result<Self, String> {
        let mut args: Vec<&OsStr> = vec!["-t".as_ref(), kind.as_ref()];
        if !options.is_empty() {
            args.extend([OsStr::new("-o"), options.as_ref()]);
        }
        args.extend([source.as_os_str(), at.as_os_str()]);
        run("mount", args).map(|()| Self(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        for _ in 0..100 {
            if unmount(&self.0, UnmountFlags::empty()).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        unmount(&self.0, UnmountFlags::DETACH).ok();
    }
}

/// Where the kernel says which boot this is.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// As after a restart of the machine: another boot, for as long as what comes back is kept.
pub(crate) fn reboot(dir: &Path) -> Mounted {
    let file = dir.join("ram/boot_id");
    fs::write(&file, "00000000-1111-4222-8333-444444444444\n").unwrap();
    let mounted = Mounted::new("none", "bind", &file, BOOT.as_ref()).unwrap();
    assert_eq!(fs::read(BOOT).unwrap(), fs::read(&file).unwrap());
    mounted
}
