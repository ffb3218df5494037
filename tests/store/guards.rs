//! Guards in the engine: what they refuse stays as it was, and their own override lets it through.

use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};

use session_reaper::{
    Age, ErrorKind, FileStore, Policy, Reaper, Timestamp,
    fs::MemDisk,
    store::{State, Store},
    sweep::{self, Options, Outcome, PlanFile, StoreReport},
};

use super::text;

const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const PATH: &str = "/s/sessions.json";

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + millis)
}

fn run(n: u32) -> String {
    format!("agent:main:cron:job:run:0f6a2b1c-1111-4222-8333-{n:012}")
}

/// A store of runs that are so many hours old, on a disk that tells no time of the calendar.
struct World {
    disk: MemDisk,
    store: FileStore<MemDisk>,
    text: Vec<u8>,
}

impl World {
    fn of(rows: &[(String, i64)]) -> Self {
        let rows: Vec<_> = rows.iter().map(|(key, age)| (key.as_str(), at(-age).as_millis())).collect();
        let text = text(&rows);
        let disk = MemDisk::with_file(PATH.as_ref(), &text);
        Self { store: FileStore::on(disk.clone(), PATH), disk, text }
    }

    fn runs(hours: &[i64]) -> Self {
        Self::of(&(0..).zip(hours).map(|(n, hours)| (run(n), hours * HOUR)).collect::<Vec<_>>())
    }

    fn prune(&self, now: Timestamp, options: &Options) -> StoreReport {
        sweep::prune(&self.store, &Policy::default(), now, options)
    }

    fn tick(&self, retention: &str, now: Timestamp, options: &Options) -> StoreReport {
        let policy = Policy::default().with_retention(retention.parse().unwrap());
        sweep::tick(&self.store, &policy, now, options)
    }

    #[track_caller]
    fn refused(&self, report: &StoreReport, flag: &str) -> String {
        let error = report.error.as_ref().unwrap_or_else(|| panic!("not refused: {report:?}"));
        assert_eq!((error.kind(), report.outcome), (ErrorKind::Refused, Outcome::Refused), "{error}");
        assert!(error.hint().unwrap().contains(flag), "{error:?}");
        assert_eq!(self.disk.get(PATH.as_ref()).unwrap(), self.text);
        format!("{error}\n{}", error.hint().unwrap())
    }
}

#[track_caller]
fn passed(report: &StoreReport, pruned: u64) {
    assert!(report.error.is_none(), "{report:?}");
    assert_eq!(report.pruned, pruned);
}

fn plain() -> Options {
    Options::default()
}

#[test]
fn a_clock_that_is_more_than_a_minute_behind_is_refused() {
    for (behind, is_refused) in [(0, false), (60_000, false), (60_001, true), (9 * DAY, true)] {
        let world = World::runs(&[0, 30 * 24]);
        let report = world.prune(at(-behind), &plain());
        if !is_refused {
            passed(&report, 1);
            continue;
        }
        let said = world.refused(&report, "--allow-clock-jump");
        assert!(said.contains(&at(-behind).to_string()) && said.contains(&NOW.to_string()), "{said}");
        let dry = Options { dry_run: true, ..plain() };
        world.refused(&world.prune(at(-behind), &dry), "--allow-clock-jump");
        let what_if = Options { what_if: true, dry_run: true, ..plain() };
        passed(&world.prune(at(-behind), &what_if), 1);
        passed(&world.prune(at(-behind), &Options { allow_clock_jump: true, ..plain() }), 1);
    }
}

#[test]
fn a_clock_that_is_more_than_a_week_ahead_of_everything_is_refused() {
    for (ahead, is_refused) in [(7 * DAY, false), (7 * DAY + 1, true), (3_650 * DAY, true)] {
        for what_if in [false, true] {
            let world = World::of(&[("agent:main:main".into(), 0), (run(1), DAY)]);
            let report = world.prune(at(ahead), &Options { what_if, ..plain() });
            if is_refused {
                let said = world.refused(&report, "--allow-clock-jump");
                assert!(said.contains(if what_if { "--now says" } else { "the clock says" }), "{said}");
                let allowed = Options { allow_clock_jump: true, ..plain() };
                passed(&world.prune(at(ahead), &allowed), 1);
            } else {
                passed(&report, 1);
            }
        }
    }
}

