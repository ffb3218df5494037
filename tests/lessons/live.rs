//! Class 4: what is alive stays: a store that somebody holds, a row that is touched after it was judged, a store that is
//! written all the while. (Long: tests/peers.)

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::world::{DAY, HOUR, NOW, Ran, STORE, World, run_key, store_of};

fn expired() -> String {
    store_of(&[25 * HOUR, HOUR, 99 * DAY])
}

#[test]
fn class_04_a_store_that_somebody_holds_is_left_to_him() {
    let world = World::with(&expired());
    let ours = world.write(".session-reaper/sessions.json.lock", "");
    let held = fs::File::open(&ours).unwrap();
    fs4::FileExt::lock(&held).unwrap();
    let prune = format!("prune -y --lock-timeout 100ms {STORE}");
    assert!(world.run(&prune).expect(11).err.contains("nothing was removed"));
    world.run(&format!("tick {STORE}")).expect(0);
    assert_eq!(world.read(STORE), expired());
    drop(held);
    // A gateway's own lock, taken just now.
    let note = format!("{{\n  \"pid\": 4711,\n  \"createdAt\": \"{}\"\n}}", session_reaper::now());
    world.write("sessions.json.lock", &note);
    assert!(world.run(&prune).expect(11).err.contains("4711"));
    assert_eq!((world.read(STORE), world.read("sessions.json.lock")), (expired(), note));
    fs::remove_file(world.path("sessions.json.lock")).unwrap();
    world.run(&prune).expect(0);
    assert_eq!(world.keys().len(), 3, "and once it is free, it is swept");
}

#[test]
fn class_04_a_row_touched_between_plan_and_apply_stays() {
    let world = World::with(&expired());
    world.run(&format!("plan -o plan.json {STORE}")).expect(0);
    let touched = expired().replace(&(NOW - 25 * HOUR).to_string(), &(NOW - 5).to_string());
    world.replace(&touched);
    assert!(world.run("apply plan.json").expect(4).err.contains("nothing was removed"));
    assert_eq!(world.read(STORE), touched);
    // The same text again is the same store again, and then the plan holds: it was the touch that stopped it.
    world.replace(&expired());
    world.run("apply plan.json").expect(0);
    assert!(!world.keys().contains(&run_key(0)));
}

/// At least so many updates, and until so many sweeps have removed something.
const UPDATES: usize = 150;
const SWEEPS: usize = 10;
/// But no longer than this.
const PATIENCE: Duration = Duration::from_secs(90);

/// A gateway that looks at no lock counts up in its row and wakes the row that is doomed, while sweeps go on and on.
#[test]
fn class_04_no_update_is_lost_while_a_store_is_written() {
    let (world, swept) = (World::with(&expired()), AtomicUsize::new(0));
    let updates = thread::scope(|scope| {
        let writer = scope.spawn(|| write_beside(&world, &swept));
        while !writer.is_finished() {
            let ran = world.run(&format!("prune -y --json --no-trash --lock-timeout 200ms {STORE}"));
            assert!([0, 1, 4, 11].contains(&ran.code), "{ran:#?}");
            swept.fetch_add(usize::from(ran.code == 0 && ran.store()["pruned"] != 0), Ordering::SeqCst);
        }
        writer.join().unwrap()
    });
    let swept = swept.into_inner();
    eprintln!("class 4: {updates} updates beside {swept} sweeps that removed rows, none lost");
    assert!(swept >= SWEEPS, "only {swept} sweeps removed anything: nothing was tried");
}

fn write_beside(world: &World, swept: &AtomicUsize) -> usize {
    let begin = Instant::now();
    let is_enough = |number| number >= UPDATES && swept.load(Ordering::SeqCst) >= SWEEPS;
    let goes_on = |number: &usize| !is_enough(*number) && begin.elapsed() < PATIENCE;
    (0..).take_while(goes_on).inspect(|number| update(world, *number)).count()
}

/// One update: what the last one wrote must still be there, and the row that it woke.
fn update(world: &World, number: usize) {
    let count = format!("\"n\": {number},");
    let is_there = |text: &str| text.contains(&count) && (number == 0 || text.contains(&run_key(number - 1)));
    if !is_there(&world.read(STORE)) {
        // A swap that came too late is taken back at once; what is lost stays lost.
        thread::sleep(Duration::from_millis(500));
        let text = world.read(STORE);
        assert!(is_there(&text), "update {number} was lost, or the row that it woke: {text}");
    }
    let main =
        format!("\n  \"agent:main:main\": {{\n    \"n\": {},\n    \"updatedAt\": {NOW}\n  }}", number + 1);
    let row = |key: String, at| format!(",\n  \"{key}\": {{\n    \"updatedAt\": {at}\n  }}");
    let (woken, doomed) = (row(run_key(number), NOW), row(run_key(number + 1), NOW - 30 * DAY));
    world.replace(&format!("{{{main}{woken}{doomed}\n}}"));
    thread::sleep(Duration::from_millis(10));
}

/// A row that wakes while the sweep waits for a gateway's lock.
#[test]
fn class_04_a_row_touched_while_the_sweep_waits_stays() {
    let world = World::with(&expired());
    let note = format!("{{\n  \"pid\": 4711,\n  \"createdAt\": \"{}\"\n}}", session_reaper::now());
    world.write("sessions.json.lock", &note);
    let begin = Instant::now();
    let mut sweep = world.command(&format!("prune -y --json --lock-timeout 20s {STORE}"));
    let sweep = sweep.stdout(std::process::Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_millis(300));
    world.replace(&expired().replace(&(NOW - 25 * HOUR).to_string(), &(NOW - 5).to_string()));
    fs::remove_file(world.path("sessions.json.lock")).unwrap();
    let ran = Ran::of(sweep.wait_with_output().unwrap()).expect(0);
    assert!(begin.elapsed() > Duration::from_millis(300), "it waited for nobody");
    assert_eq!(ran.store()["pruned"], 1, "{ran:#?}");
    assert!(world.keys().contains(&run_key(0)) && !world.keys().contains(&run_key(2)), "{:?}", world.keys());
}
