//! The ledger on disk: what others have added is followed, what we add is durable before anything is done about it.
//!
//! Only to be touched by who holds the store's lock. Half a line at the end was never answered for, and is cut away. A
//! damaged line anywhere else stays where it is, and everything that was there by then is kept: nobody knows what the line
//! said. A ledger with mostly dead lines is written anew, and takes the old one's place in one step; whoever has the old one
//! open sees that by its number, which nobody else can have while it is open.

use std::{
    ffi::{OsStr, OsString},
    io,
};

use super::{
    length::{self, Length, Noted, Verdict},
    place::Place,
    record::{Record, VERSION},
    reference::chance,
    state::State,
};
use crate::fs::{Appender, Disk, Reader, Writer, is_temp_of, read_full, temp_name};

/// Its name in our folder.
pub(super) const LEDGER: &str = "media.ledger";

/// A ledger with fewer lines is never written anew.
const FEW: usize = 1_024;

/// With more of damaged lines it is not written anew: somebody should look at it.
const MUCH_DAMAGE: usize = 1 << 20;

/// Room for the lines that say what goes when a disk is full: what goes makes more.
const RESERVE: &str = "media.reserve";

/// How much room that is.
const ROOM: usize = 64 * 1024;

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
    length: Length<D>,
    pub(super) state: State,
    /// Nobody knows how much of what was written last is there.
    is_stale: bool,
}

impl<D: Disk> Ledger<D> {
    pub(super) fn new(disk: D) -> Self {
        let length = Length::new(disk.clone());
        Self { disk, open: None, length, state: State::default(), is_stale: false }
    }

    /// Learns what others have added, and mends what somebody who was killed has left.
    pub(super) fn follow(&mut self, place: &Place<D>) -> io::Result<()> {
        if !self.is_the_same(place)? {
            self.read_anew(place)?;
        }
        let read = self.read_on(place).and_then(|()| self.check(place));
        self.is_stale = read.is_err();
        read?;
        if self.state.is_doubt_due {
            self.doubt(place)?;
        }
        self.be_alone(place)
    }

    /// Whether all is there that ever was.
    fn check(&mut self, place: &Place<D>) -> io::Result<()> {
        let Some(known) = self.open.as_ref().map(|open| open.known) else { return Ok(()) };
        // Its head is gone, and all behind it.
        self.state.is_doubt_due |= known == 0;
        if !self.length.has_changed(place)? {
            return Ok(());
        }
        match self.length.read(place)?.judge(self.state.id, known) {
            Verdict::Whole => {}
            Verdict::New => self.note(place),
            Verdict::Doubtful => self.state.is_doubt_due = true,
        }
        Ok(())
    }

    /// Notes how long it is. Where that fails, less is noted than is true.
    fn note(&mut self, place: &Place<D>) {
        let Some(length) = self.open.as_ref().map(|open| open.known) else { return };
        let noted = Noted { id: self.state.id, length, is_new: false };
        if let Err(error) = self.length.note(place, noted) {
            super::log::failed("the length of the ledger could not be noted", &error);
        }
    }

    /// A backup may have given it another name. It is never written to then, but gives its place to a copy.
    fn be_alone(&mut self, place: &Place<D>) -> io::Result<()> {
        let Some(stat) = self.open.as_ref().map(|open| open.file.stat()).transpose()? else { return Ok(()) };
        if stat.links > 1 && stat.owner == place.owner { self.rewrite(place) } else { Ok(()) }
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
        fresh.state.is_doubt_due = self.is_cut(&file)?;
        fresh.open = Some(Open { file, known: 0 });
        fresh.read_on(place)?;
        fresh.state.keep_uses_of(&self.state);
        *self = fresh;
        Ok(())
    }

    /// Whether the ledger that is known has lost lines that are known.
    fn is_cut(&self, file: &D::Reader) -> io::Result<bool> {
        let Some(open) = &self.open else { return Ok(false) };
        let (old, new) = (open.file.stat()?, file.stat()?);
        Ok((old.dev, old.ino) == (new.dev, new.ino) && new.size < open.known)
    }

    /// There is no ledger: whoever knows one writes it again. Where there was one, others may have written to it what nobody
    /// knows.
    fn begin(&mut self, place: &Place<D>) -> io::Result<()> {
        if self.is_stale {
            return Err(io::Error::other(
                "the ledger is gone, and what stood in it is not known for certain",
            ));
        }
        let was_there = self.open.is_some() || place.is_marked()? || self.length.read(place)?.last.is_some();
        if was_there {
            // In the new one before that has its name: whoever is killed on the way leaves none, or one that says so.
            let until_ns = self.warn(place);
            self.state.doubt(until_ns);
        }
        self.rewrite(place)
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
        // A line may lack its end alone, or have another byte there.
        let shorter = torn.split_last().map_or(torn, |(_, line)| line);
        let whole = [torn, shorter].into_iter().find(|line| Record::read(line).is_some());
        let kept = known + whole.map_or(0, <[u8]>::len) as u64;
        let Some(file) = self.to_heal(place)? else {
            if let Some(line) = whole {
                self.state.read(line);
            }
            return self.rewrite(place);
        };
        file.cut(kept)?;
        if let Some(line) = whole {
            write_all(&file, b"\n")?;
            self.state.read(line);
        }
        let end = kept + u64::from(whole.is_some());
        self.open.iter_mut().for_each(|open| open.known = end);
        file.sync()
    }

