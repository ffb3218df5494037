//! Our configuration file: which one it is, and what it says, line by line.

use std::{
    io,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Environment, Origin, Setting,
    environment::CONFIG,
    error::{Problem, Problems},
    layer::Layer,
    paths::Paths,
    raw::{Raw, Wrong},
    suggest::{did_you_mean, nearest},
    value,
};
use crate::model::Kind;

/// The file's name, in the current folder and in the user's configuration folder.
pub(super) const NAME: &str = "session-reaper.toml";

/// The tables whose keys are settings of the table of settings; `[rules]` has kinds as keys.
const TABLES: [&str; 6] = ["cron", "trash", "workspaces", "media", "payloads", "log"];

/// How this room reads files: through the caller, who has the disk.
pub trait Files {
    /// The text of a file; `None` when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read, or is no UTF-8 text.
    fn read(&self, path: &Path) -> io::Result<Option<String>>;
}

/// A file and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConfigFile {
    pub(super) path: PathBuf,
    text: String,
}

/// Reads a file, or says why it cannot.
pub(super) fn read(files: &dyn Files, path: &Path) -> Result<Option<String>, Problem> {
    files.read(path).map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::InvalidData => "it is no UTF-8 text".to_owned(),
            _ => error.to_string(),
        };
        Problem::of_file(path, format!("cannot read it: {why}"))
    })
}

/// The file in force: the one named by the flag or the variable, which must be there; else the first of the usual ones.
pub(super) fn find(
    explicit: Option<&Path>,
    user_config_dir: Option<&Path>,
    env: &Environment,
    files: &dyn Files,
) -> Result<Option<ConfigFile>, Problem> {
    if let Some(path) = explicit {
        return named(files, path, "--config").map(Some);
    }
    if let Some(path) = env.ours(CONFIG)? {
        return named(files, Path::new(path), CONFIG).map(Some);
    }
    let usual = user_config_dir.map(|folder| folder.join("session-reaper").join(NAME));
    for path in [Some(PathBuf::from(NAME)), usual].into_iter().flatten() {
        if let Some(text) = read(files, &path)? {
            return Ok(Some(ConfigFile { path, text }));
        }
    }
    Ok(None)
}

fn named(files: &dyn Files, path: &Path, by: &str) -> Result<ConfigFile, Problem> {
    let text = read(files, path)?
        .ok_or_else(|| Problem::of_file(path, format!("there is no such file, and {by} names it")))?;
    Ok(ConfigFile { path: path.to_owned(), text })
}

impl ConfigFile {
    /// What the file says. Everything wrong with it becomes a problem, in the order of its lines.
    pub(super) fn layer(&self, env: &Environment, problems: &mut Problems) -> Layer {
        let mut reader = Reader {
            file: &self.path,
            breaks: memchr::memchr_iter(b'\n', self.text.as_bytes()).collect(),
            paths: Paths::of_file(&self.path, env),
            layer: Layer::default(),
            problems: Vec::new(),
        };
        match DeTable::parse_recoverable(&self.text) {
            (table, errors) if errors.is_empty() => reader.root(table.get_ref()),
            (_, errors) => errors.iter().for_each(|error| reader.malformed(error)),
        }
        reader.problems.sort();
        reader.problems.into_iter().for_each(|problem| problems.add(problem));
        reader.layer
    }
}

type Entry<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

