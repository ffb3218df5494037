//! Ages such as `24h`, `1d12h` and `1.5h`: read exactly, never rounded down, never zero.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The units, longest first: the order in which an age is shown.
const UNITS: [(&str, i64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Why there is no age of zero.
const ZERO: &str = "zero would mean everything at once";

/// More decimals than this say nothing in milliseconds.
const MAX_DECIMALS: usize = 18;

/// A span of time, at least one millisecond long.
///
/// ```
/// use session_reaper::Age;
/// assert_eq!("1d12h".parse::<Age>()?.as_millis(), 129_600_000);
/// assert_eq!("1.5h".parse::<Age>()?.to_string(), "1h30m");
/// assert!("0h".parse::<Age>().is_err());
/// # Ok::<(), session_reaper::AgeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age(i64);

impl Age {
    /// The longest age: as long as a JavaScript date can count, some 273,000 years.
    pub const MAX: Self = Self(8_640_000_000_000_000);

    /// An age of so many milliseconds; `None` when that is zero, negative, or more than [`Age::MAX`].
    #[must_use]
    pub const fn from_millis(millis: i64) -> Option<Self> {
        if millis < 1 || millis > Self::MAX.0 { None } else { Some(Self(millis)) }
    }

    /// An age of so many hours, at least one and at most [`Age::MAX`].
    #[must_use]
    pub const fn from_hours(hours: u32) -> Self {
        let hours = if hours == 0 { 1 } else { hours as i64 };
        Self(hours * 3_600_000)
    }

    /// An age of so many minutes, at least one.
    #[must_use]
    pub const fn from_minutes(minutes: u32) -> Self {
        let minutes = if minutes == 0 { 1 } else { minutes as i64 };
        Self(minutes * 60_000)
    }

    /// An age of so many seconds, at least one.
    #[must_use]
    pub const fn from_seconds(seconds: u32) -> Self {
        let seconds = if seconds == 0 { 1 } else { seconds as i64 };
        Self(seconds * 1_000)
    }

    /// The age in milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The age as the standard library's duration.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_millis(self.0.unsigned_abs())
    }

    /// `factor` times this age, at most [`Age::MAX`].
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(factor.max(1))).min(Self::MAX.0))
    }
}

/// Why a text is no age.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no age: {why}; accepted are a number and a unit (ms, s, m, h, d, w; m is minutes), such as 24h, 1d12h or 1.5h"
)]
pub struct AgeError {
    text: String,
    why: &'static str,
}

impl FromStr for Age {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map_err(|why| AgeError { text: text.to_owned(), why })
    }
}

fn parse(text: &str) -> Result<Age, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.starts_with('-') {
        return Err("it is negative");
    }
    let mut rest = text;
    let mut seen = [false; UNITS.len()];
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let (number, after) = split_while(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split_while(after, |c| c.is_ascii_alphabetic());
        let (index, millis) = unit_of(number, unit)?;
        mark(&mut seen, index)?;
        total = total.checked_add(part(number, millis)?).ok_or("it is too long")?;
        rest = after;
    }
    in_range(total)
}

fn in_range(total: i64) -> Result<Age, &'static str> {
    match total {
        0 => Err(ZERO),
        _ => Age::from_millis(total).ok_or("it is too long"),
    }
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !keep(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn unit_of(number: &str, unit: &str) -> Result<(usize, i64), &'static str> {
    if number.is_empty() {
        return Err("a number is missing");
    }
    if unit.is_empty() {
        let is_zero = number.chars().all(|digit| digit == '0');
        return Err(if is_zero { ZERO } else { "a unit is missing" });
    }
    UNITS
        .iter()
        .enumerate()
        .find(|(_, (name, _))| *name == unit)
        .map(|(index, (_, millis))| (index, *millis))
        .ok_or("its unit is unknown")
}

fn mark(seen: &mut [bool], index: usize) -> Result<(), &'static str> {
    match seen.get_mut(index) {
        Some(seen) if !*seen => {
            *seen = true;
            Ok(())
        }
        _ => Err("a unit stands twice"),
    }
}

/// `number` of a unit in milliseconds, rounded up: an age that is hard to write must never come out shorter.
fn part(number: &str, unit: i64) -> Result<i64, &'static str> {
    let (whole, decimals) = match number.split_once('.') {
        Some((_, decimals)) if decimals.is_empty() || decimals.contains('.') => {
            return Err("its number is malformed");
        }
        Some(parts) => parts,
        None => (number, ""),
    };
    if whole.is_empty() || decimals.len() > MAX_DECIMALS {
        return Err("its number is malformed");
    }
    let digits: u128 = format!("{whole}{decimals}").parse().map_err(|_| "it is too long")?;
    let scale = 10_u128.pow(u32::try_from(decimals.len()).unwrap_or(0));
    let millis = digits.checked_mul(u128::from(unit.unsigned_abs())).ok_or("it is too long")?.div_ceil(scale);
    i64::try_from(millis).map_err(|_| "it is too long")
}

impl fmt::Display for Age {
    /// The shortest exact form, such as `1d12h`; one day alone is `24h`, as the gateways' own settings call it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::from_hours(24) {
            return f.pad("24h");
        }
        let mut left = self.0;
        let mut text = String::new();
        for (name, millis) in UNITS {
            if left >= millis {
                text.push_str(&(left / millis).to_string());
                text.push_str(name);
                left %= millis;
            }
        }
        f.pad(&text)
    }
}

impl Serialize for Age {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_unit_is_read() {
        for (text, millis) in [
            ("1ms", 1),
            ("1s", 1_000),
            ("5m", 300_000),
            ("24h", 86_400_000),
            ("7d", 604_800_000),
            ("1w", 604_800_000),
            ("1d12h", 129_600_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("0.5s", 500),
            ("0d1h", 3_600_000),
            ("0.0001s", 1),
        ] {
            assert_eq!(text.parse::<Age>().map(Age::as_millis), Ok(millis), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_an_age() {
        for text in [
            "",
            "0",
            "0h",
            "0ms",
            "-1h",
            "-",
            "24",
            "h",
            "24 h",
            " 24h",
            "24h ",
            "1.h",
            ".5h",
            "1..5h",
            "1.5.5h",
            "1e3h",
            "24H",
            "1M",
            "1y",
            "1mo",
            "1h1h",
            "NaN",
            "inf",
            "∞",
            "٢h",
            "99999999999999999999w",
            "1h-30m",
            "+1h",
            "1h,30m",
            "0x1h",
            "9007199254740993d",
            "1.0000000000000000000h",
            "true",
            "null",
        ] {
            let error = text.parse::<Age>().expect_err(text).to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains("24h"), "{error}");
        }
    }

    #[test]
    fn the_message_says_what_is_wrong() {
        for (text, why) in [
            ("0", "zero"),
            ("0h", "zero"),
            ("24", "a unit is missing"),
            ("h", "a number is missing"),
            ("-1h", "negative"),
            ("", "empty"),
            ("24H", "unknown"),
            ("1h1h", "twice"),
            ("99999999999999999999w", "too long"),
            ("1.h", "malformed"),
        ] {
            let message = text.parse::<Age>().unwrap_err().to_string();
            assert!(message.contains(why), "{message}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_read_back(millis in 1..=Age::MAX.as_millis()) {
            let age = Age::from_millis(millis).unwrap();
            prop_assert_eq!(age.to_string().parse::<Age>().unwrap(), age);
        }

        #[test]
        fn no_text_makes_it_panic_or_gives_zero(text in "\\PC*") {
            if let Ok(age) = text.parse::<Age>() { prop_assert!(age.as_millis() >= 1); }
        }
    }
}
