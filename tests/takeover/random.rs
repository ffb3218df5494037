//! shuttle: the real protocol over a disk in memory, with another thread's turn possible before every call, in schedules
//! drawn at random.

use std::{
    any::Any,
    ffi::OsStr,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use session_reaper::{
    fs::{Disk, MemDisk, Owner},
    lock::Kind,
};
use shuttle::{
    Config, FailurePersistence, Runner,
    rand::{Rng, thread_rng},
    scheduler::RandomScheduler,
    thread,
};

use crate::{
    contend::{DAY, OURS, Protocol, Room, Scene, contend},
    naive::{Naive, Wrong},
};

/// No patience: a release that cannot have its turn at once does without, the harder case, and the checker need not wait.
const NONE: Duration = Duration::ZERO;
const TRIES: usize = 40;

/// Each call is a point where another may go on.
fn hooked(scene: &Scene) -> MemDisk {
    scene.0.clone().with_hook(thread::yield_now)
}

fn check(schedules: usize, test: impl Fn() + Send + Sync + 'static) -> usize {
    let mut config = Config::new();
    config.stack_size = 256 * 1024;
    Runner::new(RandomScheduler::new(schedules), config).run(test)
}

/// Every contender on a thread of its own; how often one of them held the lock.
fn all<P: Protocol>(protocols: Vec<Arc<P>>, room: &Arc<Room>, turns: usize) -> usize {
    let threads: Vec<_> = protocols
        .into_iter()
        .map(|protocol| {
            let room = Arc::clone(room);
            thread::spawn(move || contend(&*protocol, &room, (turns, TRIES), thread::yield_now).unwrap())
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).sum()
}

/// `contenders` of them, some of whom come again; all have had the lock as often as they came.
fn on_a_dead_lock(contenders: usize, turns: usize, knocks: usize) -> usize {
    let scene = Scene::new();
    let real = Arc::new(Scene::real(hooked(&scene).knocking(knocks), DAY, NONE));
    let held = all(vec![real; contenders], &Arc::default(), turns);
    scene.must_be_clean_after_one_more();
    held
}

fn never_two(name: &str, schedules: usize, test: impl Fn() -> usize + Send + Sync + 'static) {
    let (begin, held) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&held);
    let ran = check(schedules, move || {
        count.fetch_add(test(), Ordering::SeqCst);
    });
    let held = held.load(Ordering::SeqCst);
    eprintln!(
        "{name}: {ran} schedules in {:?}, the lock was held {held} times, never by two",
        begin.elapsed()
    );
    assert!(ran == schedules && held >= ran, "{ran} schedules, held {held} times");
}

#[test]
fn i7_never_two_holders_when_two_come_twice() {
    never_two("two contenders, twice", 20_000, || on_a_dead_lock(2, 2, 0));
}

#[test]
fn i7_never_two_holders_when_three_come() {
    never_two("three contenders", 20_000, || on_a_dead_lock(3, 1, 0));
}

#[test]
fn i7_never_two_holders_when_four_come() {
    never_two("four contenders", 10_000, || on_a_dead_lock(4, 1, 0));
}

/// As it is in life: a release waits for its turn.
#[test]
fn i7_never_two_holders_when_a_release_waits_for_its_turn() {
    never_two("three patient contenders", 20_000, || on_a_dead_lock(3, 1, 200));
}

#[test]
fn i7_never_two_holders_while_a_live_owner_releases() {
    never_two("a live owner and two contenders", 10_000, || {
        let scene = Scene::new();
        let real = Arc::new(Scene::real(hooked(&scene), DAY, NONE));
        let (room, owner) = (Arc::new(Room::default()), Arc::clone(&real));
        let held = real.attempt().unwrap().unwrap();
        let inside = Arc::clone(&room);
        let owner = thread::spawn(move || {
            {
                let _inside = inside.enter();
                thread::yield_now();
                assert!(owner.is_ours(&held));
            }
            owner.release(held).unwrap();
        });
        let held = all(vec![real; 2], &room, 1);
        owner.join().unwrap();
        scene.must_be_clean_after_one_more();
        held
    });
}

/// An owner who has held it for too long releases while others take it over for its age: nobody else's is touched.
fn an_overdue_owner_releases(knocks: usize) -> usize {
    let scene = Scene::new();
    let owner = Scene::real(hooked(&scene).knocking(knocks), NONE, NONE);
    let held = owner.attempt().unwrap().unwrap();
    // More than a second must have passed: each look at this clock takes one.
    let _ = (scene.0.now_ns(), scene.0.now_ns(), scene.0.now_ns());
    let owner = thread::spawn(move || owner.release(held).unwrap());
    let others = Arc::new(Scene::real(hooked(&scene).knocking(knocks), DAY, NONE));
    let had = all(vec![others; 2], &Arc::default(), 1);
    owner.join().unwrap();
    scene.must_be_clean_after_one_more();
    had
}

#[test]
fn i7_an_overdue_owner_who_waits_for_its_turn_displaces_nobody() {
    never_two("an overdue owner in its turn", 10_000, || an_overdue_owner_releases(200));
}

#[test]
fn i7_an_overdue_owner_who_cannot_have_its_turn_displaces_nobody() {
    never_two("an overdue owner out of turn", 10_000, || an_overdue_owner_releases(0));
}

/// One of three is killed at a call drawn at random; what it leaves is taken over like any other dead lock.
#[test]
fn i7_never_two_holders_when_one_is_killed_at_any_call() {
    let (killed, owning) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, owners) = (Arc::clone(&killed), Arc::clone(&owning));
    never_two("two contenders and one that is killed", 20_000, move || {
        let scene = Arc::new(Scene::new());
        let room = Arc::new(Room::default());
        let victim = spawn_victim(&scene, &room);
        let real = Arc::new(Scene::real(hooked(&scene), DAY, NONE));
        let held = all(vec![real; 2], &room, 1);
        let (ended, owned) = victim.join().unwrap();
        count.fetch_add(usize::from(ended), Ordering::SeqCst);
        owners.fetch_add(usize::from(owned), Ordering::SeqCst);
        scene.must_be_clean_after_one_more();
        held + usize::from(held == 0)
    });
    let (killed, owning) = (killed.load(Ordering::SeqCst), owning.load(Ordering::SeqCst));
    eprintln!("{killed} were killed, {owning} of them with the lock in their hand");
    assert!(killed >= 1_000 && owning >= 500, "{killed} killed, {owning} with the lock");
}

