//! Rows packed by zstd, and unpacked again.

use std::io::{self, Write as _};

use sha2::{Digest, Sha256};

use super::{RowsFile, RowsReader};
use crate::{
    fs::{Reader, Writer},
    model::hex,
};

/// zstd's own default: half of what a higher level would save, at ten times the speed.
const LEVEL: i32 = 3;

/// A file of ours as `std::io` wants it.
struct To<'a, W>(&'a mut W);

impl<W: Writer> io::Write for To<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Packs rows into a file.
pub(super) fn pack(rows: &RowsReader<impl Reader>, file: &mut impl Writer) -> io::Result<()> {
    let mut packer = zstd::stream::write::Encoder::new(To(file), LEVEL)?;
    packer.include_checksum(true)?;
    rows.each_chunk(|chunk| packer.write_all(chunk))?;
    packer.finish().map(drop)
}

/// What unpacked text is only looked at for.
struct Hash(Sha256);

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fails unless what was packed unpacks to what the manifest says.
pub(super) fn must_unpack_to(packed: &RowsReader<impl Reader>, file: &RowsFile) -> io::Result<()> {
    let mut hash = Hash(Sha256::new());
    unpack(packed, file, &mut hash)?;
    if hex(&hash.0.finalize()) == file.sha256 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "what was packed does not unpack to what it was"))
}

/// Takes no more than so many bytes: a few of a packed file may unpack to more than any memory holds.
struct AtMost<W> {
    to: W,
    left: u64,
}

impl<W: io::Write> io::Write for AtMost<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "more was packed than its manifest says"));
        };
        self.to.write_all(bytes)?;
        self.left = left;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Unpacks rows, no more of them than the manifest says.
pub(super) fn unpack(
    packed: &RowsReader<impl Reader>,
    file: &RowsFile,
    to: impl io::Write,
) -> io::Result<()> {
    let mut unpacker = zstd::stream::write::Decoder::new(AtMost { to, left: file.bytes })?;
    packed.each_chunk(|chunk| unpacker.write_all(chunk))?;
    unpacker.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{Disk, MemDisk};

    #[test]
    fn nothing_unpacks_to_more_than_its_manifest_says() {
        const BOMB: usize = 64 << 20;
        let packed = zstd::encode_all(&*vec![0; BOMB], LEVEL).unwrap();
        assert!(packed.len() < BOMB / 1_000);
        let packed = RowsReader::<<MemDisk as Disk>::Reader>::of_text(packed);
        for (bytes, fits) in [(BOMB, true), (BOMB - 1, false), (1 << 20, false), (0, false)] {
            let file = RowsFile { rows: 1, bytes: bytes as u64, sha256: String::new() };
            let mut text = Vec::new();
            let done = unpack(&packed, &file, &mut text);
            assert_eq!(
                done.as_ref().map_err(io::Error::kind).err(),
                (!fits).then_some(io::ErrorKind::InvalidData)
            );
            assert!(text.len() <= bytes, "{} of {bytes}", text.len());
        }
    }
}
