//! What a store is opened with: refused at once where it cannot be meant.

use std::path::{Component, Path, PathBuf};

use crate::model::{Age, Error, ErrorKind, Retention};

/// What is being done, for errors.
const STEP: &str = "open the media store in";

/// What a store is opened with.
///
/// ```
/// use session_reaper::artifact::media::Options;
/// let options = Options::new("/var/lib/gateway/media")?;
/// assert_eq!(options.max_age().to_string(), "30m");
/// assert!(options.with_max_age("0m").is_err());
/// # Ok::<(), session_reaper::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    enabled: bool,
    max_age: Retention,
    interval: Age,
    orphan_grace: Option<Retention>,
    trash: bool,
    trash_retention: Retention,
    dir: PathBuf,
}

impl Options {
    /// A store in `dir`: swept, every five minutes, of what nobody used for half an hour; what goes stays in the trash for a
    /// week.
    ///
    /// # Errors
    /// The path is empty or relative, has a `..` in it, or is the root.
    pub fn new(dir: impl Into<PathBuf>) -> Result<Self, Error> {
        let dir = dir.into();
        refuse_odd(&dir)?;
        let max_age = Retention::After(Age::from_minutes(30));
        let trash_retention = Retention::After(Age::from_hours(7 * 24));
        let interval = Age::from_minutes(5);
        Ok(Self { enabled: true, max_age, interval, orphan_grace: None, trash: true, trash_retention, dir })
    }

    /// With or without the net: without it nothing is removed but what its owner releases.
    #[must_use]
    pub fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// With another age after which the net takes what nobody uses; `false` keeps everything.
    ///
    /// # Errors
    /// It is no age: zero, negative, too long, without a unit.
    pub fn with_max_age(mut self, text: &str) -> Result<Self, Error> {
        self.max_age = text.parse().map_err(|error| self.bad("max_age", &error))?;
        Ok(self)
    }

    /// With another pause between two sweeps.
    ///
    /// # Errors
    /// It is no age: zero, negative, too long, without a unit.
    pub fn with_interval(mut self, text: &str) -> Result<Self, Error> {
        self.interval = text.parse().map_err(|error| self.bad("interval", &error))?;
        Ok(self)
    }

    /// With another age after which the net takes a file that no reference names; `false` leaves them all. What is not told is
    /// the age of references, and at least an hour.
    ///
    /// # Errors
    /// It is no age: zero, negative, too long, without a unit.
    pub fn with_orphan_grace(mut self, text: &str) -> Result<Self, Error> {
        self.orphan_grace = Some(text.parse().map_err(|error| self.bad("orphan_grace", &error))?);
        Ok(self)
    }

    /// With or without the trash: without it what the net takes is gone for ever.
    #[must_use]
    pub const fn with_trash(mut self, trash: bool) -> Self {
        self.trash = trash;
        self
    }

    /// With another age after which what the net took leaves the trash; `false` keeps it there.
    ///
    /// # Errors
    /// It is no age: zero, negative, too long, without a unit.
    pub fn with_trash_retention(mut self, text: &str) -> Result<Self, Error> {
        self.trash_retention = text.parse().map_err(|error| self.bad("trash_retention", &error))?;
        Ok(self)
    }

    /// [`Options::with_max_age`] of what was read before.
    #[must_use]
    pub const fn with_max_age_of(mut self, max_age: Retention) -> Self {
        self.max_age = max_age;
        self
    }

    /// [`Options::with_interval`] of what was read before.
    #[must_use]
    pub const fn with_interval_of(mut self, interval: Age) -> Self {
        self.interval = interval;
        self
    }

    /// [`Options::with_orphan_grace`] of what was read before.
    #[must_use]
    pub const fn with_orphan_grace_of(mut self, orphan_grace: Retention) -> Self {
        self.orphan_grace = Some(orphan_grace);
        self
    }

    /// [`Options::with_trash_retention`] of what was read before.
    #[must_use]
    pub const fn with_trash_retention_of(mut self, trash_retention: Retention) -> Self {
        self.trash_retention = trash_retention;
        self
    }

    /// The same in whole minutes, as some gateways' own settings have them.
    ///
    /// # Errors
    /// One of them is zero, negative, or too long.
    pub fn with_minutes(mut self, max_age: i64, interval: i64) -> Result<Self, Error> {
        self.max_age = Retention::After(self.minutes("max_age", max_age)?);
        self.interval = self.minutes("interval", interval)?;
        Ok(self)
    }

