//! As much of a file as there is room for, and all of a small one.

use std::io;

use super::Reader;

/// So much is read at once: all of most of them.
const FIRST_READ: usize = 16 * 1024;

/// Fills the buffer; tells how much of it, which is less than all only at the file's end.
///
/// # Errors
/// As the operating system says.
pub fn read_full(file: &impl Reader, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64)? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(filled)
}

/// All of a file that is one of our small ones; no more than four times `most` is read of another.
///
/// # Errors
/// As the operating system says; `FileTooLarge` when it is larger than `most`.
pub fn read_whole(file: &impl Reader, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; FIRST_READ];
    let mut length = read_full(file, &mut bytes, 0)?;
    while length == bytes.len() && length <= most {
        bytes.resize(length * 4, 0);
        length += read_full(file, bytes.get_mut(length..).unwrap_or_default(), length as u64)?;
    }
    if length > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is far too large"));
    }
    bytes.truncate(length);
    Ok(bytes)
}
