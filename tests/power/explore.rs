//! Builds the crash images of a story one by one, mounts each of them, and counts what they show.

use std::{
    collections::BTreeMap,
    fmt, fs,
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    blocks::Blocks,
    check::{self, Fault},
    filesystems::FileSystem,
    image::{self, Epoch, Known, Subset},
    rig::{self, Mounted},
    workload::Story,
};

/// Changes which images are built. The same seed builds the same ones of the same log; a kernel writes a little otherwise
/// each time.
const SEED: u64 = 4;

/// What the images of some stories showed.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) name: &'static str,
    pub(crate) stories: usize,
    pub(crate) images: usize,
    pub(crate) epochs: usize,
    pub(crate) writes: usize,
    /// How many images hold the state that each step leaves.
    pub(crate) seen: BTreeMap<usize, usize>,
    /// Images of moments at which a step had begun and not ended.
    pub(crate) in_flight: usize,
    /// Which image, and what is wrong with it.
    pub(crate) faults: Vec<(String, Fault)>,
    pub(crate) took: Duration,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, stories, images, epochs, writes, seen, in_flight, faults, took } = self;
        write!(
            f,
            "{name}: {images} images (seed {SEED}) of {epochs} epochs with {writes} writes of {stories} stories in \
             {took:.1?}, {in_flight} with a step in flight; states {:?}; {} faults",
            seen.values().collect::<Vec<_>>(),
            faults.len()
        )?;
        let mut kinds = BTreeMap::<_, usize>::new();
        for (_, fault) in faults {
            *kinds.entry(fault.kind()).or_default() += 1;
        }
        kinds.iter().try_for_each(|(kind, count)| write!(f, ", {count} {kind}"))
    }
}

impl Tally {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    fn add(&mut self, which: String, known: Known, found: Result<usize, Fault>) {
        self.images += 1;
        self.in_flight += usize::from(known.ended < known.begun);
        match found {
            Err(fault) => self.faults.push((which, fault)),
            Ok(state) => *self.seen.entry(state).or_default() += 1,
        }
    }
}

/// Where images are built and mounted.
struct Bench<'a> {
    dir: &'a Path,
    at: PathBuf,
    fs: FileSystem,
    story: &'a Story,
    /// Whether the next sweep is tried as well.
    heals: bool,
}

/// Builds and judges up to `many` images of a story, and adds them to a tally. They are looked at in another boot.
pub(crate) fn explore(
    dir: &Path,
    fs: FileSystem,
    story: &Story,
    many: usize,
    heals: bool,
    tally: &mut Tally,
) {
    let begin = Instant::now();
    let at = dir.join("image");
    fs::create_dir_all(&at).unwrap();
    let rebooted = rig::reboot(dir);
    let bench = Bench { dir, at, fs, story, heals };
    let epochs = image::epochs(&story.recording.entries);
    let dealt = image::deal(&epochs, many, SEED + u64::try_from(tally.stories).unwrap());
    let mut base = story.recording.base.clone();
    for state in 0..story.states.len() {
        tally.seen.entry(state).or_default();
    }
    for (number, (epoch, subsets)) in epochs.iter().zip(dealt).enumerate() {
        for subset in subsets {
            let which = format!("story {}, epoch {number}, {}", tally.stories, brief(&subset));
            tally.add(which, epoch.known, bench.judge(&base, epoch, &subset, tally.images));
        }
        for piece in &epoch.pieces {
            base.put(piece);
        }
    }
    drop(rebooted);
    tally.stories += 1;
    tally.epochs += epochs.len();
    tally.writes += epochs.iter().map(|epoch| epoch.pieces.len()).sum::<usize>();
    tally.took += begin.elapsed();
}

/// `##.#` for a subset that lacks its third write.
fn brief(subset: &Subset) -> String {
    subset.iter().map(|kept| if *kept { '#' } else { '.' }).collect()
}

impl Bench<'_> {
    /// Which state an image holds, or what is wrong with it.
    fn judge(&self, base: &Blocks, epoch: &Epoch, subset: &Subset, number: usize) -> Result<usize, Fault> {
        // A name of its own: a loop device that goes away a little later is not taken for this one's.
        let path = self.dir.join(format!("ram/{}-{number}.image", rig::token(self.dir)));
        let file = File::create(&path).unwrap();
        file.set_len(self.fs.size << 20).unwrap();
        base.save(&file);
        for (piece, _) in epoch.pieces.iter().zip(subset).filter(|(_, kept)| **kept) {
            file.write_all_at(&piece.bytes, piece.offset).unwrap();
        }
        drop(file);
        let mounted = Mounted::new(self.fs.kind, self.fs.options, &path, &self.at);
        let judged = mounted.map_err(Fault::NotMounted).and_then(|mounted| {
            let judged = self.look(epoch.known);
            drop(mounted);
            judged
        });
        fs::remove_file(&path).unwrap();
        judged
    }

    fn look(&self, known: Known) -> Result<usize, Fault> {
        let folder = self.at.join("sessions");
        let state = check::judge(&check::look(&folder), known, &self.story.states)?;
        if self.heals {
            check::heal(&folder, &self.story.states[state])?;
        }
        Ok(state)
    }
}
