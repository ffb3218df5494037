//! Which names in a folder belong together, and which are somebody else's. Names alone: nothing is looked at.

use std::{
    collections::{BTreeMap, HashSet},
    ffi::{OsStr, OsString},
};

use super::{Role, Settings, shape::MARKER};
use crate::fs::OUR_FOLDER;

/// The members of one group that there are names of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Names {
    /// Secrets first, then the main folder, then the rest.
    pub(super) members: Vec<(Role, String)>,
    /// Whether somebody has marked it as his.
    pub(super) is_marked: bool,
}

/// What a folder holds, by its names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Roster {
    /// The groups by the names of their main folders, whether or not those are there.
    pub(super) groups: BTreeMap<String, Names>,
    /// Names that belong to no group.
    pub(super) foreign: Vec<String>,
}

impl Roster {
    pub(super) fn of(names: impl IntoIterator<Item = OsString>, settings: &Settings) -> Self {
        let names: HashSet<OsString> = names.into_iter().filter(|name| name != OUR_FOLDER).collect();
        let has = |name: &str| names.contains(OsStr::new(name));
        let mut roster = Self::default();
        for name in &names {
            match name.to_str() {
                Some(name) => roster.add(name, settings, has),
                // No pattern is asked of what is no text: that is nobody's we know.
                None => roster.foreign.push(name.to_string_lossy().into_owned()),
            }
        }
        roster.groups.values_mut().for_each(|names| names.members.sort());
        roster.foreign.sort();
        roster
    }

    fn add(&mut self, name: &str, settings: &Settings, has: impl Fn(&str) -> bool) {
        // A job may be called like the results of another. What is named after it tells whose it is.
        let is_its_own = || {
            let mut after = settings.shape.parts().map(|(_, suffix)| suffix).chain([MARKER]);
            settings.is_main(name) && after.any(|suffix| has(&format!("{name}{suffix}")))
        };
        match part_of(name, settings) {
            Some((main, Role::Mark)) => self.group(main).is_marked = true,
            Some((main, role)) if role == Role::Secret || !is_its_own() => {
                self.group(main).members.push((role, name.to_owned()));
            }
            _ if settings.is_main(name) => self.group(name).members.push((Role::Main, name.to_owned())),
            _ => self.foreign.push(name.to_owned()),
        }
    }

    fn group(&mut self, main: &str) -> &mut Names {
        self.groups.entry(main.to_owned()).or_default()
    }
}

/// The main folder that `name` is named after, and what it is to it. Of two suffixes that fit the longer one
/// counts.
fn part_of<'n>(name: &'n str, settings: &Settings) -> Option<(&'n str, Role)> {
    let fits = |(role, suffix): (Role, &str)| {
        let main = name.strip_suffix(suffix).filter(|main| settings.is_main(main))?;
        Some((main, role))
    };
    settings.shape.parts().chain([(Role::Mark, MARKER)]).filter_map(fits).min_by_key(|(main, _)| main.len())
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use proptest::prelude::*;

    use super::*;
    use crate::artifact::workspaces::Shape;

    fn settings(glob: &str) -> Settings {
        Settings::new(vec![glob.parse().unwrap()])
    }

    fn roster(glob: &str, names: &[&str]) -> Roster {
        Roster::of(names.iter().map(OsString::from), &settings(glob))
    }

    #[test]
    fn what_is_named_after_a_folder_belongs_to_it_whether_or_not_it_is_there() {
        let found = roster(
            "*-??????",
            &["1-abcdef", "1-abcdef.cred.sh", "1-abcdef-artifacts", "1-abcdef.owner", "2-ghijkl.cred.sh"],
        );
        let first = Names {
            members: vec![
                (Role::Secret, "1-abcdef.cred.sh".to_owned()),
                (Role::Main, "1-abcdef".to_owned()),
                (Role::Sibling, "1-abcdef-artifacts".to_owned()),
            ],
            is_marked: true,
        };
        let second = Names { members: vec![(Role::Secret, "2-ghijkl.cred.sh".to_owned())], is_marked: false };
        assert_eq!(found.groups, [("1-abcdef".to_owned(), first), ("2-ghijkl".to_owned(), second)].into());
        assert_eq!(found.foreign, [""; 0]);
    }

    #[test]
    fn i5_what_no_pattern_names_is_foreign_and_our_own_folder_is_nothing() {
        let found = roster(
            "job-*",
            &["precious.db", "notes-artifacts", ".session-reaper", "x.cred.sh", "lost+found"],
        );
        assert_eq!(found.foreign, ["lost+found", "notes-artifacts", "precious.db", "x.cred.sh"]);
        assert!(found.groups.is_empty());
        let strange = OsString::from_vec(b"job-\xff".to_vec());
        assert_eq!(Roster::of([strange], &settings("job-*")).foreign.len(), 1);
    }

    #[test]
    fn with_a_pattern_for_everything_suffixes_still_tell_who_belongs_to_whom() {
        let found = roster("*", &["a", "a.cred.sh", "a-artifacts", "a-artifacts.cred.sh"]);
        assert_eq!(found.groups.keys().collect::<Vec<_>>(), ["a", "a-artifacts"]);
        assert_eq!(found.groups["a-artifacts"].members.len(), 2);
        let shape = Shape::new(vec![".sh".to_owned(), ".cred.sh".to_owned()], Vec::new()).unwrap();
        let found = Roster::of([OsString::from("a.cred.sh")], &Settings { shape, ..settings("*") });
        assert_eq!(found.groups.keys().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn i1_a_job_that_is_called_like_the_results_of_another_has_its_own_mark() {
        let found = roster(
            "job-*",
            &["job-build-artifacts", "job-build-artifacts.owner", "job-build-artifacts.cred.sh"],
        );
        let own = &found.groups["job-build-artifacts"];
        assert_eq!((found.groups.len(), own.is_marked, own.members.len()), (1, true, 2));
        let found = roster("job-*", &["job-build", "job-build-artifacts"]);
        assert_eq!(found.groups.keys().collect::<Vec<_>>(), ["job-build"]);
    }

    proptest! {
        #[test]
        fn i9_every_name_is_told_once(names in proptest::collection::btree_set("(job-[ab])?[a.]{0,2}(-artifacts|\\.cred\\.sh|\\.owner)?", 0..12)) {
            let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
            let found = Roster::of(names.iter().map(OsString::from), &settings("job-*"));
            let members = found.groups.values().flat_map(|names| names.members.iter().map(|(_, name)| name.clone()));
            let marks = found.groups.iter().filter(|(_, names)| names.is_marked).map(|(main, _)| format!("{main}.owner"));
            let mut told: Vec<String> = members.chain(marks).chain(found.foreign.clone()).collect();
            told.sort();
            prop_assert_eq!(told, names);
        }
    }
}
