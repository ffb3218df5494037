//! The file systems under test, and what each of them showed.

use std::{fs, path::Path};

use crate::{
    explore::{self, Tally},
    rig,
    workload::{self, Way},
};

/// A kind of file system, and how it is mounted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileSystem {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    /// In MiB. Its holes cost nothing.
    pub(crate) size: u64,
    pub(crate) options: &'static str,
    pub(crate) make: &'static [&'static str],
}

/// Nothing may be written by the kernel later on: no tables that are made lazily.
const MAKE_EXT4: &[&str] = &["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard"];

pub(crate) const EXT4: FileSystem =
    FileSystem { name: "ext4", kind: "ext4", size: 32, options: "loop", make: MAKE_EXT4 };

/// Data comes when it comes, and a rename does not hurry it: what a missing fsync shows in.
pub(crate) const LATE: FileSystem = FileSystem {
    name: "ext4 data=writeback,noauto_da_alloc",
    options: "loop,data=writeback,noauto_da_alloc",
    ..EXT4
};

/// No smaller one can be made.
pub(crate) const XFS: FileSystem =
    FileSystem { name: "xfs", kind: "xfs", size: 320, options: "loop", make: &["-q", "-f", "-K"] };

impl FileSystem {
    pub(crate) fn make(&self, file: &Path) {
        let args = self.make.iter().map(AsRef::as_ref).chain([file.as_os_str()]);
        rig::run(&format!("mkfs.{}", self.kind), args).unwrap();
    }
}

/// How many images are built, if nobody says otherwise.
fn quota(default: usize) -> usize {
    std::env::var("SESSION_REAPER_POWER_IMAGES").map_or(default, |text| text.parse().expect("a number"))
}

/// The real sweeps on one file system: nothing may be wrong, and the images must have shown both sides of a step.
fn holds(dir: &Path, fs: FileSystem, images: usize) {
    let asked = quota(images);
    let mut tally = Tally::new(fs.name);
    // Each story has so many images and no more.
    while tally.images < asked && tally.faults.is_empty() {
        let before = tally.images;
        let story = workload::play(dir, fs, Way::Whole, tally.stories);
        explore::explore(dir, fs, &story, asked - before, true, &mut tally);
        assert!(tally.images > before, "no image was built: {tally}");
    }
    eprintln!("{tally}");
    assert!(tally.faults.is_empty(), "{}: {:#?}", fs.name, tally.faults);
    assert!(tally.images >= asked, "only {} images of {asked}", tally.images);
    shows_every_state(&tally);
}

/// A story of which some states were never seen shows nothing about them.
fn shows_every_state(tally: &Tally) {
    let unseen: Vec<_> = tally.seen.iter().filter(|(_, images)| **images == 0).collect();
    assert!(tally.seen.len() > 6 && unseen.is_empty(), "never seen: {unseen:?}, {tally}");
    assert!(tally.in_flight > tally.images / 2, "few images of steps in flight: {tally}");
}

#[test]
fn i3_i4_power_is_cut_on_ext4() {
    rig::inside("filesystems::i3_i4_power_is_cut_on_ext4", |dir| holds(dir, EXT4, 1000));
}

#[test]
fn i3_i4_power_is_cut_on_ext4_that_writes_late() {
    rig::inside("filesystems::i3_i4_power_is_cut_on_ext4_that_writes_late", |dir| holds(dir, LATE, 800));
}

#[test]
fn i3_i4_power_is_cut_on_xfs() {
    if let Err(error) = rig::run("mkfs.xfs", ["-V"]) {
        return rig::skip(&error);
    }
    rig::run("modprobe", ["xfs"]).ok();
    if !fs::read_to_string("/proc/filesystems").unwrap().contains("\txfs\n") {
        return rig::skip("this kernel mounts no xfs");
    }
    rig::inside("filesystems::i3_i4_power_is_cut_on_xfs", |dir| holds(dir, XFS, 300));
}