/// Tells whether it was killed, and whether it had the lock then.
fn spawn_victim(scene: &Arc<Scene>, room: &Arc<Room>) -> thread::JoinHandle<(bool, bool)> {
    let (scene, room) = (Arc::clone(scene), Arc::clone(room));
    thread::spawn(move || {
        let hold = DAY + Duration::from_secs(1);
        let disk = hooked(&scene).ending_after(thread_rng().gen_range(2..60));
        let real = Scene::real(disk.clone(), hold, NONE);
        let ended = contend(&real, &room, (2, TRIES), thread::yield_now);
        assert!(ended.is_ok() || disk.has_ended(), "{ended:?}");
        let before = scene.lock();
        scene.bury(hold);
        (disk.has_ended(), scene.lock() != before)
    })
}

/// The schedule in which a wrong protocol was caught, and the words.
fn caught(wrong: Wrong, contenders: usize) -> (usize, String) {
    let tried = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tried);
    let mut config = Config::new();
    config.stack_size = 256 * 1024;
    config.failure_persistence = FailurePersistence::None;
    let runner = Runner::new(RandomScheduler::new(100_000), config);
    let found = catch_unwind(AssertUnwindSafe(|| {
        runner.run(move || {
            count.fetch_add(1, Ordering::SeqCst);
            let naive = Arc::new(naive(&Scene::new(), wrong));
            all(vec![naive; contenders], &Arc::default(), 1);
        })
    }));
    let words = found.err().map(|panic| words_of(&*panic)).expect("nobody saw that it is wrong");
    (tried.load(Ordering::SeqCst), words)
}

fn naive(scene: &Scene, wrong: Wrong) -> Naive<MemDisk> {
    let folder = scene.0.folder(Path::new("/store")).unwrap();
    let private = scene.0.private_folder(&folder, OsStr::new(OURS), Owner::default()).unwrap();
    Naive::new(hooked(scene), folder, Arc::new(private), Kind::Transcript, wrong)
}

pub(crate) fn words_of(panic: &(dyn Any + Send)) -> String {
    let word = panic.downcast_ref::<&str>().map(|word| (*word).to_owned());
    word.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

fn must_be_caught(wrong: Wrong, contenders: usize) {
    let begin = Instant::now();
    let (schedules, words) = caught(wrong, contenders);
    eprintln!("{wrong:?}: two holders in schedule {schedules}, {:?}: {words}", begin.elapsed());
    assert!(words.contains("two holders"), "{words}");
}

#[test]
fn shuttle_catches_who_unlinks_by_name() {
    must_be_caught(Wrong::UnlinksByName, 2);
}

#[test]
fn shuttle_catches_who_claims_blindly() {
    must_be_caught(Wrong::ClaimsBlindly, 2);
}

#[test]
fn shuttle_catches_who_claims_out_of_turn() {
    must_be_caught(Wrong::ClaimsOutOfTurn, 3);
}

/// Killed at each call in turn, with nobody else there: whoever comes next takes over.
#[test]
fn i7_whoever_is_killed_at_whatever_call_leaves_nothing_that_stays() {
    let (mut points, mut owned) = (0, 0);
    for calls in 2.. {
        let scene = Scene::new();
        let disk = scene.0.clone().ending_after(calls);
        let real = Scene::real(disk.clone(), DAY, NONE);
        let done = real.attempt().and_then(|held| real.release(held.unwrap()));
        assert!(done.is_ok() || disk.has_ended(), "{done:?}");
        let before = scene.lock();
        scene.bury(DAY);
        owned += usize::from(scene.lock() != before);
        scene.must_be_clean_after_one_more();
        points += 1;
        if !disk.has_ended() {
            break;
        }
    }
    eprintln!("killed at each of {points} calls, {owned} of them with the lock, and nothing stays");
    assert!(points >= 20 && owned >= 4, "only {points} calls, {owned}");
}
