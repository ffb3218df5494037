//! A stretch of text that may run over several slices, kept without a copy while one slice holds all of it.

/// Text from one place to another. What earlier slices held of it is in `spill`, the rest is in the slice in hand.
#[derive(Debug)]
pub(super) struct Text {
    spill: Vec<u8>,
    start: usize,
    /// `None` as long as the text goes on.
    end: Option<usize>,
    limit: usize,
    longer: bool,
}

impl Text {
    /// No text; of one that follows, `limit` bytes are kept.
    pub(super) const fn new(limit: usize) -> Self {
        Self { spill: Vec::new(), start: 0, end: Some(0), limit, longer: false }
    }

    /// Text starts at this index of the slice in hand; what was there before is forgotten.
    #[inline]
    pub(super) fn begin(&mut self, at: usize) {
        self.spill.clear();
        self.start = at;
        self.end = None;
        self.longer = false;
    }

    /// It ends at this index of the slice in hand.
    #[inline]
    pub(super) fn finish(&mut self, slice: &[u8], at: usize) {
        self.end = Some(at);
        if !self.spill.is_empty() {
            self.spill_from(slice);
        }
    }

    /// There is no text here.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.begin(0);
        self.end = Some(0);
    }

    /// The slice in hand goes away, so what it holds of the text is copied.
    pub(super) fn leave(&mut self, slice: &[u8]) {
        let goes_on = self.end.is_none();
        self.spill_from(slice);
        if goes_on {
            self.end = None;
        }
    }

    /// The text, and whether it is longer than what is kept.
    #[inline]
    pub(super) fn get<'a>(&'a self, slice: &'a [u8]) -> (&'a [u8], bool) {
        if !self.spill.is_empty() {
            return (&self.spill, self.longer);
        }
        let here = self.here(slice);
        here.get(..self.limit)
            .map_or((here, self.longer), |kept| (kept, self.longer || kept.len() < here.len()))
    }

    fn here<'a>(&self, slice: &'a [u8]) -> &'a [u8] {
        slice.get(self.start..self.end.unwrap_or(slice.len())).unwrap_or_default()
    }

    /// Moves what stands in the slice to the spill.
    fn spill_from(&mut self, slice: &[u8]) {
        let here = self.here(slice);
        let room = self.limit - self.spill.len();
        self.longer |= here.len() > room;
        self.spill.extend_from_slice(here.get(..room).unwrap_or(here));
        self.start = 0;
        self.end = Some(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(slices: &[&[u8]], limit: usize) -> (Vec<u8>, bool) {
        let mut text = Text::new(limit);
        text.begin(0);
        let (last, before) = slices.split_last().unwrap();
        for slice in before {
            text.leave(slice);
        }
        text.finish(last, last.len());
        let (kept, longer) = text.get(last);
        (kept.to_vec(), longer)
    }

    #[test]
    fn it_is_whole_however_it_is_sliced_and_cut_at_its_limit() {
        for slices in [&[b"abcd".as_slice()][..], &[b"ab", b"", b"cd"], &[b"abcd", b""], &[b"", b"a", b"bcd"]]
        {
            assert_eq!(over(slices, 5), (b"abcd".to_vec(), false));
            assert_eq!(over(slices, 4), (b"abcd".to_vec(), false));
            assert_eq!(over(slices, 3), (b"abc".to_vec(), true));
        }
    }

    #[test]
    fn it_outlives_its_slice_and_can_be_used_again() {
        let mut text = Text::new(9);
        text.begin(1);
        text.finish(b"(abc)", 4);
        text.leave(b"(abc)");
        assert_eq!(text.get(b"other"), (&b"abc"[..], false));
        text.clear();
        assert_eq!(text.get(b"other"), (&b""[..], false));
    }
}
