//! Walking down a pattern: as a shell expands it, but nothing that cannot be looked at is left out in silence, and no
//! link leads out of the folder that the pattern begins with.

use std::{
    ffi::{OsStr, OsString},
    path::{Component, Path, PathBuf},
};

use glob::{MatchOptions, Pattern};
use session_reaper::{Error, fs, store::Alike};

use super::{Find, Target, below, found, is_folder_of_stores, join, spread};
use crate::cli::Failure;

/// As a shell does it: a wildcard takes no hidden name.
const LIKE_A_SHELL: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
/// This and every folder below it.
const ANY_DEPTH: &str = "**";

/// All names that are not hidden.
const ANY_NAME: &str = "*";

/// One name on the way down.
enum Part {
    Name(PathBuf),
    Like(Pattern),
    AnyDepth,
}

impl Part {
    fn of(component: Component<'_>) -> Result<Self, glob::PatternError> {
        let text = component.as_os_str().to_string_lossy();
        match literal(&text) {
            Some(name) => Ok(Self::Name(name.into())),
            None if text == ANY_DEPTH => Ok(Self::AnyDepth),
            None => Pattern::new(&text).map(Self::Like),
        }
    }
}

/// The name that a component stands for, where it is only one.
fn literal(text: &str) -> Option<String> {
    if !is_pattern(text) {
        return Some(text.to_owned());
    }
    let escapes = [("[*]", "*"), ("[?]", "?"), ("[]]", "]"), ("[[]", "[")];
    let name = escapes.iter().fold(text.to_owned(), |name, (escaped, plain)| name.replace(escaped, plain));
    (Pattern::escape(&name) == text).then_some(name)
}

/// Whether a name is one that a pattern stands for.
fn matches(pattern: &Pattern, name: &OsStr) -> bool {
    if pattern.as_str() == ANY_NAME {
        // As most patterns are, over thousands of names.
        return !is_hidden(name);
    }
    pattern.matches_with(&name.to_string_lossy(), LIKE_A_SHELL)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Whether a text may stand for several names.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The stores that a pattern matches. Of the folders that it matches, those without a store are left out.
pub(super) fn matching(pattern: &str) -> Result<Vec<Find>, Failure> {
    let refuse = |error: glob::PatternError| {
        Failure::usage(format!("{pattern:?} is no pattern: {error}; nothing was removed"))
    };
    Pattern::new(pattern).map_err(refuse)?;
    let parts: Vec<Part> =
        Path::new(pattern).components().map(Part::of).collect::<Result<_, _>>().map_err(refuse)?;
    let names = parts.iter().map_while(|part| if let Part::Name(name) = part { Some(name) } else { None });
    let start: PathBuf = names.collect();
    let root = match fs::real_path(here(&start)) {
        Ok(None) => return Ok(Vec::new()),
        Ok(Some(root)) => root,
        Err(error) => return Ok(vec![Find::none(Error::io("find", &start, error))]),
    };
    let rest = parts.iter().skip_while(|part| matches!(part, Part::Name(_)));
    let mut walk = Walk { root: &root, found: Vec::new() };
    walk.down(&start, &rest.collect::<Vec<_>>());
    Ok(walk.found)
}

/// The folder to look into: no name at all is the folder that we are in.
fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// The rest of the way, where it is the same below every folder.
fn all_names(parts: &[&Part]) -> Option<PathBuf> {
    parts.iter().map(|part| if let Part::Name(name) = part { Some(name) } else { None }).collect()
}

/// What a name has come to: mostly a store that one glance has found.
enum Below {
    Store(Find),
    More(Vec<Find>),
}

impl Below {
    const fn is_store(&self) -> bool {
        matches!(self, Self::Store(_))
    }

    fn store(self) -> Option<Find> {
        if let Self::Store(find) = self { Some(find) } else { None }
    }
}

struct Walk<'a> {
    root: &'a Path,
    found: Vec<Find>,
}

impl Walk<'_> {
    fn down(&mut self, at: &Path, parts: &[&Part]) {
        match parts.split_first() {
            None => self.arrive(at),
            Some((Part::Name(name), rest)) => self.down(&at.join(name), rest),
            Some((Part::Like(pattern), rest)) => self.enter_those_like(at, pattern, rest),
            Some((Part::AnyDepth, rest)) => self.enter_all(at, rest, parts),
        }
    }

    /// Whatever stands here, if it really is below the folder that the pattern begins with.
    fn arrive(&mut self, at: &Path) {
        match found(at, self.root) {
            Some(Find { target: Target::Store(store), .. })
                if !store.is_plain() && is_folder_of_stores(at) =>
            {
                self.found.extend(below(at, Some(self.root)));
            }
            other => self.found.extend(other),
        }
    }

    fn enter_those_like(&mut self, folder: &Path, pattern: &Pattern, rest: &[&Part]) {
        let names = self.names(folder);
        let root = self.root;
        let alike = all_names(rest).and_then(|rest| Alike::below(folder, &rest, root));
        let below = spread::over(&names, |name| {
            if !matches(pattern, name) {
                return Below::More(Vec::new());
            }
            if let Some(find) = alike.as_ref().and_then(|alike| Find::glanced(alike, name)) {
                return Below::Store(find);
            }
            let mut walk = Walk { root, found: Vec::new() };
            walk.down(&folder.join(name), rest);
            Below::More(walk.found)
        });
        self.take(below);
    }

    /// Adds what was found below many names.
    fn take(&mut self, below: Vec<Below>) {
        if below.iter().all(Below::is_store) {
            // Then each can stay where it is.
            return join(&mut self.found, below.into_iter().filter_map(Below::store).collect());
        }
        for below in below {
            match below {
                Below::Store(find) => self.found.push(find),
                Below::More(finds) => self.found.extend(finds),
            }
        }
    }

    /// This folder, and every folder in it that is neither hidden nor a link.
    fn enter_all(&mut self, folder: &Path, rest: &[&Part], again: &[&Part]) {
        if let Err(error) = fs::enter(here(folder)) {
            return self.found.push(Find::none(Error::io("enter the folder", folder, error)));
        }
        self.down(folder, rest);
        for name in self.names(folder).into_iter().filter(|name| !is_hidden(name)) {
            let inner = folder.join(name);
            if fs::is_folder_itself(&inner) {
                self.down(&inner, again);
            }
        }
    }

    fn names(&mut self, folder: &Path) -> Vec<OsString> {
        fs::names_in(here(folder)).unwrap_or_else(|error| {
            self.found.push(Find::none(Error::io("list the folder", here(folder), error)));
            Vec::new()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_what_the_pattern_for_it_makes_of_it() {
        let pattern = Pattern::new(ANY_NAME).unwrap();
        for name in ["a", ".a", "..", "a.b", " ", "*", "\u{fffd}", "a\nb"] {
            assert_eq!(matches(&pattern, name.as_ref()), pattern.matches_with(name, LIKE_A_SHELL), "{name}");
        }
    }

    #[test]
    fn a_component_without_wildcards_or_with_escaped_ones_is_a_name() {
        for (text, name) in [
            ("a", Some("a")),
            ("a]b", Some("a]b")),
            ("a[[]1[]]", Some("a[1]")),
            ("[*][?]", Some("*?")),
            ("a[1]", None),
            ("*", None),
            ("[[]*", None),
        ] {
            assert_eq!(literal(text).as_deref(), name, "{text}");
        }
        assert_eq!(literal(&Pattern::escape("[[]*]?[")).as_deref(), Some("[[]*]?["));
    }
}
