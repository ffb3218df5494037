//! `[media]`: the media store that is swept beside the stores of sessions.

use std::path::PathBuf;

use super::Layer;
use crate::{
    artifact::media::Options,
    config::{Effective, Setting, error::Problem},
    model::{Age, Error, Retention},
};

/// Which media store is swept, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Its folder; `None` for none.
    pub dir: Option<PathBuf>,
    /// Whether the net is there.
    pub enabled: bool,
    /// After which age the net takes what nobody uses.
    pub max_age: Retention,
    /// How long the pause between two sweeps is.
    pub interval: Age,
    /// After which age the net takes a file that no reference names.
    pub orphan_grace: Retention,
    /// Whether what the net takes is kept in the trash, as everywhere.
    pub trash: bool,
    /// How long it is kept there.
    pub trash_retention: Retention,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            dir: None,
            enabled: true,
            max_age: Retention::After(Age::from_minutes(30)),
            interval: Age::from_minutes(5),
            orphan_grace: Retention::After(Age::from_hours(1)),
            trash: true,
            trash_retention: Retention::After(Age::from_hours(7 * 24)),
        }
    }
}

impl Media {
    /// With what the store is opened, where there is one.
    #[must_use]
    pub fn options(&self) -> Option<Options> {
        self.try_in(self.dir.clone()?).ok()
    }

    /// The same for another folder.
    ///
    /// # Errors
    /// No store can be in it: the path is empty or relative, has a `..` in it, or is the root.
    pub fn try_in(&self, dir: PathBuf) -> Result<Options, Error> {
        let options = Options::new(dir)?.with_enabled(self.enabled);
        let options = options.with_max_age_of(self.max_age).with_interval_of(self.interval);
        let options = options.with_orphan_grace_of(self.orphan_grace).with_trash(self.trash);
        Ok(options.with_trash_retention_of(self.trash_retention))
    }
}

impl Effective {
    /// What is not told of orphans is the age of references, and at least an hour.
    pub(in crate::config) fn take_media(&mut self, layer: &mut Layer) -> Result<(), Problem> {
        let start = Media::default();
        let max_age = self.take(Setting::MediaMaxAge, layer.media_max_age.take()).unwrap_or(start.max_age);
        let at_least = |age: Age| Retention::After(age.max(Age::from_hours(1)));
        let grace = self.take(Setting::MediaOrphanGrace, layer.media_orphan_grace.take());
        self.media = Media {
            dir: self.take(Setting::MediaDir, layer.media_dir.take()).flatten(),
            enabled: self.take(Setting::MediaEnabled, layer.media_enabled.take()).unwrap_or(start.enabled),
            max_age,
            interval: self
                .take(Setting::MediaInterval, layer.media_interval.take())
                .unwrap_or(start.interval),
            orphan_grace: grace.unwrap_or_else(|| max_age.age().map_or(Retention::Off, at_least)),
            trash: self.trash,
            trash_retention: self.trash_retention,
        };
        let opened = self.media.dir.clone().map_or(Ok(()), |dir| self.media.try_in(dir).map(drop));
        opened.map_err(|error| {
            let why = format!("{}; {}", error.message(), error.hint().unwrap_or("name another"));
            Problem::of_value(self.origin(Setting::MediaDir), Setting::MediaDir.key(), &why)
        })
    }
}