#[test]
fn a_refused_sweep_does_not_vouch_for_its_own_clock() {
    let world = World::runs(&[0, 24]);
    for hours in [0, 1, 2] {
        let report = world.tick("24h", at(9 * DAY + hours * HOUR), &Options { force: true, ..plain() });
        world.refused(&report, "--allow-clock-jump");
    }
    assert_eq!(world.store.state().clock(), None);
}

#[test]
fn a_sweep_that_found_nothing_vouches_only_for_a_clock_that_nothing_contradicts() {
    let world = World::of(&[("agent:main:main".into(), 0)]);
    for (now, clock) in [(at(9 * DAY), None), (at(HOUR), Some(at(HOUR))), (at(-DAY), Some(at(HOUR)))] {
        passed(&world.prune(now, &plain()), 0);
        assert_eq!(world.store.state().clock(), clock);
    }
    let what_if = Options { what_if: true, ..plain() };
    passed(&world.prune(at(2 * HOUR), &what_if), 0);
    assert_eq!(world.store.state().clock(), Some(at(HOUR)), "what somebody chose proves nothing");
}

#[test]
fn the_last_sweep_is_evidence_too() {
    let world = World::runs(&[48, 1_000]);
    world.store.remember(&guard(&world.store), &State::swept_at(NOW).with_clock(Some(NOW))).unwrap();
    world.refused(&world.prune(at(-60_001), &plain()), "--allow-clock-jump");
    let more = Options { allow_mass_delete: true, ..plain() };
    passed(&world.prune(at(7 * DAY), &more), 2);
}

fn guard<S: Store>(store: &S) -> S::Guard {
    store.lock(Duration::from_secs(5), &session_reaper::lock::Stop::default()).unwrap()
}

/// A store on a real disk that was written at a time of our choice.
fn on_disk(rows: &[(&str, i64)], written: Timestamp) -> (tempfile::TempDir, FileStore) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.json");
    let rows: Vec<_> = rows.iter().map(|(key, millis)| (*key, at(*millis).as_millis())).collect();
    fs::write(&path, text(&rows)).unwrap();
    touch(&path, written);
    (dir, FileStore::new(path).unknown_to_gateways())
}

fn touch(path: &Path, at: Timestamp) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(at.as_millis().unsigned_abs());
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_row_from_after_the_stores_last_write_stops_nothing_and_a_store_from_the_future_does() {
    let rows = [("agent:main:main", 0), (&*run(1), -48 * HOUR), (&*run(2), 30 * DAY)];
    let prune = |store: &FileStore| sweep::prune(store, &Policy::default(), NOW, &plain());
    let (_dir, store) = on_disk(&rows, NOW);
    passed(&prune(&store), 1);
    let (_dir, store) = on_disk(&rows, at(30 * DAY));
    let before = fs::read(store.path()).unwrap();
    let error = prune(&store).error.unwrap();
    assert_eq!((error.kind(), fs::read(store.path()).unwrap()), (ErrorKind::Refused, before));
    let rows = [("agent:main:main", -9 * DAY), (&*run(1), -10 * DAY)];
    for (written, is_refused) in
        [(0, false), (-7 * DAY, false), (-7 * DAY - 1, true), (60_000, false), (60_001, true)]
    {
        let (_dir, store) = on_disk(&rows, at(written));
        assert_eq!(prune(&store).error.is_some(), is_refused, "written {written}");
    }
}

