//! What stands on a disk: blocks that are not all zero.

use std::{collections::BTreeMap, fs::File, os::unix::fs::FileExt};

/// What a disk writes as a whole. A longer write may be cut anywhere between two of these.
pub(crate) const BLOCK: usize = 4096;

/// A disk that costs what is on it, not what it could hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocks(BTreeMap<u64, Box<[u8]>>);

/// Some bytes at one place, within one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
}

/// Where a byte stands: which block, and where in it.
fn place(offset: u64) -> (u64, usize) {
    let block = u64::try_from(BLOCK).unwrap();
    (offset / block, usize::try_from(offset % block).unwrap())
}

/// A write as pieces of which each reaches the disk as a whole or not at all.
pub(crate) fn pieces(mut offset: u64, mut bytes: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let (head, tail) = bytes.split_at(bytes.len().min(BLOCK - place(offset).1));
        pieces.push(Piece { offset, bytes: head.to_vec() });
        offset += u64::try_from(head.len()).unwrap();
        bytes = tail;
    }
    pieces
}

impl Blocks {
    pub(crate) fn put(&mut self, piece: &Piece) {
        let (number, from) = place(piece.offset);
        let block = self.0.entry(number).or_insert_with(|| vec![0; BLOCK].into());
        block[from..from + piece.bytes.len()].copy_from_slice(&piece.bytes);
        if block.iter().all(|byte| *byte == 0) {
            self.0.remove(&number);
        }
    }

    pub(crate) fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let (number, from) = place(offset + u64::try_from(bytes.len()).unwrap());
            let upto = (from + length - bytes.len()).min(BLOCK);
            match self.0.get(&number) {
                Some(block) => bytes.extend_from_slice(&block[from..upto]),
                None => bytes.resize(bytes.len() + upto - from, 0),
            }
        }
        bytes
    }

    /// Writes all of it into a file of holes.
    pub(crate) fn save(&self, file: &File) {
        let block = u64::try_from(BLOCK).unwrap();
        for (number, bytes) in &self.0 {
            file.write_all_at(bytes, number * block).unwrap();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[test]
fn what_was_put_is_read_across_blocks_and_zeros_cost_nothing() {
    let mut blocks = Blocks::default();
    let text: Vec<u8> = (0..10_000_u32).map(|number| u8::try_from(number % 251).unwrap()).collect();
    let cut = pieces(1000, &text);
    assert_eq!(cut.iter().map(|piece| piece.bytes.len()).collect::<Vec<_>>(), [3096, 4096, 2808]);
    for piece in &cut {
        blocks.put(piece);
    }
    assert_eq!(blocks.read(1000, 10_000), text);
    assert_eq!(blocks.read(998, 3), [0, 0, 0]);
    assert_eq!(blocks.len(), 3);
    for piece in pieces(0, &[0; 3 * BLOCK]) {
        blocks.put(&piece);
    }
    assert_eq!(blocks.len(), 0);
}
