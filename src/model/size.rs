//! Sizes in bytes, shown as people read them.

use std::fmt;

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
}
