//! What a value means: one reader for each type of setting. None of them guesses, rounds or falls back.

use std::{collections::BTreeSet, path::PathBuf};

use super::{
    paths::Paths,
    raw::{Item, Raw, Wrong},
    suggest::{did_you_mean, nearest},
};
use crate::{
    artifact::workspaces::Shape,
    model::{Age, Bytes, Kind, Retention},
    policy::{Glob, Policy},
};

type Read<T> = Result<T, Wrong>;

/// Where an OpenClaw installation is to be found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Installation {
    /// Nowhere: it is not asked for.
    #[default]
    None,
    /// Where OpenClaw itself would look.
    Usual,
    /// In this state folder.
    Folder(PathBuf),
}

/// An age or `false`; `unit` is the one to propose for a bare number.
pub(super) fn retention(raw: &Raw, unit: &str) -> Read<Retention> {
    match raw {
        Raw::Word(text) | Raw::Text(text) => Ok(text.parse::<Retention>()?),
        Raw::Bool(false) => Ok(Retention::Off),
        _ => Err(no_age(raw, unit, ", or false to keep everything")),
    }
}

/// An age or `false` for no limit.
pub(super) fn limit(raw: &Raw, unit: &str) -> Read<Option<Age>> {
    const OR: &str = ", or false for no limit";
    match raw {
        Raw::Bool(false) => Ok(None),
        Raw::Word(text) | Raw::Text(text) if text.parse() == Ok(Retention::Off) => Ok(None),
        Raw::Word(text) | Raw::Text(text) => {
            Ok(Some(text.parse::<Age>().map_err(|error| format!("{error}{OR}"))?))
        }
        _ => Err(no_age(raw, unit, OR)),
    }
}

/// An age.
pub(super) fn age(raw: &Raw, unit: &str) -> Read<Age> {
    match raw {
        Raw::Word(text) | Raw::Text(text) => Ok(text.parse::<Age>()?),
        _ => Err(no_age(raw, unit, "")),
    }
}

fn no_age(raw: &Raw, unit: &str, or: &str) -> Wrong {
    match raw {
        Raw::Integer(n) if *n > 0 => {
            format!("{n} is a number without a unit; write \"{n}{unit}\"{or}").into()
        }
        Raw::Integer(0) => {
            format!("0 is no age: zero would mean everything at once; write one such as \"24{unit}\"{or}")
                .into()
        }
        Raw::Integer(n) => {
            format!("{n} is no age: it is negative; write one such as \"24{unit}\"{or}").into()
        }
        _ => format!("{raw} is no age; write one as text, such as \"24{unit}\"{or}").into(),
    }
}

/// A whole number, zero or more.
pub(super) fn count(raw: &Raw) -> Read<u32> {
    whole(raw).and_then(|n| u32::try_from(n).ok()).ok_or_else(|| {
        format!("{raw} is no count; accepted is a whole number from 0 (off) to {}", u32::MAX).into()
    })
}

/// A whole number above zero, or `false`.
pub(super) fn cap(raw: &Raw) -> Read<Option<u64>> {
    if is_off(raw) {
        return Ok(None);
    }
    let rows = whole(raw)
        .and_then(|n| u64::try_from(n).ok())
        .ok_or_else(|| format!("{raw} is no cap; accepted is a whole number of rows, or false for no cap"))?;
    Policy::default().with_max_entries(rows).map_err(|error| format!("{error}, or write false"))?;
    Ok(Some(rows))
}

/// A size in bytes above zero, as a number or as a text with a unit.
pub(super) fn size(raw: &Raw) -> Read<u64> {
    let bytes = match raw {
        Raw::Integer(n) => u64::try_from(*n).ok().filter(|bytes| *bytes > 0),
        Raw::Word(text) | Raw::Text(text) => text.parse::<Bytes>().ok().map(|bytes| bytes.0),
        _ => None,
    };
    bytes.ok_or_else(|| format!("{raw} is no size; write one above zero such as 51200 or \"512MB\"").into())
}

/// A size, or `false` for no limit.
pub(super) fn quota(raw: &Raw) -> Read<Option<u64>> {
    if is_off(raw) { Ok(None) } else { size(raw).map(Some) }
}

fn is_off(raw: &Raw) -> bool {
    match raw {
        Raw::Bool(on) => !on,
        Raw::Word(text) => matches!(text.parse(), Ok(Retention::Off)),
        _ => false,
    }
}

