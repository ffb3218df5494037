//! What becomes of a group, from what was seen of it. Pure: time is an argument.

use super::Settings;
use crate::model::{Age, Retention, Timestamp};

/// The rule by which something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The group is too old, and goes whole.
    Ttl,
    /// Its secrets are too old, and go alone.
    SecretTtl,
}

impl Rule {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ttl => "ttl",
            Self::SecretTtl => "secret-ttl",
        }
    }
}

/// Why something stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is not old enough.
    Young,
    /// No rule is on.
    NoRule,
    /// Somebody works in it.
    Owned,
    /// Something in it is called as a mark is, and nobody can say whether somebody works in it.
    Unclear,
    /// It was written to while it was swept.
    Touched,
    /// It belongs to no group.
    Foreign,
    /// A member is a media store or a spool.
    Store,
    /// A member is a link.
    Link,
    /// A member is a link that leads nowhere.
    DanglingLink,
    /// A member is not what members are: a main path that is no folder, a secret that is no file.
    Strange,
    /// Something in it comes from the future.
    Future,
    /// Not all of it can be looked at.
    Unreadable,
    /// Too much is in it to be looked at, or too deep.
    TooLarge,
    /// Something is mounted in it.
    Mount,
    /// The sweep was ended before its turn.
    NotReached,
}

impl Kept {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Young => "young",
            Self::NoRule => "no-rule",
            Self::Owned => "owned",
            Self::Unclear => "unclear",
            Self::Touched => "touched",
            Self::Foreign => "foreign",
            Self::Store => "store",
            Self::Link => "link",
            Self::DanglingLink => "dangling-link",
            Self::Strange => "strange",
            Self::Future => "future",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too-large",
            Self::Mount => "mount",
            Self::NotReached => "not-reached",
        }
    }

    /// Whether it was understood. What was not is told apart: somebody should look at it.
    pub(super) const fn is_understood(self) -> bool {
        matches!(self, Self::Young | Self::NoRule | Self::Owned | Self::Touched | Self::NotReached)
    }
}

/// What becomes of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Sweep(Rule),
    Keep(Kept),
}

/// Whether somebody works in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owned {
    /// Nobody has marked it, or who did has ended.
    No,
    /// A living process.
    Yes,
    /// Its mark is free, and who made it cannot be seen from here.
    Unseen,
}

/// What the marks of a group say, beside it and inside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) owned: Owned,
    /// Whether something inside is called as a mark is, and nobody can say whose it is: what a job has fetched may have a file
    /// of any name.
    pub(super) is_unclear: bool,
}

/// What was seen of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// The newest time anywhere in it, or as new a one as was needed; or why nobody can tell.
    pub(super) newest: Result<Timestamp, Kept>,
    /// The newest time of its secrets, where it has any.
    pub(super) secret: Option<Timestamp>,
    pub(super) owned: Owned,
    /// What the disk's clock said by then: what was written since the sweep began is not from the future.
    pub(super) clock: Timestamp,
}

/// What becomes of a group that was seen so. Who works in it wins over every age; a secret goes by its own, whatever is wrong
/// with the rest.
pub(super) fn judge(seen: &Seen, settings: &Settings, now: Timestamp) -> Verdict {
    let stays = match seen.newest {
        _ if seen.owned == Owned::Yes => return Verdict::Keep(Kept::Owned),
        Ok(newest) if is_over(newest, settings.ttl, now) => return Verdict::Sweep(Rule::Ttl),
        // Somebody is at work just now.
        Err(Kept::Touched) => return Verdict::Keep(Kept::Touched),
        Err(kept) => kept,
        Ok(newest) if newest > now.max(seen.clock) => Kept::Future,
        Ok(_) if settings.ttl == Retention::Off => Kept::NoRule,
        Ok(_) => Kept::Young,
    };
    // Whom nobody can see may need his secrets for as long as his group is kept.
    let may_need_it = seen.owned == Owned::Unseen && stays.is_understood();
    let is_old = seen.secret.is_some_and(|at| is_over(at, secrets_stay(seen.owned, settings), now));
    if is_old && !may_need_it { Verdict::Sweep(Rule::SecretTtl) } else { Verdict::Keep(stays) }
}

