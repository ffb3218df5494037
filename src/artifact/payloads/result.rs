//! What a tool gave back, and what is left of it once its payload is not needed any more.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The bytes of an image, a sound or a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Data {
    /// In base64, as protocols carry them.
    Base64(String),
    /// As they are.
    Bytes(Vec<u8>),
}

/// An image, a sound or a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    /// Its bytes.
    pub data: Data,
    /// What they are.
    pub mime: String,
}

/// What a tool gave back.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolResult {
    /// Its text.
    pub output: Option<String>,
    /// Its images.
    pub images: Vec<Media>,
    /// Its sounds.
    pub audios: Vec<Media>,
    /// Its documents.
    pub documents: Vec<Media>,
    /// Its structured content.
    pub structured: Option<Value>,
    /// Whether the tool failed.
    pub is_error: bool,
    /// What the tool says about its result.
    pub meta: Option<Value>,
}

/// The same result with nothing but whether it is an error, and its metadata.
#[must_use]
pub fn without_payload(result: &ToolResult) -> ToolResult {
    ToolResult { is_error: result.is_error, meta: result.meta.clone(), ..ToolResult::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_is_the_flag_and_the_metadata_and_stays_so() {
        let media = |data| vec![Media { data, mime: "image/png".to_owned() }];
        for (is_error, meta) in [(true, Some(json!({"file": "a"}))), (false, None)] {
            let full = ToolResult {
                output: Some("text".to_owned()),
                images: media(Data::Bytes(vec![1])),
                audios: media(Data::Base64("AA==".to_owned())),
                documents: media(Data::Bytes(Vec::new())),
                structured: Some(json!([1])),
                is_error,
                meta: meta.clone(),
            };
            let before = full.clone();
            let once = without_payload(&full);
            assert_eq!(once, ToolResult { is_error, meta, ..ToolResult::default() });
            assert_eq!((without_payload(&once), full), (once, before));
        }
    }
}
