//! A pruner as many are: it looks whether all is well, and then trusts the path.

use std::{
    fs, io,
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    swapper::{PAUSES, Swapper},
    world::{LEVELS, World, survivors},
};

/// So long it may take him to get lost; mostly it takes milliseconds.
const AT_MOST: Duration = Duration::from_secs(20);

/// Sweeps the store, if it is really below the folder that was named, and our own folder really is a folder.
fn sweep(named: &Path, store: &Path) -> io::Result<()> {
    let real = fs::canonicalize(store)?;
    let ours = real.with_file_name(".session-reaper");
    if !real.starts_with(named) || !fs::symlink_metadata(&ours)?.is_dir() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let temp = ours.join("sessions.json.1.1.tmp");
    fs::write(&temp, survivors())?;
    fs::rename(&temp, &real)
}

/// Empties the trash of what really are folders.
fn empty(named: &Path, store: &Path) -> io::Result<()> {
    let trash = fs::canonicalize(store)?.with_file_name(".session-reaper").join("trash");
    if !trash.starts_with(named) || !fs::symlink_metadata(&trash)?.is_dir() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    for bundle in fs::read_dir(&trash)? {
        let bundle = bundle?.path();
        if !fs::symlink_metadata(&bundle)?.is_dir() {
            continue;
        }
        for file in fs::read_dir(&bundle)? {
            let file = file?.path();
            fs::remove_file(&file)?;
            // The next round needs it again.
            fs::write(&file, "")?;
        }
    }
    Ok(())
}

#[test]
fn i10_a_naive_pruner_gets_lost_at_every_level() {
    for level in LEVELS {
        let world = World::new();
        let named = fs::canonicalize(world.path("state")).unwrap();
        let link = world.link(level);
        let begin = Instant::now();
        let (mut swaps, mut sweeps) = (0, 0);
        while world.escapes().is_empty() {
            assert!(begin.elapsed() < AT_MOST, "{level}: {sweeps} naive runs, and none got lost");
            let swapper = Swapper::start(&world.folder("state", level), &link, PAUSES[0], 0);
            for _ in 0..20 {
                let work = if level.contains("trash") { empty } else { sweep };
                sweeps += u64::from(work(&named, &world.store()).is_ok());
            }
            swaps += swapper.stop();
        }
        let took = begin.elapsed().as_millis();
        eprintln!("{level}: a naive pruner got lost after {sweeps} runs, {swaps} swaps, {took} ms");
    }
}
