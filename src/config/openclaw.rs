//! What we take from an OpenClaw installation: where its stores are, and how long it keeps cron runs.
//!
//! `openclaw.json` is JSON5 and belongs to OpenClaw: of all that stands in it only `cron.sessionRetention` and
//! `session.store` are looked at. OpenClaw falls back to 24 hours on a retention that it cannot read, and older
//! versions take zero for "everything"; here each of these is an error, and nothing is swept. The same holds for what
//! OpenClaw would fill in and we do not: `$include` and `${VARIABLE}`.

mod duration;
mod nesting;

use std::path::{Path, PathBuf};

use glob::Pattern;
use serde_json::Value;

use self::duration::parse;
use super::{
    Environment, Files, Origin, error::Problem, file, layer::Given, paths::Paths, value::Installation,
};
use crate::model::Retention;

/// Below an agent's folder, where its store is.
const AGENTS: &str = "agents/*/sessions/sessions.json";

/// The agent's id in `session.store`.
const AGENT_ID: &str = "{agentId}";

/// An installation and what its `openclaw.json` says.
#[derive(Debug)]
pub(super) struct OpenClaw {
    state: PathBuf,
    config: PathBuf,
    json: Value,
    paths: Paths,
}

impl OpenClaw {
    /// Finds the installation that was asked for and reads its `openclaw.json`, if it has one.
    pub(super) fn find(
        asked: &Given<Installation>,
        env: &Environment,
        files: &dyn Files,
    ) -> Result<Option<Self>, Problem> {
        let paths = Paths::of_here(env);
        let state = match &asked.value {
            Installation::None => return Ok(None),
            Installation::Folder(folder) => folder.clone(),
            Installation::Usual => {
                usual(env, &paths).map_err(|why| Problem::of_value(&asked.origin, "openclaw", &why))?
            }
        };
        let (config, json) = read(&state, env, files, &paths)?;
        Ok(Some(Self { state, config, json, paths }))
    }

    /// The state folder.
    pub(super) fn into_state(self) -> PathBuf {
        self.state
    }

    /// Its retention of cron runs; `None` when it has none of its own.
    pub(super) fn retention(&self) -> Result<Option<Given<Retention>>, Problem> {
        let value = match self.setting("cron", "sessionRetention")? {
            None => return Ok(None),
            Some(Value::Bool(false)) => Retention::Off,
            Some(Value::String(text)) => parse(text)
                .map(Retention::After)
                .map_err(|why| self.bad_retention(&format!("{text:?}"), why))?,
            Some(other) => return Err(self.bad_retention(&other.to_string(), "it is neither text nor false")),
        };
        Ok(Some(Given { value, origin: self.origin() }))
    }

    fn bad_retention(&self, read: &str, why: &str) -> Problem {
        self.problem(&format!(
            "cron.sessionRetention: {read} is no retention: {why}; accepted are a text such as \"24h\" or \"1h30m\" \
             (ms, s, m, h, d; no unit means h), and false; --retention or cron.retention overrule it"
        ))
    }

    /// Its stores: paths, or patterns over the agents' folders.
    pub(super) fn stores(&self) -> Result<Given<Vec<PathBuf>>, Problem> {
        let store = match self.setting("session", "store")? {
            None => return Ok(Given { value: vec![self.usual_stores()], origin: self.origin() }),
            Some(Value::String(text)) => self.store(text),
            Some(other) => Err(format!("{other} is no path")),
        };
        let store =
            store.map_err(|why| self.problem(&format!("session.store: {why}; give the stores yourself")))?;
        Ok(Given { value: vec![store], origin: self.origin() })
    }

    fn usual_stores(&self) -> PathBuf {
        // A folder that is no text cannot be part of a pattern; then there is nothing to escape either.
        self.state
            .to_str()
            .map_or_else(|| self.state.join(AGENTS), |state| Path::new(&escape(state)).join(AGENTS))
    }

