//! What is odd about a job keeps its folder, and never its token; and what a look tells is true.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
};

use fs4::FileExt;
use session_reaper::{
    Age, Timestamp,
    artifact::{
        Action, Options,
        workspaces::{Settings, Shape, inspect, sweep},
    },
    model::Outcome,
    policy::Detail,
};

use crate::{
    jobs::{age, job, now, options, said, settings, swept, world},
    world::World,
};

/// What a repository may have at its top level under the name of a mark.
fn odd_marks(world: &World) -> [&'static str; 4] {
    let names = ["job-empty", "job-folder", "job-link", "job-text"];
    for name in names {
        job(world, name, 8_760);
    }
    world.write("jobs/job-empty/.owner", "");
    fs::create_dir(world.path("jobs/job-folder/.owner")).unwrap();
    symlink("nowhere", world.path("jobs/job-link/.owner")).unwrap();
    world.write("jobs/job-text/.owner", "* @the-team\n");
    for name in names.iter().filter(|name| **name != "job-link") {
        age(&world.path(&format!("jobs/{name}")), 8_760);
    }
    names
}

#[test]
fn a_token_goes_though_its_clone_has_something_that_is_called_as_a_mark_is() {
    let world = world();
    let names = odd_marks(&world);
    let report = swept(&world);
    assert_eq!(said(&report), names.map(|name| (name, "secret-ttl")));
    let report = swept(&world);
    assert_eq!(said(&report), names.map(|name| (name, "unclear")));
    // Unknown means keep; somebody should look at it.
    assert_eq!((report.skipped, report.outcome), (4, Outcome::Nothing));
    for name in names {
        assert!(world.path(&format!("jobs/{name}/src/deep/main.rs")).exists(), "{name}");
        assert!(!world.path(&format!("jobs/{name}.cred.sh")).exists(), "{name}");
    }
}

#[test]
fn i1_who_is_certainly_alive_keeps_his_token_beside_a_clone_with_an_odd_mark() {
    let world = world();
    let names = odd_marks(&world);
    let held: Vec<File> =
        names.map(|name| File::create(world.path(&format!("jobs/{name}.owner"))).unwrap()).into();
    for mark in &held {
        FileExt::lock(mark).unwrap();
    }
    assert_eq!(said(&swept(&world)), names.map(|name| (name, "owned")));
    assert!(names.iter().all(|name| world.path(&format!("jobs/{name}.cred.sh")).exists()));
    drop(held);
    // Who left a mark that says nothing may need his token for as long as a group is kept, and no longer.
    for name in names {
        age(&world.path(&format!("jobs/{name}.owner")), 8_760);
        age(&world.path(&format!("jobs/{name}.cred.sh")), 23);
    }
    assert_eq!(said(&swept(&world)), names.map(|name| (name, "unclear")));
    for name in names {
        age(&world.path(&format!("jobs/{name}.cred.sh")), 25);
    }
    assert_eq!(said(&swept(&world)), names.map(|name| (name, "secret-ttl")));
}

/// A job may write what it likes beside its folder as well.
#[test]
fn no_mark_beside_a_folder_pins_its_token_either() {
    let world = world();
    for name in ["job-folder", "job-link", "job-results"] {
        job(&world, name, 25);
    }
    fs::create_dir(world.path("jobs/job-folder.owner")).unwrap();
    symlink("nowhere", world.path("jobs/job-link.owner")).unwrap();
    age(&world.write("jobs/job-results.owner", ""), 25);
    fs::remove_dir_all(world.path("jobs/job-results-artifacts")).unwrap();
    symlink("nowhere", world.path("jobs/job-results-artifacts")).unwrap();
    let all = |why| [("job-folder", why), ("job-link", why), ("job-results", why)];
    assert_eq!(said(&swept(&world)), all("secret-ttl"));
    let kept = [("job-folder", "strange"), ("job-link", "strange"), ("job-results", "dangling-link")];
    assert_eq!(said(&swept(&world)), kept);
}

