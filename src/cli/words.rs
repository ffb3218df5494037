//! Words for people: ages, keys and paths as they can stand on a terminal.

use std::borrow::Cow;

use session_reaper::Timestamp;

/// The units of an age that people read, longest first.
const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A text without anything that a terminal would obey: keys and paths come from others.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_loud) { text.chars().map(quiet).collect::<String>().into() } else { text.into() }
}

/// Control characters, and those that turn the direction of writing.
fn is_loud(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn quiet(c: char) -> Cow<'static, str> {
    if is_loud(c) { c.escape_unicode().to_string().into() } else { c.to_string().into() }
}

/// An age in its two largest units, such as `3d4h`; a negative one is how far the time lies ahead.
pub(super) fn age(millis: Option<i64>) -> String {
    match millis {
        None => "-".to_owned(),
        Some(0) => "0ms".to_owned(),
        Some(millis) if millis < 0 => format!("in {}", span(millis.unsigned_abs())),
        Some(millis) => span(millis.unsigned_abs()),
    }
}

fn span(mut left: u64) -> String {
    let mut text = String::new();
    let largest = UNITS.iter().position(|(_, unit)| left >= *unit).unwrap_or(0);
    for (name, unit) in UNITS.iter().skip(largest).take(2).filter(|(name, _)| text_worthy(name, largest)) {
        if left >= *unit {
            text.push_str(&(left / unit).to_string());
            text.push_str(name);
            left %= unit;
        }
    }
    text
}

/// Milliseconds beside seconds say nothing to people.
fn text_worthy(name: &str, largest: usize) -> bool {
    name != "ms" || largest == UNITS.len() - 1
}

/// A time, or `now`.
pub(super) fn due(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "now".to_owned(), |time| time.to_string())
}

/// `1 row`, `2 rows`.
pub(super) fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// This program as it was called, so that a command that is shown can be typed: after `cargo run` it is in no `PATH`.
pub(super) fn program() -> String {
    let name = std::env::args_os().next().map(|name| name.to_string_lossy().into_owned());
    name.filter(|name| !name.is_empty()).map_or_else(|| "session-reaper".to_owned(), |name| quoted(&name))
}

/// A word as a shell would take it.
pub(super) fn quoted(word: &str) -> String {
    let is_safe = |c: char| c.is_alphanumeric() || "-_./:=,+@%~".contains(c);
    if !word.is_empty() && word.chars().all(is_safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("/a/b.json"), "/a/b.json");
        assert_eq!(quoted("it's *"), "'it'\\''s *'");
    }

    #[test]
    fn an_age_has_two_units_at_most() {
        for (millis, text) in [
            (None, "-"),
            (Some(0), "0ms"),
            (Some(7), "7ms"),
            (Some(61_250), "1m1s"),
            (Some(1_250), "1s"),
            (Some(90_000_000), "1d1h"),
            (Some(86_400_001), "1d"),
            (Some(-3_600_000), "in 1h"),
            (Some(i64::MIN), "in 15250284452w3d"),
        ] {
            assert_eq!(age(millis), text);
        }
    }

    #[test]
    fn a_terminal_is_given_nothing_to_obey() {
        assert_eq!(plain("a\u{1b}[31mb\r\u{202e}é"), "a\\u{1b}[31mb\\u{d}\\u{202e}é");
        assert!(matches!(plain("agent:main:main"), Cow::Borrowed(_)));
    }
}
