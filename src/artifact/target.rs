//! Every kind of folder that is swept, by one name: what sweeps, and what speaks of sweeps, need not know which it is.

use std::path::{Path, PathBuf};

use super::{
    Options, Past, Report, Undone, media, nook, past, payloads, round::Round, transcripts, workspaces,
};
use crate::{
    fs::{Disk, RealDisk},
    model::{Error, Timestamp},
    trash::RunId,
};

/// What is swept in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Folders of jobs, and what belongs to them.
    Workspaces,
    /// The files of a media store.
    Media,
    /// The sessions of a spool.
    Payloads,
    /// A transcript, which is compacted and never swept.
    Transcripts,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Workspaces, Self::Media, Self::Payloads, Self::Transcripts];

    /// Its name in reports and journals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Workspaces => workspaces::KIND,
            Self::Media => media::KIND,
            Self::Payloads => payloads::KIND,
            Self::Transcripts => transcripts::KIND,
        }
    }

    /// What it calls one thing that comes back.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Workspaces => "path",
            Self::Media => "file",
            Self::Payloads => "session",
            Self::Transcripts => "transcript",
        }
    }

    /// How its files in our folder are called.
    fn files(self) -> nook::Kind {
        match self {
            Self::Media => media::NET,
            kind => kind.name().into(),
        }
    }

    fn is_at(self, path: &Path) -> bool {
        match self {
            Self::Workspaces => workspaces::is_base(path),
            Self::Media => media::is_store(path),
            Self::Payloads => payloads::is_spool(path),
            Self::Transcripts => transcripts::is_transcript(path),
        }
    }
}

/// A folder that was swept, or a transcript that was compacted: what its journal and its trash say needs no settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// What is swept in it.
    pub kind: Kind,
    /// Where it is.
    pub path: PathBuf,
}

impl Folder {
    /// What was swept in the folder at `path` before; in most there never was anything.
    #[must_use]
    pub fn at(path: &Path) -> Vec<Self> {
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_at(path));
        kinds.map(|kind| Self { kind, path: path.to_owned() }).collect()
    }

    /// The runs on it.
    ///
    /// # Errors
    /// The folder is refused as by a sweep; the journal or the trash cannot be read.
    pub fn past(&self) -> Result<Past, Error> {
        match self.kind {
            Kind::Workspaces => workspaces::past(&self.path),
            Kind::Media => media::past(&self.path),
            Kind::Payloads => payloads::past(&self.path),
            Kind::Transcripts => transcripts::past_of(&self.path),
        }
    }

    /// What the things of a run take on the disk that are still in the trash, as far as that can be looked at.
    #[must_use]
    pub fn weight(&self, run: &RunId) -> u64 {
        let path = match self.kind {
            Kind::Transcripts => transcripts::folder_of(&self.path),
            _ => &*self.path,
        };
        let kind = self.kind.files();
        let folder = RealDisk.resolve(path).and_then(|path| RealDisk.folder(&path));
        folder.and_then(|folder| past::weight(&RealDisk, &folder, kind, run)).unwrap_or_default()
    }

    /// Finishes what a killed sweep has left: before that, nobody knows which run is the newest.
    ///
    /// # Errors
    /// As for [`Folder::undo`].
    pub fn finish_killed(&self, options: &Options) -> Result<(), Error> {
        match self.kind {
            Kind::Workspaces => workspaces::finish_killed(&self.path, options),
            Kind::Media => media::finish_killed(&self.path, options),
            Kind::Payloads => payloads::finish_killed(&self.path, options),
            Kind::Transcripts => transcripts::finish_killed(&self.path, options),
        }
    }

    /// Takes back a run: what it moved into the trash returns, unless something else has its place by now. In a dry run nothing
    /// is done.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Gone`] when nothing of the run is in the trash; [`crate::ErrorKind::Busy`] when somebody else is at
    /// work there; as for [`Folder::past`].
    pub fn undo(&self, run: &RunId, now: Timestamp, options: &Options) -> Result<Undone, Error> {
        match self.kind {
            Kind::Workspaces => workspaces::undo(&self.path, run, now, options),
            Kind::Media => media::undo(&self.path, run, now, options),
            Kind::Payloads => payloads::undo(&self.path, run, now, options),
            Kind::Transcripts => transcripts::undo(transcripts::folder_of(&self.path), run, now, options),
        }
    }

    /// Takes runs out of the trash for ever: those that `goes` says, told oldest first. Returns what went, and what went wrong.
    pub fn empty_trash(
        &self,
        options: &Options,
        goes: impl FnMut(&RunId) -> bool,
    ) -> (Vec<RunId>, Option<Error>) {
        match self.kind {
            Kind::Workspaces => workspaces::empty_trash(&self.path, options, goes),
            Kind::Media => media::empty_trash(&self.path, options, goes),
            Kind::Payloads => payloads::empty_trash(&self.path, options, goes),
            Kind::Transcripts => transcripts::empty_trash(&self.path, options, goes),
        }
    }
}

