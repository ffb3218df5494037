//! What a line of a transcript is, and where the results of tools stand in it.
//!
//! OpenClaw writes `{"type":"message","message":{"role":"toolResult","content":[{"type":"text","text":"..."}, ..]}, ..}`; its content
//! may be a string as well. A name that stands twice where one is looked for makes a line one that is not understood.

use std::ops::Range;

use crate::json::{Hear, means};

/// Something that is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    /// The line.
    Root,
    Message,
    /// The list of a message's parts.
    Content,
    /// One of them.
    Part,
}

/// A name that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Type,
    Message,
    Role,
    Content,
    Text,
    Other,
}

const NAMES: [(&str, Key); 5] = [
    ("type", Key::Type),
    ("message", Key::Message),
    ("role", Key::Role),
    ("content", Key::Content),
    ("text", Key::Text),
];

/// What was seen of a line.
#[derive(Debug)]
pub(super) struct Sight {
    limit: u64,
    /// What is open and looked into, the innermost last: four at most.
    open: Vec<Spot>,
    /// How much is open in there that is not.
    others: u64,
    key: Key,
    /// Where what is looked for has been seen.
    met: Vec<(Spot, Key)>,
    is_odd: bool,
    is_message: bool,
    is_result: bool,
    part: Part,
    found: Vec<Range<u64>>,
}

/// What was seen of a part of a message's content.
#[derive(Debug, Default)]
struct Part {
    is_text: bool,
    text: Option<Range<u64>>,
}

impl Sight {
    /// Looks for strings that are written in more than `limit` bytes: no shorter one can mean more.
    pub(super) const fn new(limit: u64) -> Self {
        Self {
            limit,
            open: Vec::new(),
            others: 0,
            key: Key::Other,
            met: Vec::new(),
            is_odd: false,
            is_message: false,
            is_result: false,
            part: Part { is_text: false, text: None },
            found: Vec::new(),
        }
    }

    /// Where large results stand, if the line is one of a tool's results; in their order.
    pub(super) fn results(self) -> Vec<Range<u64>> {
        let is_understood = self.is_message && self.is_result && !self.is_odd;
        if is_understood { self.found } else { Vec::new() }
    }

    /// Where a value stands that begins now, if it is one that is looked for.
    fn at(&mut self) -> Option<(Spot, Key)> {
        let spot = *self.open.last().filter(|_| self.others == 0)?;
        let is_wanted = match spot {
            Spot::Root => matches!(self.key, Key::Type | Key::Message),
            Spot::Message => matches!(self.key, Key::Role | Key::Content),
            Spot::Part => matches!(self.key, Key::Type | Key::Text),
            Spot::Content => return Some((spot, Key::Other)),
        };
        let at = (spot, self.key);
        if !is_wanted {
            return None;
        }
        if self.met.contains(&at) {
            self.is_odd = true;
        } else {
            self.met.push(at);
        }
        Some(at)
    }

    fn find(&mut self, inside: Range<u64>) {
        if inside.end - inside.start > self.limit {
            self.found.push(inside);
        }
    }
}

impl Hear for Sight {
    fn open(&mut self, is_object: bool) {
        let spot = match (self.at(), is_object) {
            _ if self.others > 0 => None,
            (None, true) if self.open.is_empty() => Some(Spot::Root),
            (Some((Spot::Root, Key::Message)), true) => Some(Spot::Message),
            (Some((Spot::Message, Key::Content)), false) => Some(Spot::Content),
            (Some((Spot::Content, _)), true) => Some(Spot::Part),
            _ => None,
        };
        let Some(spot) = spot else {
            self.others += 1;
            return;
        };
        if spot == Spot::Part {
            self.met.retain(|(spot, _)| *spot != Spot::Part);
            self.part = Part::default();
        }
        self.open.push(spot);
    }

    fn close(&mut self) {
        if self.others > 0 {
            self.others -= 1;
        } else if self.open.pop() == Some(Spot::Part)
            && let Part { is_text: true, text: Some(text) } = std::mem::take(&mut self.part)
        {
            self.find(text);
        }
    }

