//! Whose a lease is, and whether he is gone.
//!
//! A store that leases has a file of its own in our folder, locked for as long as it lives: a lease names it. The lock is
//! believed first: who has it lives. Where it is free, or is not there, the process that is named may live all the same.
//! Only who is proven to be gone is gone.

use std::{ffi::OsStr, io};

use super::{
    log,
    place::Place,
    record::Leased,
    reference::chance,
    room::{Desk, Room},
    spot::Spot,
    state::State,
};
use crate::{
    fs::Disk,
    lock,
    process::{Identity, Life, life},
};

/// How the names of the files begin that are locked by who leases.
const PREFIX: &str = "media.lease.";

/// What is being done, for errors.
const PAY: &str = "release files of";

/// The lock of a store that leases.
#[derive(Debug)]
pub(super) struct Badge<D: Disk> {
    name: String,
    #[expect(dead_code, reason = "held, never looked at")]
    lock: D::Lock,
}

/// What is seen of the lock that a lease names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Held,
    Free,
    /// There is none, or it cannot be looked at.
    Unknown,
}

/// Who looks.
#[derive(Debug)]
struct Me<'a> {
    who: &'a Identity,
    machine: Option<&'a str>,
}

impl Me<'_> {
    /// Whether the holder of a lease is proven to be gone.
    fn outlives(&self, lease: &Leased, seen: Seen) -> bool {
        let holder = lease.holder();
        let (Some(his), Some(ours)) = (&holder.world, &self.who.world) else { return false };
        if seen == Seen::Held {
            return false;
        }
        // A store of this very process: it lives for as long as it has its lock. A reload may have dropped it.
        if holder == *self.who {
            return seen == Seen::Free;
        }
        let is_free = seen == Seen::Free;
        let is_same_space = his.namespace == ours.namespace;
        if his.boot != ours.boot {
            // What ran before the machine was booted has ended. Another machine boots at other times.
            let is_here = self.machine.is_some() && self.machine == lease.machine.as_deref();
            return is_here && (is_same_space || is_free);
        }
        // Under one kernel a lock goes free when its process ends, in whatever container that was.
        if is_same_space { is_gone(&holder) } else { is_free }
    }
}

fn is_gone(holder: &Identity) -> bool {
    match (life(holder.pid), holder.start) {
        (Life::Gone, _) => true,
        (Life::Here { start: Some(seen) }, Some(noted)) => seen != noted,
        (Life::Here { .. }, _) => false,
    }
}

/// Looks at the lock of that name.
fn look<D: Disk>(disk: &D, place: &Place<D>, name: Option<&str>) -> Seen {
    // What stands in a ledger is believed no further than to be one of our own names.
    let name = name.filter(|name| name.starts_with(PREFIX) && !name.contains('/'));
    let asked = name.map(|name| disk.open_to_ask(&place.ours, OsStr::new(name)));
    match asked {
        Some(Ok((_, true))) => Seen::Held,
        Some(Ok((_, false))) => Seen::Free,
        _ => Seen::Unknown,
    }
}

impl<D: Disk> Room<D> {
    /// A lease of ours, and the lock that says that we live. Only under the store's lock.
    pub(super) fn new_lease(&self, id: u64, spot: Spot) -> io::Result<Leased> {
        let mut badge = self.badge();
        if badge.is_none() {
            let name = format!("{PREFIX}{:016x}", chance());
            let lock = self.disk.try_lock(&self.place.ours, OsStr::new(&name), self.place.owner)?;
            *badge = lock.map(|lock| Badge { name, lock });
        }
        let mut leased = Leased::new(id, spot, &self.me);
        leased.lock = badge.as_ref().map(|badge| badge.name.clone());
        leased.machine = lock::machine();
        Ok(leased)
    }
}

impl<D: Disk> Drop for Room<D> {
    fn drop(&mut self) {
        self.pay_at_last();
        // Where a lease could not be ended, its lock stays: free, it says that we are gone.
        if !self.owed().leases.is_empty() {
            return;
        }
        if let Some(badge) = self.badge().take() {
            let _ = self.disk.remove(&self.place.ours, OsStr::new(&badge.name));
        }
    }
}

impl<D: Disk> Room<D> {
    /// Nobody else knows what handles of this store still wanted. Whoever drops the last of them waits as long as any other.
    fn pay_at_last(&self) {
        let is_owed = !self.owed().is_empty();
        let paid = if is_owed { self.desk(PAY).and_then(|mut desk| desk.pay()) } else { Ok(()) };
        if let Err(error) = paid {
            log::failed(
                "what handles that went away still wanted is not done: it stays until its age is over",
                &error,
            );
        }
    }
}

