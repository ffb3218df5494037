//! The table of settings: one row each, and everything else (file, variables, flags, `config show`, the reference)
//! follows from it, so that they cannot drift apart.
//!
//! A new setting is one row here, one arm in [`super::layer::Layer::set`], one in [`super::Flags`] if it has a flag,
//! one in [`super::effective`] and `show`, and its lines in `session-reaper.example.toml`; the compiler and the tests
//! ask for each.

/// What every variable of ours begins with.
pub(super) const PREFIX: &str = "SESSION_REAPER_";

/// A value of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Setting {
    /// The stores to sweep.
    Stores,
    /// The OpenClaw installation to take stores and retention from.
    OpenClaw,
    /// How long cron runs are kept.
    Retention,
    /// What counts as the id of a cron run.
    RunId,
    /// How many runs of each cron job always stay.
    KeepLast,
    /// The retentions of other kinds of rows.
    Rules,
    /// The cap on rows.
    MaxEntries,
    /// The keys that stay.
    Keep,
    /// Whether what is removed is kept in the trash.
    TrashEnabled,
    /// How long it is kept there.
    TrashRetention,
    /// Whether it is compressed there.
    TrashCompress,
    /// The throttle of `tick`.
    Every,
    /// How long to wait for a lock.
    LockTimeout,
    /// After how long no further store is begun.
    MaxTime,
    /// Whether to sweep beside a live gateway that honours no lock.
    BesideLiveGateway,
    /// Whether most of a store may go at once.
    AllowMassDelete,
    /// Whether a clock is believed that contradicts the store.
    AllowClockJump,
    /// Whether `tick` carries out a stricter policy at once.
    AllowTightened,
    /// The folder that jobs have theirs in.
    WorkspacesBase,
    /// The names of jobs' folders.
    WorkspacesNames,
    /// How long a job's folder and what belongs to it are kept.
    WorkspacesTtl,
    /// How long a job's secrets are kept.
    WorkspacesSecretTtl,
    /// What names a job's secrets.
    WorkspacesSecrets,
    /// What names what else belongs to a job.
    WorkspacesSiblings,
    /// The folder of the media store.
    MediaDir,
    /// Whether media go by age.
    MediaEnabled,
    /// After which age media go that nobody uses.
    MediaMaxAge,
    /// The pause between two sweeps of the media store.
    MediaInterval,
    /// After which age media go that no reference names.
    MediaOrphanGrace,
    /// The folder of the spool.
    PayloadsDir,
    /// How long what a dead session left is kept.
    PayloadsGrace,
    /// How large the spool may become.
    PayloadsMaxBytes,
    /// Whether one process tree alone works on the spool's volume.
    PayloadsOneProcessTree,
    /// How much of a result stays inline.
    PayloadsInlineLimit,
    /// The form of log lines.
    LogFormat,
    /// Colours on the terminal.
    Color,
}

/// What the table says about one setting.
#[derive(Debug)]
struct Row {
    key: &'static str,
    flag: Option<&'static str>,
    accepts: &'static str,
    default: &'static str,
    help: &'static str,
}

