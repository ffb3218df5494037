//! Text as `JSON.stringify(value, null, 2)` prints it: two spaces, LF, JavaScript's escapes.

/// Spaces to cut an indent from.
const SPACES: &[u8; 32] = b"                                ";

/// A text that grows member by member.
#[derive(Debug)]
pub(super) struct Pretty {
    text: Vec<u8>,
    depth: usize,
    is_first: bool,
}

impl Pretty {
    /// Text that starts between the members of something at `depth`; `is_first` says that none has been written yet.
    pub(super) const fn at(depth: usize, is_first: bool) -> Self {
        Self { text: Vec::new(), depth, is_first }
    }

    pub(super) const fn text(&self) -> &Vec<u8> {
        &self.text
    }

    pub(super) fn into_text(self) -> Vec<u8> {
        self.text
    }

    /// Forgets the text that has been written elsewhere, and keeps the place.
    pub(super) fn clear(&mut self) {
        self.text.clear();
    }

    fn line(&mut self) {
        self.text.push(b'\n');
        self.text.extend_from_slice(SPACES.get(..self.depth * 2).unwrap_or(SPACES));
    }

    /// Starts the next member or element.
    fn next(&mut self) {
        if !self.is_first {
            self.text.push(b',');
        }
        self.is_first = false;
        self.line();
    }

    pub(super) fn open(&mut self, bracket: u8) {
        self.text.push(bracket);
        self.depth += 1;
        self.is_first = true;
    }

    pub(super) fn close(&mut self, bracket: u8) {
        self.depth = self.depth.saturating_sub(1);
        if !self.is_first {
            self.line();
        }
        self.is_first = false;
        self.text.push(bracket);
    }

    /// The name of the next member; it must need no escapes.
    fn name(&mut self, name: &str) {
        self.next();
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\": ");
    }

    /// A member that is an object.
    pub(super) fn object(&mut self, name: &str, members: impl FnOnce(&mut Self)) {
        self.name(name);
        self.braced(members);
    }

    /// An element that is an object.
    pub(super) fn element(&mut self, members: impl FnOnce(&mut Self)) {
        self.next();
        self.braced(members);
    }

    fn braced(&mut self, members: impl FnOnce(&mut Self)) {
        self.open(b'{');
        members(self);
        self.close(b'}');
    }

    /// A member that is an array.
    pub(super) fn array(&mut self, name: &str, elements: impl FnOnce(&mut Self)) {
        self.name(name);
        self.open(b'[');
        elements(self);
        self.close(b']');
    }

    /// A member that is an object and whose name `append` writes; the name must need no escapes.
    pub(super) fn keyed(&mut self, append: impl FnOnce(&mut Vec<u8>), members: impl FnOnce(&mut Self)) {
        self.next();
        self.text.push(b'"');
        append(&mut self.text);
        self.text.extend_from_slice(b"\": ");
        self.braced(members);
    }

    pub(super) fn string(&mut self, name: &str, value: &str) {
        self.string_of(name, &[value]);
    }

    /// A member that is a string of several pieces.
    pub(super) fn string_of(&mut self, name: &str, pieces: &[&str]) {
        self.name(name);
        self.text.push(b'"');
        for piece in pieces {
            escape(piece, &mut self.text);
        }
        self.text.push(b'"');
    }

    /// A member whose value is a string that `append` writes; it must need no escapes.
    pub(super) fn plain(&mut self, name: &str, append: impl FnOnce(&mut Vec<u8>)) {
        self.name(name);
        self.text.push(b'"');
        append(&mut self.text);
        self.text.push(b'"');
    }

    pub(super) fn number(&mut self, name: &str, value: i64) {
        self.name(name);
        append_number(value, &mut self.text);
    }

    pub(super) fn flag(&mut self, name: &str, value: bool) {
        self.name(name);
        self.text.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Members or elements that were written earlier, at this depth and not as the first.
    pub(super) fn ready(&mut self, members: &[u8]) {
        self.text.extend_from_slice(members);
        self.is_first = false;
    }
}

/// Appends a whole number.
pub(super) fn append_number(value: i64, text: &mut Vec<u8>) {
    if value < 0 {
        text.push(b'-');
    }
    let start = text.len();
    let mut left = value.unsigned_abs();
    loop {
        text.push(b'0' + (left % 10).to_le_bytes().first().copied().unwrap_or(0));
        left /= 10;
        if left == 0 {
            break;
        }
    }
    text.get_mut(start..).unwrap_or_default().reverse();
}

/// Appends a string as JavaScript escapes it: quotes, backslashes and control characters, nothing else.
pub(super) fn escape(value: &str, text: &mut Vec<u8>) {
    for piece in value.as_bytes().split_inclusive(|byte| needs_escape(*byte)) {
        match piece.split_last() {
            Some((last, before)) if needs_escape(*last) => {
                text.extend_from_slice(before);
                escape_byte(*last, text);
            }
            _ => text.extend_from_slice(piece),
        }
    }
}

const fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escape_byte(byte: u8, text: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        _ => {
            text.extend_from_slice(b"\\u00");
            return super::random::append_hex(u128::from(byte), 8, 0, text);
        }
    };
    text.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(write: impl FnOnce(&mut Pretty)) -> String {
        let mut pretty = Pretty::at(0, true);
        pretty.open(b'{');
        write(&mut pretty);
        pretty.close(b'}');
        String::from_utf8(pretty.into_text()).unwrap()
    }

    #[test]
    fn nested_values_read_as_javascript_prints_them() {
        assert_eq!(text(|_| {}), "{}");
        let got = text(|p| {
            p.number("a", i64::MIN);
            p.array("b", |p| p.element(|p| p.flag("c", true)));
            p.array("d", |_| {});
        });
        assert_eq!(
            got,
            "{\n  \"a\": -9223372036854775808,\n  \"b\": [\n    {\n      \"c\": true\n    }\n  ],\n  \"d\": []\n}"
        );
    }

    proptest! {
        #[test]
        fn escapes_are_those_of_serde_json(value in "\\PC*|[\\x00-\\x7f\u{2028}\u{10ffff}]*") {
            let mut text = vec![b'"'];
            escape(&value, &mut text);
            text.push(b'"');
            prop_assert_eq!(String::from_utf8(text).unwrap(), serde_json::to_string(&value).unwrap());
        }
    }
}
