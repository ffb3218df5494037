//! Names for files on their way, which tell whose leftovers they are.

use std::{
    ffi::{OsStr, OsString},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

const ENDING: &str = ".tmp";

/// A name that nobody uses, for something on its way to or from the name `of`: `<of>.<pid>.<n>.tmp`.
#[must_use]
pub fn temp_name(of: &OsStr) -> OsString {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut name = of.to_owned();
    name.push(format!(".{}.{}{ENDING}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    name
}

/// Whether `name` was made by [`temp_name`] for `of`, by whatever process.
#[must_use]
pub fn is_temp_of(name: &OsStr, of: &OsStr) -> bool {
    let parts = || {
        let rest = name.as_encoded_bytes().strip_prefix(of.as_encoded_bytes())?;
        let rest = rest.strip_prefix(b".")?.strip_suffix(ENDING.as_bytes())?;
        let mut numbers = rest.split(|byte| *byte == b'.');
        let two = [numbers.next()?, numbers.next()?];
        let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        (numbers.next().is_none() && two.into_iter().all(digits)).then_some(())
    };
    parts().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_leftovers_of_this_very_name_are_known_again() {
        let of = OsStr::new("sessions.json");
        assert!(is_temp_of(&temp_name(of), of) && is_temp_of(OsStr::new("sessions.json.12.0.tmp"), of));
        assert_ne!(temp_name(of), temp_name(of));
        for name in [
            "sessions.json",
            "sessions.json.tmp",
            "sessions.json.1.tmp",
            "sessions.json.1.2.3.tmp",
            "sessions.json.a.1.tmp",
            "sessions.json.lock.1.2.tmp",
            "other.json.1.2.tmp",
            "sessions.json.state",
            "sessions.json.1..tmp",
        ] {
            assert!(!is_temp_of(OsStr::new(name), of), "{name}");
        }
    }
}