const STORES: Row = Row {
    key: "stores",
    flag: Some("STORE"),
    accepts: "list of paths, folders and globs",
    default: "[]",
    help: "Stores to sweep: sessions.json files, folders that hold agents/*/sessions/sessions.json, or globs",
};
const OPENCLAW: Row = Row {
    key: "openclaw",
    flag: Some("--openclaw"),
    accepts: "folder, true or false",
    default: "false",
    help: "Take stores and retention from an OpenClaw state folder and its openclaw.json; true means the default folder",
};
const RETENTION: Row = Row {
    key: "cron.retention",
    flag: Some("--retention"),
    accepts: "age or false",
    default: "\"24h\"",
    help: "How long cron runs are kept; false keeps them all",
};
const RUN_ID: Row = Row {
    key: "cron.run_id",
    flag: None,
    accepts: "\"uuid\" or \"any\"",
    default: "\"uuid\"",
    help: "What counts as the id of a cron run: a UUID only, or any text",
};
const KEEP_LAST: Row = Row {
    key: "cron.keep_last",
    flag: Some("--keep-last"),
    accepts: "whole number",
    default: "0",
    help: "The newest so many runs of each cron job stay, however old; 0 turns this off",
};
const RULES: Row = Row {
    key: "rules",
    flag: Some("--rule"),
    accepts: "table of kind = age or false",
    default: "{}",
    help: "How long rows of other kinds are kept, such as subagent = \"7d\"; kinds without a rule stay",
};
const MAX_ENTRIES: Row = Row {
    key: "max_entries",
    flag: Some("--max-entries"),
    accepts: "whole number or false",
    default: "false",
    help: "Of the rows that a cap may take, only the newest so many stay; false means no cap",
};
const KEEP: Row = Row {
    key: "keep",
    flag: Some("--keep"),
    accepts: "list of globs",
    default: "[]",
    help: "Keys that always stay, with their families; * stands for anything and ? for one character",
};
const TRASH_ENABLED: Row = Row {
    key: "trash.enabled",
    flag: Some("--no-trash"),
    accepts: "true or false",
    default: "true",
    help: "Keep what is removed in a trash beside the store, so that `undo` can bring it back; the flag means false",
};
const TRASH_RETENTION: Row = Row {
    key: "trash.retention",
    flag: Some("--trash-retention"),
    accepts: "age or false",
    default: "\"1w\"",
    help: "How long the trash keeps a run; false keeps every run, and the newest one on a store stays in any case",
};
const TRASH_COMPRESS: Row = Row {
    key: "trash.compress",
    flag: None,
    accepts: "true or false",
    default: "false",
    help: "Compress the rows in the trash",
};
const EVERY: Row = Row {
    key: "every",
    flag: Some("--every"),
    accepts: "age",
    default: "\"5m\"",
    help: "The shortest time between two sweeps of one store by `tick`",
};
const LOCK_TIMEOUT: Row = Row {
    key: "lock_timeout",
    flag: Some("--lock-timeout"),
    accepts: "age",
    default: "\"5s\"",
    help: "How long to wait for a store that another process holds",
};
const MAX_TIME: Row = Row {
    key: "max_time",
    flag: Some("--max-time"),
    accepts: "age or false",
    default: "false",
    help: "Begin no further store after this time; one store is always swept, and a dry run is never cut short",
};
const BESIDE_LIVE_GATEWAY: Row = Row {
    key: "beside_live_gateway",
    flag: Some("--beside-live-gateway"),
    accepts: "true or false",
    default: "false",
    help: "Sweep in a quiet moment beside a live gateway that honours no lock, and report rows that come back",
};
const ALLOW_MASS_DELETE: Row = Row {
    key: "allow_mass_delete",
    flag: Some("--allow-mass-delete"),
    accepts: "true or false",
    default: "false",
    help: "Sweep although more than half of the rows that are meant to last would go, or every row there is",
};
const ALLOW_CLOCK_JUMP: Row = Row {
    key: "allow_clock_jump",
    flag: Some("--allow-clock-jump"),
    accepts: "true or false",
    default: "false",
    help: "Sweep although the clock is behind what the store has seen, or far ahead of all of it; the trash is purged by it too",
};
const ALLOW_TIGHTENED: Row = Row {
    key: "allow_tightened",
    flag: Some("--allow-tightened"),
    accepts: "true or false",
    default: "false",
    help: "Let `tick` sweep at once by a policy that became stricter, instead of one interval later",
};
const WORKSPACES_BASE: Row = Row {
    key: "workspaces.base",
    flag: None,
    accepts: "folder or false",
    default: "false",
    help: "The folder that jobs have theirs in, from the root on and without links; false means that none is swept",
};
const WORKSPACES_NAMES: Row = Row {
    key: "workspaces.names",
    flag: None,
    accepts: "list of globs",
    default: "[]",
    help: "The names of jobs' main folders, such as job-*; what has another name stays",
};
const WORKSPACES_TTL: Row = Row {
    key: "workspaces.ttl",
    flag: None,
    accepts: "age or false",
    default: "\"24h\"",
    help: "How long a job's folder and what belongs to it are kept after the newest time anywhere in them",
};
const WORKSPACES_SECRET_TTL: Row = Row {
    key: "workspaces.secret_ttl",
    flag: None,
    accepts: "age or false",
    default: "\"6h\"",
    help: "How long a job's secrets are kept after their own time, where the rest stays longer and no living process owns it",
};
const WORKSPACES_SECRETS: Row = Row {
    key: "workspaces.secrets",
    flag: None,
    accepts: "list of texts",
    default: "[\".cred.sh\"]",
    help: "What the names of a job's secrets have more than that of its main folder; `group remove --secret` says otherwise",
};
const WORKSPACES_SIBLINGS: Row = Row {
    key: "workspaces.siblings",
    flag: None,
    accepts: "list of texts",
    default: "[\"-artifacts\"]",
    help: "What the names of a job's other members have more than that of its main folder; `group remove --sibling` says otherwise",
};
const MEDIA_DIR: Row = Row {
    key: "media.dir",
    flag: None,
    accepts: "folder or false",
    default: "false",
    help: "The folder of the media store that is swept, from the root on and without links; false means that none is",
};
const MEDIA_ENABLED: Row = Row {
    key: "media.enabled",
    flag: None,
    accepts: "true or false",
    default: "true",
    help: "Whether media go by age at all; what their owners release goes in any case",
};
const MEDIA_MAX_AGE: Row = Row {
    key: "media.max_age",
    flag: None,
    accepts: "age or false",
    default: "\"30m\"",
    help: "How long media are kept that were given to the store to remove, and that nobody stores, resolves, writes to or leases",
};
const MEDIA_INTERVAL: Row = Row {
    key: "media.interval",
    flag: None,
    accepts: "age",
    default: "\"5m\"",
    help: "The least pause between two sweeps of the media store by `tick`",
};
const MEDIA_ORPHAN_GRACE: Row = Row {
    key: "media.orphan_grace",
    flag: None,
    accepts: "age or false",
    default: "\"1h\"",
    help: "How long files stay in the store's own folder that no reference names; by default `media.max_age`, and at least an hour",
};
const PAYLOADS_DIR: Row = Row {
    key: "payloads.dir",
    flag: None,
    accepts: "folder or false",
    default: "false",
    help: "The spool of tools' results that is swept, from the root on and without links; false means that none is",
};
const PAYLOADS_GRACE: Row = Row {
    key: "payloads.grace",
    flag: None,
    accepts: "age or false",
    default: "\"24h\"",
    help: "How long the payloads of a session whose process is dead are kept after the last one",
};
const PAYLOADS_MAX_BYTES: Row = Row {
    key: "payloads.max_bytes",
    flag: None,
    accepts: "size or false",
    default: "false",
    help: "How large the spool may become: beyond it dead sessions go, the oldest first, whatever their grace",
};
const PAYLOADS_ONE_PROCESS_TREE: Row = Row {
    key: "payloads.one_process_tree",
    flag: None,
    accepts: "true or false",
    default: "false",
    help: "Take your word that one container alone works on the spool's volume (docs/payloads.md)",
};
const PAYLOADS_INLINE_LIMIT: Row = Row {
    key: "payloads.inline_limit",
    flag: None,
    accepts: "size",
    default: "51200",
    help: "Results of tools up to this size stay in a transcript that is compacted",
};
const LOG_FORMAT: Row = Row {
    key: "log.format",
    flag: Some("--log-format"),
    accepts: "\"text\" or \"json\"",
    default: "\"text\"",
    help: "The form of log lines on stderr",
};
const COLOR: Row = Row {
    key: "color",
    flag: Some("--color"),
    accepts: "\"auto\", \"always\" or \"never\"",
    default: "\"auto\"",
    help: "Colours; auto means on a terminal, unless NO_COLOR is set",
};