    fn store(&self, text: &str) -> Result<PathBuf, String> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(format!("{text:?} is no path: it is empty"));
        }
        if trimmed.contains("${") {
            return Err(format!("{text:?} holds a variable, which only OpenClaw fills in"));
        }
        let path = self.paths.expand(trimmed)?;
        if !path.is_absolute() {
            return Err(format!("{text:?} is a relative path, which only OpenClaw knows the start of"));
        }
        let text = path.to_str().ok_or("your home folder is no UTF-8 text")?;
        Ok(text.split(AGENT_ID).map(escape).collect::<Vec<_>>().join("*").into())
    }

    /// A value of `openclaw.json`. Where it might stand in an included file instead, nobody knows it.
    fn setting(&self, table: &str, name: &str) -> Result<Option<&Value>, Problem> {
        let Some(table_value) = self.member(&self.json, table)? else { return Ok(None) };
        if !table_value.is_object() {
            return Err(self.problem(&format!("{table}: {table_value} is no object")));
        }
        self.member(table_value, name)
    }

    fn member<'v>(&self, object: &'v Value, name: &str) -> Result<Option<&'v Value>, Problem> {
        match object.get(name) {
            None if object.get("$include").is_some() => Err(self.problem(&format!(
                "$include: {name} may stand in an included file, which only OpenClaw reads; \
                 give the retention (--retention, cron.retention) and the stores yourself"
            ))),
            value => Ok(value),
        }
    }

    /// Where its values come from: its file, or its state folder when it has none.
    fn origin(&self) -> Origin {
        Origin::OpenClaw(if self.json.is_null() { self.state.clone() } else { self.config.clone() })
    }

    fn problem(&self, message: &str) -> Problem {
        Problem::of_file(&self.config, message)
    }
}

/// Where OpenClaw itself would look.
fn usual(env: &Environment, paths: &Paths) -> Result<PathBuf, String> {
    named(env, "OPENCLAW_STATE_DIR", paths)
        .unwrap_or_else(|| paths.expand("~/.openclaw"))
        .map_err(|why| format!("cannot tell where OpenClaw's state folder is: {why}; give its path"))
}

/// A path in a variable of OpenClaw's.
fn named(env: &Environment, name: &str, paths: &Paths) -> Option<Result<PathBuf, String>> {
    let path = env.path(name)?;
    match path.to_str() {
        Some(text) if text.trim().is_empty() => None,
        Some(text) => Some(paths.expand(text.trim())),
        None => Some(Ok(path)),
    }
}

/// The path of `openclaw.json` and what it says; null when it is not there, which is fine unless a variable names it.
fn read(
    state: &Path,
    env: &Environment,
    files: &dyn Files,
    paths: &Paths,
) -> Result<(PathBuf, Value), Problem> {
    const VARIABLE: &str = "OPENCLAW_CONFIG_PATH";
    let variable = || Origin::Env(VARIABLE.to_owned());
    let named = named(env, VARIABLE, paths).transpose();
    let named = named.map_err(|why| Problem::of_value(&variable(), VARIABLE, &why))?;
    let must = named.is_some();
    let path = named.unwrap_or_else(|| state.join("openclaw.json"));
    match file::read(files, &path)? {
        Some(text) => parse_json(&path, &text).map(|json| (path, json)),
        None if must => {
            Err(Problem::of_file(&path, format!("there is no such file, and {VARIABLE} names it")))
        }
        None => Ok((path, Value::Null)),
    }
}

fn parse_json(path: &Path, text: &str) -> Result<Value, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !nesting::is_shallow(text) {
        return Err(Problem::of_file(path, "not JSON5 that anybody would write: it is nested too deep"));
    }
    match json5::from_str::<Value>(text) {
        Ok(json @ Value::Object(_)) => Ok(json),
        Ok(_) => Err(Problem::of_file(path, "it holds no object")),
        Err(error) => {
            let line = error.position().map_or(1, |position| position.line + 1);
            Err(Problem::at_line(path, line, format!("not JSON5: {error}")))
        }
    }
}

/// A path in which no character is a wildcard.
fn escape(path: &str) -> String {
    Pattern::escape(path)
}
