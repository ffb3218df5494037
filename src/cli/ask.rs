//! The one question: on a terminal, before rows go. Without a terminal there is no question and no waiting.

use std::io::{self, BufRead, IsTerminal, Write};

use session_reaper::sweep::Report;

use super::{
    Failure, report,
    words::{self, quoted},
};

/// What the person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
}

/// Fails where nobody can be asked, with the command that needs no asking.
pub(super) fn must_be_possible() -> Result<(), Failure> {
    must_be_possible_for("prune")
}

/// The same for another verb.
pub(super) fn must_be_possible_for(verb: &str) -> Result<(), Failure> {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        return Ok(());
    }
    let command = this_command();
    Err(Failure::usage(format!("{verb} asks first, and there is no terminal to ask on; nothing was removed"))
        .with_hint(format!(
            "to go on without being asked: {command} --yes; to see what would go: {command} -n"
        )))
}

/// Shows what will go, and asks.
///
/// What cannot be brought back is asked for in other words.
pub(super) fn about(shown: &Report, trash: bool) -> Result<Answer, Failure> {
    let mut err = anstream::stderr().lock();
    report::preview(&mut err, shown)?;
    drop(err);
    let what = report::removed(shown);
    let question = if trash { format!("remove {what}?") } else { format!("remove {what} for ever?") };
    whether(&question)
}

/// Asks a question.
pub(super) fn whether(question: &str) -> Result<Answer, Failure> {
    let mut err = anstream::stderr().lock();
    write!(err, "{question} [y/N] ").and_then(|()| err.flush()).map_err(|error| unasked(&error))?;
    drop(err);
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| unasked(&error))?;
    Ok(if is_yes(&line) { Answer::Yes } else { Answer::No })
}

fn unasked(error: &io::Error) -> Failure {
    Failure::error(format!("cannot ask on the terminal: {error}; nothing was removed"))
}

fn is_yes(line: &str) -> bool {
    ["y", "yes"].iter().any(|yes| line.trim().eq_ignore_ascii_case(yes))
}

/// The command line of this process, as a shell would take it.
fn this_command() -> String {
    let words = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy()));
    std::iter::once(words::program()).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        assert!(["y\n", "Y", " yes \n", "YES"].into_iter().all(is_yes));
        assert!(!["", "\n", "n", "no", "ye", "yess", "j"].into_iter().any(is_yes));
    }
}