/// A folder to sweep, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Folders of jobs in `base`, and what belongs to them.
    Workspaces {
        /// The folder that they are in.
        base: PathBuf,
        /// Which of them go, and when.
        settings: workspaces::Settings,
    },
    /// The files of a media store.
    Media(media::Options),
    /// The sessions of a spool.
    Payloads {
        /// The spool's folder.
        dir: PathBuf,
        /// Which of them go, and when.
        settings: payloads::Options,
    },
}

impl Target {
    /// What is swept.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Workspaces { .. } => Kind::Workspaces,
            Self::Media(_) => Kind::Media,
            Self::Payloads { .. } => Kind::Payloads,
        }
    }

    /// Where.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Workspaces { base, .. } => base,
            Self::Media(settings) => settings.dir(),
            Self::Payloads { dir, .. } => dir,
        }
    }

    /// The folder, as its journal and its trash know it.
    #[must_use]
    pub fn folder(&self) -> Folder {
        Folder { kind: self.kind(), path: self.path().to_owned() }
    }

    /// Sweeps it: with [`Options::every`] only if that is due.
    #[must_use]
    pub fn sweep(&self, now: Timestamp, options: &Options) -> Report {
        match self {
            Self::Workspaces { base, settings } => workspaces::sweep(base, settings, now, options),
            Self::Media(settings) => media::sweep(settings, now, options),
            Self::Payloads { dir, settings } => payloads::sweep(dir, settings, now, options),
        }
    }

    /// The report on a sweep that must not be, for which [`super::clashes`] says why: a line of the log as every other.
    #[must_use]
    pub fn refuse(&self, why: Error, now: Timestamp, options: &Options) -> Report {
        Round::new(self.kind().name(), self.path(), now, options).told(Err(why))
    }

    /// What a sweep would do at `now`, and why: nothing is done, and nothing stands in the log.
    #[must_use]
    pub fn inspect(&self, now: Timestamp) -> Report {
        match self {
            Self::Workspaces { base, settings } => workspaces::inspect(base, settings, now),
            Self::Media(settings) => media::inspect(settings, now),
            Self::Payloads { dir, settings } => payloads::inspect(dir, settings, now),
        }
    }

    /// When it was swept last, failed or not, and how many sweeps have failed since the last good one.
    #[must_use]
    pub fn last(&self) -> (Option<Timestamp>, u32) {
        let folder = RealDisk.resolve(self.path()).and_then(|path| RealDisk.folder(&path));
        let state = folder.map(|folder| nook::state(&RealDisk, &folder, self.kind().files()));
        state.map_or((None, 0), |state| (state.last_sweep(), state.failures()))
    }

    /// Whether a sweep is known not to be due yet.
    #[must_use]
    pub fn rests(&self, now: Timestamp, options: &Options) -> bool {
        match self {
            Self::Workspaces { base, .. } => workspaces::rests(base, now, options),
            Self::Media(settings) => media::rests(settings, now, options),
            Self::Payloads { dir, .. } => payloads::rests(dir, now, options),
        }
    }
}
