//! A folder of transcripts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use session_reaper::{
    Age, Error,
    artifact::{
        Options, Undone,
        transcripts::{self, Compacted, Settings},
    },
    trash::RunId,
};
use tempfile::TempDir;

/// A folder with one transcript.
pub(crate) struct World {
    _dir: TempDir,
    pub(crate) root: PathBuf,
}

impl World {
    pub(crate) fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let world = Self { root: fs::canonicalize(dir.path()).unwrap(), _dir: dir };
        fs::write(world.path(), text).unwrap();
        world
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.join("one.jsonl")
    }

    /// As if nothing had ever been done here.
    pub(crate) fn renew(&self, text: &str) {
        fs::remove_dir_all(self.root.join(".session-reaper")).unwrap();
        fs::remove_dir_all(self.payloads()).unwrap();
        fs::write(self.path(), text).unwrap();
    }

    pub(crate) fn payloads(&self) -> PathBuf {
        self.root.join("one.jsonl.payloads")
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        names(&self.root.join(folder))
    }

    pub(crate) fn compact(&self) -> Result<Compacted, Error> {
        compact(&self.path())
    }

    pub(crate) fn undo(&self, run: &RunId) -> Result<Undone, Error> {
        transcripts::undo(&self.root, run, session_reaper::now(), &options())
    }

    /// Takes back every run that is in the trash, newest first.
    pub(crate) fn undo_all(&self) {
        let past = transcripts::past(&self.root).unwrap();
        assert_eq!((past.on_the_way, past.damaged.len()), (0, 0));
        let runs: Vec<_> = past.runs_in_trash().cloned().collect();
        for run in runs.iter().rev() {
            self.undo(run).unwrap();
        }
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let Ok(names) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub(crate) fn options() -> Options {
    Options { lock_timeout: Age::from_seconds(2), ..Options::default() }
}

/// Transcripts of any age.
pub(crate) fn settings() -> Settings {
    Settings::default().with_quiet(None)
}

pub(crate) fn compact(path: &Path) -> Result<Compacted, Error> {
    transcripts::compact(path, &settings(), session_reaper::now(), &options())
}

pub(crate) fn result(text: &str) -> String {
    format!(
        r#"{{"type":"message","id":"r","message":{{"role":"toolResult","toolCallId":"c","content":[{{"type":"text","text":"{text}"}}],"isError":false}}}}"#
    )
}

/// A header, a result of 60,000 lines and one of one line, and an answer.
pub(crate) fn transcript() -> String {
    let header = r#"{"type":"session","version":3,"id":"s","cwd":"/w"}"#;
    let answer =
        r#"{"type":"message","message":{"role":"assistant","content":[{"type":"text","text":"done"}]}}"#;
    let (many, one) = (result(&"line\\n".repeat(60_000)), result(&"x".repeat(51_201)));
    format!("{header}\n{many}\n{one}\n{answer}\n")
}
