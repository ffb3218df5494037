//! A sweep as one should not write it: it reads, drops rows, writes a new file and renames it, and asks nobody.
//!
//! The store is never torn, and yet whatever another writer did in between is lost. A rig that does not notice is no rig.

use std::{
    fs,
    path::Path,
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::{Map, Value};

/// Removes the rows that `goes` points at; says how many those were.
pub(crate) fn sweep(store: &Path, goes: impl Fn(&str, &Value) -> bool) -> usize {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut rows: Map<String, Value> = serde_json::from_slice(&fs::read(store).unwrap()).unwrap();
    let before = rows.len();
    rows.retain(|key, row| !goes(key, row));
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let temp = store.with_extension(format!("careless.{}.{number}", process::id()));
    fs::write(&temp, serde_json::to_string_pretty(&rows).unwrap()).unwrap();
    fs::rename(&temp, store).unwrap();
    before - rows.len()
}
