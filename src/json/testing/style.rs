//! The ways in which people and programs lay out JSON.

use super::dice::Dice;

/// How a document is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// `JSON.stringify(x, null, 2)`: what a gateway writes.
    #[default]
    Pretty,
    /// Indented by four spaces, with Windows line ends.
    PrettyCrlf,
    /// Indented by tabs.
    Tabs,
    /// `{"a":1,"b":2}`
    Compact,
    /// `{"a": 1, "b": 2}`: what Python writes.
    Spaced,
    /// `{ "a" : 1 , "b" : 2 }`
    Airy,
    /// Each line begins with its comma.
    CommaFirst,
    /// One row a line, the rows themselves compact.
    Lines,
    /// White space anywhere, a different one at every place.
    Wild,
}

impl Style {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Pretty,
        Self::PrettyCrlf,
        Self::Tabs,
        Self::Compact,
        Self::Spaced,
        Self::Airy,
        Self::CommaFirst,
        Self::Lines,
        Self::Wild,
    ];

    /// Whether every place of a kind is laid out alike, so that a document without a row is known to the byte.
    #[must_use]
    pub fn is_uniform(self) -> bool {
        self != Self::Wild
    }

    /// What stands between a bracket that opens and what is in it, `depth` brackets being open.
    pub(super) fn open(self, depth: usize, dice: &mut Dice<'_>) -> String {
        match self {
            Self::Pretty | Self::CommaFirst => lines("\n", "  ", depth),
            Self::PrettyCrlf => lines("\r\n", "    ", depth),
            Self::Tabs => lines("\n", "\t", depth),
            Self::Lines if depth == 1 => "\n".to_owned(),
            Self::Compact | Self::Spaced | Self::Lines => String::new(),
            Self::Airy => " ".to_owned(),
            Self::Wild => wild(dice),
        }
    }

    /// What stands between the last thing in brackets and the one that closes.
    pub(super) fn close(self, depth: usize, dice: &mut Dice<'_>) -> String {
        if self == Self::Lines && depth == 0 { "\n".to_owned() } else { self.open(depth, dice) }
    }

    /// What stands between two things in brackets, `depth` of which are open.
    pub(super) fn comma(self, depth: usize, dice: &mut Dice<'_>) -> String {
        match self {
            Self::CommaFirst => format!("{}, ", lines("\n", "  ", depth)),
            Self::Spaced => ", ".to_owned(),
            Self::Airy => " , ".to_owned(),
            Self::Wild => format!("{},{}", wild(dice), wild(dice)),
            _ => format!(",{}", self.open(depth, dice)),
        }
    }

    /// What stands between a name and its value.
    pub(super) fn colon(self, dice: &mut Dice<'_>) -> String {
        match self {
            Self::Compact | Self::Lines => ":".to_owned(),
            Self::Airy => " : ".to_owned(),
            Self::Wild => format!("{}:{}", wild(dice), wild(dice)),
            _ => ": ".to_owned(),
        }
    }
}

fn lines(ending: &str, indent: &str, depth: usize) -> String {
    format!("{ending}{}", indent.repeat(depth))
}

/// Any white space, often none.
fn wild(dice: &mut Dice<'_>) -> String {
    (0..dice.pick(&[0, 0, 1, 2, 3, 9, 20])).map(|_| dice.pick(&[' ', ' ', '\n', '\t', '\r'])).collect()
}
