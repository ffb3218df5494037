//! Reading a file piece by piece.

use std::{io, ops::ControlFlow};

use crate::fs::Reader;

/// How much is read at once.
pub(super) const CHUNK: usize = 256 * 1024;

/// How large a buffer is for a text of so many bytes. Most stores are small, and so are their buffers: each page of memory
/// that is new to the process has to be asked for and cleared.
pub(super) fn room_for(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(CHUNK).clamp(1, CHUNK)
}

/// Takes the file's bytes from `from` on, in order, until they end or `take` says so.
///
/// # Errors
/// As the operating system says.
pub(super) fn each<R: Reader>(
    file: &R,
    from: u64,
    mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> io::Result<()> {
    let (mut buffer, mut offset) = (vec![0; CHUNK], from);
    loop {
        let length = file.read_at(&mut buffer, offset)?;
        let bytes = buffer.get(..length).unwrap_or_default();
        if bytes.is_empty() || take(bytes).is_break() {
            return Ok(());
        }
        offset += length as u64;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::fs::{Attributes, Stat};

    /// A file that is read in little bits, and can be read up to some offset.
    #[derive(Debug)]
    pub(in super::super) struct Text {
        pub(in super::super) bytes: Vec<u8>,
        pub(in super::super) at_once: usize,
        pub(in super::super) until: u64,
    }

    impl Reader for Text {
        fn stat(&self) -> io::Result<Stat> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn attributes(&self) -> io::Result<Attributes> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            if offset >= self.until {
                return Err(io::Error::other("a bad block"));
            }
            let rest = self.bytes.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
            let length = rest.len().min(buffer.len()).min(self.at_once);
            buffer[..length].copy_from_slice(&rest[..length]);
            Ok(length)
        }
    }
}
