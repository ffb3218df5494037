//! A spool that may not become larger than it is told: what failed to go makes room as soon as it can, what cannot be weighed
//! makes none, and whoever is killed as he makes room leaves nothing that is half.

use super::*;

fn most(bytes: i64) -> Options {
    small().with_max_bytes(bytes).unwrap()
}

fn stored(session: &Session<MemDisk>, length: usize, fill: u8) -> Result<(), Why> {
    match session.put(&vec![fill; length], "text/plain") {
        Stored::Spooled(_) => Ok(()),
        Stored::Inline(why) => Err(why),
    }
}

#[test]
fn a_session_whose_end_has_failed_once_makes_room_for_the_next_payload() {
    let mut failed = 0;
    for at in 0.. {
        let disk = disk();
        let spool = spool(&disk, most(250));
        let (ended, living) = (spool.session("one").unwrap(), spool.session("two").unwrap());
        stored(&ended, 200, b'a').unwrap();
        assert_eq!(stored(&living, 51, b'b'), Err(Why::Full));
        disk.fail_at(at, false);
        let end = ended.end();
        if disk.heal() <= at {
            break;
        }
        failed += usize::from(end.is_err());
        // Nobody has swept meanwhile.
        assert_eq!(stored(&living, 51, b'b'), Ok(()), "call {at}: {end:?}");
    }
    assert!(failed > 4, "{failed}");
}

#[test]
fn a_session_that_cannot_go_yet_still_takes_its_room() {
    let disk = disk();
    let spool = spool(&disk, most(250));
    let (ended, living) = (spool.session("one").unwrap(), spool.session("two").unwrap());
    stored(&ended, 200, b'a').unwrap();
    disk.fail_at(0, true);
    ended.end().unwrap_err();
    assert_eq!(stored(&living, 51, b'b'), Err(Why::Failed));
    let _ = disk.heal();
    assert_eq!((stored(&living, 51, b'b'), stored(&living, 200, b'c')), (Ok(()), Err(Why::Full)));
}

#[test]
fn after_one_that_is_too_large_a_smaller_payload_is_taken() {
    let disk = disk();
    let spool = spool(&disk, most(100));
    let session = spool.session("one").unwrap();
    stored(&session, 60, b'a').unwrap();
    for (length, expected) in
        [(41, Err(Why::Full)), (101, Err(Why::Full)), (30, Ok(())), (11, Err(Why::Full))]
    {
        assert_eq!(stored(&session, length, b'b'), expected, "{length}");
    }
    // What is small enough stays where it is, and takes none.
    assert_eq!(stored(&session, 10, b'c'), Err(Why::Small));
}

/// Whichever of the calls fails by which somebody else's payloads are weighed, it is unknown then what they take.
#[test]
fn what_cannot_be_weighed_keeps_the_spool_from_being_filled() {
    let mut unknown = 0;
    for at in 0.. {
        let disk = disk();
        let spool = spool(&disk, most(250));
        let (one, two) = (spool.session("one").unwrap(), spool.session("two").unwrap());
        stored(&one, 200, b'a').unwrap();
        disk.fail_at(at, false);
        let filled = stored(&two, 100, b'b');
        if disk.heal() <= at {
            break;
        }
        assert_ne!(filled, Ok(()), "call {at}");
        unknown += usize::from(filled == Err(Why::Failed));
    }
    assert!(unknown > 4, "{unknown}");
}

#[test]
fn what_has_a_name_of_ours_and_is_no_folder_takes_no_room() {
    let disk = disk();
    let session = spool(&disk, most(100)).session("one").unwrap();
    disk.put(&Path::new(DIR).join("s-file"), &[b'x'; 99]);
    assert_eq!(stored(&session, 60, b'a'), Ok(()));
}

/// A dead session is whole, or on its way out with its marker as long as anything else is in it, or gone.
fn is_whole_or_on_its_way(disk: &MemDisk, when: &str) {
    let names = disk.names(Path::new("/spool/s-0"));
    assert!([vec![], vec![".owner".to_owned(), "payload".to_owned()]].contains(&names), "{when}: {names:?}");
    if let Some(going) = going(disk) {
        let names = disk.names(&going);
        assert!(!names.iter().any(|name| name == "payload") || names.len() == 2, "{when}: {names:?}");
    }
}

#[test]
fn i3_whoever_is_killed_as_he_makes_room_leaves_the_dead_whole_or_gone() {
    // For the second payload there is room once the dead one has gone.
    let options = most(41).without_reclaim();
    let mut evicted = 0;
    for calls in 0.. {
        let (disk, when) = (disk(), format!("after {calls} calls"));
        drop(spool(&disk, options.clone()));
        lay(&disk, 0, Thing::Dead, &markers());
        let is_done = life(&disk.clone().ending_after(calls), options.clone()).is_some();
        blobs(&disk);
        is_whole_or_on_its_way(&disk, &when);
        evicted += usize::from(disk.get(Path::new("/spool/s-0/payload")).is_none());
        let again = spool(&disk, small());
        let session = again.session("one").unwrap();
        let blob = put(&session, &payload(2)).unwrap();
        assert_eq!(session.get(&blob).unwrap(), payload(2), "{when}");
        session.end().unwrap();
        // What this process was ending as it was killed is its own as long as it lives.
        let left = in_spool(&disk).into_iter().filter(|name| name != ".room");
        let has_payload = |name: String| disk.get(&Path::new(DIR).join(name).join("payload")).is_some();
        assert!(!left.into_iter().any(has_payload), "{when}: {:?}", in_spool(&disk));
        if is_done {
            assert!(calls > 60 && evicted > 10, "{calls} {evicted}");
            break;
        }
    }
}