/// A sweep's time is taken when it begins, and jobs go on.
#[test]
fn what_is_written_while_a_sweep_goes_on_is_young_and_not_from_the_future() {
    let world = world();
    let begun = Timestamp::from_millis(now().as_millis() - 60_000);
    job(&world, "job-a", 0);
    let report = sweep(&world.path("jobs"), &settings(), begun, &options());
    assert_eq!(said(&report), [("job-a", "young")]);
    assert_eq!((report.retained, report.skipped, &report.items[0].action), (1, 0, &Action::Retain));
    assert_eq!(report.items[0].age_ms, Some(0));
    age(&world.path("jobs/job-a/src/deep/main.rs"), -1);
    let report = sweep(&world.path("jobs"), &settings(), begun, &options());
    assert_eq!((said(&report), report.skipped), (vec![("job-a", "future")], 1));
}

/// A sweep may stop at what is young enough; who asks for figures gets those of all of it.
#[test]
fn i9_what_a_look_says_of_a_job_that_stays_is_true_of_all_of_it() {
    let world = world();
    job(&world, "job-a", 5);
    age(&world.path("jobs/job-a/src/deep/main.rs"), 1);
    job(&world, "job-b", 5);
    let mark = File::create(world.path("jobs/job-b.owner")).unwrap();
    FileExt::lock(&mark).unwrap();
    age(&world.path("jobs/job-b.owner"), 2);
    let at = now();
    let dry = Options { dry_run: true, ..options() };
    for report in [
        inspect(&world.path("jobs"), &settings(), at),
        sweep(&world.path("jobs"), &settings(), at, &dry),
        sweep(&world.path("jobs"), &settings(), at, &options()),
    ] {
        assert_eq!(said(&report), [("job-a", "young"), ("job-b", "owned")]);
        for (item, hours) in report.items.iter().zip([1, 2]) {
            let age = item.age_ms.unwrap();
            assert!((age - hours * 3_600_000).abs() < 60_000, "{item:?}");
            assert_eq!((item.bytes, item.newest.map(|newest| at.millis_since(newest))), (19, Some(age)));
        }
        let due = report.items[0].newest.unwrap().plus(Age::from_hours(24));
        assert_eq!((report.items[0].expires_at, report.items[1].expires_at), (Some(due), None));
    }
    assert!(
        sweep(&world.path("jobs"), &settings(), at, &Options { items: Some(Detail::Doomed), ..dry })
            .items
            .is_empty()
    );
}

/// A mark whose lock is free tells by what stands in it: its process, when that began, and which boot it was.
#[test]
fn i1_what_a_free_mark_says_of_its_process_is_believed() {
    use session_reaper::{
        fs::{Disk, Owner, RealDisk},
        lock::OwnerMark,
    };
    let world = world();
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let names = ["job-boot", "job-dead", "job-live", "job-reused"];
    for name in names {
        job(&world, name, 7);
        let folder = RealDisk.folder(&world.path("jobs")).unwrap();
        let mark = format!("{name}.owner");
        let taken = OwnerMark::take(&RealDisk, &folder, mark.as_ref(), Owner { uid, gid }).unwrap();
        // As it is for who has called another program: the process lives, and has no lock.
        drop(taken.unwrap());
    }
    let mark = |name: &str| world.path(&format!("jobs/{name}.owner"));
    let line: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(mark("job-live")).unwrap()).unwrap();
    let with = |name: &str, key: &str, value: serde_json::Value| {
        let mut line = line.clone();
        assert!(line.as_object_mut().unwrap().insert(key.to_owned(), value).is_some(), "{line}");
        fs::write(mark(name), format!("{line}\n")).unwrap();
    };
    with("job-dead", "pid", u32::MAX.into());
    with("job-boot", "bootId", "00000000-0000-4000-8000-000000000000".into());
    // The number was given to another process since.
    with("job-reused", "starttime", 1.into());
    for name in names {
        age(&mark(name), 7);
    }
    // Where a machine has no name that outlives its boots, an older boot may be another machine's.
    let boot = if line["machine"].is_null() { "young" } else { "secret-ttl" };
    let said_of =
        |boot, dead| [("job-boot", boot), ("job-dead", dead), ("job-live", "owned"), ("job-reused", dead)];
    assert_eq!(said(&swept(&world)), said_of(boot, "secret-ttl"));
    assert!(world.path("jobs/job-live.cred.sh").exists() && !world.path("jobs/job-dead.cred.sh").exists());
    for name in names {
        for end in ["", "-artifacts", ".owner"] {
            age(&world.path(&format!("jobs/{name}{end}")), 25);
        }
    }
    assert_eq!(said(&swept(&world)), said_of("ttl", "ttl"));
    assert_eq!(world.names("jobs").iter().filter(|name| !name.starts_with("job-live")).count(), 1);
}

