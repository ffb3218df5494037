//! Which rule took each row that went, in two bytes for rows that went by one: of a large store two rules may take turns.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Pieces;

/// The rule of each removed row, in order, with how many rows in a row went by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasons {
    names: Vec<String>,
    /// The number of a name, and how many rows.
    runs: Pieces,
}

impl Reasons {
    /// Adds so many rows that went by one rule.
    pub(super) fn push(&mut self, rule: &str, rows: u64) {
        let known = self.names.iter().position(|name| name == rule);
        let number = known.unwrap_or_else(|| {
            self.names.push(rule.to_owned());
            self.names.len() - 1
        }) as u64;
        match self.runs.last_mut() {
            Some((last, more)) if *last == number => *more = more.saturating_add(rows),
            _ => self.runs.push((number, rows)),
        }
    }

    /// The rules, and how many rows in a row went by each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        let name = |number: u64| usize::try_from(number).ok().and_then(|number| self.names.get(number));
        self.runs.iter().map(move |(number, rows)| (name(number).map_or("", String::as_str), rows))
    }
}

impl Serialize for Reasons {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Reasons {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut reasons = Self::default();
        for (rule, rows) in Vec::<(String, u64)>::deserialize(deserializer)? {
            reasons.push(&rule, rows);
        }
        Ok(reasons)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_written_as_pairs_and_read_again() {
        let mut reasons = Reasons::default();
        for (rule, rows) in [("a", 1), ("a", 299), ("b", 1), ("a", 5)] {
            reasons.push(rule, rows);
        }
        assert_eq!(reasons.iter().collect::<Vec<_>>(), [("a", 300), ("b", 1), ("a", 5)]);
        let text = serde_json::to_string(&reasons).unwrap();
        assert_eq!(text, r#"[["a",300],["b",1],["a",5]]"#);
        assert_eq!(serde_json::from_str::<Reasons>(&text).unwrap(), reasons);
        assert_eq!(serde_json::to_string(&Reasons::default()).unwrap(), "[]");
    }
}
