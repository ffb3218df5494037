//! Lists: which rows, in which order, and what is said about each.

use session_reaper::{
    Error, Kind,
    inspect::{Choice, ListedRow, Sort, list},
};

use crate::support::{Fixture, NOW, odd_stores, policy, row, rows, run, store};

fn listed(fixture: &Fixture, choice: Choice) -> Vec<ListedRow> {
    let mut all = Vec::new();
    let listing = list(&fixture.store, &policy(), NOW, &choice).unwrap();
    listing
        .each(|row| {
            all.push(row);
            Ok::<(), Error>(())
        })
        .unwrap();
    assert_eq!(listing.len(), all.len());
    all
}

fn keys(fixture: &Fixture, sort: Sort) -> Vec<String> {
    listed(fixture, Choice { sort, ..Choice::default() }).iter().map(|row| row.key.to_string()).collect()
}

fn mixed() -> Fixture {
    let heavy = format!("\"agent:main:hook:h\":{{\"a\":\"{}\",\"updatedAt\":null}}", "x".repeat(500));
    rows(&[
        row("agent:main:main", 900),
        row(&run(1), 48),
        row(&run(2), 3),
        heavy,
        row(&run(3), 20),
        row("agent:main:subagent:s", 5),
    ])
}

#[test]
fn every_order_is_what_it_says() {
    let fixture = mixed();
    let (main, hook, sub) = ("agent:main:main", "agent:main:hook:h", "agent:main:subagent:s");
    let (one, two, three) = (run(1), run(2), run(3));
    assert_eq!(keys(&fixture, Sort::Store), [main, &one, &two, hook, &three, sub]);
    assert_eq!(keys(&fixture, Sort::Age), [&two, sub, &three, &one, main, hook]);
    assert_eq!(keys(&fixture, Sort::Key), [&one, &two, &three, hook, main, sub]);
    assert_eq!(keys(&fixture, Sort::Kind), [&two, &three, &one, sub, hook, main]);
    assert_eq!(keys(&fixture, Sort::Expiry), [&one, &three, &two, main, hook, sub]);
    assert_eq!(keys(&fixture, Sort::Size), [hook, &one, &two, &three, sub, main]);
}

#[test]
fn a_kind_and_a_limit_narrow_the_list_and_the_totals_say_of_what() {
    let fixture = mixed();
    let choice = Choice { kind: Some(Kind::CronRun), limit: Some(2), ..Choice::default() };
    let rows = listed(&fixture, choice);
    assert_eq!(rows.iter().map(|row| row.key.to_string()).collect::<Vec<_>>(), [run(2), run(3)]);
    let listing = list(&fixture.store, &policy(), NOW, &choice).unwrap();
    assert_eq!((listing.scanned, listing.matched, listing.prunable, listing.len()), (6, 3, 1, 2));
}

#[test]
fn a_row_is_told_in_full() {
    let rows = listed(&mixed(), Choice { sort: Sort::Store, ..Choice::default() });
    let json = |row: &ListedRow| serde_json::to_string(row).unwrap();
    insta::assert_snapshot!(json(&rows[0]), @r#"{"key":"agent:main:main","kind":"main","bytes":44,"action":"keep","reason":"no-rule","updatedAt":"2026-10-14T20:00:00.000Z","ageMs":3240000000,"expiresAt":null}"#);
    insta::assert_snapshot!(json(&rows[1]), @r#"{"key":"agent:main:cron:daily:run:00000001-1111-4222-8333-444455556666","kind":"cron-run","bytes":91,"action":"prune","rule":"cron-run","updatedAt":"2026-11-19T08:00:00.000Z","ageMs":172800000,"expiresAt":"2026-11-20T08:00:00.000Z"}"#);
    insta::assert_snapshot!(json(&rows[3]), @r#"{"key":"agent:main:hook:h","kind":"hook","bytes":544,"action":"keep","reason":"no-rule","updatedAt":null,"ageMs":null,"expiresAt":null}"#);
}

#[test]
fn odd_stores_list_each_row_that_javascript_sees_once() {
    for text in odd_stores() {
        let fixture = store(&text);
        for (sort, _) in Sort::ALL {
            let listing =
                list(&fixture.store, &policy(), NOW, &Choice { sort, ..Choice::default() }).unwrap();
            assert_eq!((listing.len() as u64, listing.matched), (listing.scanned, listing.scanned));
            let choice = Choice { sort, ..Choice::default() };
            let mut keys: Vec<_> = listed(&fixture, choice).into_iter().map(|row| row.key).collect();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), listing.len());
        }
    }
}

#[test]
fn a_lone_surrogate_is_listed_as_json_writes_it() {
    let rows = listed(&store(r#"{"agent:main:\ud800":{}}"#), Choice::default());
    assert!(serde_json::to_string(&rows[0]).unwrap().starts_with(r#"{"key":"agent:main:\ud800","#));
}

#[test]
fn names_of_orders_read_back() {
    for (sort, name) in Sort::ALL {
        assert_eq!(name.parse(), Ok(sort));
    }
    assert!("newest".parse::<Sort>().unwrap_err().to_string().contains("age, size, key"));
}

#[test]
fn a_store_that_is_none_says_so() {
    let error = list(&store("{\"a\":").store, &policy(), NOW, &Choice::default()).unwrap_err();
    assert_eq!(error.kind(), session_reaper::ErrorKind::Malformed);
}
