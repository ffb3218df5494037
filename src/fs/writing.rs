//! A new file of the machine's own disk.

#![expect(clippy::disallowed_types, reason = "this is the room that touches files")]

use std::{
    fs::File,
    io::{self, Write},
    os::fd::OwnedFd,
};

use rustix::fs::Mode;

use super::{Attributes, Owner, Writer, private};

/// After so many bytes the kernel is asked to begin with taking them to the disk: soon enough that little is left for the
/// sync, seldom enough that small files know nothing of it.
const STRETCH: u64 = 8 << 20;

/// So much is given to the kernel at once. It keeps what one write brings in pieces of memory as large as that write, where
/// the file system can (ext4 does), and large pieces are those that a virtual machine has to ask its host for anew: a copy
/// of 140 MB took 104 ms in writes of 64 KB and 553 ms in writes of 128 KB.
const PIECE: usize = 64 * 1024;

/// A new file.
#[derive(Debug)]
pub struct RealWriter {
    file: File,
    written: u64,
    /// How much of it the kernel has been asked to take to the disk.
    sent: u64,
}

impl RealWriter {
    pub(super) fn new(file: OwnedFd) -> Self {
        Self { file: file.into(), written: 0, sent: 0 }
    }

    /// Lets the disk work while we do. Otherwise the kernel keeps everything until the sync, which then waits for all of it.
    fn send_off(&mut self) {
        if self.written - self.sent >= STRETCH {
            // It is a wish: whether it was heard makes no difference to what is durable.
            let _ = begin_writing_back(&self.file, self.sent, self.written);
            self.sent = self.written;
        }
    }
}

/// That the bytes will not be needed is not true: who reads the store next wants them. But pages that are dirty or on their
/// way are only sent off by this, not dropped.
#[cfg(target_os = "linux")]
fn begin_writing_back(file: &File, from: u64, to: u64) -> io::Result<()> {
    use rustix::fs::{Advice, fadvise};
    Ok(fadvise(file, from, std::num::NonZeroU64::new(to - from), Advice::DontNeed)?)
}

/// Elsewhere the kernel begins when it likes.
#[cfg(not(target_os = "linux"))]
fn begin_writing_back(_: &File, _: u64, _: u64) -> io::Result<()> {
    Ok(())
}

impl Writer for RealWriter {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(PIECE) {
            self.file.write_all(piece)?;
            self.written += piece.len() as u64;
            self.send_off();
        }
        Ok(())
    }

    fn adopt(&self, attributes: &Attributes) -> io::Result<()> {
        attributes.give_to(&self.file)
    }

    fn keep_private(&self) -> io::Result<()> {
        Ok(rustix::fs::fchmod(&self.file, Mode::RUSR | Mode::WUSR)?)
    }

    fn hand_to(&self, owner: Owner) -> io::Result<()> {
        private::hand_to(&self.file, owner)
    }

    /// Asked once: std would ask again after an interruption.
    fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.file)?)
    }
}