impl Setting {
    /// Every setting, in the order in which people meet them.
    pub const ALL: [Self; 36] = [
        Self::Stores,
        Self::OpenClaw,
        Self::Retention,
        Self::RunId,
        Self::KeepLast,
        Self::Rules,
        Self::MaxEntries,
        Self::Keep,
        Self::TrashEnabled,
        Self::TrashRetention,
        Self::TrashCompress,
        Self::Every,
        Self::LockTimeout,
        Self::MaxTime,
        Self::BesideLiveGateway,
        Self::AllowMassDelete,
        Self::AllowClockJump,
        Self::AllowTightened,
        Self::WorkspacesBase,
        Self::WorkspacesNames,
        Self::WorkspacesTtl,
        Self::WorkspacesSecretTtl,
        Self::WorkspacesSecrets,
        Self::WorkspacesSiblings,
        Self::MediaDir,
        Self::MediaEnabled,
        Self::MediaMaxAge,
        Self::MediaInterval,
        Self::MediaOrphanGrace,
        Self::PayloadsDir,
        Self::PayloadsGrace,
        Self::PayloadsMaxBytes,
        Self::PayloadsOneProcessTree,
        Self::PayloadsInlineLimit,
        Self::LogFormat,
        Self::Color,
    ];

    const fn row(self) -> &'static Row {
        match self {
            Self::Stores => &STORES,
            Self::OpenClaw => &OPENCLAW,
            Self::Retention => &RETENTION,
            Self::RunId => &RUN_ID,
            Self::KeepLast => &KEEP_LAST,
            Self::Rules => &RULES,
            Self::MaxEntries => &MAX_ENTRIES,
            Self::Keep => &KEEP,
            Self::TrashEnabled => &TRASH_ENABLED,
            Self::TrashRetention => &TRASH_RETENTION,
            Self::TrashCompress => &TRASH_COMPRESS,
            Self::Every => &EVERY,
            Self::LockTimeout => &LOCK_TIMEOUT,
            Self::MaxTime => &MAX_TIME,
            Self::BesideLiveGateway => &BESIDE_LIVE_GATEWAY,
            Self::AllowMassDelete => &ALLOW_MASS_DELETE,
            Self::AllowClockJump => &ALLOW_CLOCK_JUMP,
            Self::AllowTightened => &ALLOW_TIGHTENED,
            Self::WorkspacesBase => &WORKSPACES_BASE,
            Self::WorkspacesNames => &WORKSPACES_NAMES,
            Self::WorkspacesTtl => &WORKSPACES_TTL,
            Self::WorkspacesSecretTtl => &WORKSPACES_SECRET_TTL,
            Self::WorkspacesSecrets => &WORKSPACES_SECRETS,
            Self::WorkspacesSiblings => &WORKSPACES_SIBLINGS,
            Self::MediaDir => &MEDIA_DIR,
            Self::MediaEnabled => &MEDIA_ENABLED,
            Self::MediaMaxAge => &MEDIA_MAX_AGE,
            Self::MediaInterval => &MEDIA_INTERVAL,
            Self::MediaOrphanGrace => &MEDIA_ORPHAN_GRACE,
            Self::PayloadsDir => &PAYLOADS_DIR,
            Self::PayloadsGrace => &PAYLOADS_GRACE,
            Self::PayloadsMaxBytes => &PAYLOADS_MAX_BYTES,
            Self::PayloadsOneProcessTree => &PAYLOADS_ONE_PROCESS_TREE,
            Self::PayloadsInlineLimit => &PAYLOADS_INLINE_LIMIT,
            Self::LogFormat => &LOG_FORMAT,
            Self::Color => &COLOR,
        }
    }

    /// Its key in the file, such as `cron.retention`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        self.row().key
    }

    /// The name of its variable, such as `SESSION_REAPER_CRON_RETENTION`.
    #[must_use]
    pub fn env(self) -> String {
        format!("{PREFIX}{}", self.key().replace('.', "_").to_uppercase())
    }

    /// Its flag, such as `--retention`; the stores are plain arguments, and some settings have none.
    #[must_use]
    pub const fn flag(self) -> Option<&'static str> {
        self.row().flag
    }

    /// What it takes, in words.
    #[must_use]
    pub const fn accepts(self) -> &'static str {
        self.row().accepts
    }

    /// Its default, as it would stand in the file.
    #[must_use]
    pub const fn default(self) -> &'static str {
        self.row().default
    }

    /// What it does, in one line.
    #[must_use]
    pub const fn help(self) -> &'static str {
        self.row().help
    }

    /// The setting with this key.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.key() == key)
    }

    /// The setting with this variable.
    pub(super) fn of_env(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.env() == name)
    }
}
