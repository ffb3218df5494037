//! Sizes in bytes, shown as people read them.

use std::{fmt, str::FromStr};

/// A number of bytes that shows itself as `1.4 MB`; decimal units, as disks are sold.
///
/// ```
/// assert_eq!(session_reaper::Bytes(1_432_000).to_string(), "1.4 MB");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1_000 {
            return f.pad(&format!("{} B", self.0));
        }
        let (mut tenths, mut unit) = (rounded(self.0, 100), 0);
        while tenths >= 10_000 {
            tenths = rounded(tenths, 1_000);
            unit += 1;
        }
        let name = ["kB", "MB", "GB", "TB", "PB", "EB"].get(unit).unwrap_or(&"EB");
        f.pad(&format!("{}.{} {name}", tenths / 10, tenths % 10))
    }
}

const fn rounded(value: u64, by: u64) -> u64 {
    value / by + (value % by >= by / 2) as u64
}

/// A text that is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no size; write one above zero such as \"512MB\" or \"2GiB\"")]
pub struct SizeError(String);

/// What may stand behind the number, in the lower case.
const UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

/// A whole number above zero and a unit, such as `512MB` or `2 GiB`; without one it is bytes.
impl FromStr for Bytes {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim_start().to_ascii_lowercase();
        let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let bytes = factor.and_then(|factor| number.parse::<u64>().ok()?.checked_mul(factor));
        bytes.filter(|bytes| *bytes > 0).map(Self).ok_or_else(|| SizeError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well_at_every_scale() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_449, "1.4 kB"),
            (999_999, "1.0 MB"),
            (1_200_000_000, "1.2 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }

    #[test]
    fn a_size_is_a_whole_number_above_zero_and_a_unit() {
        for (text, bytes) in
            [("51200", 51_200), ("1B", 1), ("512MB", 512_000_000), ("2 GiB", 2 << 30), ("64kib", 64 << 10)]
        {
            assert_eq!(text.parse(), Ok(Bytes(bytes)));
        }
        for bad in ["", "0", "0MB", "-1", "1.5GB", "MB", "12XB", "1 2", "99999999TB", "1MB "] {
            assert!(bad.parse::<Bytes>().unwrap_err().to_string().contains(&format!("{bad:?}")), "{bad}");
        }
    }
}
