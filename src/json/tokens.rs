//! One JSON text of any kind and depth, token by token, as its bytes come.
//!
//! For who looks deeper than into rows: a line of a transcript. It accepts what `JSON.parse` accepts, checks every byte, and holds
//! one bit for each open bracket and the beginning of the string in hand, however long that is.

use std::ops::Range;

use super::{
    block,
    error::{Cause, Fault, Wanted},
    nesting::Nesting,
    number::Number,
    state::State,
    string::Inside,
    utf8::{Carry, Joined, Tail, check},
    word::Word,
};

/// So much of a key or a string is told: more than any name that is asked for, in any spelling.
pub(crate) const TOLD: usize = 96;

/// Takes the tokens of a text in their order. Nothing told counts before the text has been found well-formed.
pub(crate) trait Hear {
    /// A bracket opens: `{` if `is_object`, else `[`.
    fn open(&mut self, is_object: bool);
    /// The innermost bracket closes.
    fn close(&mut self);
    /// A key, as it is written, up to [`TOLD`] bytes of it.
    fn key(&mut self, raw: &[u8]);
    /// A string that is a value: where the text between its quotes stands, and up to [`TOLD`] bytes of it.
    fn string(&mut self, inside: Range<u64>, raw: &[u8]);
    /// A number or a word.
    fn scalar(&mut self);
}

/// A walk over one text.
#[derive(Debug)]
pub(crate) struct Tokens {
    state: State,
    nesting: Nesting,
    carry: Carry,
    /// The offset of the first byte of the slice in hand.
    base: u64,
    /// Where the string in hand began.
    begin: u64,
    raw: Vec<u8>,
    is_wrong: bool,
}

impl Tokens {
    /// A walk that begins at this offset.
    pub(crate) fn at(offset: u64) -> Self {
        Self {
            state: State::Value,
            nesting: Nesting::default(),
            carry: Carry::default(),
            base: offset,
            begin: offset,
            raw: Vec::new(),
            is_wrong: false,
        }
    }

    /// Reads the text's next bytes, as many or as few as there are.
    pub(crate) fn feed(&mut self, chunk: &[u8], hear: &mut impl Hear) {
        if !self.is_wrong {
            self.is_wrong = !self.is_utf8(chunk) || self.walk(chunk, hear).is_err();
        }
        self.base += chunk.len() as u64;
    }

    /// The text has ended: whether it was one.
    pub(crate) fn finish(self) -> bool {
        let ends_in_number = matches!(self.state, State::Number(number) if number.may_end());
        let is_at_end = matches!(self.state, State::End) || ends_in_number && self.nesting.depth() == 0;
        !self.is_wrong && self.carry.is_empty() && is_at_end
    }

    /// Characters can be cut by the borders of chunks, brackets and quotes cannot: so the walk need not know of this.
    fn is_utf8(&mut self, mut chunk: &[u8]) -> bool {
        while !self.carry.is_empty() {
            let Some((byte, rest)) = chunk.split_first() else { return true };
            if matches!(self.carry.join(*byte), Joined::Invalid) {
                return false;
            }
            chunk = rest;
        }
        match check(chunk).tail {
            Tail::Invalid => false,
            Tail::Cut(tail) => {
                if !tail.is_empty() {
                    self.carry.hold(tail);
                }
                true
            }
        }
    }

    fn walk(&mut self, text: &[u8], hear: &mut impl Hear) -> Result<(), Fault> {
        let mut at = 0;
        while at < text.len() {
            at = self.step(text, at, hear)?;
        }
        Ok(())
    }

    const fn offset(&self, at: usize) -> u64 {
        self.base + at as u64
    }

    /// Reads one token or a piece of it, and returns the index behind it.
    fn step(&mut self, text: &[u8], at: usize, hear: &mut impl Hear) -> Result<usize, Fault> {
        match self.state {
            State::Key(inside) => self.string(text, at, inside, true, hear),
            State::String(inside) => self.string(text, at, inside, false, hear),
            State::Number(number) => self.number(text, at, number, hear),
            State::Word(word, seen) => self.word(text, at, word, seen, hear),
            _ => {
                let at = block::skip_space(text, at);
                text.get(at).map_or(Ok(at), |byte| self.between(*byte, at, hear).map(|()| at + 1))
            }
        }
    }

    /// A byte that is no white space, and in no string, number or word.
    fn between(&mut self, byte: u8, at: usize, hear: &mut impl Hear) -> Result<(), Fault> {
        let in_object = self.nesting.in_object();
        match (self.state, byte) {
            (State::Value | State::FirstElement, b']') | (State::FirstKey, b'}') => {
                if matches!(self.state, State::Value) {
                    return Err(Fault::expected(Wanted::Value, at));
                }
                self.close(hear);
            }
            (State::Value | State::FirstElement, _) => return self.value(byte, at, hear),
            (State::FirstKey | State::NextKey, b'"') => self.begin_string(State::Key(Inside::Plain), at),
            (State::Colon, b':') => self.state = State::Value,
            (State::AfterValue, b',') => {
                self.state = if in_object { State::NextKey } else { State::Value };
            }
            (State::AfterValue, b'}') if in_object => self.close(hear),
            (State::AfterValue, b']') if !in_object => self.close(hear),
            _ => return Err(Fault::new(Cause::Expected(self.state.wants(in_object)), at)),
        }
        Ok(())
    }