    /// The ledger, open for mending it; `None` where it has another name, and must not be written to.
    fn to_heal(&self, place: &Place<D>) -> io::Result<Option<D::Appender>> {
        let stat = self.open.as_ref().map(|open| open.file.stat()).transpose()?;
        let is_linked = stat.is_some_and(|stat| stat.links > 1 && stat.owner == place.owner);
        if is_linked { Ok(None) } else { self.appender(place).map(Some) }
    }

    /// Writes down that lines are damaged or lost: what is there by now is kept.
    fn doubt(&mut self, place: &Place<D>) -> io::Result<()> {
        let until_ns = self.warn(place);
        self.append(place, vec![Record::Doubt { until_ns }], true)
    }

    /// Says that lines are damaged or lost, and until when files are kept for that.
    fn warn(&self, place: &Place<D>) -> i64 {
        let until_ns = i64::try_from(self.disk.now_ns()).unwrap_or(i64::MAX);
        let damaged = self.state.damaged.len();
        let path = place.path.join(crate::fs::OUR_FOLDER).join(LEDGER);
        tracing::warn!(target: "session_reaper", path = %path.display(), damaged, "media ledger damaged, cut off or lost: what was there by now is kept");
        until_ns
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
        let written = self.write_where_there_is_room(place, &file, (known, &text));
        let written = written.and_then(|()| if durable { file.sync() } else { Ok(()) });
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
        if durable {
            self.note(place);
        }
        Ok(())
    }

    /// Adds to the ledger; on a full disk the reserve is given up for it.
    fn write_where_there_is_room(
        &self,
        place: &Place<D>,
        file: &D::Appender,
        (known, text): (u64, &[u8]),
    ) -> io::Result<()> {
        match write_all(file, text) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                file.cut(known)?;
                self.disk.remove(&place.ours, OsStr::new(RESERVE)).map_err(|_| error)?;
                write_all(file, text)
            }
            written => written,
        }
    }

    /// Sees to it that there is a reserve. Where there is no room for one, there is none.
    fn reserve(&self, place: &Place<D>) {
        let Ok(mut file) = self.disk.create(&place.ours, OsStr::new(RESERVE)) else { return };
        let made = file.write_all(&vec![0; ROOM]).and_then(|()| file.hand_to(place.owner));
        if made.is_err() {
            let _ = self.disk.remove(&place.ours, OsStr::new(RESERVE));
        }
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
        let (name, id) = (temp_name(OsStr::new(LEDGER)), chance());
        let written = self.write_to(place, &name, id);
        let written = written
            .and_then(|length| self.length.note(place, Noted { id, length, is_new: true }))
            .and_then(|()| self.disk.rename((&place.ours, &name), (&place.ours, OsStr::new(LEDGER))));
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
        (self.is_stale, self.state.lines, self.state.id) = (false, self.state.live_lines(), id);
        self.note(place);
        Ok(())
    }

    /// Writes all that is known into a new file; tells how long that is.
    fn write_to(&self, place: &Place<D>, name: &OsStr, id: u64) -> io::Result<u64> {
        let mut file = self.disk.create(&place.ours, name)?;
        let (mut text, mut length) = (Record::Head { version: VERSION, id }.line()?, 0);
        for line in &self.state.damaged {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        for record in self.state.records() {
            text.extend(record.line()?);
            if text.len() > PIECE {
                file.write_all(&text)?;
                length += text.len() as u64;
                text.clear();
            }
        }
        file.write_all(&text)?;
        file.hand_to(place.owner)?;
        file.sync()?;
        Ok(length + text.len() as u64)
    }

    /// Removes what a killed one has left on its way, and makes room for a full disk.
    pub(super) fn tidy(&self, place: &Place<D>) -> io::Result<()> {
        let names = self.disk.list(&place.ours)?;
        let is_left_over =
            |name: &&OsString| is_temp_of(name, OsStr::new(LEDGER)) || length::is_left_over(name);
        for name in names.iter().filter(is_left_over) {
            self.disk.remove(&place.ours, name)?;
        }
        if !names.iter().any(|name| name == RESERVE) {
            self.reserve(place);
        }
        Ok(())
    }

    /// Says that all files in the folder are the store's, where it is empty and knows of none.
    pub(super) fn mark_if_empty(&self, place: &Place<D>) -> io::Result<()> {
        let knows_none = self.state.files.is_empty() && self.state.damaged.is_empty();
        if knows_none && !place.is_marked()? && place.is_empty()? { place.mark() } else { Ok(()) }
    }
}

pub(super) fn write_all(file: &impl Appender, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let taken = file.append(bytes)?;
        bytes = bytes.get(taken..).unwrap_or_default();
        if taken == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}
