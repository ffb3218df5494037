//! The configuration as a whole, from texts in memory to values in force.

mod example;
mod folders;
mod malformed;
mod openclaw;
mod precedence;
mod unknown;
mod workspaces;

use std::{collections::BTreeMap, io, path::Path};

use super::*;

/// Files in memory; those marked broken cannot be read.
#[derive(Debug, Default)]
pub(super) struct Memory {
    files: BTreeMap<String, String>,
    broken: BTreeMap<String, io::ErrorKind>,
}

impl Memory {
    pub(super) fn with(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    pub(super) fn with_broken(mut self, path: &str, kind: io::ErrorKind) -> Self {
        self.broken.insert(path.to_owned(), kind);
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Option<String>> {
        let path = path.to_str().unwrap();
        match self.broken.get(path) {
            Some(kind) => Err((*kind).into()),
            None => Ok(self.files.get(path).cloned()),
        }
    }
}

pub(super) fn env(variables: &[(&str, &str)]) -> Environment {
    [("HOME", "/home/u")].iter().chain(variables).copied().collect()
}

/// Loads with `text` as `./session-reaper.toml`.
pub(super) fn of_text(text: &str) -> Result<Effective, ConfigError> {
    let files = Memory::default().with("session-reaper.toml", text);
    load(&Flags::default(), &env(&[]), &files, None, None)
}

pub(super) fn of_env(variables: &[(&str, &str)]) -> Result<Effective, ConfigError> {
    load(&Flags::default(), &env(variables), &Memory::default(), None, None)
}

pub(super) fn of_flags(flags: &Flags) -> Result<Effective, ConfigError> {
    load(flags, &env(&[]), &Memory::default(), None, None)
}

/// Flags with one setting given.
pub(super) fn flag(setting: Setting, text: &str) -> Flags {
    let mut flags = Flags::default();
    let one = || Some(text.to_owned());
    match setting {
        Setting::Stores => flags.stores = vec![text.into()],
        Setting::OpenClaw => flags.openclaw = one(),
        Setting::Retention => flags.retention = one(),
        Setting::RunId
        | Setting::TrashCompress
        | Setting::WorkspacesBase
        | Setting::WorkspacesNames
        | Setting::WorkspacesTtl
        | Setting::WorkspacesSecretTtl
        | Setting::WorkspacesSecrets
        | Setting::WorkspacesSiblings
        | Setting::MediaDir
        | Setting::MediaEnabled
        | Setting::MediaMaxAge
        | Setting::MediaInterval
        | Setting::MediaOrphanGrace
        | Setting::PayloadsDir
        | Setting::PayloadsGrace
        | Setting::PayloadsMaxBytes
        | Setting::PayloadsOneProcessTree
        | Setting::PayloadsInlineLimit => {}
        Setting::KeepLast => flags.keep_last = one(),
        Setting::Rules => flags.rules = vec![text.to_owned()],
        Setting::MaxEntries => flags.max_entries = one(),
        Setting::Keep => flags.keep = vec![text.to_owned()],
        Setting::TrashEnabled => flags.no_trash = text == "false",
        Setting::TrashRetention => flags.trash_retention = one(),
        Setting::Every => flags.every = one(),
        Setting::LockTimeout => flags.lock_timeout = one(),
        Setting::MaxTime => flags.max_time = one(),
        Setting::BesideLiveGateway => flags.beside_live_gateway = one(),
        Setting::AllowMassDelete => flags.allow_mass_delete = one(),
        Setting::AllowClockJump => flags.allow_clock_jump = one(),
        Setting::AllowTightened => flags.allow_tightened = one(),
        Setting::LogFormat => flags.log_format = one(),
        Setting::Color => flags.color = one(),
    }
    flags
}

/// Whether it is one of the tables of the folders beside the stores, which have no flags.
fn is_of_a_folder(setting: Setting) -> bool {
    let tables = ["workspaces.", "media.", "payloads."];
    tables.iter().any(|table| setting.key().starts_with(table))
}

/// The shown value of a key, and its origin.
pub(super) fn shown(effective: &Effective, key: &str) -> (String, String) {
    let all = show(effective);
    let value = all.iter().find(|value| value.key == key).unwrap();
    (value.literal(), value.origin.to_string())
}

#[test]
fn without_anything_the_defaults_of_the_table_are_in_force() {
    let effective = of_env(&[]).unwrap();
    assert_eq!(effective, Effective::default());
    for value in show(&effective) {
        let setting = Setting::of_key(&value.key).unwrap();
        assert_eq!((value.literal().as_str(), &value.origin), (setting.default(), &Origin::Default));
    }
}

#[test]
fn every_setting_has_a_name_of_its_own_in_every_source() {
    let unique = |names: Vec<String>| names.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(unique(Setting::ALL.map(Setting::env).into()), Setting::ALL.len());
    assert_eq!(unique(Setting::ALL.map(|setting| setting.key().to_owned()).into()), Setting::ALL.len());
    assert_eq!(Setting::Retention.env(), "SESSION_REAPER_CRON_RETENTION");
    assert_eq!(
        Setting::ALL.iter().filter(|setting| setting.flag().is_none()).count(),
        2 + Setting::ALL.iter().filter(|setting| is_of_a_folder(**setting)).count()
    );
}

#[test]
fn the_reference_has_a_line_for_every_setting() {
    let table = reference();
    assert_eq!(table.lines().count(), Setting::ALL.len() + 2);
    assert!(
        table.lines().all(|line| line.matches(" | ").count() == 5 || line.starts_with("|---")),
        "{table}"
    );
    for setting in Setting::ALL {
        assert!(table.contains(&setting.env()) && table.contains(setting.help()), "{table}");
    }
}

#[test]
fn a_text_in_every_setting_reaches_the_policy_and_the_rest() {
    let effective = of_text(
        "stores = ['~/a', 'b/*.json']\nmax_entries = 500\nkeep = ['agent:*']\nevery = '1m'\nlock_timeout = '10s'\n\
         beside_live_gateway = true\ncolor = 'never'\nmax_time = '10m'\nallow_mass_delete = true\nallow_clock_jump = true\n\
         allow_tightened = true\n[trash]\nenabled = false\nretention = '2w'\ncompress = true\n[cron]\nretention = '1d12h'\nrun_id = 'any'\nkeep_last = 3\n[rules]\nsubagent = '7d'\n\
         hook = false\n[log]\nformat = 'json'\n",
    )
    .unwrap();
    let policy = crate::Policy::default()
        .with_retention("36h".parse().unwrap())
        .with_run_id(crate::policy::RunId::Any)
        .with_keep_last(3)
        .with_rule(crate::Kind::Subagent, "7d".parse().unwrap())
        .and_then(|policy| policy.with_rule(crate::Kind::Hook, crate::Retention::Off))
        .and_then(|policy| policy.with_max_entries(500))
        .unwrap()
        .with_keep("agent:*".parse().unwrap());
    assert_eq!(effective.policy, policy);
    assert_eq!(effective.stores, [Path::new("/home/u/a"), Path::new("b/*.json")]);
    assert_eq!(
        (effective.every.to_string(), effective.lock_timeout.to_string()),
        ("1m".into(), "10s".into())
    );
    assert!(effective.beside_live_gateway && effective.allow_mass_delete);
    assert!(effective.allow_clock_jump && effective.allow_tightened);
    assert!(!effective.trash && effective.trash_compress);
    assert_eq!(
        (effective.trash_retention.to_string(), effective.max_time.unwrap().to_string()),
        ("2w".into(), "10m".into())
    );
    assert_eq!((effective.color, effective.log_format), (Color::Never, LogFormat::Json));
    assert_eq!(effective.file.as_deref(), Some(Path::new("session-reaper.toml")));
    assert_eq!(shown(&effective, "rules.hook"), ("false".to_owned(), "session-reaper.toml:22".to_owned()));
    assert_eq!(effective.origin_of_rule(crate::Kind::Acp), &Origin::Default);
}

#[test]
fn a_mark_at_the_start_and_line_ends_of_windows_do_no_harm() {
    let effective = of_text("\u{feff}every = '1m'\r\n\r\n[cron]\r\nretention = '2h'\r\n").unwrap();
    assert_eq!(shown(&effective, "every").1, "session-reaper.toml:1");
    assert_eq!(
        shown(&effective, "cron.retention"),
        ("\"2h\"".to_owned(), "session-reaper.toml:4".to_owned())
    );
}

#[test]
fn the_first_file_found_is_the_one_and_a_named_one_must_be_there() {
    let user = Some(Path::new("/home/u/.config"));
    let usual = "/home/u/.config/session-reaper/session-reaper.toml";
    let files = || Memory::default().with(usual, "every = '1m'");
    let file = |flags_config: Option<&str>, env: &Environment, files: &Memory| {
        load(&Flags::default(), env, files, flags_config.map(Path::new), user)
            .map(|effective| effective.file.unwrap().to_str().unwrap().to_owned())
            .map_err(|error| error.to_string())
    };
    let here = files().with("session-reaper.toml", "");
    let named = files().with("session-reaper.toml", "").with("a.toml", "").with("b.toml", "");
    let by_env = env(&[("SESSION_REAPER_CONFIG", "b.toml")]);
    assert_eq!(file(None, &env(&[]), &files()).as_deref(), Ok(usual));
    assert_eq!(file(None, &env(&[]), &here).as_deref(), Ok("session-reaper.toml"));
    assert_eq!(file(None, &by_env, &named).as_deref(), Ok("b.toml"));
    assert_eq!(file(Some("a.toml"), &by_env, &named).as_deref(), Ok("a.toml"));
    assert_eq!(
        file(Some("x.toml"), &by_env, &named).unwrap_err(),
        "x.toml: there is no such file, and --config names it; nothing was removed"
    );
    assert_eq!(
        file(None, &by_env, &here).unwrap_err(),
        "b.toml: there is no such file, and SESSION_REAPER_CONFIG names it; nothing was removed"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_no_default() {
    for (kind, why) in [
        (io::ErrorKind::InvalidData, "no UTF-8 text"),
        (io::ErrorKind::PermissionDenied, "permission denied"),
    ] {
        let files = Memory::default().with_broken("session-reaper.toml", kind);
        let error = load(&Flags::default(), &env(&[]), &files, None, None).unwrap_err().to_string();
        assert_eq!(
            error.replace("it is ", ""),
            format!("session-reaper.toml: cannot read it: {why}; nothing was removed")
        );
    }
}

#[test]
fn the_users_folder_follows_the_xdg_rules() {
    let folder =
        |variables: &[(&str, &str)]| variables.iter().copied().collect::<Environment>().user_config_dir();
    let at = |path: &str| Some(path.into());
    assert_eq!(folder(&[("HOME", "/h")]), at("/h/.config"));
    assert_eq!(folder(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]), at("/x"));
    assert_eq!(folder(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]), at("/h/.config"));
    assert_eq!(folder(&[("HOME", "")]), None);
}

#[test]
fn relative_stores_of_a_file_start_at_its_folder_and_those_of_a_flag_do_not() {
    let files = Memory::default().with("/etc/reaper.toml", "stores = ['s/*.json', '/abs']\nopenclaw = 'oc'");
    let config = Some(Path::new("/etc/reaper.toml"));
    let effective = load(&Flags::default(), &env(&[]), &files, config, None).unwrap();
    assert_eq!(effective.stores, [Path::new("/etc/s/*.json"), Path::new("/abs")]);
    assert_eq!(effective.openclaw.as_deref(), Some(Path::new("/etc/oc")));
    let flags = Flags { stores: vec!["x".into()], ..Flags::default() };
    assert_eq!(load(&flags, &env(&[]), &files, config, None).unwrap().stores, [Path::new("x")]);
}
