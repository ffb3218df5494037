//! Which processes OpenClaw lets hold a transcript's lock.

/// Programs that OpenClaw is started by, when a command of its own stands behind them.
const ENTRIES: [&str; 5] =
    ["dist/index.js", "dist/entry.js", "scripts/run-node.mjs", "src/entry.ts", "src/index.ts"];

/// Whether OpenClaw from 2026.5.12 respects a transcript's lock of a live process with these arguments, its name first.
///
/// It calls every other owner a `non-openclaw-owner` and removes the lock, however fresh. Respected is who has `openclaw`
/// or `openclaw.mjs` as an argument or at the end of one, is the program `openclaw-gateway`, or runs one of OpenClaw's entry
/// files with `gateway` or `agent`. Arguments that cannot be read, or say nothing, are respected. Where versions differ the
/// strictest counts.
///
/// ```
/// use session_reaper::lock::is_respected_by_openclaw;
/// let argv = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
/// assert!(!is_respected_by_openclaw(&argv("/usr/bin/my-runtime run")));
/// assert!(is_respected_by_openclaw(&argv("/usr/bin/my-runtime run openclaw")));
/// ```
#[must_use]
pub fn is_respected_by_openclaw(argv: &[String]) -> bool {
    let words: Vec<String> = argv.iter().map(|word| plain(word)).filter(|word| !word.is_empty()).collect();
    let Some(program) = words.first() else { return true };
    let has_command = words.iter().any(|word| word == "gateway" || word == "agent");
    is_named(without_ending(program), "openclaw")
        || program.contains('/') && is_named(without_ending(program), "openclaw-gateway")
        || words.iter().any(|word| is_named(word, "openclaw") || is_named(word, "openclaw.mjs"))
        || has_command && words.iter().any(|word| ENTRIES.iter().any(|entry| word.ends_with(entry)))
}

/// An argument as OpenClaw compares it, which thinks of Windows too.
fn plain(word: &str) -> String {
    word.trim().replace('\\', "/").to_lowercase()
}

fn without_ending(program: &str) -> &str {
    [".bat", ".cmd", ".exe"].iter().find_map(|ending| program.strip_suffix(ending)).unwrap_or(program)
}

/// Whether `word` is `name`, or a path that ends so.
fn is_named(word: &str, name: &str) -> bool {
    word.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_called_like_openclaw_is_respected() {
        for (line, expected) in [
            ("openclaw", true),
            ("/usr/bin/openclaw agent", true),
            ("OpenClaw.EXE gateway", true),
            (r"C:\bin\openclaw.cmd", true),
            ("/opt/openclaw-gateway", true),
            ("node /opt/openclaw/openclaw.mjs x", true),
            ("node openclaw.mjs", true),
            ("my-runtime openclaw", true),
            ("my-runtime --for openclaw --verbose", true),
            ("my-runtime /srv/openclaw", true),
            ("node /app/dist/index.js gateway", true),
            ("node /app/dist/entry.js agent", true),
            ("node scripts/run-node.mjs agent", true),
            ("", true),
            ("   ", true),
            // Only the newest versions respect this one.
            ("openclaw-gateway", false),
            ("my-runtime", false),
            ("sleep 60", false),
            ("my-runtime --for=openclaw", false),
            ("my-openclaw", false),
            ("my-runtime openclaw.exe", false),
            ("my-runtime /opt/openclaw-gateway", false),
            ("node /app/dist/index.js", false),
            ("node /app/dist/index.js serve", false),
            ("my-runtime gateway", false),
            ("python worker.py", false),
        ] {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(is_respected_by_openclaw(&argv), expected, "{line:?}");
        }
        assert!(is_respected_by_openclaw(&[]));
    }
}