#[test]
fn more_than_half_of_the_durable_rows_and_an_emptied_store_are_refused() {
    let direct = |n: u32| format!("agent:main:telegram:direct:{n}");
    let policy = Policy::default().with_rule(session_reaper::Kind::Direct, "24h".parse().unwrap()).unwrap();
    let world = |old: u32, young: u32| {
        let old_rows = (0..old).map(|n| (direct(n), 48 * HOUR));
        World::of(&old_rows.chain((old..old + young).map(|n| (direct(n), 0))).collect::<Vec<_>>())
    };
    let half = world(3, 3);
    passed(&sweep::prune(&half.store, &policy, NOW, &plain()), 3);
    let more = world(4, 3);
    let said = more.refused(&sweep::prune(&more.store, &policy, NOW, &plain()), "--allow-mass-delete");
    assert!(said.contains("4 of its 7 durable rows"), "{said}");
    let forced = Options { force: true, ..plain() };
    more.refused(&sweep::tick(&more.store, &policy, NOW, &forced), "--allow-mass-delete");
    passed(&sweep::prune(&more.store, &policy, NOW, &Options { allow_mass_delete: true, ..plain() }), 4);
    passed(&World::runs(&[48, 49, 50, 51, 52, 1]).prune(NOW, &plain()), 5);
    passed(&World::runs(&[48]).prune(NOW, &plain()), 1);
    passed(&World::runs(&[48; 20]).prune(NOW, &plain()), 20);
    let all = World::runs(&[48; 21]);
    assert!(all.refused(&all.prune(NOW, &plain()), "--allow-mass-delete").contains("all of its 21 rows"));
    passed(&all.prune(NOW, &Options { allow_mass_delete: true, ..plain() }), 21);
}

#[test]
fn a_plan_is_shown_with_the_guard_that_would_refuse_it_and_apply_is_judged() {
    let world = World::runs(&[48; 21]);
    let mut out = Vec::new();
    let shown = sweep::plan(&world.store, &Policy::default(), NOW, &plain(), Some(&mut out));
    passed(&shown, 21);
    assert!(shown.would_refuse.unwrap().hint().unwrap().contains("--allow-mass-delete"));
    let file = PlanFile::parse(Path::new("p"), std::str::from_utf8(&out).unwrap()).unwrap();
    world.refused(&sweep::apply(&world.store, &file, &plain()), "--allow-mass-delete");
    // A sweep that came after the plan says that it is later now: a plan may be of yesterday.
    world.store.remember(&guard(&world.store), &State::swept_at(at(DAY)).with_clock(Some(at(DAY)))).unwrap();
    passed(&sweep::apply(&world.store, &file, &Options { allow_mass_delete: true, ..plain() }), 21);
    assert_eq!(world.store.state().policy(), Some(Policy::default()));
    assert_eq!(world.store.state().clock(), Some(at(DAY)));
}

fn minutes(n: i64) -> Timestamp {
    at(n * 60_000)
}

/// Runs of 30 and 40 hours that only a tighter policy takes, one that any takes, and one that stays.
fn ticked() -> World {
    let mut world = World::runs(&[30, 40, 99, 0]);
    passed(&world.tick("48h", NOW, &plain()), 1);
    world.text = world.disk.get(PATH.as_ref()).unwrap();
    world
}

