//! What stands in a lock, of whatever bytes: no panic, nobody is called dead without proof, and none is taken while young.

#![no_main]

use libfuzzer_sys::fuzz_target;
use session_reaper::{
    Timestamp,
    lock::{Content, Found, Kind, Note, judge},
    process::{Identity, Life, World},
};

const NOW: i64 = 1_795_248_000_000;

fn world() -> World {
    World { boot: "b".to_owned(), namespace: "n".to_owned() }
}

fuzz_target!(|input: (&[u8], u16, Option<u64>, bool)| {
    let (text, age, start, is_there) = input;
    let me = Identity { pid: 1, start: Some(1), world: Some(world()) };
    let note = Note::read(text);
    let content = note.clone().map_or(Content::Unreadable, Content::Note);
    let found = Found { content, modified: Timestamp::from_millis(NOW - i64::from(age)) };
    let life = |_| if is_there { Life::Here { start } } else { Life::Gone };
    for kind in [Kind::Store, Kind::Transcript] {
        let verdict = judge(kind, &found, Timestamp::from_millis(NOW), &me, life);
        let of_our_world =
            note.as_ref().is_some_and(|note| note.world == Some(world()) && note.pid.is_some());
        assert!(!verdict.is_dead() || of_our_world, "{note:?} is called dead");
        let created = note.as_ref().and_then(|note| note.created).map_or(NOW, Timestamp::as_millis);
        let is_young = age <= 30_000 && created >= NOW - 30_000;
        let is_timed = kind == Kind::Transcript && note.as_ref().is_some_and(|note| note.max_hold.is_some());
        let is_ours = note.as_ref().is_some_and(|note| note.token.is_some());
        // The time that a transcript's lock gives itself counts only for ours, which are fenced.
        let may_end = if is_timed { is_ours } else { !is_young };
        assert!(!verdict.may_be_taken() || verdict.is_dead() || may_end, "{note:?} is taken");
    }
});