/// How long secrets stay after their own time, where the rest of the group does. It may stay for ever, for a reason that a job
/// has made itself: whom nobody can see keeps them for as long as a group is kept at all.
fn secrets_stay(owned: Owned, settings: &Settings) -> Retention {
    match (owned, settings.ttl.age(), settings.secret_ttl.age()) {
        (Owned::Unseen, Some(group), Some(secret)) => Retention::After(Age::max(group, secret)),
        (Owned::Unseen, None, _) => Retention::Off,
        _ => settings.secret_ttl,
    }
}

/// When what goes of a group that was seen so has been due, or when the group will be, if nothing happens to it.
pub(super) fn expires(seen: &Seen, verdict: Verdict, settings: &Settings) -> Option<Timestamp> {
    if verdict == Verdict::Sweep(Rule::SecretTtl) {
        return Some(seen.secret?.plus(secrets_stay(seen.owned, settings).age()?));
    }
    let newest = seen.newest.ok().filter(|_| seen.owned != Owned::Yes)?;
    Some(newest.plus(settings.ttl.age()?))
}

/// Exactly as old is not yet too old.
fn is_over(at: Timestamp, retention: Retention, now: Timestamp) -> bool {
    retention.age().is_some_and(|age| at < now.minus(age))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_248_000_000);

    fn settings(ttl: &str, secret_ttl: &str) -> Settings {
        let (ttl, secret_ttl) = (ttl.parse().unwrap(), secret_ttl.parse().unwrap());
        Settings { ttl, secret_ttl, ..Settings::default() }
    }

    /// A group and its secret, so many milliseconds old.
    fn aged(group: i64, secret: i64) -> Seen {
        let at = |age| Timestamp::from_millis(NOW.as_millis() - age);
        Seen { newest: Ok(at(group)), secret: Some(at(secret)), owned: Owned::No, clock: NOW }
    }

    #[test]
    fn i8_exactly_the_ttl_is_kept_and_a_millisecond_more_goes() {
        let settings = settings("1h", "30m");
        for (group, secret, verdict) in [
            (3_600_000, 3_600_000, Verdict::Sweep(Rule::SecretTtl)),
            (3_600_001, 3_600_001, Verdict::Sweep(Rule::Ttl)),
            (0, 1_800_000, Verdict::Keep(Kept::Young)),
            (0, 1_800_001, Verdict::Sweep(Rule::SecretTtl)),
            (-1, 1_800_000, Verdict::Keep(Kept::Future)),
            (-1, 1_800_001, Verdict::Sweep(Rule::SecretTtl)),
        ] {
            assert_eq!(judge(&aged(group, secret), &settings, NOW), verdict, "{group} {secret}");
        }
    }

    #[test]
    fn i5_who_lives_wins_and_who_cannot_be_seen_keeps_his_secret_as_long_as_the_group() {
        let settings = settings("1h", "30m");
        let seen = |owned, age| judge(&Seen { owned, ..aged(age, age) }, &settings, NOW);
        assert_eq!(seen(Owned::Yes, i64::MAX / 4), Verdict::Keep(Kept::Owned));
        assert_eq!(seen(Owned::Unseen, 3_600_000), Verdict::Keep(Kept::Young));
        assert_eq!(seen(Owned::Unseen, 3_600_001), Verdict::Sweep(Rule::Ttl));
    }

    #[test]
    fn whatever_is_wrong_with_the_rest_a_secret_goes_by_its_own_age() {
        let settings = settings("1h", "30m");
        for kept in [Kept::Link, Kept::Unreadable, Kept::Strange, Kept::TooLarge, Kept::Mount] {
            let seen = |secret| Seen { newest: Err(kept), ..aged(0, secret) };
            assert_eq!(judge(&seen(1_800_001), &settings, NOW), Verdict::Sweep(Rule::SecretTtl));
            assert_eq!(judge(&seen(1_800_000), &settings, NOW), Verdict::Keep(kept));
        }
        let touched = Seen { newest: Err(Kept::Touched), ..aged(0, 9_999_999) };
        assert_eq!(judge(&touched, &settings, NOW), Verdict::Keep(Kept::Touched));
    }

    #[test]
    fn who_cannot_be_seen_keeps_a_secret_as_long_as_a_group_is_kept_and_not_for_ever() {
        let settings = settings("1h", "30m");
        for newest in
            [Err(Kept::Link), Err(Kept::Unclear), Err(Kept::TooLarge), Ok(NOW.plus(Age::from_hours(1)))]
        {
            let judged = |secret, settings: &Settings| {
                let seen = Seen { newest, owned: Owned::Unseen, ..aged(0, secret) };
                (judge(&seen, settings, NOW), expires(&seen, judge(&seen, settings, NOW), settings))
            };
            assert!(matches!(judged(3_600_000, &settings).0, Verdict::Keep(kept) if !kept.is_understood()));
            let due = NOW.minus(Age::from_millis(1).unwrap());
            assert_eq!(judged(3_600_001, &settings), (Verdict::Sweep(Rule::SecretTtl), Some(due)));
            let long = self::settings("30m", "1h");
            assert_eq!(judged(3_600_001, &long), (Verdict::Sweep(Rule::SecretTtl), Some(due)));
            for off in [self::settings("false", "30m"), self::settings("1h", "false")] {
                assert!(matches!(judged(i64::MAX / 4, &off).0, Verdict::Keep(_)));
            }
        }
    }

    #[test]
    fn what_is_younger_than_the_sweep_is_from_the_future_only_where_the_clock_says_so_too() {
        let settings = settings("1h", "30m");
        let judged = |clock| judge(&Seen { clock, ..aged(-10, 0) }, &settings, NOW);
        let after = |millis| NOW.plus(Age::from_millis(millis).unwrap());
        assert_eq!(judged(after(9)), Verdict::Keep(Kept::Future));
        assert_eq!(judged(after(10)), Verdict::Keep(Kept::Young));
        let behind = NOW.minus(Age::from_hours(1));
        assert_eq!(judged(behind), Verdict::Keep(Kept::Future));
        // A clock that is behind makes nothing come from the future that the sweep's own time has seen.
        let seen = Seen { clock: behind, ..aged(5, 0) };
        assert_eq!(judge(&seen, &settings, NOW), Verdict::Keep(Kept::Young));
    }

    #[test]
    fn what_is_off_takes_nothing() {
        let old = aged(i64::MAX / 4, i64::MAX / 4);
        assert_eq!(judge(&old, &settings("false", "false"), NOW), Verdict::Keep(Kept::NoRule));
        assert_eq!(judge(&old, &settings("false", "1h"), NOW), Verdict::Sweep(Rule::SecretTtl));
    }

    proptest! {
        #[test]
        fn i1_nothing_goes_that_is_young_or_has_a_living_owner(group in -9_999_999_i64..9_999_999, secret in -9_999_999_i64..9_999_999, owned in 0_usize..3) {
            let settings = settings("1h", "30m");
            let owned = [Owned::No, Owned::Yes, Owned::Unseen][owned];
            match judge(&Seen { owned, ..aged(group, secret) }, &settings, NOW) {
                Verdict::Sweep(Rule::Ttl) => prop_assert!(group > 3_600_000 && owned != Owned::Yes),
                Verdict::Sweep(Rule::SecretTtl) if owned == Owned::No => prop_assert!(secret > 1_800_000),
                // Of a group from the future nobody knows how long it is kept.
                Verdict::Sweep(Rule::SecretTtl) => prop_assert!(secret > 3_600_000 && group < 0 && owned == Owned::Unseen),
                Verdict::Keep(_) => {}
            }
        }
    }
}
