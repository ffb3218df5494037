//! The names of bundles: whose they are, and how far they have come.

use std::ffi::{OsStr, OsString};

use super::RunId;

const UNFINISHED: &str = ".unfinished";
const PURGED: &str = ".purged";

/// How far a bundle has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nobody knows yet whether the store was changed.
    Unfinished,
    /// The store was changed.
    Finished,
    /// It is being taken away.
    Purged,
}

/// The name of a bundle's folder: `<run>.<store>`, and while it is on its way `<run>.<store>.unfinished` or `.purged`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderName {
    /// The run.
    pub run: RunId,
    /// How far it has come.
    pub stage: Stage,
    whole: OsString,
}

impl FolderName {
    /// The name of the bundle of `run` on the store `of`.
    pub(super) fn new(run: &RunId, of: &OsStr, stage: Stage) -> Self {
        let mut whole = OsString::from(run.as_str());
        whole.push(".");
        whole.push(of);
        whole.push(match stage {
            Stage::Unfinished => UNFINISHED,
            Stage::Finished => "",
            Stage::Purged => PURGED,
        });
        Self { run: run.clone(), stage, whole }
    }

    /// Whether the bundles of a store with the name `of` could be taken for those of another one on their way.
    pub(super) fn is_mistakable(of: &OsStr) -> bool {
        [UNFINISHED, PURGED].iter().any(|ending| of.as_encoded_bytes().ends_with(ending.as_bytes()))
    }

    /// What `name` says, if it is the name of a bundle of the store `of`.
    pub(super) fn read(name: &OsStr, of: &OsStr) -> Option<Self> {
        let bytes = name.as_encoded_bytes();
        let (run, rest) = bytes.split_at_checked(bytes.iter().position(|byte| *byte == b'.')?)?;
        let run: RunId = std::str::from_utf8(run).ok()?.parse().ok()?;
        let ending = rest.strip_prefix(b".")?.strip_prefix(of.as_encoded_bytes())?;
        let stage = match std::str::from_utf8(ending).ok()? {
            "" => Stage::Finished,
            UNFINISHED => Stage::Unfinished,
            PURGED => Stage::Purged,
            _ => return None,
        };
        Some(Self { run, stage, whole: name.to_owned() })
    }

    /// The same bundle at another stage.
    pub(super) fn at(&self, stage: Stage, of: &OsStr) -> Self {
        Self::new(&self.run, of, stage)
    }

    /// The whole name.
    #[must_use]
    pub fn as_os_str(&self) -> &OsStr {
        &self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_run_store_and_stage_and_no_other_name_does() {
        let of = OsStr::new("sessions.json");
        let run: RunId = "20261121T080000250Z-1f2e3d4c".parse().unwrap();
        for stage in [Stage::Unfinished, Stage::Finished, Stage::Purged] {
            let name = FolderName::new(&run, of, stage);
            assert_eq!(FolderName::read(name.as_os_str(), of), Some(name));
        }
        for other in
            ["x", "x.other.json", "x.sessions.json.new", "..sessions.json", "x.sessions.jso", "trash"]
        {
            assert_eq!(FolderName::read(OsStr::new(other), of), None, "{other}");
        }
    }
}
