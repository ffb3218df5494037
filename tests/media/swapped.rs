//! Folders and files that become links while files are stored, released and swept: nothing outside of the folder goes.

use std::{
    fs,
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

use session_reaper::{
    ErrorKind,
    artifact::{
        self,
        media::{self, MediaStore, Options},
    },
};

use crate::{
    swap::while_swapping,
    world::{MAX_AGE, World, at, delete},
};

/// The store's folder, one in it, and a file at the end.
const LEVELS: [&str; 3] = ["media", "media/sub", "media/sub/a"];

/// A twin outside of all that could be lost.
const TWINS: [&str; 3] = ["outside/media/sub/a", "outside/media/sub/b", "outside/media/c"];

fn twin_of(world: &World, level: &str) -> std::path::PathBuf {
    world.path("outside").join(level)
}

/// What came of a race.
#[derive(Debug, Default)]
struct Count {
    swaps: u64,
    gone: u64,
    lost: usize,
}

fn race(level: &str, live: impl Fn(&World, &MediaStore) -> u64, shows: impl Fn(&Count) -> bool) -> Count {
    let (mut count, begun) = (Count::default(), Instant::now());
    while begun.elapsed() < Duration::from_secs(if shows(&count) { 1 } else { 40 }) {
        let world = World::new();
        // Before anything is swapped: what is opened by a name that leads elsewhere is elsewhere.
        let store = world.open();
        for name in ["sub/a", "sub/b", "c"] {
            world.media(name);
            world.write(&format!("outside/media/{name}"), "precious");
        }
        symlink(twin_of(&world, level), world.path("link")).unwrap();
        let names = (world.path(level), world.path("link"));
        let (gone, swaps) = while_swapping((&names.0, &names.1), Duration::ZERO, || live(&world, &store));
        count.gone += gone;
        count.swaps += swaps;
        count.lost += TWINS.iter().filter(|twin| !world.path(twin).exists()).count();
    }
    count
}

#[test]
fn i10_nothing_outside_of_the_folder_goes_whoever_swaps_what_for_links() {
    for level in LEVELS {
        let live = |world: &World, store: &MediaStore| {
            let mut gone = 0;
            for round in 0..30 {
                for name in ["sub/a", "sub/b", "c"] {
                    let _ = store.store(&world.path("media").join(name), delete(), "s", at(0));
                }
                let released = store.release_all("s").map_or(0, |released| released.files);
                gone += released + store.clean_expired(at(MAX_AGE * (round % 2) + 1)).swept();
            }
            gone
        };
        let shows = |count: &Count| count.swaps > 100 && count.gone > 0;
        let count = race(level, live, shows);
        eprintln!("{level}: {count:?}");
        assert!(count.lost == 0 && shows(&count), "{level}: {count:?}");
    }
}

/// The rig would see it: who looks first and then removes by the path is led outside.
#[test]
fn who_follows_paths_is_led_outside() {
    let naive = |world: &World, _: &MediaStore| {
        let path = world.path("media/sub/a");
        for _ in 0..1_000 {
            let is_real = fs::canonicalize(&path).is_ok_and(|real| real == path);
            if is_real && fs::remove_file(&path).is_ok() {
                return 1;
            }
        }
        0
    };
    let count = race("media/sub", naive, |count| count.lost > 0);
    assert!(count.lost > 0, "{count:?}");
}

#[test]
fn i10_a_folder_that_is_a_link_is_refused_and_one_behind_a_link_is_not() {
    let world = World::new();
    let media = world.open().store(&world.media("a"), delete(), "s", at(0)).unwrap();
    fs::create_dir(world.path("other")).unwrap();
    for (link, target) in [("link", "media"), ("second", "other")] {
        symlink(world.path(target), world.path(link)).unwrap();
        let options = Options::new(world.path(link)).unwrap();
        let error = MediaStore::open(options.clone(), at(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(error.to_string().contains("link"), "{error}");
        for report in [
            media::sweep(&options, at(MAX_AGE + 1), &artifact::Options::default()),
            media::inspect(&options, at(0)),
        ] {
            assert_eq!(report.error.map(|error| error.kind()), Some(ErrorKind::Refused));
        }
        assert!(media::past(&world.path(link)).is_err());
    }
    assert!(media.path.exists() && world.names("other").is_empty());
    symlink(world.path(""), world.path("way")).unwrap();
    let store = MediaStore::open(Options::new(world.path("way/media")).unwrap(), at(0)).unwrap();
    assert_eq!(store.resolve(media.reference, at(0)).unwrap().path, media.path);
}

#[test]
fn i10_a_folder_that_becomes_a_link_is_opened_swept_and_undone_only_where_it_is() {
    let live = |world: &World, _: &MediaStore| {
        let (dir, mut done) = (world.path("media"), 0);
        for _ in 0..40 {
            let Ok(store) = MediaStore::open(world.options(), at(0)) else { continue };
            for name in ["sub/a", "sub/b", "c"] {
                let _ = store.store(&dir.join(name), delete(), "s", at(0));
            }
            drop(store);
            done += media::sweep(&world.options(), at(MAX_AGE + 1), &artifact::Options::default()).swept;
            for run in media::past(&dir).unwrap_or_default().in_trash.into_iter().map(|kept| kept.line.run) {
                let undone = media::undo(&dir, &run, at(0), &artifact::Options::default());
                done += undone.map_or(0, |undone| undone.restored.len() as u64);
            }
        }
        assert!(!world.path("outside/media/.session-reaper").exists(), "a store was opened where a link led");
        done
    };
    let shows = |count: &Count| count.swaps > 100 && count.gone > 0;
    for level in LEVELS {
        let count = race(level, live, shows);
        eprintln!("opened, swept and undone, swapped at {level}: {count:?}");
        assert!(count.lost == 0 && shows(&count), "{level}: {count:?}");
    }
}
