//! A file of rows in a bundle: a store of its own, `{...}`, whose bytes are those of the rows.

use std::{io, ops::Range};

use sha2::{Digest, Sha256};

use super::RowsFile;
use crate::{
    fs::{Reader, Writer},
    json::{Scanner, SyntaxError, Visit},
    model::hex,
};

/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// Writes rows, brace to brace.
#[derive(Debug)]
pub struct RowsWriter<W> {
    file: W,
    buffer: Vec<u8>,
    hash: Sha256,
    bytes: u64,
    has_failed: bool,
}

impl<W: Writer> RowsWriter<W> {
    pub(super) fn begin(file: W) -> io::Result<Self> {
        let mut writer = Self { file, buffer: Vec::new(), hash: Sha256::new(), bytes: 0, has_failed: false };
        writer.write(b"{")?;
        Ok(writer)
    }

    /// Separates the next row from the one before it, if there is one.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn separate(&mut self) -> io::Result<()> {
        if self.bytes > 1 { self.write(b",\n") } else { Ok(()) }
    }

    /// Adds to the text.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    /// Whether a write to it has failed.
    pub const fn has_failed(&self) -> bool {
        self.has_failed
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hash.update(&self.buffer);
        let written = self.file.write_all(&self.buffer);
        self.has_failed |= written.is_err();
        self.buffer.clear();
        written
    }

    /// Ends the text, and makes it durable.
    ///
    /// # Errors
    /// As the operating system says; then nobody knows what is on the disk.
    pub fn finish(mut self, rows: u64) -> io::Result<RowsFile> {
        self.write(b"}")?;
        self.flush()?;
        self.file.sync()?;
        Ok(RowsFile { rows, bytes: self.bytes, sha256: hex(&self.hash.finalize()) })
    }
}

/// Rows that were written, open for reading.
#[derive(Debug)]
pub struct RowsReader<R>(Text<R>);

#[derive(Debug)]
enum Text<R> {
    File(R),
    Memory(Vec<u8>),
}

impl<R: Reader> RowsReader<R> {
    /// The rows of a file.
    pub(super) const fn of_file(file: R) -> Self {
        Self(Text::File(file))
    }

    /// Rows that were unpacked.
    pub(super) const fn of_text(text: Vec<u8>) -> Self {
        Self(Text::Memory(text))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let text = match &self.0 {
            Text::File(file) => return file.read_at(buffer, offset),
            Text::Memory(text) => {
                text.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default()
            }
        };
        let length = text.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), text.get(..length)) {
            to.copy_from_slice(from);
        }
        Ok(length)
    }

    /// Reads the whole text in order.
    ///
    /// # Errors
    /// As the operating system says, and as `each` does.
    pub fn each_chunk(&self, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut buffer = vec![0; CHUNK];
        let mut offset = 0;
        loop {
            let length = self.read_at(&mut buffer, offset)?;
            if length == 0 {
                return Ok(());
            }
            each(buffer.get(..length).unwrap_or_default())?;
            offset += length as u64;
        }
    }

    /// Shows every row to `visit`, in order.
    ///
    /// # Errors
    /// As for [`RowsReader::each_chunk`]; also when the text is not what rows are written as.
    pub fn each_row(&self, visit: &mut impl Visit) -> io::Result<()> {
        let invalid = |error: SyntaxError| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        let mut scanner = Scanner::new();
        self.each_chunk(|chunk| scanner.feed(chunk, visit).map_err(invalid))?;
        scanner.finish(visit).map_err(invalid)?;
        Ok(())
    }

    /// Reads a part of the text, chunk by chunk.
    ///
    /// # Errors
    /// As for [`RowsReader::each_chunk`]; also when the text ends before the part does.
    pub fn each_chunk_of(
        &self,
        part: Range<u64>,
        mut each: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut buffer = vec![0; CHUNK.min(usize::try_from(part.end - part.start).unwrap_or(CHUNK))];
        let mut offset = part.start;
        while offset < part.end {
            let wanted = usize::try_from(part.end - offset).unwrap_or(CHUNK).min(buffer.len());
            let length = self.read_at(buffer.get_mut(..wanted).unwrap_or_default(), offset)?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            each(buffer.get(..length).unwrap_or_default())?;
            offset += length as u64;
        }
        Ok(())
    }

    /// Fails unless the text is what the manifest says.
    pub(super) fn must_be(&self, file: &RowsFile) -> io::Result<()> {
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        self.each_chunk(|chunk| {
            hash.update(chunk);
            bytes += chunk.len() as u64;
            Ok(())
        })?;
        if bytes == file.bytes && hex(&hash.finalize()) == file.sha256 {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "its rows are not what they were: the file is damaged",
        ))
    }
}
