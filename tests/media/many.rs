//! A hundred thousand files, and a ledger that this test writes by itself: its form is a promise to those who come later.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::MetadataExt,
    time::{Duration, Instant},
};

use session_reaper::artifact::media::Outcome;
use sha2::{Digest, Sha256};

use crate::world::{MAX_AGE, World, at};

const MANY: u64 = 100_000;

fn line(json: &str) -> String {
    let sum = Sha256::digest(json.as_bytes());
    let digits = sum.iter().take(8).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    format!("{digits} {json}\n")
}

#[test]
fn a_hundred_thousand_files_are_opened_kept_and_swept_in_seconds() {
    let world = World::new();
    drop(world.open());
    let mut text = line(r#"{"op":"head","version":1}"#);
    for number in 0..MANY {
        let name = format!("{number:08x}_picture.png");
        let path = world.path("media").join(&name);
        fs::File::create(&path).unwrap();
        let (ino, at) = (fs::metadata(&path).unwrap().ino(), at(0).as_millis());
        text += &line(&format!(
            r#"{{"op":"store","ref":"media://00000000-0000-4000-8000-{number:012x}","path":"{name}","ino":{ino},"at":{at},"scope":"chat-{}","meta":{{"filename":"picture.png","content_type":"image/png","source":"telegram","policy":"delete_on_cleanup"}}}}"#,
            number % 1_000
        ));
    }
    fs::write(world.ledger(), text).unwrap();
    // One of an older form: nothing is noted of its length.
    fs::remove_file(world.path("media/.session-reaper/media.length")).unwrap();
    let mut took = Vec::new();
    let mut timed = |what: &str, begun: Instant| took.push(format!("{what} {:?}", begun.elapsed()));
    let begun = Instant::now();
    let store = world.open();
    timed("opened in", begun);
    assert_eq!(store.references().unwrap(), usize::try_from(MANY).unwrap());
    let begun = Instant::now();
    assert_eq!(store.clean_expired(at(MAX_AGE)).count(Outcome::Young), MANY);
    timed("all kept in", begun);
    let begun = Instant::now();
    assert_eq!(store.release_all("chat-7").unwrap().files, MANY / 1_000);
    timed("a scope of a hundred released in", begun);
    let begun = Instant::now();
    let report = store.clean_expired(at(MAX_AGE + 1));
    timed("all others swept in", begun);
    assert_eq!(report.count(Outcome::Removed), MANY - MANY / 1_000, "{report}");
    assert!(report.duration < Duration::from_mins(1), "{report:?}");
    eprintln!("{}", took.join(", "));
    // Nothing but our own folder is left, and little in it.
    assert_eq!(fs::read_dir(world.path("media")).unwrap().count(), 1);
    assert!(fs::metadata(world.ledger()).unwrap().len() < 1 << 20);
}
