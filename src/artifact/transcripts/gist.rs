//! What a large result means, told in pieces, and what is remembered of it: its hash, its size and the end that is shown.

use std::{io, ops::Range, path::Path};

use sha2::{Digest, Sha256};

use super::{Settings, lines::CHUNK, ours, trouble::moved};
use crate::{
    artifact::payloads::{Excerpt, Limits, Side, Window},
    fs::{self, Reader},
    json::Unescaper,
    model::hex,
};

/// More than what may be shown is held, so that it can be cut between characters.
const MARGIN: usize = 8;

/// What results of tools are taken for.
const MIME: &str = "text/plain";

/// Tells the bytes of a range of a file, in pieces.
pub(super) fn each_piece(
    file: &impl Reader,
    range: Range<u64>,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let (mut buffer, mut offset) = (vec![0; CHUNK], range.start);
    while offset < range.end {
        let most = usize::try_from(range.end - offset).unwrap_or(CHUNK).min(CHUNK);
        let room = buffer.get_mut(..most).unwrap_or_default();
        if fs::read_full(file, room, offset)? < most {
            return Err(moved());
        }
        each(room)?;
        offset += most as u64;
    }
    Ok(())
}

/// Tells what the raw text of a string means, in pieces.
pub(super) fn each_meant(
    file: &impl Reader,
    raw: Range<u64>,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let (mut unescaper, mut text) = (Unescaper::default(), Vec::new());
    each_piece(file, raw, |piece| {
        text.clear();
        unescaper.feed(piece, &mut text);
        each(&text)
    })?;
    text.clear();
    unescaper.finish(&mut text);
    each(&text)
}

/// What is remembered of a result.
#[derive(Debug)]
pub(super) struct Gist {
    /// The SHA-256 of what it means.
    pub(super) sha256: String,
    /// How long that is.
    pub(super) length: u64,
    breaks: u64,
    last: u8,
    has_nul: bool,
    head: Vec<u8>,
    shown: Vec<u8>,
    side: Side,
    room: usize,
}

impl Gist {
    /// That of the string whose raw text stands there.
    pub(super) fn of(file: &impl Reader, raw: Range<u64>, settings: &Settings) -> io::Result<Self> {
        let mut gist = Self {
            sha256: String::new(),
            length: 0,
            breaks: 0,
            last: b'\n',
            has_nul: false,
            head: Vec::new(),
            shown: Vec::new(),
            side: settings.side,
            room: settings.excerpt.bytes.saturating_add(MARGIN),
        };
        let mut hash = Sha256::new();
        each_meant(file, raw, |text| {
            hash.update(text);
            gist.add(text);
            Ok(())
        })?;
        gist.sha256 = hex(&hash.finalize());
        gist.trim();
        Ok(gist)
    }

    fn add(&mut self, text: &[u8]) {
        self.length += text.len() as u64;
        self.breaks += memchr::memchr_iter(b'\n', text).count() as u64;
        self.has_nul |= memchr::memchr(0, text).is_some();
        self.last = text.last().copied().unwrap_or(self.last);
        let (head, free) =
            (ours::HEAD.saturating_sub(self.head.len()), self.room.saturating_sub(self.shown.len()));
        self.head.extend_from_slice(text.get(..head).unwrap_or(text));
        match self.side {
            Side::Head { .. } => self.shown.extend_from_slice(text.get(..free).unwrap_or(text)),
            Side::Tail => {
                self.shown.extend_from_slice(text);
                self.trim();
            }
        }
    }

    fn trim(&mut self) {
        let surplus = self.shown.len().saturating_sub(self.room);
        if surplus > 0 && self.side == Side::Tail {
            self.shown.drain(..surplus);
        }
    }

    /// Whether it stands in the place of a result already.
    pub(super) fn is_excerpt(&self) -> bool {
        ours::is_excerpt(&self.head)
    }

    /// What is to stand in its place, when all of it is at `path`: no more than may stay, but for the notice.
    pub(super) fn excerpt(&self, settings: &Settings, path: &Path) -> String {
        let mut limits = settings.excerpt;
        loop {
            let excerpt = self.cut(limits, path);
            let whole = excerpt.to_string();
            let surplus = (whole.len() as u64).saturating_sub(settings.inline);
            if surplus == 0 || limits.bytes == 0 {
                return whole;
            }
            // The notice may be longer where less is shown: it is looked at again.
            let surplus = usize::try_from(surplus).unwrap_or(usize::MAX);
            limits.bytes = limits.bytes.min(excerpt.text.len()).saturating_sub(surplus);
        }
    }

    fn cut(&self, limits: Limits, path: &Path) -> Excerpt {
        let before = self.length - self.shown.len() as u64;
        let window = Window {
            bytes: &self.shown,
            from: if self.side == Side::Tail { before } else { 0 },
            length: self.length,
            lines: self.breaks + u64::from(self.last != b'\n'),
            is_text: !self.has_nul,
        };
        Excerpt::of_window(&window, MIME, self.side, limits, path)
    }
}
