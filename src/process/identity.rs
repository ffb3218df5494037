//! A process, told apart from every other that had or will have its number.

use std::{path::Path, process};

use super::life::{Life, life};
use crate::fs;

/// Longer than any boot's name.
const MAX_BOOT: usize = 128;

/// A boot of a machine and a namespace of process numbers in it: the same number here and there is the same process only
/// when both worlds are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The kernel's name for this boot.
    pub boot: String,
    /// The namespaces that process numbers and start times are counted in.
    pub namespace: String,
}

impl World {
    /// The world that we live in, where the system tells.
    fn ours() -> Option<Self> {
        let boot = fs::read_kernel(Path::new("/proc/sys/kernel/random/boot_id"), MAX_BOOT)?;
        let boot = String::from_utf8(boot).ok()?.trim().to_owned();
        let numbers = namespace("pid")?;
        // Start times are counted from the boot as the time namespace has it. Old kernels have none, and all agree.
        let namespace =
            namespace("time").map_or_else(|| numbers.clone(), |times| format!("{numbers} {times}"));
        (!boot.is_empty()).then_some(Self { boot, namespace })
    }
}

fn namespace(kind: &str) -> Option<String> {
    let link = fs::read_link(&Path::new("/proc/self/ns").join(kind))?;
    link.into_os_string().into_string().ok()
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its number.
    pub pid: u32,
    /// When it was started, in the kernel's ticks since the boot.
    pub start: Option<u64>,
    /// What the two are numbers of.
    pub world: Option<World>,
}

impl Identity {
    /// This process. Not to be kept over a fork.
    #[must_use]
    pub fn of_this_process() -> Self {
        let pid = process::id();
        let start = match life(pid) {
            Life::Here { start } => start,
            Life::Gone => None,
        };
        Self { pid, start, world: World::ours() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_know_ourselves_and_always_the_same() {
        let me = Identity::of_this_process();
        assert_eq!((me.pid, &me), (process::id(), &Identity::of_this_process()));
        if Path::new("/proc/self/ns/pid").exists() {
            assert!(me.start.is_some_and(|start| start > 0), "{me:?}");
            let world = me.world.expect("Linux tells");
            assert!(world.boot.len() >= 32 && world.namespace.contains("pid:["), "{world:?}");
        }
    }
}
