//! The house holds its own plan: who may call whom, how long a function may be, what stands on every door.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests make files as any program would, and end by panicking"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use syn::{spanned::Spanned, visit::Visit};

/// The floors, from the ground up: a room may use the rooms before it and none after.
const FLOORS: [&str; 17] = [
    "model", "policy", "json", "clock", "fs", "process", "lock", "gateway", "trash", "store", "inspect",
    "artifact", "doctor", "sweep", "specimen", "config", "cli",
];

fn files(under: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(under)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(ending) if ending == "rs" => found.push(path),
                _ => {}
            }
        }
    }
    assert!(found.len() > 3, "found only {found:?}");
    found
}

/// The room of a file: the first folder below `src`, or the file's own name.
fn room(path: &Path) -> String {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    below.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
        || path.ends_with("tests.rs")
        || path.ends_with("testing.rs")
}

/// The rooms that a file's code names by `crate::<room>` or, in the binary, `session_reaper::<room>`.
fn uses(text: &str) -> Vec<String> {
    let code = without_tests(text);
    let mut rooms = Vec::new();
    for path in code.split("crate::").skip(1) {
        let names = path.strip_prefix('{').map_or(path, |group| group.split(';').next().unwrap_or(group));
        let depth_one = top_level(names, path.starts_with('{'));
        rooms.extend(depth_one);
    }
    rooms
}

/// `model::{a, b}, fs::c` -> `model`, `fs`; without braces only the first name.
fn top_level(text: &str, grouped: bool) -> Vec<String> {
    let mut depth = 0;
    let mut flat = String::new();
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            c if depth == 0 => flat.push(c),
            _ => {}
        }
    }
    let name = |part: &str| part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let names: Vec<String> = if grouped { flat.split(',').map(name).collect() } else { vec![name(&flat)] };
    names.into_iter().filter(|name| !name.is_empty()).collect()
}

/// The code without comments and without what stands behind `#[cfg(test)]` at the end of a file.
fn without_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_room_uses_only_the_rooms_below_it() {
    let floor: BTreeMap<&str, usize> =
        FLOORS.iter().enumerate().map(|(floor, room)| (*room, floor)).collect();
    let mut checked = 0;
    for path in files("src") {
        let own = room(&path);
        let Some(own_floor) = floor.get(own.as_str()) else { continue };
        for used in uses(&fs::read_to_string(&path).unwrap()).iter().filter(|_| !is_test(&path)) {
            let Some(used_floor) = floor.get(used.as_str()) else { continue };
            assert!(used_floor <= own_floor, "{} uses crate::{used}, which stands above it", path.display());
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} uses were looked at");
}

#[test]
fn policy_and_model_know_no_effects() {
    for path in files("src") {
        if ["model", "policy"].contains(&room(&path).as_str()) {
            let text = without_tests(&fs::read_to_string(&path).unwrap());
            for word in [
                "crate::fs",
                "crate::store",
                "crate::sweep",
                "crate::clock",
                "tracing",
                "std::fs",
                "Instant",
                "SystemTime",
            ] {
                assert!(!text.contains(word), "{} names {word}", path.display());
            }
        }
    }
}

#[test]
fn the_reader_of_uses_sees_what_stands_there() {
    assert_eq!(
        uses("use crate::{\n    fs::{A, B},\n    model::C,\n};\nlet x = crate::json::scan(a, b);"),
        ["fs", "model", "json"]
    );
}

#[test]
fn every_file_says_what_it_is_for() {
    for path in files("src").into_iter().chain(files("tests")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().take(3).any(|line| line.starts_with("//!")), "{} has no header", path.display());
    }
}

/// Lengths of all functions outside of tests.
#[derive(Default)]
struct Lengths(Vec<(usize, String)>);

impl<'a> Visit<'a> for Lengths {
    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        let is_test = module.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if !is_test {
            syn::visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        self.add(&function.sig, function.span().end().line);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        self.add(&function.sig, function.span().end().line);
        syn::visit::visit_impl_item_fn(self, function);
    }
}

impl Lengths {
    fn add(&mut self, signature: &syn::Signature, end: usize) {
        self.0.push((end + 1 - signature.span().start().line, signature.ident.to_string()));
    }
}

#[test]
fn functions_are_short_and_files_are_thin() {
    let mut lengths = Lengths::default();
    for path in files("src").into_iter().filter(|path| !is_test(path)) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() <= 500, "{} is longer than 500 lines", path.display());
        lengths.visit_file(&syn::parse_file(&text).unwrap());
    }
    lengths.0.sort();
    let at = |percent: usize| &lengths.0[(lengths.0.len() - 1) * percent / 100];
    let (median, ninety, longest) = (at(50), at(90), at(100));
    assert!(median.0 < 9 && ninety.0 <= 30 && longest.0 <= 60, "{median:?} {ninety:?} {longest:?}");
}

#[test]
fn the_stated_rust_version_is_the_one_that_builds_us() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let stated =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert_eq!(stated, env!("CARGO_PKG_RUST_VERSION"));
    let toolchain = std::process::Command::new("rustc").arg("--version").output().unwrap();
    let version = String::from_utf8(toolchain.stdout).unwrap();
    let number = |text: &str| -> Vec<u32> { text.split('.').filter_map(|part| part.parse().ok()).collect() };
    let built = version.split(' ').nth(1).unwrap();
    assert!(number(built) >= number(stated), "{version} is older than {stated}");
}
