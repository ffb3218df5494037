//! Class 5: what is protected eats no quota, and a quota that cannot be met is seen.

use std::collections::BTreeSet;

use crate::world::{HOUR, STORE, World, run_key, store_of};

/// Six young runs, the first of them the newest.
fn six() -> World {
    World::with(&store_of(&[HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 5 * HOUR, 6 * HOUR]))
}

/// The numbers of the runs that are left.
fn left(world: &World) -> BTreeSet<usize> {
    let keys = world.keys();
    (0..6).filter(|number| keys.contains(&run_key(*number))).collect()
}

#[test]
fn class_05_protected_rows_eat_no_quota() {
    let key = |number: usize| run_key(number);
    for (protection, more, expected) in [
        ("nothing", String::new(), vec![0, 1]),
        ("pins", String::new(), vec![0, 1, 2, 3]),
        ("patterns", format!("--keep {} --keep {}", key(0), key(1)), vec![0, 1, 2, 3]),
        ("the newest", "--keep-last 2".to_owned(), vec![0, 1, 2, 3]),
        ("an old one", format!("--keep {}", key(5)), vec![0, 1, 5]),
    ] {
        let world = six();
        if protection == "pins" {
            world.run(&format!("pin {STORE} {}", key(0))).expect(0);
            world.run(&format!("pin {STORE} {}", key(1))).expect(0);
        }
        let ran = world.run(&format!("prune -y --json --max-entries 2 {more} {STORE}")).expect(0);
        assert_eq!(left(&world), expected.into_iter().collect(), "{protection}: {ran:#?}");
        assert!(world.keys().contains("agent:main:main"), "a conversation counts for no cap");
    }
}

#[test]
fn class_05_a_quota_that_cannot_be_met_is_seen() {
    let world = six();
    (0..6).for_each(|number| drop(world.run(&format!("pin {STORE} {}", run_key(number))).expect(0)));
    let ran = world.run(&format!("prune -n --json --max-entries 2 {STORE}")).expect(0);
    let store = ran.store();
    assert_eq!((&store["pruned"], &store["keptBy"]["pinned"]), (&0.into(), &6.into()), "{ran:#?}");
    let ran = world.run(&format!("prune -y --max-entries 2 {STORE}")).expect(0);
    assert!(ran.out.contains("pinned 6"), "{ran:#?}");
    assert_eq!(left(&world).len(), 6);
}
