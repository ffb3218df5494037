//! Any content of a lock that is younger than thirty seconds: only an owner of our own world who is proven to be dead
//! loses it.

use std::cell::Cell;

use proptest::{prelude::*, sample::select, test_runner::TestRunner};
use serde_json::{Value, json};
use session_reaper::lock::Attempt;

use crate::{
    contend::{NOBODYS, me},
    odd::{Place, time},
};

/// Numbers of nobody, of us, of others, and what is no number.
fn pid() -> impl Strategy<Value = Value> {
    select(vec![
        json!(NOBODYS),
        json!(me().pid),
        json!(1),
        json!(0),
        json!(-1),
        json!("7"),
        json!(1_u64 << 40),
    ])
}

fn created() -> impl Strategy<Value = Value> {
    let young = (-100_000_i64..20).prop_map(|age| json!(time(age).to_string()));
    prop_oneof![young, select(vec![json!("soon"), json!(1), json!("2026-13-45T00:00:00Z"), Value::Null])]
}

fn start() -> impl Strategy<Value = Value> {
    select(vec![
        json!(me().start),
        json!(me().start.map(|start| start + 1)),
        json!(1),
        json!("1"),
        Value::Null,
    ])
}

fn word(ours: &str) -> impl Strategy<Value = Value> + use<> {
    prop_oneof![8 => Just(json!(ours)), 3 => select(vec![json!("elsewhere"), json!(7), Value::Null])]
}

/// Objects in every form and in none.
fn note() -> impl Strategy<Value = Value> {
    let world = me().world.as_ref().unwrap();
    let hold = select(vec![json!(0), json!(1), json!(-1), json!(u64::MAX), Value::Null]);
    (pid(), created(), start(), word(&world.boot), word(&world.namespace), hold).prop_map(
        |(pid, created, start, boot, namespace, hold)| {
            let mut note = json!({
                "pid": pid, "createdAt": created, "starttime": start, "bootId": boot, "namespace": namespace,
                "maxHoldMs": hold, "token": "t",
            });
            note.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            note
        },
    )
}

/// Whether the owner is proven to be dead, found out in another way than the judge does.
fn is_proven_dead(note: &Value) -> bool {
    let world = me().world.as_ref().unwrap();
    let is_ours = note["bootId"] == json!(world.boot) && note["namespace"] == json!(world.namespace);
    let is_gone = note["pid"] == json!(NOBODYS);
    let is_another = note["starttime"].as_u64().is_some_and(|start| match note["pid"].as_u64() {
        Some(1) => started(1).is_some_and(|seen| seen != start),
        pid => pid == Some(u64::from(me().pid)) && Some(start) != me().start,
    });
    is_ours && (is_gone || is_another)
}

fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// An attempt on a lock with these bytes: whether it was taken. If not, nothing about it has changed.
fn is_taken(bytes: &[u8], file_age_s: i64) -> Result<bool, TestCaseError> {
    let place = Place::new();
    place.write(bytes, file_age_s);
    let before = place.seen();
    match place.attempt() {
        Attempt::Held(held) => {
            prop_assert!(held.is_ours());
            Ok(true)
        }
        Attempt::Crossed => Err(TestCaseError::fail("nobody else is there, and it was crossed")),
        Attempt::Taken(..) => {
            prop_assert_eq!(place.seen(), before);
            Ok(false)
        }
    }
}

#[test]
fn i7_any_young_note_is_taken_from_the_proven_dead_and_from_nobody_else() {
    let (notes, taken) = (Cell::new(0), Cell::new(0));
    let config = ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() };
    let done = TestRunner::new(config).run(&(note(), -100_000_i64..25), |(note, age)| {
        let dead = is_proven_dead(&note);
        prop_assert_eq!(is_taken(note.to_string().as_bytes(), age)?, dead, "{}", note);
        notes.set(notes.get() + 1);
        taken.set(taken.get() + usize::from(dead));
        Ok(())
    });
    done.unwrap_or_else(|wrong| panic!("{wrong}"));
    eprintln!(
        "{} young notes, {} of proven dead owners: those alone were taken over",
        notes.get(),
        taken.get()
    );
    assert!(taken.get() >= 50 && taken.get() * 2 < notes.get());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn i7_any_bytes_younger_than_thirty_seconds_stay(
        bytes in prop::collection::vec(any::<u8>(), 0..400), age in -100_000_i64..25,
    ) {
        prop_assert!(!is_taken(&bytes, age)?);
    }

    /// A note cut off anywhere is none.
    #[test]
    fn i7_a_torn_note_stays(note in note(), cut in any::<prop::sample::Index>()) {
        let text = note.to_string();
        prop_assert!(!is_taken(&text.as_bytes()[..cut.index(text.len())], 0)?);
    }
}
