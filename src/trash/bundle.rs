//! A bundle that was written: its manifest, and its rows.

use std::{ffi::OsStr, io};

use super::{Manifest, Placement, RowsFile, RowsReader, compress, manifest::SCHEMA};
use crate::fs::{Disk, Owner, Reader, Writer, is_temp_of, temp_name};

pub(super) const ROWS: &str = "rows.json";
pub(super) const REPLACED: &str = "replaced.json";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const NEW_MANIFEST: &str = "manifest.json.tmp";
const ROWS_COMPRESSED: &str = "rows.json.zst";
const REPLACED_COMPRESSED: &str = "replaced.json.zst";
const COMPRESSED: [&str; 2] = [ROWS_COMPRESSED, REPLACED_COMPRESSED];

/// No manifest is larger: it grows with the runs of rows that went, by some bytes each.
const MAX_MANIFEST: u64 = 1 << 32;

/// No more memory is asked for at once on the word of a manifest or of a file's size.
const MOST_AT_ONCE: usize = 4 << 20;

/// A bundle, open.
#[derive(Debug)]
pub struct Bundle<D: Disk> {
    disk: D,
    folder: D::Folder,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// A bundle as a list shows it: lists of bundles are held in memory, so where each row stood is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it says of itself.
    pub manifest: Manifest,
    /// What it takes on the disk.
    pub bytes: u64,
    /// Whether its rows are compressed.
    pub is_compressed: bool,
}

impl<D: Disk> Bundle<D> {
    pub(super) fn read(disk: &D, folder: D::Folder) -> io::Result<Self> {
        let file = disk.open(&folder, OsStr::new(MANIFEST))?;
        let size = file.stat()?.size;
        if size > MAX_MANIFEST {
            return Err(damaged("its manifest is too large"));
        }
        let mut text = Vec::with_capacity(at_once(size));
        RowsReader::of_file(file).each_chunk(|chunk| {
            text.extend_from_slice(chunk);
            Ok(())
        })?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| damaged(&format!("its manifest: {error}")))?;
        if manifest.schema != SCHEMA {
            return Err(damaged(&format!("its schema is {:?}, not {SCHEMA:?}", manifest.schema)));
        }
        Ok(Self { disk: disk.clone(), folder, manifest })
    }

    /// What a list shows of it.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn list(self) -> io::Result<Listed> {
        let names = self.disk.list(&self.folder)?;
        let sizes = names.iter().map(|name| self.disk.stat(&self.folder, name).map(|stat| stat.size));
        let bytes = sizes.sum::<io::Result<u64>>()?;
        let is_compressed = names.iter().any(|name| COMPRESSED.iter().any(|packed| name == packed));
        let manifest = Manifest { placement: Placement::default(), added: Vec::new(), ..self.manifest };
        Ok(Listed { manifest, bytes, is_compressed })
    }

    /// The rows that went, whole and undamaged; `None` when none did. Compressed ones are unpacked into memory.
    ///
    /// # Errors
    /// As the operating system says; `InvalidData` when they are not what they were.
    pub fn removed(&self) -> io::Result<Option<RowsReader<D::Reader>>> {
        self.rows(self.manifest.removed.as_ref(), ROWS, ROWS_COMPRESSED)
    }

    /// The rows whose text was replaced, as they were; `None` when there are none.
    ///
    /// # Errors
    /// As for [`Bundle::removed`].
    pub fn replaced(&self) -> io::Result<Option<RowsReader<D::Reader>>> {
        self.rows(self.manifest.replaced.as_ref(), REPLACED, REPLACED_COMPRESSED)
    }

    fn rows(
        &self,
        file: Option<&RowsFile>,
        name: &str,
        packed: &str,
    ) -> io::Result<Option<RowsReader<D::Reader>>> {
        let Some(file) = file else { return Ok(None) };
        let rows = match self.disk.open(&self.folder, OsStr::new(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.unpack(file, packed)?,
            rows => RowsReader::of_file(rows?),
        };
        rows.must_be(file)?;
        Ok(Some(rows))
    }

    fn unpack(&self, file: &RowsFile, packed: &str) -> io::Result<RowsReader<D::Reader>> {
        let packed = RowsReader::of_file(self.disk.open(&self.folder, OsStr::new(packed))?);
        let mut text = Vec::with_capacity(at_once(file.bytes));
        compress::unpack(&packed, file, &mut text)?;
        Ok(RowsReader::of_text(text))
    }

    /// Compresses the rows. An old file goes when the new one is durable and was read back.
    ///
    /// # Errors
    /// As the operating system says; then the old file is still there.
    pub fn compress(&self, owner: Owner) -> io::Result<()> {
        let Manifest { removed, replaced, .. } = &self.manifest;
        let files = [(removed, ROWS, ROWS_COMPRESSED), (replaced, REPLACED, REPLACED_COMPRESSED)];
        let files = files.iter().filter_map(|(file, name, packed)| Some((file.as_ref()?, *name, *packed)));
        files.into_iter().try_for_each(|(file, name, packed)| self.compress_one(file, name, packed, owner))
    }

    fn compress_one(&self, file: &RowsFile, name: &str, packed: &str, owner: Owner) -> io::Result<()> {
        let (name, packed) = (OsStr::new(name), OsStr::new(packed));
        let rows = RowsReader::of_file(self.disk.open(&self.folder, name)?);
        let temp = temp_name(packed);
        let done = self.pack(&rows, &temp, owner).and_then(|()| {
            let packed = RowsReader::of_file(self.disk.open(&self.folder, &temp)?);
            compress::must_unpack_to(&packed, file)
        });
        let named = done.and_then(|()| self.disk.rename((&self.folder, &temp), (&self.folder, packed)));
        if let Err(error) = named {
            let _ = self.disk.remove(&self.folder, &temp);
            return Err(error);
        }
        self.disk.sync_folder(&self.folder)?;
        self.disk.remove(&self.folder, name)
    }

    /// Clears what a killed compression has left.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn clear_temps(&self) -> io::Result<()> {
        let mut names = self.disk.list(&self.folder)?;
        names.retain(|name| COMPRESSED.iter().any(|packed| is_temp_of(name, OsStr::new(packed))));
        names.iter().try_for_each(|name| self.disk.remove(&self.folder, name))
    }

    fn pack(&self, rows: &RowsReader<D::Reader>, name: &OsStr, owner: Owner) -> io::Result<()> {
        let mut file = self.disk.create(&self.folder, name)?;
        file.hand_to(owner)?;
        compress::pack(rows, &mut file)?;
        file.sync()
    }
}

/// How much memory is asked for at once for so many bytes.
fn at_once(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(MOST_AT_ONCE).min(MOST_AT_ONCE)
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