fn whole(raw: &Raw) -> Option<i128> {
    match raw {
        Raw::Integer(n) => Some(*n),
        Raw::Word(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

/// Yes or no.
pub(super) fn switch(raw: &Raw) -> Read<bool> {
    match raw {
        Raw::Bool(on) => Ok(*on),
        Raw::Word(text) if text == "true" => Ok(true),
        Raw::Word(text) if text == "false" => Ok(false),
        _ => Err(format!("{raw} is neither true nor false").into()),
    }
}

/// One of a few words.
pub(super) fn word<T: Copy>(raw: &Raw, words: &[(&str, T)]) -> Read<T> {
    let text = match raw {
        Raw::Word(text) | Raw::Text(text) => Some(text.as_str()),
        _ => None,
    };
    let found = words.iter().find(|(word, _)| Some(*word) == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let known: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        format!("{raw} is not known here; accepted are {}", known.join(" and ")).into()
    })
}

/// A folder of OpenClaw's, `true` or `false`.
pub(super) fn installation(raw: &Raw, paths: &Paths) -> Read<Installation> {
    match raw {
        Raw::Bool(false) => Ok(Installation::None),
        Raw::Bool(true) => Ok(Installation::Usual),
        Raw::Word(text) if text == "false" => Ok(Installation::None),
        Raw::Word(text) if text == "true" => Ok(Installation::Usual),
        Raw::Word(text) | Raw::Text(text) => Ok(Installation::Folder(paths.resolve(text)?)),
        _ => Err(format!("{raw} is no folder; accepted are a path, true and false").into()),
    }
}

/// A list of paths.
pub(super) fn stores(raw: &Raw, paths: &Paths) -> Read<Vec<PathBuf>> {
    list(raw, "[\"~/.openclaw\"]", |text| Ok(paths.resolve(text)?))
}

/// A list of patterns over keys.
pub(super) fn globs(raw: &Raw) -> Read<Vec<Glob>> {
    list(raw, "[\"agent:*:cron:backup*\"]", |text| Ok(text.parse::<Glob>()?))
}

/// Patterns over the names of jobs' folders.
pub(super) fn names(raw: &Raw) -> Read<Vec<Glob>> {
    list(raw, "[\"job-*\"]", |text| Ok(text.parse::<Glob>()?))
}

/// What stands behind the name of a job's folder to name what belongs to it.
pub(super) fn suffixes(raw: &Raw) -> Read<Vec<String>> {
    let suffixes = list(raw, "[\"-artifacts\"]", |text| Ok(text.to_owned()))?;
    Shape::new(suffixes.clone(), Vec::new())?;
    Ok(suffixes)
}

/// A folder, or `false` for none.
pub(super) fn folder(raw: &Raw, paths: &Paths) -> Read<Option<PathBuf>> {
    match raw {
        _ if is_off(raw) => Ok(None),
        Raw::Word(text) | Raw::Text(text) => Ok(Some(paths.resolve(text)?)),
        _ => Err(format!("{raw} is no folder; accepted are a path and false").into()),
    }
}

fn list<T>(raw: &Raw, sample: &str, read: impl Fn(&str) -> Read<T>) -> Read<Vec<T>> {
    let Raw::List(items) = raw else {
        return Err(format!("{raw} is no list; write one such as {sample}").into());
    };
    items.iter().map(|item| member(item, sample, &read).map_err(|wrong| wrong.at(item.line))).collect()
}

fn member<T>(item: &Item, sample: &str, read: impl Fn(&str) -> Read<T>) -> Read<T> {
    match &item.raw {
        Raw::Word(text) | Raw::Text(text) => read(text),
        raw => Err(format!("{raw} is no text; write a list of texts such as {sample}").into()),
    }
}

/// The retention of one kind, which must be a kind that may have one.
pub(super) fn rule(kind: Kind, raw: &Raw) -> Read<Retention> {
    let retention = retention(raw, "h")?;
    Policy::default().with_rule(kind, retention)?;
    Ok(retention)
}

/// Rules as variables and flags write them: `KIND=AGE`.
pub(super) fn rules(raw: &Raw) -> Read<Vec<(Kind, Retention)>> {
    let rules = list(raw, "subagent=7d", rule_of_text)?;
    let mut seen = BTreeSet::new();
    match rules.iter().find(|(kind, _)| !seen.insert(*kind)) {
        Some((kind, _)) => Err(format!("the rule for {kind} is given twice").into()),
        None => Ok(rules),
    }
}

fn rule_of_text(text: &str) -> Read<(Kind, Retention)> {
    let (kind, age) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} is no rule; accepted is KIND=AGE, such as subagent=7d"))?;
    let kind: Kind = kind.parse().map_err(|_| format!("{kind:?} is no kind of row{}", kinds_help(kind)))?;
    Ok((kind, rule(kind, &Raw::Word(age.to_owned()))?))
}

/// What to write instead of a name that is no kind: the one that was meant, or all that may have a rule.
pub(super) fn kinds_help(name: &str) -> String {
    let kinds = || Kind::all().filter(|kind| kind.may_have_rule() && *kind != Kind::CronRun).map(Kind::name);
    match nearest(name, kinds()) {
        Some(near) => did_you_mean(Some(near)),
        None => format!("; known are {}", kinds().collect::<Vec<_>>().join(", ")),
    }
}
