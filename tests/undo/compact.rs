//! Slimmer rows, and how they get their fields back.

use session_reaper::{
    Age, Policy, Timestamp,
    store::{Pin, Slimming, Store},
    sweep::{self, CompactReport, Options, Outcome},
};

use crate::world::{DAY, NOW, OURS, World, options, wish};

fn row(key: &str, age: i64, heavy: bool) -> String {
    let field =
        if heavy { "\n    \"skillsSnapshot\": {\"prompt\": \"\\ud800 {\"},\n    \"n\": 1E2," } else { "" };
    format!(
        "  \"{key}\": {{{field}\n    \"updatedAt\": {}{}\n  }}",
        NOW.as_millis() - age,
        if heavy { ",\n    \"systemPromptReport\": [ 1 ]" } else { "" }
    )
}

fn slim(key: &str, age: i64) -> String {
    format!("  \"{key}\": {{\n    \"n\": 1E2,\n    \"updatedAt\": {}\n  }}", NOW.as_millis() - age)
}

fn store(rows: &[String]) -> String {
    format!("{{\n{}\n}}\n", rows.join(",\n"))
}

fn slimming() -> Slimming {
    Slimming {
        fields: Slimming::FIELDS.map(str::to_owned).to_vec(),
        inactive: Age::from_hours(24),
        now: NOW,
        policy: Policy::default().with_keep("*kept*".parse().unwrap()),
    }
}

fn compact(world: &World) -> (sweep::RunId, CompactReport) {
    let run = world.run();
    let options = Options { run: Some(run.clone()), ..options() };
    (run, sweep::compact(&world.store(), &slimming(), &options))
}

#[test]
fn only_inactive_rows_that_nobody_protects_get_slimmer_and_an_undo_brings_all_back() {
    let rows = [
        row("agent:main:main", 2 * DAY, true),
        row("agent:main:active", DAY, true),
        row("x:kept:1", 2 * DAY, true),
        row("agent:main:pinned", 2 * DAY, true),
        row("agent:main:lean", 2 * DAY, false),
        row("agent:main:cron:j", 2 * DAY, true),
    ];
    let text = store(&rows);
    let world = World::with(&text);
    let guard = world.store().lock(std::time::Duration::ZERO, &Options::default().stop).unwrap();
    let pin = Pin { key: "agent:main:pinned".into(), reason: None, until: None, at: NOW, by: None };
    world.store().pin(&guard, pin).unwrap();
    drop(guard);
    let (run, report) = compact(&world);
    assert!(report.error.is_none(), "{:?}", report.error);
    assert_eq!((report.outcome, report.slimmed, report.kept, report.scanned), (Outcome::Swept, 2, 6, 6));
    let mut expected = rows.clone();
    expected[0] = slim("agent:main:main", 2 * DAY);
    expected[5] = slim("agent:main:cron:j", 2 * DAY);
    assert_eq!(world.text(), store(&expected));
    assert_eq!(report.bytes_after, world.text().len() as u64);
    let (_, again) = compact(&world);
    assert_eq!(again.outcome, Outcome::Nothing);

    let (undo, back) = world.undo(&run, &wish(None));
    assert_eq!((back.restored, back.held_up), (2, 0));
    assert_eq!(world.text(), text);
    world.undo(&undo, &wish(None));
    assert_eq!(world.text(), store(&expected), "an undo of that slims again");
    assert_eq!(world.leftovers(), Vec::<String>::new());
}

#[test]
fn a_row_that_was_written_since_keeps_what_it_has() {
    let world = World::with(&store(&[row("a", 2 * DAY, true), row("b", 2 * DAY, true)]));
    let (run, _) = compact(&world);
    world.write(&store(&[slim("a", 0), slim("b", 2 * DAY)]));
    let (_, back) = world.undo(&run, &wish(None));
    assert_eq!((back.restored, back.held_up), (1, 1));
    assert_eq!(world.text(), store(&[slim("a", 0), row("b", 2 * DAY, true)]));
    // One that is gone by now comes back at the end.
    world.write(&store(&[slim("a", 0)]));
    let (_, back) = world.undo(&run, &wish(None));
    assert_eq!(back.restored, 1, "{:?}", back.items);
    let rows: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&world.text().replace("\\ud800", "")).unwrap();
    assert_eq!(rows.keys().collect::<Vec<_>>(), ["a", "b"]);
}

/// The only bundle's folder.
fn bundle(world: &World) -> String {
    let trash = format!("{OURS}/trash");
    let names = world.disk.names(trash.as_ref());
    assert_eq!(names.len(), 1, "{names:?}");
    format!("{trash}/{}", names[0])
}

#[test]
fn what_was_replaced_is_compressed_as_well_and_comes_back() {
    let text = store(&[row("a", 2 * DAY, true), row("b", 0, true)]);
    let world = World::with(&text);
    let run = world.run();
    let options = Options { run: Some(run.clone()), compress: true, ..options() };
    let report = sweep::compact(&world.store(), &slimming(), &options);
    assert!(report.error.is_none(), "{:?}", report.error);
    assert_eq!(world.disk.names(bundle(&world).as_ref()), ["manifest.json", "replaced.json.zst"]);
    let listed = world.store().trashed().unwrap().bundles.remove(0);
    assert!(listed.is_compressed);
    assert!(listed.manifest.added.is_empty(), "a list needs no digests of rows: {listed:?}");
    let (_, back) = world.undo(&run, &wish(None));
    assert!(back.error.is_none(), "{:?}", back.error);
    assert_eq!(world.text(), text);
}

#[test]
fn a_clock_that_has_jumped_slims_nothing_unless_somebody_vouches_for_it() {
    let text = store(&[row("a", 2 * DAY, true), row("b", 0, true), row("c", 2_500 * DAY, true)]);
    // Far ahead of everything; and behind what the newest row says, which is nothing to somebody who chose that time.
    for (now, what_if_is_refused) in [(20 * 365 * DAY, true), (-2_000 * DAY, false)] {
        let slimming = Slimming { now: Timestamp::from_millis(NOW.as_millis() + now), ..slimming() };
        let world = World::with(&text);
        let compact = |allow_clock_jump, what_if, dry_run| {
            let options = Options { run: Some(world.run()), allow_clock_jump, what_if, dry_run, ..options() };
            sweep::compact(&world.store(), &slimming, &options)
        };
        for dry_run in [true, false] {
            let report = compact(false, false, dry_run);
            assert_eq!(report.outcome, Outcome::Refused, "{now} {dry_run}: {report:?}");
            assert!(report.error.unwrap().hint().unwrap().contains("--allow-clock-jump"));
        }
        assert_eq!(compact(false, true, true).outcome == Outcome::Refused, what_if_is_refused);
        assert_eq!(world.text(), text);
        let report = compact(true, false, false);
        assert!(report.outcome == Outcome::Swept && world.text() != text, "{report:?}");
        // Where nothing would change, the clock is nobody's business.
        assert_eq!(compact(false, false, false).outcome, Outcome::Nothing);
    }
}
