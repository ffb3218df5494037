//! What a process has been promised before it was killed, and whether whoever comes next finds it kept.

use std::{collections::BTreeMap, fs, path::Path};

use session_reaper::{
    Age, Timestamp,
    artifact::media::{CleanupPolicy, MediaRef, MediaStore, Meta, Outcome},
};

use crate::{folder::names, world::World};

/// The files that the process finds; it stores all but those in `sub`.
pub(crate) const FILES: [&str; 8] =
    ["used", "leased", "old", "own", "pair-1", "pair-2", "forgotten", "sub/stray"];

/// What everybody writes into his files.
const BYTES: &str = "12345";

/// A folder with a store in it that others use, too.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) begin: Timestamp,
    /// Somebody else's, who goes on using it.
    other: MediaRef,
    /// The file of this one is gone.
    gone: MediaRef,
}

impl Stage {
    /// In a store as it was left, in the folder of which nothing is but what is the store's.
    pub(crate) fn new(left: Option<&Path>) -> Self {
        let world = World::new();
        if let Some(left) = left {
            fs::create_dir_all(world.path("media/.session-reaper")).unwrap();
            for name in names(left) {
                fs::copy(left.join(&name), world.path("media/.session-reaper").join(&name)).unwrap();
            }
        }
        let store = MediaStore::open(world.options(), session_reaper::now()).unwrap();
        FILES.iter().chain(&["other", "gone"]).for_each(|name| drop(world.media(name)));
        let begin = session_reaper::now();
        let put = |name| {
            let meta = Meta { policy: CleanupPolicy::DeleteOnCleanup, ..Meta::default() };
            store.store(&world.path("media").join(name), meta, name, begin).unwrap().reference
        };
        let (other, gone) = (put("other"), put("gone"));
        store.resolve(other, begin.plus(Age::from_minutes(95))).unwrap();
        fs::remove_file(world.path("media/gone")).unwrap();
        Self { world, begin, other, gone }
    }

    fn after(&self, minutes: u32) -> Timestamp {
        self.begin.plus(Age::from_minutes(minutes))
    }

    fn is_whole(&self, name: &str) -> bool {
        fs::read_to_string(self.world.path("media").join(name)).is_ok_and(|text| text == BYTES)
    }

    /// The files in the folder, but for the store's own.
    fn files(&self) -> Vec<String> {
        let folder = self.world.path("media");
        let all = FILES.into_iter().chain(["other", "gone"]);
        all.filter(|name| folder.join(name).exists()).map(str::to_owned).collect()
    }
}

/// What a process has said.
#[derive(Debug, Default)]
pub(crate) struct Promised {
    stored: BTreeMap<String, MediaRef>,
    /// What it was about to store, and what it has asked to let go.
    begun: Vec<String>,
    asked: Vec<String>,
    released: Vec<String>,
    /// So many minutes after the beginning it used its file, at the latest.
    used: Option<u32>,
    pub(crate) has_opened: bool,
}

impl Promised {
    pub(crate) fn read(said: &[u8]) -> Self {
        let mut promised = Self::default();
        for line in String::from_utf8_lossy(said).lines() {
            let mut words = line.split(' ');
            let (verb, names) = (words.next(), words.map(str::to_owned).collect::<Vec<_>>());
            match verb {
                Some("opened") => promised.has_opened = true,
                Some("stores") => promised.begun.extend(names),
                Some("stored") => drop(promised.stored.insert(names[0].clone(), names[1].parse().unwrap())),
                Some("used") => promised.used = Some(names[1].parse().unwrap()),
                Some("asked") => promised.asked.extend(names),
                Some("released") => promised.released.extend(names),
                _ => {}
            }
        }
        promised
    }

    /// Everything, in the order in which it is to be looked at: the last of it ends the store.
    pub(crate) fn kept(&self, stage: &Stage) -> Result<(), String> {
        let store = healed(stage)?;
        self.names_are_kept(stage, &store)?;
        self.all_are_known(stage, &store)?;
        self.uses_are_kept(stage, &store)?;
        self.nothing_stays(stage, &store)
    }

