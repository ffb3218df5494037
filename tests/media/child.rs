//! Another process with a store: this very test binary, started again. It says what it asks for and what it is told, so that
//! whoever comes after its end knows what was promised.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use rustix::process::{Resource, Rlimit, setrlimit};
use session_reaper::{
    Age, Timestamp,
    artifact::media::{CleanupPolicy, MediaRef, MediaStore, Meta, Options},
};

use crate::part::warm_up;

/// The words by which this binary plays its part.
pub(crate) const PART: [&str; 5] =
    ["child::child", "--ignored", "--exact", "--nocapture", "--test-threads=1"];

/// What it is told: the store's folder, the time, what it does, and how long a file may become for it.
pub(crate) const DIR: &str = "MEDIA_DIR";
pub(crate) const BEGIN: &str = "MEDIA_BEGIN";
pub(crate) const DOES: &str = "MEDIA_DOES";
pub(crate) const LIMIT: &str = "MEDIA_LIMIT";

/// A store in use, by somebody who says what he does.
struct Player {
    dir: PathBuf,
    begin: Timestamp,
    store: MediaStore,
}

impl Player {
    fn open(dir: &Path, begin: Timestamp) -> Self {
        let store = MediaStore::open(Options::new(dir).unwrap(), begin).unwrap();
        println!("opened");
        Self { dir: dir.to_owned(), begin, store }
    }

    fn after(&self, minutes: u32) -> Timestamp {
        self.begin.plus(Age::from_minutes(minutes))
    }

    /// Its scope is its name without what follows a dash.
    fn put(&self, name: &str, policy: CleanupPolicy) -> MediaRef {
        println!("stores {name}");
        let scope = name.split('-').next().unwrap();
        let meta = Meta { policy, ..Meta::default() };
        let media = self.store.store(&self.dir.join(name), meta, scope, self.begin).unwrap();
        println!("stored {name} {}", media.reference);
        media.reference
    }

    fn use_(&self, name: &str, reference: MediaRef, minutes: u32) {
        self.store.resolve(reference, self.after(minutes)).unwrap();
        println!("used {name} {minutes}");
    }

    /// Does what lets these go.
    fn let_go(&self, names: &[&str], ask: impl FnOnce(&MediaStore)) {
        println!("asked {}", names.join(" "));
        ask(&self.store);
        println!("released {}", names.join(" "));
    }
}

/// All that a store can do, once.
fn life(player: &Player) {
    use CleanupPolicy::{DeleteOnCleanup, ForgetOnly};
    let [used, leased, own, ..] =
        ["used", "leased", "own", "old", "pair-1", "pair-2"].map(|name| player.put(name, DeleteOnCleanup));
    let forgotten = player.put("forgotten", ForgetOnly);
    player.use_("used", used, 20);
    let lease = player.store.lease(leased).unwrap();
    println!("leases");
    player.let_go(&["leased"], |store| {
        assert_eq!(store.release(leased).unwrap().waiting, 1);
        drop(lease);
    });
    player.let_go(&["pair-1", "pair-2"], |store| assert_eq!(store.release_all("pair").unwrap().files, 2));
    player.let_go(&["forgotten"], |store| assert_eq!(store.release(forgotten).unwrap().kept, 1));
    player.let_go(&["own"], |store| assert_eq!(store.release(own).unwrap().files, 1));
    player.let_go(&["old"], |store| assert_eq!(store.clean_expired(player.after(31)).failed(), 0));
    player.use_("used", used, 90);
    player.let_go(&["sub/stray"], |store| assert_eq!(store.clean_expired(player.after(100)).failed(), 0));
}

/// A file stored and released by somebody careless.
fn careless(player: &Player, how: &str) {
    if how == "removes the marker" {
        fs::remove_file(player.dir.join(".session-reaper/media.marker")).unwrap();
    }
    let own = player.put("own", CleanupPolicy::DeleteOnCleanup);
    if how == "removes before he asks" {
        fs::remove_file(player.dir.join("own")).unwrap();
    }
    if how == "answers before he asks" {
        println!("released own");
    }
    player.let_go(&["own"], |store| {
        store.release(own).unwrap();
    });
}

/// What the children of other tests do; by itself it does nothing.
#[test]
#[ignore = "it is a part that other tests start"]
fn child() {
    let (Some(dir), Ok(begin)) = (env::var_os(DIR), env::var(BEGIN)) else { return };
    let (begin, does) = (Timestamp::from_millis(begin.parse().unwrap()), env::var(DOES).unwrap());
    if let Some(limit) = env::var(LIMIT).ok().map(|limit| limit.parse().unwrap()) {
        setrlimit(Resource::Fsize, Rlimit { current: Some(limit), maximum: Some(limit) }).unwrap();
    }
    warm_up();
    println!("begin");
    let player = Player::open(Path::new(&dir), begin);
    match does.as_str() {
        "opens" => {}
        "lives" => life(&player),
        how => careless(&player, how),
    }
    drop(player);
    println!("finished");
}