struct Reader<'f> {
    file: &'f Path,
    /// Where the lines end.
    breaks: Vec<usize>,
    paths: Paths,
    layer: Layer,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// The line of an offset, counted from 1.
    fn line(&self, offset: usize) -> usize {
        1 + self.breaks.partition_point(|end| *end < offset)
    }

    fn malformed(&mut self, error: &toml::de::Error) {
        let message = format!("not TOML: {}", error.message().replace('\n', "; "));
        let line = error.span().map_or(1, |span| self.line(span.start));
        self.problem(line, message);
    }

    fn root(&mut self, table: &DeTable<'_>) {
        for entry in table {
            match entry.0.get_ref().as_ref() {
                "rules" => self.table(entry, Self::rule),
                name if TABLES.contains(&name) => {
                    self.table(entry, |reader, entry| reader.value(name, entry));
                }
                _ => self.value("", entry),
            }
        }
    }

    /// Every entry of what must be a table.
    fn table(&mut self, entry: Entry<'_, '_>, each: impl Fn(&mut Self, Entry<'_, '_>)) {
        let (key, value) = entry;
        if let DeValue::Table(table) = value.get_ref() {
            table.into_iter().for_each(|entry| each(self, entry));
        } else {
            let name = key.get_ref();
            let message =
                format!("{name}: {} is no table; write [{name}] and its keys below it", self.raw(value));
            self.problem(self.line(key.span().start), message);
        }
    }

    fn value(&mut self, table: &str, (key, value): Entry<'_, '_>) {
        let line = self.line(key.span().start);
        let name = key.get_ref();
        match setting_of(table, name) {
            Some(setting) => {
                let raw = self.raw(value);
                let set = self.layer.set(setting, &raw, &self.origin(line), &self.paths);
                self.judge(setting.key(), line, set);
            }
            None => self.problem(line, unknown(table, name)),
        }
    }

    fn rule(&mut self, (key, value): Entry<'_, '_>) {
        let line = self.line(key.span().start);
        let name = key.get_ref();
        match name.parse::<Kind>() {
            Ok(kind) => {
                let rule = value::rule(kind, &self.raw(value));
                let origin = self.origin(line);
                let set = rule.map(|retention| self.layer.set_rule(kind, retention, &origin));
                self.judge(&format!("rules.{kind}"), line, set);
            }
            Err(_) => {
                self.problem(line, format!("unknown key {name:?} in [rules]{}", value::kinds_help(name)));
            }
        }
    }

    fn raw(&self, value: &Spanned<DeValue<'_>>) -> Raw {
        Raw::of_toml(value.get_ref(), &|offset| self.line(offset))
    }

    fn origin(&self, line: usize) -> Origin {
        Origin::File(self.file.to_owned(), line)
    }

    fn judge(&mut self, key: &str, line: usize, set: Result<(), Wrong>) {
        if let Err(wrong) = set {
            let origin = self.origin(wrong.line.unwrap_or(line));
            self.problems.push(Problem::of_value(&origin, key, &wrong.message));
        }
    }

    fn problem(&mut self, line: usize, message: String) {
        self.problems.push(Problem::at_line(self.file, line, message));
    }
}

/// The setting `name` of a table. A name in quotes may hold a dot, and is then no name of ours.
fn setting_of(table: &str, name: &str) -> Option<Setting> {
    match table {
        _ if name.contains('.') => None,
        "" => Setting::of_key(name),
        table => Setting::of_key(&format!("{table}.{name}")),
    }
}

fn unknown(table: &str, name: &str) -> String {
    let within = if table.is_empty() { String::new() } else { format!(" in [{table}]") };
    let help = match nearest(name, keys_of(table)) {
        None => elsewhere(name),
        near => did_you_mean(near),
    };
    format!("unknown key {name:?}{within}{help}")
}

/// The names that may stand in a table; at the top, those of the tables too.
fn keys_of(table: &str) -> impl Iterator<Item = &'static str> {
    let keys =
        Setting::ALL.into_iter().map(|setting| setting.key().split_once('.').unwrap_or(("", setting.key())));
    let tables = TABLES.into_iter().filter(|_| table.is_empty());
    keys.filter(move |(of, _)| *of == table).map(|(_, name)| name).chain(tables)
}

/// A word on a key that would be right in another place: the very name first, then one that comes near.
fn elsewhere(name: &str) -> String {
    let places = || TABLES.into_iter().chain([""]);
    let same = |table| keys_of(table).find(|key| *key == name).map(|key| (table, key));
    let near = |table| nearest(name, keys_of(table)).map(|key| (table, key));
    match places().find_map(same).or_else(|| places().find_map(near)) {
        None => String::new(),
        Some(("", key)) => format!("; did you mean {key:?}, which stands above all tables?"),
        Some((table, key)) => format!("; did you mean {key:?} in [{table}]?"),
    }
}