impl<D: Disk> Room<D> {
    /// The leases of those who are proven to be gone.
    pub(super) fn dead_leases(&self, state: &State) -> Vec<u64> {
        let (room, machine) = (self, lock::machine());
        let me = Me { who: &room.me, machine: machine.as_deref() };
        // One holder has many leases: he is looked at once.
        let mut known: Vec<(Identity, Option<String>, bool)> = Vec::new();
        let mut dead = Vec::new();
        for lease in state.leases.values() {
            let holder = lease.holder();
            let found = known.iter().find(|(who, lock, _)| *who == holder && *lock == lease.lock);
            let found = found.map(|(_, _, is_dead)| *is_dead);
            let is_dead = found.unwrap_or_else(|| {
                let seen = look(&room.disk, &room.place, lease.lock.as_deref());
                let is_dead = me.outlives(lease, seen);
                known.push((holder, lease.lock.clone(), is_dead));
                is_dead
            });
            if is_dead {
                dead.push(lease.id);
            }
        }
        dead
    }
}

impl<D: Disk> Desk<'_, D> {
    /// Removes the locks of those who were killed, once no lease names them.
    pub(super) fn tidy_locks(&self) -> io::Result<()> {
        let room = self.room;
        for name in room.disk.list(&room.place.ours)? {
            let Some(text) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
            let mut leases = self.ledger.state.leases.values();
            let is_named = leases.any(|lease| lease.lock.as_deref() == Some(text));
            if !is_named && look(&room.disk, &room.place, Some(text)) == Seen::Free {
                room.disk.remove(&room.place.ours, &name)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn lease(who: &Identity, machine: Option<&str>) -> Leased {
        let mut leased = Leased::new(1, Spot::new(Path::new("a")), who);
        leased.machine = machine.map(str::to_owned);
        leased
    }

    /// This process, seen from a boot and by a machine of these names.
    fn judge(who: &Identity, machine: Option<&str>, seen: Seen) -> bool {
        let me = Identity::of_this_process();
        Me { who: &me, machine: Some("here") }.outlives(&lease(who, machine), seen)
    }

    const ALL: [Seen; 3] = [Seen::Held, Seen::Free, Seen::Unknown];

    #[test]
    fn i5_only_who_is_proven_to_be_gone_is_gone() {
        let me = Identity::of_this_process();
        let Some(start) = me.start else { return };
        let gone = Identity { pid: u32::MAX, ..me.clone() };
        let again = Identity { start: Some(start + 1), ..me.clone() };
        for who in [&gone, &again] {
            assert_eq!(ALL.map(|seen| judge(who, None, seen)), [false, true, true]);
        }
        let unseen = Identity { world: None, ..gone };
        let no_start = Identity { start: None, ..me.clone() };
        // A store of this process has its lock for as long as it lives.
        assert_eq!(ALL.map(|seen| judge(&me, Some("here"), seen)), [false, true, false]);
        for who in [&unseen, &no_start] {
            assert_eq!(ALL.map(|seen| judge(who, Some("here"), seen)), [false; 3]);
        }
    }

    #[test]
    fn i5_another_boot_of_this_machine_is_gone_and_another_machine_is_unknown() {
        let mut who = Identity::of_this_process();
        let Some(world) = who.world.as_mut() else { return };
        world.boot.push('x');
        assert_eq!(ALL.map(|seen| judge(&who, Some("here"), seen)), [false, true, true]);
        for machine in [None, Some("there")] {
            assert_eq!(ALL.map(|seen| judge(&who, machine, seen)), [false; 3]);
        }
    }

    #[test]
    fn i5_another_container_is_gone_when_its_lock_is_free_and_only_then() {
        let mut who = Identity::of_this_process();
        let Some(world) = who.world.as_mut() else { return };
        world.namespace.push('x');
        assert_eq!(ALL.map(|seen| judge(&who, None, seen)), [false, true, false]);
        who.world.iter_mut().for_each(|world| world.boot.push('x'));
        assert_eq!(ALL.map(|seen| judge(&who, Some("here"), seen)), [false, true, false]);
        assert_eq!(ALL.map(|seen| judge(&who, Some("there"), seen)), [false; 3]);
    }
}
