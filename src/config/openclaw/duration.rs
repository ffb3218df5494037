//! OpenClaw's own grammar of durations, where a bare number means hours.

use crate::model::Age;

/// OpenClaw's units, longer names first.
const UNITS: [(&str, f64); 5] = [("ms", 1.0), ("s", 1e3), ("m", 6e4), ("h", 3.6e6), ("d", 8.64e7)];

/// Reads `24`, `24h`, `1.5d` or `1h30m`, in any letter case, with blanks around. Zero is refused, and so is what is
/// too long to count.
pub(super) fn parse(text: &str) -> Result<Age, &'static str> {
    let text = text.trim().to_lowercase();
    if text.is_empty() {
        return Err("it is empty");
    }
    let millis = match number(&text) {
        Some((hours, "")) => hours * 3.6e6,
        _ => composite(&text)?,
    };
    in_range(millis.round())
}

fn composite(text: &str) -> Result<f64, &'static str> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let (count, after) = number(rest).ok_or("a number is missing")?;
        let (millis, after) = unit(after).ok_or("its unit is missing or unknown")?;
        total += count * millis;
        rest = after;
    }
    Ok(total)
}

/// `\d+(\.\d+)?` at the start, and what follows.
fn number(text: &str) -> Option<(f64, &str)> {
    let whole = digits(text);
    let fraction = text.get(whole..)?.strip_prefix('.').map_or(0, digits);
    let end = if fraction == 0 { whole } else { whole + 1 + fraction };
    let (number, rest) = text.split_at_checked(end)?;
    if whole == 0 { None } else { Some((number.parse().ok()?, rest)) }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn unit(text: &str) -> Option<(f64, &str)> {
    UNITS.iter().find_map(|(name, millis)| Some((*millis, text.strip_prefix(name)?)))
}

fn in_range(millis: f64) -> Result<Age, &'static str> {
    if millis < 1.0 {
        return Err("zero would mean everything at once");
    }
    // Far above the longest age, and well within what can be counted exactly.
    if millis > 9e15 {
        return Err("it is too long");
    }
    #[expect(clippy::cast_possible_truncation, reason = "a whole number between 1 and 9e15")]
    Age::from_millis(millis as i64).ok_or("it is too long")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_that_openclaw_reads_is_read() {
        const HOUR: i64 = 3_600_000;
        for (text, millis) in [
            ("24", 24 * HOUR),
            ("24h", 24 * HOUR),
            (" 24H\t", 24 * HOUR),
            ("1.5h", 5_400_000),
            ("1.5", 5_400_000),
            ("7d", 168 * HOUR),
            ("90m", 5_400_000),
            ("1h30m", 5_400_000),
            ("1H30M", 5_400_000),
            ("1h1h", 2 * HOUR),
            ("1m500ms", 60_500),
            ("500ms", 500),
            ("30s", 30_000),
            ("0h1m", 60_000),
            ("0.0005s", 1),
            ("007h", 7 * HOUR),
        ] {
            assert_eq!(parse(text).map(Age::as_millis), Ok(millis), "{text:?}");
        }
    }

    #[test]
    fn nothing_else_is_a_duration_and_nothing_is_zero() {
        for text in [
            "",
            " ",
            "0",
            "0h",
            "0d",
            "0.0",
            "0ms",
            "0.0001ms",
            "0h0m",
            "-1h",
            "+1h",
            "1w",
            "1y",
            "1mo",
            "h",
            ".5h",
            "1.h",
            "1. 5h",
            "1 h",
            "1h 30m",
            "1h,30m",
            "1h30",
            "30 1h",
            "1e3h",
            "NaN",
            "Infinity",
            "false",
            "off",
            "null",
            "1..5h",
            "1.5.5h",
            "٢h",
            "99999999999d",
            "9999999999999999999999999999999999999999999h",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse(&"9".repeat(400)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_gives_zero(text in "[0-9.msdhMSDH w-]{0,12}|\\PC*") {
            if let Ok(age) = parse(&text) { prop_assert!(age.as_millis() >= 1); }
        }

        #[test]
        fn what_both_grammars_read_means_the_same(n in 1_u32..100_000, unit in "ms|s|m|h|d") {
            let text = format!("{n}{unit}");
            prop_assert_eq!(parse(&text).unwrap(), text.parse::<Age>().unwrap());
        }
    }
}
