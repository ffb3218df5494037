//! The folder of a session: a name that is its own, and leads nowhere else.

use std::{
    ffi::{OsStr, OsString},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use super::BlobHash;

const PLAIN: &str = "s-";
const HASHED: &str = "h-";
const GOING: &str = "x-";

/// Names may have 255 bytes everywhere; of longer ids the hash is taken.
const LONGEST: usize = 200;

/// The name of the folder of a session; `None` for an id that says nothing. Two ids never have the same, not even where
/// capital letters are no others.
pub(super) fn folder_of(id: &str) -> Option<OsString> {
    let plain: String = id.bytes().map(encoded).collect();
    match plain.len() {
        0 => None,
        1..=LONGEST => Some(format!("{PLAIN}{plain}").into()),
        _ => Some(format!("{HASHED}{}", BlobHash::of(id.as_bytes())).into()),
    }
}

fn encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    }
}

/// Whether a name could be that of a session's folder, or of one on its way out.
pub(super) fn is_ours(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    [PLAIN, HASHED, GOING].iter().any(|beginning| name.starts_with(beginning))
}

/// A name for a folder on its way out.
pub(super) fn going() -> OsString {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{GOING}{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)).into()
}

/// Whether a name is that of a folder on its way out.
pub(super) fn is_going(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with(GOING)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(id: &str) -> String {
        folder_of(id).unwrap().into_string().unwrap()
    }

    #[test]
    fn i10_an_id_is_a_name_and_never_a_path() {
        assert_eq!(name("agent-1_x"), "s-agent-1_x");
        assert_eq!(name("../x"), "s-%2e%2e%2fx");
        assert_eq!((name("."), name("..")), ("s-%2e".to_owned(), "s-%2e%2e".to_owned()));
        assert_eq!((name("A"), name("a")), ("s-%41".to_owned(), "s-a".to_owned()));
        assert_eq!(name("ä"), "s-%c3%a4");
        assert_eq!(folder_of(""), None);
        let long = name(&"x".repeat(4_096));
        assert!(long.len() == 66 && long.starts_with("h-") && long != name(&"x".repeat(4_095)));
        assert_ne!(name(&long), long);
    }

    proptest! {
        #[test]
        fn i10_names_stay_in_their_folder_and_differ_as_their_ids_do(one in "\\PC{1,90}", other in "\\PC{1,90}") {
            for id in [&one, &other] {
                let name = name(id);
                prop_assert!(name.len() < 230 && is_ours(OsStr::new(&name)) && !is_going(OsStr::new(&name)));
                prop_assert!(!name.contains(['/', '.', '\0']), "{name}");
            }
            prop_assert_eq!(one == other, name(&one).to_lowercase() == name(&other).to_lowercase());
        }
    }
}
