//! The ledger on disk: what others have added is followed, what we add is durable before anything is done about it.
//!
//! Only to be touched by who holds the store's lock. Half a line at the end was never answered for, and is cut away. A
//! damaged line anywhere else stays where it is, and everything that was there by then is kept: nobody knows what the line
//! said. A ledger with mostly dead lines is written anew, and takes the old one's place in one step; whoever has the old one
//! open sees that by its number, which nobody else can have while it is open.

use std::{ffi::OsStr, io};

use super::{
    place::{MARKER, Place},
    record::Record,
    state::State,
};
use crate::fs::{Appender, Disk, Reader, Writer, is_temp_of, read_full, temp_name};

/// Its name in our folder.
pub(super) const LEDGER: &str = "media.ledger";

/// A ledger with fewer lines is never written anew.
const FEW: usize = 1_024;

/// With more of damaged lines it is not written anew: somebody should look at it.
const MUCH_DAMAGE: usize = 1 << 20;

/// A ledger is written in pieces of about this size.
const PIECE: usize = 1 << 20;

/// The ledger that is open, and how much of it is known.
#[derive(Debug)]
struct Open<R> {
    file: R,
    known: u64,
}

/// The ledger, and what it says.
#[derive(Debug)]
pub(super) struct Ledger<D: Disk> {
    disk: D,
    open: Option<Open<D::Reader>>,
    pub(super) state: State,
    /// Nobody knows how much of what was written last is there.
    is_stale: bool,
}

impl<D: Disk> Ledger<D> {
    pub(super) fn new(disk: D) -> Self {
        Self { disk, open: None, state: State::default(), is_stale: false }
    }

    /// Learns what others have added, and mends what somebody who was killed has left.
    pub(super) fn follow(&mut self, place: &Place<D>) -> io::Result<()> {
        if !self.is_the_same(place)? {
            self.read_anew(place)?;
        }
        let read = self.read_on(place);
        self.is_stale = read.is_err();
        read?;
        if self.state.is_doubt_due {
            self.doubt(place)?;
        }
        Ok(())
    }

    fn is_the_same(&self, place: &Place<D>) -> io::Result<bool> {
        let Some(open) = self.open.as_ref().filter(|_| !self.is_stale) else { return Ok(false) };
        let named = match self.disk.stat(&place.ours, OsStr::new(LEDGER)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            named => named?,
        };
        let known = open.file.stat()?;
        Ok((named.dev, named.ino) == (known.dev, known.ino) && known.size >= open.known)
    }

    fn read_anew(&mut self, place: &Place<D>) -> io::Result<()> {
        let file = match self.disk.open(&place.ours, OsStr::new(LEDGER)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.begin(place),
            file => file?,
        };
        if !file.stat()?.is_file {
            return Err(io::Error::other("the ledger is no regular file"));
        }
        let mut fresh = Self::new(self.disk.clone());
        fresh.open = Some(Open { file, known: 0 });
        fresh.read_on(place)?;
        fresh.state.keep_uses_of(&self.state);
        *self = fresh;
        Ok(())
    }

    /// There is no ledger: whoever knows one writes it again. Where all files are ours there was one, and nobody knows what stood
    /// in it.
    fn begin(&mut self, place: &Place<D>) -> io::Result<()> {
        let is_lost = self.open.is_none() && place.is_marked();
        if self.is_stale {
            return Err(io::Error::other(
                "the ledger is gone, and what stood in it is not known for certain",
            ));
        }
        self.rewrite(place)?;
        if is_lost { self.doubt(place) } else { Ok(()) }
    }

