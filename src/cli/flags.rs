//! Arguments that several verbs take, as the configuration wants them: text.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use session_reaper::{
    artifact::Target,
    config::{Effective, Flags},
};

/// Which stores.
#[derive(Debug, Default, Args)]
pub(super) struct StoreArgs {
    /// sessions.json files, folders (every agents/*/sessions/sessions.json below), or globs; the config's stores if none
    #[arg(value_name = "STORE", value_hint = ValueHint::AnyPath)]
    pub(super) stores: Vec<PathBuf>,

    /// Take stores and retention from an OpenClaw state folder and its openclaw.json [default folder: ~/.openclaw]
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = StoreArgs::OPENCLAW, value_hint = ValueHint::DirPath)]
    pub(super) openclaw: Option<String>,
}

/// What goes and what stays.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Policy")]
pub(super) struct PolicyArgs {
    /// How long cron runs are kept, such as 24h, 1d12h or 1.5h; false keeps them all [default: 24h]
    #[arg(long, value_name = "AGE|false", allow_hyphen_values = true)]
    pub(super) retention: Option<String>,

    /// Keep the newest N runs of each cron job, however old
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(super) keep_last: Option<String>,

    /// How long rows of another kind are kept, such as subagent=7d (repeatable)
    #[arg(long = "rule", value_name = "KIND=AGE", allow_hyphen_values = true)]
    pub(super) rules: Vec<String>,

    /// Of the rows that a cap may take, keep the newest N only
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(super) max_entries: Option<String>,

    /// Keep every row whose key matches, and its family (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(super) keep: Vec<String>,
}

/// How long to wait, for what.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Timing")]
pub(super) struct TimingArgs {
    /// The shortest time between two sweeps of a store by `tick` [default: 5m]
    #[arg(long, value_name = "AGE", allow_hyphen_values = true)]
    pub(super) every: Option<String>,

    /// How long to wait for a store that another process holds [default: 5s]
    #[arg(long, value_name = "AGE", allow_hyphen_values = true)]
    pub(super) lock_timeout: Option<String>,

    /// Begin no further store after this time; one is always swept, and a dry run is never cut short [default: false]
    #[arg(long, value_name = "AGE|false", allow_hyphen_values = true)]
    pub(super) max_time: Option<String>,
}

/// What becomes of the rows that go.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Trash")]
pub(super) struct TrashArgs {
    /// Keep nothing of what is removed: it cannot be brought back
    #[arg(long)]
    pub(super) no_trash: bool,

    /// How long the trash keeps what is removed; false keeps it all [default: 1w]
    #[arg(long, value_name = "AGE|false", allow_hyphen_values = true)]
    pub(super) trash_retention: Option<String>,
}

/// What is only done when somebody says so.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Guards")]
pub(super) struct GuardArgs {
    /// Sweep although a gateway is live that honours no lock: in a quiet moment, reporting rows that come back
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(super) beside_live_gateway: Option<String>,

    /// Sweep although more than half of the rows that are meant to last would go, or every row there is; folders have no such guard
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(super) allow_mass_delete: Option<String>,

    /// Sweep although the clock is behind what the store has seen, or far ahead of all of it; the trash is purged by it too
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(super) allow_clock_jump: Option<String>,
}

/// What `tick` only does when somebody says so.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Guards")]
pub(super) struct TightenedArgs {
    /// Let `tick` sweep at once by a policy that became stricter, instead of one interval later
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(super) allow_tightened: Option<String>,
}

/// Every setting that has a flag.
#[derive(Debug, Default, Args)]
pub(super) struct SettingArgs {
    #[command(flatten)]
    pub(super) stores: StoreArgs,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    #[command(flatten)]
    pub(super) timing: TimingArgs,
    #[command(flatten)]
    pub(super) trash: TrashArgs,
    #[command(flatten)]
    pub(super) guards: GuardArgs,
    #[command(flatten)]
    pub(super) tightened: TightenedArgs,
}

/// Everything that `tick`, `prune` and `plan` take.
#[derive(Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct SweepArgs {
    #[command(flatten)]
    pub(super) settings: SettingArgs,

    /// Say what would go, and write nothing
    #[arg(short = 'n', long, help_heading = "Sweep")]
    pub(super) dry_run: bool,

    /// Do not ask
    #[arg(short, long, help_heading = "Sweep")]
    pub(super) yes: bool,

    /// Show the rows that stay as well, and why
    #[arg(long, help_heading = "Sweep")]
    pub(super) show_kept: bool,

    /// Ignore the throttle, and nothing else
    #[arg(long, help_heading = "Sweep")]
    pub(super) force: bool,
}

impl StoreArgs {
    /// `--openclaw` as it is without a folder.
    pub(super) const OPENCLAW: &str = "true";

    /// The folders of the configuration beside these stores; none where somebody has named stores: then those alone are meant.
    /// `--openclaw` names none, and only says where they are.
    pub(super) fn folders(&self, config: &Effective) -> Vec<Target> {
        if self.stores.is_empty() { config.targets() } else { Vec::new() }
    }

    /// These arguments laid into `flags`.
    pub(super) fn lay_into(&self, flags: Flags) -> Flags {
        Flags { stores: self.stores.clone(), openclaw: self.openclaw.clone(), ..flags }
    }
}

impl PolicyArgs {
    /// These arguments laid into `flags`.
    pub(super) fn lay_into(&self, flags: Flags) -> Flags {
        Flags {
            retention: self.retention.clone(),
            keep_last: self.keep_last.clone(),
            rules: self.rules.clone(),
            max_entries: self.max_entries.clone(),
            keep: self.keep.clone(),
            ..flags
        }
    }
}

impl TrashArgs {
    /// These arguments laid into `flags`.
    pub(super) fn lay_into(&self, flags: Flags) -> Flags {
        Flags { no_trash: self.no_trash, trash_retention: self.trash_retention.clone(), ..flags }
    }
}

impl GuardArgs {
    /// These arguments laid into `flags`.
    pub(super) fn lay_into(&self, flags: Flags) -> Flags {
        Flags {
            beside_live_gateway: self.beside_live_gateway.clone(),
            allow_mass_delete: self.allow_mass_delete.clone(),
            allow_clock_jump: self.allow_clock_jump.clone(),
            ..flags
        }
    }
}

impl SweepArgs {
    /// These arguments as the configuration takes them.
    pub(super) fn flags(&self) -> Flags {
        self.settings.flags()
    }
}

impl SettingArgs {
    /// These arguments as the configuration takes them.
    pub(super) fn flags(&self) -> Flags {
        let own = Flags {
            every: self.timing.every.clone(),
            lock_timeout: self.timing.lock_timeout.clone(),
            max_time: self.timing.max_time.clone(),
            allow_tightened: self.tightened.allow_tightened.clone(),
            ..Flags::default()
        };
        self.stores.lay_into(self.policy.lay_into(self.trash.lay_into(self.guards.lay_into(own))))
    }
}