    fn minutes(&self, name: &str, minutes: i64) -> Result<Age, Error> {
        let age = minutes.checked_mul(60_000).and_then(Age::from_millis);
        age.ok_or_else(|| {
            self.bad(name, &format!("{minutes} minutes are no age: it must be one or more, and not too long"))
        })
    }

    fn bad(&self, name: &str, why: &dyn std::fmt::Display) -> Error {
        Error::new(ErrorKind::Config, STEP, &self.dir, format!("{name}: {why}"))
    }

    /// Whether the net is there.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// After which age the net takes what nobody uses.
    #[must_use]
    pub const fn max_age(&self) -> Retention {
        self.max_age
    }

    /// How long the pause between two sweeps is.
    #[must_use]
    pub const fn interval(&self) -> Age {
        self.interval
    }

    /// After which age the net takes a file that no reference names.
    #[must_use]
    pub fn orphan_grace(&self) -> Retention {
        let default =
            || self.max_age.age().map_or(Retention::Off, |age| Retention::After(age.max(Age::from_hours(1))));
        self.orphan_grace.unwrap_or_else(default)
    }

    /// Whether what the net takes is kept in the trash.
    #[must_use]
    pub const fn has_trash(&self) -> bool {
        self.trash
    }

    /// How long it is kept there.
    #[must_use]
    pub const fn trash_retention(&self) -> Retention {
        self.trash_retention
    }

    /// The store's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

fn refuse_odd(dir: &Path) -> Result<(), Error> {
    let refused = |why: &str| {
        let error = Error::new(ErrorKind::Config, STEP, dir, why);
        Err(error.with_hint("name a folder that is for media alone, from the root on"))
    };
    if dir.as_os_str().is_empty() {
        return refused("the path is empty");
    }
    if !dir.is_absolute() {
        return refused("the path is relative");
    }
    if dir.components().any(|part| part == Component::ParentDir) {
        return refused("there is a .. in the path");
    }
    if dir.file_name().is_none() {
        return refused("this is the root of everything");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options::new("/media").unwrap()
    }

    #[test]
    fn what_is_not_told_is_half_an_hour_five_minutes_and_an_hour_for_orphans() {
        let words = |options: &Options| {
            let grace = options.orphan_grace().to_string();
            (options.is_enabled(), options.max_age().to_string(), options.interval().to_string(), grace)
        };
        let expected = |max_age: &str, grace: &str| (true, max_age.into(), "5m".into(), grace.into());
        assert_eq!(words(&options()), expected("30m", "1h"));
        assert_eq!(words(&options().with_max_age("3h").unwrap()), expected("3h", "3h"));
        assert_eq!(words(&options().with_max_age("false").unwrap()), expected("false", "false"));
        let both = options().with_max_age("3h").unwrap().with_orphan_grace("2h").unwrap();
        assert_eq!(words(&both), expected("3h", "2h"));
    }

    #[test]
    fn nothing_that_cannot_be_meant_is_skipped_in_silence() {
        for bad in ["0", "0m", "-1m", "", "30", "99999999999999999999w"] {
            for result in
                [options().with_max_age(bad), options().with_interval(bad), options().with_orphan_grace(bad)]
            {
                let error = result.expect_err(bad);
                assert_eq!(error.kind(), ErrorKind::Config);
                assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
            }
        }
        assert!(options().with_interval("false").is_err());
        for (max_age, interval) in [(0, 5), (30, 0), (-1, 5), (30, -5), (i64::MAX, 5), (30, i64::MAX)] {
            let error = options().with_minutes(max_age, interval).expect_err("no minutes").to_string();
            assert!(error.contains("max_age") == (max_age != 30), "{error}");
        }
        assert_eq!(options().with_minutes(30, 5).unwrap(), options());
    }

    #[test]
    fn i10_a_folder_that_cannot_be_meant_is_refused() {
        for (dir, why) in
            [("", "empty"), ("media", "relative"), ("/", "root"), ("/a/..", ".."), ("//", "root")]
        {
            let error = Options::new(dir).expect_err(dir);
            assert!(error.message().contains(why), "{error}");
        }
    }
}
