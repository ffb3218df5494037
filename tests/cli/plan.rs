//! `plan`: decides, shows, and writes nothing but the plan.

use insta::assert_snapshot;

use crate::world::{World, usual_store};

#[test]
fn plan_lists_what_would_go_and_writes_nothing() {
    let (world, _) = World::with_store();
    let before = world.listing();
    assert_snapshot!(world.run("plan sessions.json").shown(), @r#"
    exit 0
    --- stdout
    sessions.json: 2 of 6 rows would go (246 B of 638 B)
      prune     1d1h  cron-run      agent:main:cron:job:run:00000000-0000-4000-8000-000000000001
      prune       1d  cron-run      agent:main:cron:job:run:00000000-0000-4000-8000-000000000004
      to go   cron-run 2
      kept    not-expired 2, no-rule 2
    dry run: nothing was removed
    kept 4, pruned 2, failed 0, freed 246 B, next due now
    --- stderr
    "#);
    let json = world.run("plan --json sessions.json").expect(0).json();
    assert_eq!((&json["verb"], &json["applied"]), (&"plan".into(), &false.into()));
    assert_eq!(world.listing(), before);
}

#[test]
fn plan_tells_scripts_by_its_exit_code_when_asked() {
    let (world, _) = World::with_store();
    world.run("plan sessions.json").expect(0);
    world.run("plan --detailed-exitcode sessions.json").expect(20);
    world.run("plan --detailed-exitcode --retention 2d sessions.json").expect(0);
    world.run("plan --detailed-exitcode --retention false sessions.json").expect(0);
    world.run("plan --detailed-exitcode none.json").expect(10);
    assert_eq!(world.run("plan -q --detailed-exitcode sessions.json").expect(20).out, "");
}

#[test]
fn a_plan_file_can_be_read_by_its_owner_only_and_takes_an_older_ones_place() {
    use std::os::unix::fs::PermissionsExt;
    let (world, _) = World::with_store();
    world.write("plan.json", "an older plan");
    world.run("plan sessions.json -o plan.json").expect(0);
    let mode = std::fs::metadata(world.path("plan.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(world.read("plan.json").contains("session-reaper-plan/1"));
}

#[test]
fn a_plan_is_never_written_over_its_store() {
    let (world, store) = World::with_store();
    std::os::unix::fs::symlink(&store, world.path("link")).unwrap();
    for out in ["sessions.json", "./sessions.json", "link"] {
        let ran = world.run(&format!("plan sessions.json -o {out}")).expect(2);
        assert!(ran.err.contains("is the store itself"), "{}", ran.shown());
    }
    assert_eq!(world.read("sessions.json"), usual_store());
}

#[test]
fn a_plan_that_cannot_be_written_is_an_error() {
    let (world, _) = World::with_store();
    let ran = world.run("plan sessions.json -o no/such/folder/plan.json").expect(1);
    assert!(ran.err.contains("cannot write the plan to no/such/folder/plan.json"), "{}", ran.shown());
    world.write("other/sessions.json", &usual_store());
    let ran = world.run("plan sessions.json other/sessions.json -o plan.json").expect(2);
    assert!(ran.err.contains("one store"), "{}", ran.shown());
    assert!(!world.path("plan.json").exists());
}
