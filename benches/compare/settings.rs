//! What is to be measured, and where everything is: arguments and environment.

use std::{env, path::PathBuf, str::FromStr};

/// Of everything that `benches/compare.sh` can be told.
pub(crate) struct Settings {
    /// How often everything is measured.
    pub(crate) rounds: usize,
    /// How often what takes a millisecond is.
    pub(crate) ticks: usize,
    /// Stores of lean rows.
    pub(crate) lean: Vec<u64>,
    /// Stores of heavy rows.
    pub(crate) heavy: Vec<u64>,
    /// Sizes at which the cost of a row is compared.
    pub(crate) growth: Vec<u64>,
    /// How many small stores there are, in folders of their own.
    pub(crate) stores: u64,
    /// How many rows the largest store has, if it is measured.
    pub(crate) huge: Option<u64>,
    /// How much text a scan reads.
    pub(crate) scanned: usize,
    /// Where stores are made.
    pub(crate) folder: PathBuf,
    /// The document to write into; without one the answer is printed.
    pub(crate) document: Option<PathBuf>,
    /// What to type to get this again.
    pub(crate) command: String,
}

impl Settings {
    pub(crate) fn read(args: &[String]) -> Result<Self, String> {
        if let Some(odd) = args.iter().find(|arg| !["all", "huge", "--write"].contains(&arg.as_str())) {
            return Err(format!("{odd}: what is that? Say all, huge, --write or nothing"));
        }
        let has = |word: &str| args.iter().any(|arg| arg == word);
        let all = has("all");
        let either = |whole: &str, look: &str| (if all { whole } else { look }).to_owned();
        Ok(Self {
            rounds: number("ROUNDS", &either("5", "3"))?,
            ticks: number("TICKS", &either("200", "30"))?,
            lean: numbers("LEAN", &either("3000 100000 1000000", "3000 20000"))?,
            heavy: numbers("HEAVY", &either("4000 20000", "1000"))?,
            growth: numbers("GROWTH", &either("10000 31600 100000 316000 1000000", "10000 40000"))?,
            stores: number("STORES", &either("10000", "200"))?,
            huge: if has("huge") { Some(number("HUGE", "4000000")?) } else { None },
            scanned: number("SCANNED", &either("134217728", "33554432"))?,
            folder: PathBuf::from(variable("FOLDER").ok_or("benches/compare.sh says where stores are made")?),
            document: (all || has("--write")).then(|| PathBuf::from("docs/performance.md")),
            command: command(args),
        })
    }
}

/// Everything that decides what is measured, as it would be typed.
fn command(args: &[String]) -> String {
    let names = ["ROUNDS", "TICKS", "LEAN", "HEAVY", "GROWTH", "STORES", "HUGE", "SCANNED"];
    let set =
        names.map(|name| variable(name).map(|value| format!("SESSION_REAPER_COMPARE_{name}='{value}'")));
    let words = set.into_iter().flatten().chain(["benches/compare.sh".to_owned()]);
    words.chain(args.iter().cloned()).collect::<Vec<_>>().join(" ")
}

/// Where a program is, or why it is not there.
pub(crate) fn tool(name: &str) -> Result<String, String> {
    variable(name)
        .ok_or_else(|| variable(&format!("{name}_WHY")).unwrap_or_else(|| "it is not there".to_owned()))
}

fn variable(name: &str) -> Option<String> {
    env::var(format!("SESSION_REAPER_COMPARE_{name}")).ok().filter(|value| !value.is_empty())
}

fn number<T: FromStr>(name: &str, default: &str) -> Result<T, String> {
    let text = variable(name).unwrap_or_else(|| default.to_owned());
    text.parse().map_err(|_| format!("SESSION_REAPER_COMPARE_{name}: {text} is no number"))
}

/// Numbers with spaces between them; `none` for none.
fn numbers(name: &str, default: &str) -> Result<Vec<u64>, String> {
    let text = variable(name).unwrap_or_else(|| default.to_owned());
    let odd = |word: &str| format!("SESSION_REAPER_COMPARE_{name}: {word} is no number");
    text.split_whitespace()
        .filter(|word| *word != "none")
        .map(|word| word.parse().map_err(|_| odd(word)))
        .collect()
}
