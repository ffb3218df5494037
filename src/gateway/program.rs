//! From the arguments of a process to whether it is a program of OpenClaw that may write stores. Pure.
//!
//! Node lets a program overwrite its arguments with a title, and OpenClaw does: some gateways show `openclaw-gateway`,
//! one that was started in a terminal shows `openclaw`, a service shows its whole command line. A shell, an editor or a
//! search that merely speaks of OpenClaw is none: what counts is the program itself, or the script that Node runs.

/// The commands that write stores. `tui` and its other names do when they run without a gateway.
const WRITERS: [&str; 7] = ["gateway", "agent", "tui", "chat", "terminal", "sessions", "doctor"];

/// What runs scripts.
const INTERPRETERS: [&str; 4] = ["node", "nodejs", "bun", "deno"];

/// Options after which no script comes: the code is their value.
const CODE: [&str; 5] = ["-e", "-p", "-pe", "--eval", "--print"];

/// A program of OpenClaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program<'a> {
    /// It shows a title, and nothing else of how it was started.
    Title,
    /// A script with OpenClaw's own name.
    Script(&'a str),
    /// A script with a name that others use too, such as `dist/index.js`: its package tells.
    Perhaps(&'a str),
}

/// What the process with these arguments is, if it is a program of OpenClaw that may write stores.
pub(super) fn program(argv: &[String]) -> Option<Program<'_>> {
    let (name, arguments) = argv.split_first()?;
    // A title leaves behind it what it did not need.
    let is_alone = arguments.iter().all(String::is_empty);
    match base(name) {
        _ if name.contains(char::is_whitespace) => None,
        "openclaw" if is_alone || asks_for_writer(arguments) => Some(Program::Title),
        title if title.strip_prefix("openclaw-").is_some_and(is_writer) => Some(Program::Title),
        interpreter if INTERPRETERS.contains(&interpreter) => run_by_interpreter(arguments),
        _ => None,
    }
}

fn run_by_interpreter(arguments: &[String]) -> Option<Program<'_>> {
    let (program, rest) = script(arguments)?;
    asks_for_writer(rest).then_some(program)
}

/// The script, if it can be OpenClaw's, and what comes after it. Of a word behind an option nobody can say without a list of
/// all options whether it is the option's value; so the next one is looked at too.
fn script(arguments: &[String]) -> Option<(Program<'_>, &[String])> {
    let mut may_be_value = false;
    for (index, word) in arguments.iter().enumerate() {
        let rest = arguments.get(index + 1..).unwrap_or_default();
        match word.as_str() {
            code if CODE.contains(&code) => return None,
            option if option.starts_with('-') => may_be_value = !option.contains('='),
            "run" => {}
            word => match named(word) {
                Some(program) => return Some((program, rest)),
                None if may_be_value => may_be_value = false,
                None => return None,
            },
        }
    }
    None
}

fn named(script: &str) -> Option<Program<'_>> {
    match base(script) {
        "openclaw.mjs" | "openclaw" => Some(Program::Script(script)),
        "index.js" | "index.mjs" | "entry.js" | "entry.mjs" if folder(script) == "dist" => {
            Some(Program::Perhaps(script))
        }
        _ => None,
    }
}

/// The command may stand behind options that have values, so every word is looked at.
fn asks_for_writer(arguments: &[String]) -> bool {
    arguments.iter().any(|word| is_writer(word))
}

fn is_writer(command: &str) -> bool {
    WRITERS.contains(&command)
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The name of the folder that a file is in.
fn folder(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(line: &str) -> Option<Program<'static>> {
        let argv: Vec<String> = line.split('|').map(str::to_owned).collect();
        program(Vec::leak(argv))
    }

    #[test]
    fn programs_of_openclaw_are_seen_in_every_dress() {
        for title in [
            "openclaw-gateway",
            "openclaw-gateway||||",
            "openclaw-gateway|60",
            "/opt/bin/openclaw-gateway|--port|1",
            "openclaw-agent",
            "openclaw",
            "openclaw|||",
            "/usr/bin/openclaw|gateway|run",
            "openclaw|--profile|work|agent|-m|hi",
        ] {
            assert_eq!(seen(title), Some(Program::Title), "{title}");
        }
        for (line, script) in [
            (
                "node|/usr/lib/node_modules/openclaw/openclaw.mjs|gateway",
                "/usr/lib/node_modules/openclaw/openclaw.mjs",
            ),
            ("node|openclaw.mjs|gateway|--port|18789", "openclaw.mjs"),
            ("/usr/bin/node|/usr/local/bin/openclaw|--profile|x|gateway", "/usr/local/bin/openclaw"),
            ("bun|run|/x/openclaw.mjs|agent", "/x/openclaw.mjs"),
            ("node|--disable-warning=ExperimentalWarning|/x/openclaw|agent|-m|hi", "/x/openclaw"),
            ("node|-r|/x/hook.js|--import|y.mjs|/x/openclaw.mjs|gateway", "/x/openclaw.mjs"),
        ] {
            assert_eq!(seen(line), Some(Program::Script(script)), "{line}");
        }
        for (line, script) in [
            ("node|/app/dist/index.js|gateway|--bind|lan", "/app/dist/index.js"),
            ("node|--max-old-space-size=4096|dist/entry.js|gateway", "dist/entry.js"),
        ] {
            assert_eq!(seen(line), Some(Program::Perhaps(script)), "{line}");
        }
    }

    #[test]
    fn whoever_only_speaks_of_openclaw_is_none() {
        for line in [
            "",
            "session-reaper|tick|--openclaw",
            "/usr/bin/session-reaper|tick|/home/u/.openclaw|gateway",
            "openclaw|tick|/home/u/.openclaw",
            "sh|-c|openclaw gateway",
            "bash|/usr/local/bin/openclaw|gateway",
            "grep|openclaw|gateway",
            "vim|/x/openclaw.mjs|gateway",
            "vim: /x/openclaw",
            "npm exec openclaw gateway",
            "node|server.js|openclaw.mjs|gateway",
            "node|-e|code|openclaw|gateway",
            "node|/x/openclaw.mjs|status",
            "node|/x/openclaw.mjs",
            "node|/x/index.js|gateway",
            "node",
            "openclaw-node",
            "openclaw-status",
            "openclawed",
            "tail|-f|/home/u/.openclaw/gateway.log",
            "docker|exec|box|openclaw|gateway",
        ] {
            assert_eq!(seen(line), None, "{line}");
        }
        assert_eq!(program(&[]), None);
    }
}
