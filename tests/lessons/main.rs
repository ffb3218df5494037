//! How others lost data, one test for each class of it, through the binary alone.
//!
//! The classes are those that retention engines in the field fell into, and a number, once given, stays: `class_01_...` to
//! `class_15_...`. The last test asks this very binary which tests it has, so that none can be dropped or ignored in silence.
//! Where a class has a rig of its own, its test here is the short one, and says where the long one is.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests make files as any program would, say what they did, and end by panicking"
)]

mod clocks;
mod crashes;
mod live;
mod many;
mod quiet;
mod quota;
mod retry;
mod scope;
mod values;
mod world;

use std::process::Command;

/// What this binary lists with these arguments.
fn tests(more: &[&str]) -> Vec<String> {
    let mut list = Command::new(std::env::current_exe().unwrap());
    let output = list.args(["--list", "--format", "terse"]).args(more).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

#[test]
fn each_of_the_fifteen_classes_has_a_test_and_none_is_ignored() {
    let all = tests(&[]);
    for class in 1..=15 {
        let name = format!("::class_{class:02}_");
        assert!(all.iter().any(|test| test.contains(&name)), "class {class} has no test: {all:#?}");
    }
    let classes = all.iter().filter(|test| test.contains("::class_")).count();
    assert_eq!(tests(&["--ignored"]), Vec::<String>::new(), "an ignored test proves nothing");
    eprintln!("15 classes of bugs, {classes} tests");
}