    /// Each name that was promised is good; each that was let go is not, and its file is gone.
    fn names_are_kept(&self, stage: &Stage, store: &MediaStore) -> Result<(), String> {
        for (name, reference) in &self.stored {
            let (is_known, is_whole) = (store.resolve(*reference, stage.begin).is_ok(), stage.is_whole(name));
            let (is_asked, is_released) = (self.asked.contains(name), self.released.contains(name));
            let stays = name == "forgotten";
            let wrong = match (is_known, is_whole) {
                (false, _) if !is_asked && !is_released => "its name is lost",
                (true, _) if is_released => "its name came back",
                (true, false) => "its name is known, and the file is gone",
                (_, false) if stays => "it was to stay",
                (false, true) if !stays => "its name is gone, and the file is there",
                _ => continue,
            };
            return Err(format!("{name}: {wrong}"));
        }
        if store.resolve(stage.other, stage.after(96)).is_err() || !stage.is_whole("other") {
            return Err("somebody else's file is lost".to_owned());
        }
        let is_dropped = store.resolve(stage.gone, stage.begin).is_err();
        if is_dropped { Ok(()) } else { Err("a file that is gone came back".to_owned()) }
    }

    /// There are no more references than those, but for one that was stored when the end came.
    fn all_are_known(&self, stage: &Stage, store: &MediaStore) -> Result<(), String> {
        let is_good = |reference: &&MediaRef| store.resolve(**reference, stage.begin).is_ok();
        let good = 1 + self.stored.values().filter(is_good).count();
        let (all, in_doubt) = (store.references().unwrap(), self.begun.len() - self.stored.len());
        let is_exact = all >= good && all <= good + in_doubt && in_doubt <= 1;
        if is_exact { Ok(()) } else { Err(format!("{all} references, not {good} and {in_doubt}")) }
    }

    /// A use that was noted keeps its file.
    fn uses_are_kept(&self, stage: &Stage, store: &MediaStore) -> Result<(), String> {
        let Some(used) = self.used else { return Ok(()) };
        let swept = store.clean_expired(stage.after(used + 10));
        let is_kept = stage.is_whole("used") && swept.failed() == 0;
        if is_kept { Ok(()) } else { Err(format!("used {used} minutes after, and swept: {swept:?}")) }
    }

    /// Once all is let go and long ago, nothing is there but what is not the store's to remove; each file is counted once.
    fn nothing_stays(&self, stage: &Stage, store: &MediaStore) -> Result<(), String> {
        let before = stage.files().len() as u64;
        let mut counted = 0;
        for scope in ["used", "leased", "own", "pair", "forgotten"] {
            counted += store.release_all(scope).unwrap().files;
        }
        for _ in 0..2 {
            counted += store.clean_expired(stage.after(1_000_000)).count(Outcome::Removed);
        }
        let left = stage.files();
        let begun = |name: &str| self.begun.iter().any(|begun| begun == name);
        let may_stay = left.is_empty() && !self.stored.contains_key("forgotten")
            || left == ["forgotten"] && begun("forgotten");
        let is_tidy = may_stay && !stage.world.path("media/sub").exists() && only_its_own(stage);
        let is_counted = counted == before - left.len() as u64;
        let references = store.references().unwrap();
        if is_tidy && is_counted && references == 0 {
            return Ok(());
        }
        let ours = stage.world.names("media/.session-reaper");
        Err(format!("{left:?} of {before} and {ours:?} are left, {counted} counted, {references} references"))
    }
}

/// Opens the store as another process does. After that there is nothing to heal.
fn healed(stage: &Stage) -> Result<MediaStore, String> {
    let open = || {
        MediaStore::open(stage.world.options(), stage.begin).map_err(|error| format!("not opened: {error}"))
    };
    let store = open()?;
    let ledger = || fs::read(stage.world.ledger()).unwrap();
    let (healed, files) = (ledger(), stage.files());
    if healed.last() != Some(&b'\n') {
        return Err("the ledger ends in half a line".to_owned());
    }
    let swept = open()?.clean_expired(stage.begin);
    if ledger() != healed
        || stage.files() != files
        || swept.swept() + swept.failed() + swept.damaged_lines > 0
    {
        return Err(format!("whoever comes second finds something to heal: {swept:?}"));
    }
    if only_its_own(stage) { Ok(store) } else { Err("something of the killed is left".to_owned()) }
}

/// Whether nothing is left in the store's own folder that is there for a while only.
fn only_its_own(stage: &Stage) -> bool {
    let names = stage.world.names("media/.session-reaper");
    !names.iter().any(|name| name.contains("tmp") || name.starts_with("media.lease"))
}