    fn read_on(&mut self, place: &Place<D>) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let size = open.file.stat()?.size;
        let length = usize::try_from(size.saturating_sub(open.known)).map_err(io::Error::other)?;
        if length == 0 {
            return Ok(());
        }
        let mut bytes = vec![0; length];
        let read = read_full(&open.file, &mut bytes, open.known)?;
        bytes.truncate(read);
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (lines, torn) = bytes.split_at_checked(whole).unwrap_or((&bytes, &[]));
        lines
            .split_inclusive(|byte| *byte == b'\n')
            .for_each(|line| self.state.read(line.strip_suffix(b"\n").unwrap_or(line)));
        open.known += whole as u64;
        if torn.is_empty() { Ok(()) } else { self.heal(place, torn) }
    }

    /// Makes the ledger end with a whole line.
    fn heal(&mut self, place: &Place<D>, torn: &[u8]) -> io::Result<()> {
        let Some(known) = self.open.as_ref().map(|open| open.known) else { return Ok(()) };
        let file = self.appender(place)?;
        // A line may lack its end alone, or have another byte there.
        let shorter = torn.split_last().map_or(torn, |(_, line)| line);
        let whole = [torn, shorter].into_iter().find(|line| Record::read(line).is_some());
        let kept = known + whole.map_or(0, <[u8]>::len) as u64;
        file.cut(kept)?;
        if let Some(line) = whole {
            write_all(&file, b"\n")?;
            self.state.read(line);
        }
        let end = kept + u64::from(whole.is_some());
        self.open.iter_mut().for_each(|open| open.known = end);
        file.sync()
    }

    /// Writes down that there are damaged lines: what is there by now is kept.
    fn doubt(&mut self, place: &Place<D>) -> io::Result<()> {
        let until_ns = i64::try_from(self.disk.now_ns()).unwrap_or(i64::MAX);
        let damaged = self.state.damaged.len();
        let path = place.path.join(crate::fs::OUR_FOLDER).join(LEDGER);
        tracing::warn!(target: "session_reaper", path = %path.display(), damaged, "media ledger damaged: what was there by now is kept");
        self.append(place, vec![Record::Doubt { until_ns }], true)
    }

    /// Adds lines; what they say has happened when this returns, and is durable if that was asked for.
    pub(super) fn append(&mut self, place: &Place<D>, records: Vec<Record>, durable: bool) -> io::Result<()> {
        let mut text = Vec::new();
        for record in &records {
            text.extend(record.line()?);
        }
        let Some(known) = self.open.as_ref().map(|open| open.known) else {
            return Err(io::Error::other("the ledger is not open"));
        };
        let file = self.appender(place)?;
        self.is_stale = true;
        let written = write_all(&file, &text).and_then(|()| if durable { file.sync() } else { Ok(()) });
        if let Err(error) = written {
            // A line that may not be durable must not be taken for one. Where it cannot be cut away, the ledger is read anew.
            let _ = file.cut(known);
            return Err(error);
        }
        self.is_stale = false;
        self.open.iter_mut().for_each(|open| open.known = known + text.len() as u64);
        for record in records {
            self.state.apply(record);
        }
        Ok(())
    }

    /// The ledger, open for adding to it. Our folder may have been given somebody else's file with this name.
    fn appender(&self, place: &Place<D>) -> io::Result<D::Appender> {
        let file = self.disk.open_to_append(&place.ours, OsStr::new(LEDGER))?;
        let file = file
            .ok_or_else(|| io::Error::new(io::ErrorKind::WouldBlock, "somebody else writes to the ledger"))?;
        let (stat, known) = (file.stat()?, self.open.as_ref().map(|open| open.file.stat()).transpose()?);
        let is_known = known.is_some_and(|known| (known.dev, known.ino) == (stat.dev, stat.ino));
        if stat.is_file && stat.links == 1 && is_known {
            Ok(file)
        } else {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "the ledger is not the file that was read"))
        }
    }

    /// Writes the ledger anew when most of its lines are dead.
    pub(super) fn compact(&mut self, place: &Place<D>) -> io::Result<()> {
        let live = self.state.live_lines();
        let damage: usize = self.state.damaged.iter().map(Vec::len).sum();
        if self.state.lines < FEW || self.state.lines / 2 < live || damage > MUCH_DAMAGE {
            return Ok(());
        }
        self.rewrite(place)
    }

    fn rewrite(&mut self, place: &Place<D>) -> io::Result<()> {
        let name = temp_name(OsStr::new(LEDGER));
        let written = self.write_to(place, &name);
        let written =
            written.and_then(|()| self.disk.rename((&place.ours, &name), (&place.ours, OsStr::new(LEDGER))));
        if let Err(error) = written {
            let _ = self.disk.remove(&place.ours, &name);
            return Err(error);
        }
        // From here on the new one counts, whatever becomes of the rest.
        self.is_stale = true;
        self.disk.sync_folder(&place.ours)?;
        let file = self.disk.open(&place.ours, OsStr::new(LEDGER))?;
        let known = file.stat()?.size;
        self.open = Some(Open { file, known });
        (self.is_stale, self.state.lines) = (false, self.state.live_lines());
        Ok(())
    }

    fn write_to(&self, place: &Place<D>, name: &OsStr) -> io::Result<()> {
        let mut file = self.disk.create(&place.ours, name)?;
        let mut text = Vec::new();
        for line in &self.state.damaged {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        for record in self.state.records() {
            text.extend(record.line()?);
            if text.len() > PIECE {
                file.write_all(&text)?;
                text.clear();
            }
        }
        file.write_all(&text)?;
        file.hand_to(place.owner)?;
        file.sync()
    }

    /// Removes what a killed one has left on its way.
    pub(super) fn tidy(&self, place: &Place<D>) -> io::Result<()> {
        let names = self.disk.list(&place.ours)?;
        for name in names.iter().filter(|name| is_temp_of(name, OsStr::new(LEDGER))) {
            self.disk.remove(&place.ours, name)?;
        }
        Ok(())
    }

    /// Says that all files in the folder are the store's, where it is empty and knows of none.
    pub(super) fn mark_if_empty(&self, place: &Place<D>) -> io::Result<()> {
        let knows_none = self.state.files.is_empty() && self.state.damaged.is_empty();
        let is_new = knows_none && self.disk.stat(&place.ours, OsStr::new(MARKER)).is_err();
        if is_new && place.is_empty()? { place.mark() } else { Ok(()) }
    }
}

fn write_all(file: &impl Appender, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let taken = file.append(bytes)?;
        bytes = bytes.get(taken..).unwrap_or_default();
        if taken == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}
