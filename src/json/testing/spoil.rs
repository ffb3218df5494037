//! Texts with something wrong: mostly no JSON any more, sometimes still some.

use super::dice::Dice;

const ODD: [&[u8]; 40] = [
    b"",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"0",
    b"1",
    b"-",
    b"+",
    b".",
    b"e",
    b"E5",
    b"\0",
    b"\n",
    b"\x1f",
    b"\x7f",
    b"'",
    b"//x\n",
    b"/**/",
    b"NaN",
    b"Infinity",
    b"true",
    b"nul",
    b"\\u12",
    b"\\q",
    b"\\",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98",
    b"\xef\xbb\xbf",
    b"\xc2\xa0",
    b"\x0b",
    b"{}",
    b"\"x\":1,",
    b"01",
];

/// The text with one to three things done to it: something odd put in, or something lost, overwritten or repeated.
#[must_use]
pub fn spoil(text: &[u8], dice: &mut Dice<'_>) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(text.len() + 1);
        let end = (at + dice.below(4)).min(text.len());
        let put: Vec<u8> = match dice.below(6) {
            0 | 1 => dice.pick(&ODD).to_vec(),
            2 => text.get(at..end).unwrap_or_default().repeat(2),
            3 => Vec::new(),
            4 => {
                text.truncate(at);
                continue;
            }
            _ => vec![u8::try_from(dice.below(256)).unwrap_or(0)],
        };
        let end = if dice.one_in(2) { at } else { end };
        text.splice(at..end, put);
    }
    text
}
