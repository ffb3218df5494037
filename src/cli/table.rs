//! Tables for people: columns as wide as what stands in them, numbers to the right.

use std::{
    io::{self, IsTerminal, Write},
    os::fd::AsFd,
};

use anstyle::Style;

use super::output::DIM;

/// A key is never cut shorter than this.
const SHORTEST_KEY: usize = 20;

/// On which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// One text of a table.
#[derive(Debug, Clone)]
pub(super) struct Cell(pub(super) String, pub(super) Style);

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self(text.into(), Style::new())
    }
}

impl Cell {
    pub(super) fn dim(text: impl Into<String>) -> Self {
        Self(text.into(), DIM)
    }

    fn width(&self) -> usize {
        self.0.chars().count()
    }
}

/// Writes rows below their head, two spaces in.
pub(super) fn write<const N: usize>(
    out: &mut impl Write,
    head: [(&str, Side); N],
    rows: &[[Cell; N]],
) -> io::Result<()> {
    let widths = std::array::from_fn(|column| {
        let title = head.get(column).map_or(0, |(title, _)| title.chars().count());
        let texts = rows.iter().filter_map(|row| row.get(column)).map(Cell::width);
        texts.max().unwrap_or(0).max(title)
    });
    let sides = head.map(|(_, side)| side);
    line(out, &head.map(|(title, _)| Cell::dim(title)), &sides, &widths)?;
    rows.iter().try_for_each(|row| line(out, row, &sides, &widths))
}

fn line<const N: usize>(
    out: &mut impl Write,
    cells: &[Cell; N],
    sides: &[Side; N],
    widths: &[usize; N],
) -> io::Result<()> {
    let mut owed = 0;
    for ((cell, side), width) in cells.iter().zip(sides).zip(widths) {
        let pad = width - cell.width().min(*width);
        let (before, after) = if *side == Side::Right { (pad, 0) } else { (0, pad) };
        // Spaces are only written when something follows them.
        if cell.0.is_empty() {
            owed += 2 + width;
        } else {
            let (text, style, gap) = (&cell.0, cell.1, owed + 2 + before);
            write!(out, "{:gap$}{style}{text}{style:#}", "")?;
            owed = after;
        }
    }
    writeln!(out)
}

/// How many characters a line of stdout or stderr can have; `None` when that is no terminal.
pub(super) fn screen_width(stream: &(impl IsTerminal + AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let columns = rustix::termios::tcgetwinsize(stream).map_or(0, |size| size.ws_col);
    Some(if columns == 0 { 80 } else { columns.into() })
}

/// A key on a line of a screen where so many columns are taken.
pub(super) fn fitted(key: &str, taken: usize, screen: Option<usize>) -> String {
    shortened(key, screen.map_or(usize::MAX, |width| width.saturating_sub(taken).max(SHORTEST_KEY)))
}

/// A text of at most so many characters: what is too much goes from its middle, since keys begin alike.
pub(super) fn shortened(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let tail = width.saturating_sub(1) / 2;
    let head = width.saturating_sub(1) - tail;
    text.chars().take(head).chain(['…']).chain(text.chars().skip(length - tail)).collect()
}

/// `part` of `all` in per cent, such as `67%` or `0.4%`.
pub(super) fn percent(part: u64, all: u64) -> String {
    let rounded = |scale: u64| {
        let (part, all) = (u128::from(part), u128::from(all.max(1)));
        (part * u128::from(scale) + all / 2) / all
    };
    match rounded(1_000) {
        0 if part > 0 => "<0.1%".to_owned(),
        tenths @ 1..100 => format!("{}.{}%", tenths / 10, tenths % 10),
        _ => format!("{}%", rounded(100)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be_and_lines_end_where_their_text_does() {
        let mut out = Vec::new();
        let rows = [
            ["cron-run".into(), "12".into(), Cell::from("x")],
            ["main".into(), "1".into(), "".into()],
            ["hook".into(), "".into(), "y".into()],
        ];
        write(&mut out, [("KIND", Side::Left), ("ROWS", Side::Right), ("KEY", Side::Left)], &rows).unwrap();
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(
            text,
            "  KIND      ROWS  KEY\n  cron-run    12  x\n  main         1\n  hook            y\n"
        );
    }

    #[test]
    fn a_long_text_loses_its_middle() {
        assert_eq!(shortened("abcdefgh", 8), "abcdefgh");
        assert_eq!(shortened("abcdefghi", 8), "abcd…ghi");
        assert_eq!(shortened("äöüß", 3), "ä…ß");
        assert_eq!(shortened("abc", 0), "…");
    }

    #[test]
    fn shares_are_read_at_a_glance() {
        for (part, all, text) in [
            (0, 0, "0%"),
            (0, 9, "0%"),
            (1, 5_000, "<0.1%"),
            (386, 100_000, "0.4%"),
            (4, 1_000, "0.4%"),
            (677, 1_000, "68%"),
            (1, 1, "100%"),
        ] {
            assert_eq!(percent(part, all), text);
        }
    }
}