    fn value(&mut self, byte: u8, at: usize, hear: &mut impl Hear) -> Result<(), Fault> {
        match byte {
            b'"' => self.begin_string(State::String(Inside::Plain), at),
            b'{' | b'[' => {
                let is_object = byte == b'{';
                self.nesting.open(is_object);
                hear.open(is_object);
                self.state = if is_object { State::FirstKey } else { State::FirstElement };
            }
            b't' => self.state = State::Word(Word::True, 1),
            b'f' => self.state = State::Word(Word::False, 1),
            b'n' => self.state = State::Word(Word::Null, 1),
            _ => match Number::begin(byte) {
                Some(number) => self.state = State::Number(number),
                None => return Err(Fault::expected(Wanted::Value, at)),
            },
        }
        Ok(())
    }

    fn begin_string(&mut self, state: State, at: usize) {
        self.begin = self.offset(at + 1);
        self.raw.clear();
        self.state = state;
    }

    fn string(
        &mut self,
        text: &[u8],
        at: usize,
        mut inside: Inside,
        is_key: bool,
        hear: &mut impl Hear,
    ) -> Result<usize, Fault> {
        let end = inside.read(text, at)?;
        let piece = text.get(at..end.unwrap_or(text.len())).unwrap_or_default();
        let room = TOLD - self.raw.len();
        self.raw.extend_from_slice(piece.get(..room).unwrap_or(piece));
        let Some(end) = end else {
            self.state = if is_key { State::Key(inside) } else { State::String(inside) };
            return Ok(text.len());
        };
        if is_key {
            hear.key(&self.raw);
            self.state = State::Colon;
        } else {
            hear.string(self.begin..self.offset(end), &self.raw);
            self.end_value();
        }
        Ok(end + 1)
    }

    fn number(
        &mut self,
        text: &[u8],
        at: usize,
        mut number: Number,
        hear: &mut impl Hear,
    ) -> Result<usize, Fault> {
        let Some(end) = number.read(text, at)? else {
            self.state = State::Number(number);
            return Ok(text.len());
        };
        hear.scalar();
        self.end_value();
        Ok(end)
    }

    fn word(
        &mut self,
        text: &[u8],
        at: usize,
        word: Word,
        seen: u8,
        hear: &mut impl Hear,
    ) -> Result<usize, Fault> {
        let (seen, end) = word.read(text, at, seen);
        if usize::from(seen) == word.text().len() {
            hear.scalar();
            self.end_value();
        } else if end < text.len() {
            return Err(Fault::expected(Wanted::Word(word), end));
        } else {
            self.state = State::Word(word, seen);
        }
        Ok(end)
    }

    fn close(&mut self, hear: &mut impl Hear) {
        self.nesting.close();
        hear.close();
        self.end_value();
    }

    const fn end_value(&mut self) {
        self.state = if self.nesting.depth() == 0 { State::End } else { State::AfterValue };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What was told, in words.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Told(Vec<String>);

    impl Hear for Told {
        fn open(&mut self, is_object: bool) {
            self.0.push(if is_object { "{" } else { "[" }.to_owned());
        }
        fn close(&mut self) {
            self.0.push("close".to_owned());
        }
        fn key(&mut self, raw: &[u8]) {
            self.0.push(format!("key {}", String::from_utf8_lossy(raw)));
        }
        fn string(&mut self, inside: Range<u64>, raw: &[u8]) {
            self.0.push(format!("{inside:?} {}", String::from_utf8_lossy(raw)));
        }
        fn scalar(&mut self) {
            self.0.push("scalar".to_owned());
        }
    }

    fn read(text: &[u8], size: usize) -> Option<Told> {
        let (mut tokens, mut told) = (Tokens::at(0), Told::default());
        for chunk in text.chunks(size) {
            tokens.feed(chunk, &mut told);
        }
        tokens.finish().then_some(told)
    }

    #[test]
    fn it_tells_every_token_with_its_place() {
        let told = read(br#" {"a": ["x\n", 1e5, []], "b":null}"#, 99).unwrap();
        let expected =
            ["{", "key a", "[", "9..12 x\\n", "scalar", "[", "close", "close", "key b", "scalar", "close"];
        assert_eq!(told.0, expected);
    }

    #[test]
    fn it_takes_what_json_parse_takes_and_nothing_else() {
        for good in ["1", "-0.5E+9", "\"\"", "true", "[]", "{}", " [1 , {\"a\":[{}]} ]\r", "[[[[1]]]]", "12 "]
        {
            assert!(read(good.as_bytes(), 1).is_some(), "{good}");
        }
        let bad = [
            "",
            " ",
            "01",
            "1.",
            "-",
            "tru",
            "truee",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":}",
            "{,}",
            "[1 2]",
            "{\"a\":1,}",
            "]",
            "}",
            "[}",
            "{]",
            "\"",
            "\"\\x\"",
            "\"\t\"",
            "{a:1}",
            "1 1",
            "\u{feff}1",
            "[1]]",
            "NaN",
        ];
        for bad in bad {
            assert!(read(bad.as_bytes(), 1).is_none(), "{bad}");
        }
        assert!(read(b"\"\xff\"", 9).is_none() && read(b"\"\xc3\"", 1).is_none());
        assert!(read("\"ä𝄞\"".as_bytes(), 1).is_some());
    }

    proptest! {
        #[test]
        fn i5_it_agrees_with_serde_json_and_borders_make_no_difference(
            text in "([ \\[\\]{},:\"a1\\\\ntru.eä-]){0,30}", size in 1_usize..9,
        ) {
            let told = read(text.as_bytes(), 999);
            // Control characters and numbers beyond all bounds are where the two may differ; neither stands here.
            prop_assert_eq!(told.is_some(), serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
            prop_assert_eq!(read(text.as_bytes(), size), told);
        }
    }
}