    fn key(&mut self, raw: &[u8]) {
        if self.others == 0 {
            let known = NAMES.iter().find(|(name, _)| means(raw, name));
            self.key = known.map_or(Key::Other, |(_, key)| *key);
        }
    }

    fn string(&mut self, inside: Range<u64>, raw: &[u8]) {
        match self.at() {
            Some((Spot::Root, Key::Type)) => self.is_message = means(raw, "message"),
            Some((Spot::Message, Key::Role)) => self.is_result = means(raw, "toolResult"),
            Some((Spot::Message, Key::Content)) => self.find(inside),
            Some((Spot::Part, Key::Type)) => self.part.is_text = means(raw, "text"),
            Some((Spot::Part, Key::Text)) => self.part.text = Some(inside),
            _ => {}
        }
    }

    fn scalar(&mut self) {
        self.at();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Tokens;

    fn results(line: &str) -> Vec<&str> {
        let (mut tokens, mut sight) = (Tokens::at(0), Sight::new(3));
        tokens.feed(line.as_bytes(), &mut sight);
        assert!(tokens.finish(), "{line}");
        let at = |at: u64| usize::try_from(at).unwrap();
        sight.results().into_iter().map(|range| line.get(at(range.start)..at(range.end)).unwrap()).collect()
    }

    #[test]
    fn results_are_found_in_whatever_order_and_spelling() {
        for line in [
            r#"{"type":"message","message":{"role":"toolResult","content":"long"}}"#,
            r#"{"message":{"content":[{"text":"long","type":"text"}],"role":"toolResult"},"type":"message"}"#,
            r#"{"typ\u0065":"m\u0065ssage","x":{"type":1},"message":{"a":[{"role":1}],"role":"toolResult","content":
               [{"type":"image","data":"longer"},3,[{"type":"text","text":"longer"}],{"type":"text","text":"abc"},
               {"type":"text","text":"long","more":{"text":"longer"}}],"details":{"content":"longer"}}}"#,
        ] {
            assert_eq!(results(line), ["long"], "{line}");
        }
    }

    #[test]
    fn i5_whatever_is_not_a_result_of_a_tool_is_none() {
        for line in [
            r#"{"type":"message","message":{"role":"user","content":"long"}}"#,
            r#"{"type":"message","message":{"role":"assistant","content":[{"type":"text","text":"long"}]}}"#,
            r#"{"type":"other","message":{"role":"toolResult","content":"long"}}"#,
            r#"{"message":{"role":"toolResult","content":"long"}}"#,
            r#"{"type":"message","role":"toolResult","content":"long"}"#,
            r#"[{"type":"message","message":{"role":"toolResult","content":"long"}}]"#,
            r#"{"type":"message","message":[{"role":"toolResult","content":"long"}]}"#,
            r#"{"type":"message","message":{"role":"toolResult","content":[{"type":"image","text":"long"}]}}"#,
            r#"{"type":"message","message":{"role":"toolResult","content":[{"text":"long"}]}}"#,
            r#"{"type":"message","message":{"role":"toolResult","content":["long",{"a":{"type":"text","text":"long"}}]}}"#,
            // Which of two counts is for their reader to say.
            r#"{"type":"message","message":{"role":"user","role":"toolResult","content":"long"}}"#,
            r#"{"type":"message","type":"message","message":{"role":"toolResult","content":"long"}}"#,
            r#"{"type":"message","message":{"role":"toolResult","content":"long","content":"long"}}"#,
            r#"{"type":"message","message":{"role":"toolResult","content":[{"type":"text","text":"long","text":""}]}}"#,
            r#"{"type":"message","message":1,"message":{"role":"toolResult","content":"long"}}"#,
            "[1]",
            "\"long\"",
        ] {
            assert!(results(line).is_empty(), "{line}");
        }
    }
}
