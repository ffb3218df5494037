//! Where a file is, as the ledger knows it: from the store's folder on when it is in there, from the root on otherwise.

use std::{
    ffi::OsString,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::model::hex;

/// Where a file is. A relative one is in the store's folder, wherever that is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Spot(Arc<Path>);

impl Spot {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.into())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Whether it is in the store's folder. What is not, nobody here ever removes.
    pub(super) fn is_ours(&self) -> bool {
        self.0.is_relative()
    }
}

/// Names may be any bytes; JSON knows only text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Bytes { hex: String },
}

impl Serialize for Spot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match self.0.to_str() {
            Some(text) => Written::Text(text.to_owned()),
            None => Written::Bytes { hex: hex(self.0.as_os_str().as_bytes()) },
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Spot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = match Written::deserialize(deserializer)? {
            Written::Text(text) => PathBuf::from(text),
            Written::Bytes { hex } => {
                let bytes = bytes_of(&hex).ok_or_else(|| de::Error::custom("no hexadecimal digits"))?;
                PathBuf::from(OsString::from_vec(bytes))
            }
        };
        Ok(Self::new(&path))
    }
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair.iter().fold(0, |all, digit| all * 16 + digit)).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_name_can_be_written_down_and_read_back(name in proptest::collection::vec(1_u8.., 1..20)) {
            let spot = Spot::new(Path::new(&OsString::from_vec(name)));
            let text = serde_json::to_string(&spot).unwrap();
            prop_assert_eq!(serde_json::from_str::<Spot>(&text).unwrap(), spot);
        }
    }
}
