//! All of a small file.

use std::io;

use super::Reader;

/// So much is read at once: all of most of them.
const FIRST_READ: usize = 16 * 1024;

/// All of a file that is one of our small ones; no more than four times `most` is read of another.
///
/// # Errors
/// As the operating system says; `FileTooLarge` when it is larger than `most`.
pub fn read_whole(file: &impl Reader, most: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; FIRST_READ];
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, length as u64)? {
            0 => break,
            more => length += more,
        }
        if length == buffer.len() {
            buffer.resize(length * 4, 0);
        }
        if length > most {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is far too large"));
        }
    }
    buffer.truncate(length);
    Ok(buffer)
}
