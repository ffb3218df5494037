//! Any text as our configuration file, and any as OpenClaw's: nothing panics, no age is zero, and what is shown of a
//! configuration that loads is a configuration file with the same effect.
#![no_main]

use std::{io, path::Path};

use libfuzzer_sys::fuzz_target;
use session_reaper::config::{ConfigError, Effective, Environment, Files, Flags, load, show};

/// Our file, and OpenClaw's.
struct Two<'a>(&'a str, Option<&'a str>);

impl Files for Two<'_> {
    fn read(&self, path: &Path) -> io::Result<Option<String>> {
        Ok(match path.to_str() {
            Some("session-reaper.toml") => Some(self.0.to_owned()),
            _ => self.1.map(str::to_owned),
        })
    }
}

fn load_both(ours: &str, theirs: Option<&str>, flags: &Flags) -> Result<Effective, ConfigError> {
    let env = [("HOME", "/home/u")].into_iter().collect::<Environment>();
    load(flags, &env, &Two(ours, theirs), None, None)
}

fn check(result: Result<Effective, ConfigError>) {
    match result {
        Err(error) => {
            assert!(!error.problems().is_empty());
            assert!(error.to_string().ends_with("; nothing was removed"));
        }
        Ok(effective) => {
            let retentions = effective.policy.rules().values().copied().chain([effective.policy.retention()]);
            assert!(retentions.filter_map(|retention| retention.age()).all(|age| age.as_millis() > 0));
            let text = show(&effective).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            let again = load_both(&text, None, &Flags::default()).expect("what is shown can be read");
            assert_eq!(again.policy, effective.policy);
            assert_eq!(again.stores, effective.stores);
            assert_eq!(again.openclaw, effective.openclaw);
            assert_eq!((again.every, again.lock_timeout), (effective.every, effective.lock_timeout));
        }
    }
}

fuzz_target!(|data: &str| {
    let (ours, theirs) = data.split_once('\0').unwrap_or((data, data));
    check(load_both(ours, None, &Flags::default()));
    let flags = Flags { openclaw: Some("/oc".to_owned()), ..Flags::default() };
    check(load_both("", Some(theirs), &flags));
    check(load_both(ours, Some(theirs), &flags));
});