#[test]
fn a_tightened_policy_waits_for_one_interval_says_what_it_takes_and_then_goes_through() {
    let world = ticked();
    let dry = Options { dry_run: true, ..plain() };
    let state = world.store.state();
    world.refused(&world.tick("24h", minutes(5), &dry), "--allow-tightened");
    assert_eq!(world.store.state(), state, "a dry run remembers nothing");
    let report = world.tick("24h", minutes(5), &plain());
    let said = world.refused(&report, "--allow-tightened");
    for words in ["2 rows (cron-run 2)", &run(0), &run(1), &minutes(5).to_string(), &minutes(10).to_string()]
    {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(!said.contains(&run(3)), "{said}");
    assert_eq!((report.next_due, world.store.state().failures()), (Some(minutes(10)), 0));
    assert_eq!(world.tick("24h", minutes(9), &plain()).outcome, Outcome::Throttled);
    let forced = Options { force: true, ..plain() };
    world.refused(&world.tick("24h", at(10 * 60_000 - 1), &forced), "--allow-tightened");
    passed(&world.tick("24h", minutes(10), &forced), 2);
    assert_eq!(world.store.state().policy(), Some(Policy::default()));
}

#[test]
fn a_policy_that_is_changed_again_waits_anew_and_the_old_one_goes_through() {
    let world = ticked();
    world.refused(&world.tick("24h", minutes(5), &plain()), "--allow-tightened");
    world.refused(&world.tick("23h", minutes(10), &plain()), "--allow-tightened");
    passed(&world.tick("48h", minutes(15), &plain()), 0);
    world.refused(&world.tick("24h", minutes(20), &plain()), "--allow-tightened");
    passed(&world.tick("24h", minutes(25), &plain()), 2);
}

#[test]
fn a_tightened_policy_goes_through_at_once_where_somebody_says_so() {
    passed(&ticked().tick("24h", minutes(5), &Options { allow_tightened: true, ..plain() }), 2);
    let world = ticked();
    passed(&world.prune(minutes(5), &plain()), 2);
    assert_eq!(world.store.state().policy(), Some(Policy::default()), "what was carried out is in force");
}

#[test]
fn what_takes_nothing_new_goes_through_at_once() {
    let world = ticked();
    passed(&world.tick("96h", minutes(5), &plain()), 0);
    let world = World::runs(&[30, 60, 0]);
    passed(&world.tick("99h", NOW, &plain()), 0);
    let kept = Policy::default().with_keep("*".parse().unwrap());
    passed(&sweep::tick(&world.store, &kept, minutes(5), &plain()), 0);
    assert_eq!(world.store.state().policy(), Some(kept));
    let first = World::runs(&[30, 0]);
    passed(&first.tick("24h", NOW, &plain()), 1);
}

#[test]
fn a_sweep_by_hand_that_took_nothing_leaves_the_policy_in_force() {
    let world = ticked();
    let loose = Policy::default().with_retention("90d".parse().unwrap());
    passed(&sweep::prune(&world.store, &loose, minutes(5), &plain()), 0);
    passed(&world.tick("48h", minutes(10), &plain()), 0);
    let (state, day) = (world.store.state().policy().unwrap(), "48h".parse().unwrap());
    assert_eq!(state.retention(), day);
}

#[test]
fn a_state_of_an_older_version_compares_nothing() {
    let world = World::runs(&[30, 0]);
    let state = br#"{"lastSweep":1795247000000,"failures":2}"#;
    world.disk.put("/s/.session-reaper/sessions.json.state".as_ref(), state);
    passed(&world.tick("24h", at(DAY), &plain()), 1);
}

#[test]
fn a_reaper_has_a_word_for_each_guard() {
    let all = World::runs(&[48; 21]);
    let reaper = || Reaper::new(all.store.clone(), Policy::default());
    assert_eq!(reaper().tick(NOW).unwrap_err().kind(), ErrorKind::Refused);
    let later = at(2 * HOUR);
    assert_eq!(reaper().with_allow_mass_delete(true).tick(later).unwrap().totals().pruned, 21);
    let far = World::runs(&[48, 0]);
    let reaper = || Reaper::new(far.store.clone(), Policy::default().with_keep(run(1).parse().unwrap()));
    assert_eq!(reaper().tick(at(8 * DAY)).unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(reaper().with_allow_clock_jump(true).tick(at(9 * DAY)).unwrap().totals().pruned, 1);
    let tight = ticked();
    let reaper = || Reaper::new(tight.store.clone(), Policy::default()).with_every(Age::from_minutes(5));
    assert_eq!(reaper().tick(minutes(5)).unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(reaper().with_allow_tightened(true).tick(minutes(10)).unwrap().totals().pruned, 2);
}
