//! Locks of other users and of other process namespaces, looked at by a process of its own: the test binary runs itself.

use std::{
    fs::{self, Permissions},
    io::{Read, Write},
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use session_reaper::{
    fs::RealDisk,
    lock::{Attempt, Kind, Verdict},
    process::life,
};

use crate::{
    contend::{DAY, NOBODYS, me, sidecar, text},
    contender::owner,
    odd::{Place, time},
    strace::skip,
};

/// The folder that the visitor is to visit.
const FOLDER: &str = "SESSION_REAPER_VISIT";
/// A process number that it is to look up.
const NUMBER: &str = "SESSION_REAPER_LOOK_UP";
const NOBODY: u32 = 65_534;

#[test]
#[ignore = "a process that the tests here start, no test"]
fn visitor() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let number = std::env::var(NUMBER).unwrap().parse().unwrap();
    let attempt = sidecar(RealDisk, Path::new(&folder), Kind::Store, owner()).attempt(None);
    let how = match &attempt {
        Ok(Attempt::Taken(_, verdict)) => verdict.name().to_owned(),
        Ok(Attempt::Held(_)) => "held".to_owned(),
        other => format!("{other:?}"),
    };
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\nvisitor: {how}, {number} is {:?};\n", life(number)).as_bytes()).unwrap();
    // Whoever has the lock keeps it until it is told to go.
    let _ = std::io::stdin().read(&mut [0]);
}

/// A visitor in a world of its own, made by `program`.
struct Visitor {
    child: Child,
    out: ChildStdout,
    said: String,
}

impl Visitor {
    /// `None` when there is no such world to be had.
    fn start(program: &[&str], folder: &Path, number: u32) -> Option<Self> {
        let (first, rest) = program.split_first().unwrap();
        let mut command = Command::new(first);
        command.args(rest).arg(std::env::current_exe().unwrap());
        command.args(["worlds::visitor", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(FOLDER, folder).env(NUMBER, number.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().ok()?;
        let mut said = String::new();
        let mut out = child.stdout.take().unwrap();
        let mut byte = [0];
        while !said.contains(';') && out.read(&mut byte).unwrap() > 0 {
            said.push(char::from(byte[0]));
        }
        Some(Self { child, out, said })
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        self.out.read_to_end(&mut Vec::new()).unwrap();
        self.child.wait().unwrap();
    }
}

/// What puts a program into a process namespace of its own; others than root need one of users around it.
const NAMESPACES: [&[&str]; 2] = [
    &["unshare", "--pid", "--fork", "--mount-proc"],
    &["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"],
];

/// The way to a process namespace that is permitted here.
fn namespace() -> Option<&'static [&'static str]> {
    let may = |program: &&[&str]| {
        Command::new(program[0])
            .args(&program[1..])
            .arg("true")
            .output()
            .is_ok_and(|made| made.status.success())
    };
    let way = NAMESPACES.into_iter().find(may);
    if way.is_none() {
        skip("unshare --pid is not there, or not permitted");
    }
    way
}

#[test]
fn i7_a_live_lock_from_inside_a_namespace_is_not_taken_outside() {
    let Some(namespace) = namespace() else { return };
    let place = Place::new();
    let visitor = Visitor::start(namespace, place.folder(), 1).unwrap();
    assert!(visitor.said.contains("visitor: held"), "{}", visitor.said);
    place.must_stay(Verdict::Unknown);
    // Its number as it is inside, but for a number that is nobody's out here: still nothing is known.
    let lock = fs::read_to_string(place.lock()).unwrap();
    let pid = session_reaper::lock::Note::read(lock.as_bytes()).unwrap().pid.unwrap();
    place.write(lock.replace(&format!("\"pid\": {pid},"), &format!("\"pid\": {NOBODYS},")).as_bytes(), 0);
    place.must_stay(Verdict::Unknown);
    visitor.end();
}

#[test]
fn i7_a_live_lock_from_outside_a_namespace_is_not_taken_inside_where_its_number_is_nobodys() {
    let Some(namespace) = namespace() else { return };
    let place = Place::new();
    place.write(&text(me().pid, me().start.unwrap(), time(0), DAY), 0);
    let before = place.seen();
    let visitor = Visitor::start(namespace, place.folder(), me().pid).unwrap();
    let said = visitor.said.clone();
    visitor.end();
    assert!(said.contains("visitor: unknown") && said.contains("is Gone"), "{said}");
    assert_eq!(place.seen(), before);
    place.must_stay(Verdict::Alive);
}

/// The rig itself: inside one namespace a number that is nobody's is believed.
#[test]
fn a_visitor_of_our_own_world_takes_what_is_dead() {
    let place = Place::new();
    place.write(&text(NOBODYS, 1, time(0), DAY), 0);
    let visitor = Visitor::start(&["env"], place.folder(), NOBODYS).unwrap();
    let said = visitor.said.clone();
    visitor.end();
    assert!(said.contains("visitor: held") && said.contains("is Gone"), "{said}");
}

#[test]
fn i7_a_lock_that_another_user_may_not_read_stays_however_old_it_is() {
    if !rustix::process::geteuid().is_root() {
        return skip("only root can become another user; `odd` has the same test for who is none");
    }
    let place = Place::new();
    place.write(b"{}", 3_600);
    fs::set_permissions(place.lock(), Permissions::from_mode(0o000)).unwrap();
    chown(place.folder(), Some(NOBODY), Some(NOBODY)).unwrap();
    let before = place.seen();
    let program = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    let visitor = Visitor::start(&program, place.folder(), 1).unwrap();
    let said = visitor.said.clone();
    visitor.end();
    assert!(said.contains("visitor: unknown"), "{said}");
    assert_eq!(place.seen(), before);
}
