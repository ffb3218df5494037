//! Files in use, by this process, by others, and by those who are dead.

use std::{
    fs,
    process::{Command, Stdio},
};

use session_reaper::artifact::media::{MediaRef, MediaStore, Options, Outcome};

use crate::world::{MAX_AGE, World, at, put};

const FOLDER: &str = "SESSION_REAPER_MEDIA";
const REFERENCE: &str = "SESSION_REAPER_REFERENCE";

#[test]
fn i1_what_is_in_use_outlives_its_age() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let lease = store.lease(media.reference).unwrap();
    assert_eq!(lease.reference(), media.reference);
    for store in [&store, &world.open()] {
        assert_eq!(store.clean_expired(at(100 * MAX_AGE)).count(Outcome::Leased), 1);
    }
    drop(lease);
    assert_eq!(world.open().clean_expired(at(100 * MAX_AGE)).count(Outcome::Removed), 1);
    assert!(!media.path.exists() && store.lease(media.reference).is_err());
}

#[test]
fn i1_what_is_in_use_when_it_is_released_goes_when_it_is_not() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let [one, two] = [store.lease(media.reference).unwrap(), world.open().lease(media.reference).unwrap()];
    assert_eq!(store.release(media.reference).unwrap().waiting, 1);
    assert!(media.path.exists() && store.resolve(media.reference, at(0)).is_err());
    drop(one);
    assert_eq!(store.clean_expired(at(0)).count(Outcome::Leased), 1);
    assert!(media.path.exists());
    drop(two);
    assert!(!media.path.exists());
}

#[test]
fn a_store_may_go_before_its_leases_and_handles() {
    let world = World::new();
    let store = world.open();
    let owned = store.store_owned(&world.media("a"), crate::world::delete(), "s", at(0)).unwrap();
    let lease = store.lease(owned.reference()).unwrap();
    let path = owned.path().to_owned();
    drop(store);
    drop(owned);
    assert!(path.exists());
    drop(lease);
    assert!(!path.exists());
}

#[test]
fn what_a_handle_could_not_do_when_it_was_dropped_is_done_later() {
    let world = World::new();
    let store = world.open();
    let owned = store.store_owned(&world.media("a"), crate::world::delete(), "s", at(0)).unwrap();
    let other = put(&store, &world.media("b"), "s");
    let lease = store.lease(other.reference).unwrap();
    let (path, away) = (owned.path().to_owned(), world.path("away"));
    fs::rename(world.ledger(), &away).unwrap();
    fs::create_dir(world.ledger()).unwrap();
    drop(owned);
    drop(lease);
    assert!(path.exists());
    fs::remove_dir(world.ledger()).unwrap();
    fs::rename(&away, world.ledger()).unwrap();
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).count(Outcome::Removed), 1);
    assert!(!path.exists() && !other.path.exists());
}

/// A daemon that reloads its configuration drops its store, and goes on living.
#[test]
fn what_could_not_be_done_before_the_store_was_dropped_is_done_by_the_next_one_in_this_process() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let lease = store.lease(media.reference).unwrap();
    let away = world.path("away");
    fs::rename(world.ledger(), &away).unwrap();
    fs::create_dir(world.ledger()).unwrap();
    drop(lease);
    drop(store);
    fs::remove_dir(world.ledger()).unwrap();
    fs::rename(&away, world.ledger()).unwrap();
    let next = world.open();
    assert_eq!(next.clean_expired(at(MAX_AGE + 1)).count(Outcome::Removed), 1);
    assert!(!media.path.exists());
}

#[test]
fn what_handles_owe_is_paid_when_the_last_of_them_is_dropped() {
    let world = World::new();
    let keeps = MediaStore::open(world.options().with_max_age("false").unwrap(), at(0)).unwrap();
    let owned = keeps.store_owned(&world.media("a"), crate::world::delete(), "s", at(0)).unwrap();
    let other = put(&keeps, &world.media("b"), "s");
    let (lease, path) = (keeps.lease(other.reference).unwrap(), owned.path().to_owned());
    let held = fs::File::open(world.path("media/.session-reaper/media.lock")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    drop(owned);
    drop(lease);
    assert!(path.exists());
    std::thread::scope(|scope| {
        scope.spawn(|| drop(keeps));
        std::thread::sleep(std::time::Duration::from_millis(300));
        drop(held);
    });
    assert!(!path.exists(), "nobody has it any more, and nobody knows");
    assert_eq!(world.open().clean_expired(at(MAX_AGE + 1)).count(Outcome::Removed), 1);
}

#[test]
#[ignore = "a process that the tests here start, no test"]
fn user() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let reference: MediaRef = std::env::var(REFERENCE).unwrap().parse().unwrap();
    let store = MediaStore::open(Options::new(folder).unwrap(), at(0)).unwrap();
    let _lease = store.lease(reference).unwrap();
    println!("in use;");
    let _ = std::io::Read::read(&mut std::io::stdin(), &mut [0]);
    // Killed, or ended without a word: no lease is given back.
    std::process::abort();
}

#[test]
fn i1_a_lease_of_another_process_counts_for_as_long_as_it_lives() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["leases::user", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, world.path("media"))
        .env(REFERENCE, media.reference.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut out, mut said) = (child.stdout.take().unwrap(), String::new());
    let mut byte = [0];
    while !said.contains("in use;") {
        assert_eq!(std::io::Read::read(&mut out, &mut byte).unwrap(), 1, "{said}");
        said.push(char::from(byte[0]));
    }
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).count(Outcome::Leased), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(store.clean_expired(at(MAX_AGE + 1)).count(Outcome::Removed), 1);
    assert!(!media.path.exists());
    assert!(fs::read_to_string(world.ledger()).unwrap().contains("\"end\""));
}

#[test]
fn i8_the_end_of_a_lease_is_a_use() {
    let world = World::new();
    let options = world.options().with_max_age("3s").unwrap();
    let store = MediaStore::open(options, session_reaper::now()).unwrap();
    let media = put_now(&world, &store);
    let lease = store.lease(media.reference).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(3_200));
    drop(lease);
    let report = store.clean_expired(session_reaper::now());
    assert!(media.path.exists() && report.count(Outcome::Young) == 1, "{report}");
    assert_eq!(store.clean_expired(at(0)).count(Outcome::Removed), 1);
}

fn put_now(world: &World, store: &MediaStore) -> session_reaper::artifact::media::Media {
    store.store(&world.media("a"), crate::world::delete(), "s", session_reaper::now()).unwrap()
}

#[test]
fn i9_leases_do_not_make_the_ledger_grow() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    for _ in 0..3_000 {
        drop(store.lease(media.reference).unwrap());
    }
    let text = fs::read_to_string(world.ledger()).unwrap();
    assert!(text.lines().count() < 2_000, "{}", text.lines().count());
}

#[test]
fn i9_a_lease_leaves_no_lock_behind_and_whoever_was_killed_neither() {
    let world = World::new();
    let store = world.open();
    let media = put(&store, &world.media("a"), "s");
    let locks = || {
        let names = fs::read_dir(world.path("media/.session-reaper")).unwrap();
        names.filter(|name| name.as_ref().unwrap().file_name().to_str().unwrap().contains("lease")).count()
    };
    let lease = store.lease(media.reference).unwrap();
    world.write("media/.session-reaper/media.lease.0000000000000001", "");
    assert_eq!(locks(), 2);
    world.open().clean_expired(at(0));
    assert_eq!(locks(), 1, "one that is held stays");
    drop(lease);
    drop(store);
    assert_eq!(locks(), 0);
}
