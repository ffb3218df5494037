//! The batch of documents that one run of Node reads.

use std::{
    io::{BufWriter, Write},
    process::Command,
};

use tempfile::NamedTempFile;

use super::Answer;

const ORACLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/oracle.mjs");

pub(super) struct Batch(BufWriter<NamedTempFile>);

impl Batch {
    pub(super) fn new() -> Self {
        Self(BufWriter::new(NamedTempFile::new().expect("a temporary file")))
    }

    pub(super) fn push(&mut self, text: &[u8], output: &[u8], doomed: &[u8]) {
        for bytes in [text, output, doomed] {
            let len = u32::try_from(bytes.len()).expect("a small document");
            self.0.write_all(&len.to_le_bytes()).expect("room for the batch");
            self.0.write_all(bytes).expect("room for the batch");
        }
    }

    pub(super) fn ask_node(self) -> Vec<Answer> {
        let file = self.0.into_inner().expect("room for the batch");
        let output = Command::new("node").arg(ORACLE).arg(file.path()).output().expect("node runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answers = String::from_utf8(output.stdout).expect("UTF-8");
        answers.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}
