//! The same job by other means, compiled in: a plain copy, and two libraries that make a tree of the whole text.
//!
//! Started as `peer NAME NOW PATH`, where PATH is a store, or a folder of many.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use sonic_rs::{JsonContainerTrait, JsonValueTrait};

/// What cron runs are kept for, in milliseconds.
const RETENTION: i64 = 86_400_000;

pub(crate) fn run(args: &[String]) -> io::Result<()> {
    let [peer, now, path] = args else { return Err(io::Error::other("peer NAME NOW PATH")) };
    let oldest = now.parse::<i64>().map_err(io::Error::other)? - RETENTION;
    for store in stores(Path::new(path))? {
        match peer.as_str() {
            "copy" => copy(&store)?,
            "serde_json" => replace(&store, &by_serde_json(&fs::read(&store)?, oldest)?)?,
            "sonic-rs" => replace(&store, &by_sonic_rs(&fs::read(&store)?, oldest)?)?,
            _ => return Err(io::Error::other(format!("{peer}: who is that?"))),
        }
    }
    Ok(())
}

/// The store itself, or every `agents/*/sessions/sessions.json` below a folder.
fn stores(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let agents = fs::read_dir(path.join("agents"))?;
    agents.map(|agent| Ok(agent?.path().join("sessions/sessions.json"))).collect()
}

fn beside(store: &Path) -> PathBuf {
    let mut name = OsString::from(store);
    name.push(".tmp");
    name.into()
}

/// `cp`, `sync FILE`, `mv` and `sync FOLDER`, without the start of four programs.
fn copy(store: &Path) -> io::Result<()> {
    let temp = beside(store);
    fs::copy(store, &temp)?;
    File::open(&temp)?.sync_all()?;
    exchange(&temp, store)
}

fn replace(store: &Path, text: &[u8]) -> io::Result<()> {
    let temp = beside(store);
    let mut file = File::create(&temp)?;
    file.write_all(text)?;
    file.sync_all()?;
    exchange(&temp, store)
}

fn exchange(temp: &Path, store: &Path) -> io::Result<()> {
    fs::rename(temp, store)?;
    File::open(store.parent().unwrap_or(store))?.sync_all()
}

/// Its map sorts the keys, which a gateway's does not; a map that keeps their order costs more.
fn by_serde_json(text: &[u8], oldest: i64) -> io::Result<Vec<u8>> {
    let mut rows: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(text)?;
    rows.retain(|key, row| !is_expired(key, row["updatedAt"].as_i64(), oldest));
    Ok(serde_json::to_vec_pretty(&rows)?)
}

fn by_sonic_rs(text: &[u8], oldest: i64) -> io::Result<Vec<u8>> {
    let mut rows: sonic_rs::Object = sonic_rs::from_slice(text).map_err(io::Error::other)?;
    rows.retain(|key, row| {
        let updated = row.as_object().and_then(|row| row.get(&"updatedAt")).and_then(JsonValueTrait::as_i64);
        !is_expired(key, updated, oldest)
    });
    sonic_rs::to_vec_pretty(&rows).map_err(io::Error::other)
}

/// A cron run, or a descendant of one, that was not touched for longer than the retention.
fn is_expired(key: &str, updated: Option<i64>, oldest: i64) -> bool {
    let is_run = key.contains("cron:") && key.contains(":run:");
    is_run && updated.is_some_and(|updated| updated < oldest)
}
