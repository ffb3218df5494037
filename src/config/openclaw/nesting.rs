//! How deep a JSON5 text is nested, before a parser that recurses gets to see it.

/// Deeper than any configuration, and far from what a stack cannot hold.
const DEEPEST: usize = 100;

/// Whether no bracket of the text stands deeper than a stack can bear.
pub(super) fn is_shallow(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    let mut depth = 0_usize;
    while let Some(c) = chars.next() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            '"' | '\'' => skip_string(&mut chars, c),
            '/' if chars.peek() == Some(&'/') => skip_line(&mut chars),
            '/' if chars.peek() == Some(&'*') => skip_block(&mut chars),
            _ => {}
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
}

fn skip_string(chars: &mut impl Iterator<Item = char>, quote: char) {
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            c if c == quote => return,
            _ => {}
        }
    }
}

fn skip_line(chars: &mut impl Iterator<Item = char>) {
    chars.find(|c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}'));
}

fn skip_block(chars: &mut std::iter::Peekable<impl Iterator<Item = char>>) {
    chars.next();
    while let Some(c) = chars.next() {
        if c == '*' && chars.peek() == Some(&'/') {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brackets_count_and_only_when_they_are_open() {
        let deep = "[".repeat(DEEPEST + 1);
        for text in [
            format!("{deep}1"),
            format!("// [\r{deep}"),
            format!("/**/{deep}"),
            format!("/* '*/{deep}"),
            format!("\"\\\"\"{deep}"),
            "{a:[".repeat(DEEPEST),
        ] {
            assert!(!is_shallow(&text), "{text}");
        }
        for text in [
            "[".repeat(DEEPEST),
            format!("'{deep}'"),
            format!("\"\\\"{deep}\""),
            format!("// {deep}"),
            format!("/* {deep} */"),
            "[]".repeat(10_000),
            "{}".to_owned(),
        ] {
            assert!(is_shallow(&text), "{text}");
        }
    }
}