/// A mark may turn out to be one that nobody can take only when the group is to go.
#[test]
fn a_mark_that_cannot_be_taken_keeps_the_folder_and_not_its_token() {
    use std::{os::unix::fs::PermissionsExt, process::Command};
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "CI must run this, as root");
        eprintln!("SKIPPED: only root makes files of other users");
        return;
    }
    let world = world();
    let dead = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap();
    let mark = format!(
        "{{\"pid\":{},\"starttime\":1,\"bootId\":{:?},\"namespace\":{:?},\"machine\":null}}\n",
        u32::MAX,
        dead.trim(),
        namespace.to_str().unwrap()
    );
    for name in ["job-beside", "job-inside"] {
        job(&world, name, 25);
    }
    let marks = ["jobs/job-beside.owner", "jobs/job-inside/.owner"].map(|name| world.write(name, &mark));
    for name in ["job-beside", "job-inside", "job-beside.owner"] {
        age(&world.path(&format!("jobs/{name}")), 25);
    }
    let config =
        format!("[workspaces]\nbase = {:?}\nnames = ['job-*']\n", world.path("jobs").to_str().unwrap());
    let config = world.write("config.toml", &config);
    let copy = world.path("session-reaper");
    fs::copy(env!("CARGO_BIN_EXE_session-reaper"), &copy).unwrap();
    fs::set_permissions(world.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    // All of it is the user's who sweeps, but for the marks, which he may read.
    assert!(Command::new("chown").args(["-R", "65534"]).arg(world.path("jobs")).status().unwrap().success());
    for mark in &marks {
        std::os::unix::fs::chown(mark, Some(0), None).unwrap();
        fs::set_permissions(mark, fs::Permissions::from_mode(0o444)).unwrap();
    }
    let why = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(&copy).env_clear();
        command.args(["--json", "prune", "--yes", "--show-kept", "--config"]).arg(&config);
        let json: serde_json::Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        [0, 1].map(|item: usize| json["targets"][0]["items"][item]["why"].as_str().unwrap().to_owned())
    };
    assert_eq!(why(), ["secret-ttl", "secret-ttl"]);
    assert_eq!(why(), ["unreadable", "unclear"]);
    assert!(world.path("jobs/job-beside/src").exists() && world.path("jobs/job-inside/src").exists());
    assert!(!world.names("jobs").iter().any(|name| name.ends_with(".cred.sh")));
}

/// Whoever sets a time to come keeps no token by it: what happened to it last did not happen then.
#[test]
fn a_token_from_the_future_goes_by_when_it_got_that_time() {
    let world = world();
    job(&world, "job-1", 0);
    age(&world.path("jobs/job-1.cred.sh"), -800_000);
    let at = |hours| {
        let report = sweep(&world.path("jobs"), &settings(), now().plus(Age::from_hours(hours)), &options());
        said(&report).iter().map(|(_, why)| *why).collect::<Vec<_>>()
    };
    assert_eq!((at(5), at(7), at(7)), (vec!["future"], vec!["secret-ttl"], vec!["young"]));
    assert!(world.path("jobs/job-1/src/deep/main.rs").exists());
}

#[test]
fn i1_what_is_called_as_a_secret_and_is_none_stays_when_another_one_goes() {
    let world = world();
    job(&world, "job-1", 7);
    world.write("jobs/job-1.creds/new", "from today");
    world.write("elsewhere", "kept");
    symlink(world.path("elsewhere"), world.path("jobs/job-1.link")).unwrap();
    let secrets = [".cred.sh", ".creds", ".link"].map(str::to_owned).to_vec();
    let shape = Shape::new(secrets, vec!["-artifacts".to_owned()]).unwrap();
    let settings = Settings { shape, ..settings() };
    let report = sweep(&world.path("jobs"), &settings, now(), &options());
    assert_eq!(said(&report), [("job-1", "secret-ttl")], "{report:?}");
    assert_eq!(
        world.names("jobs"),
        [".session-reaper", "job-1", "job-1-artifacts", "job-1.creds", "job-1.link"]
    );
    assert_eq!(world.names("jobs/job-1.creds"), ["new"]);
}
