//! The settings among the flags of the command line.

use std::path::PathBuf;

use super::{
    Origin, Setting,
    error::{Problem, Problems},
    layer::Layer,
    paths::Paths,
    raw::Raw,
};

/// The texts of the flags as they were given; `None` and the empty list mean: not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// The plain arguments `STORE...`. They need not be UTF-8, and `~` is the shell's business.
    pub stores: Vec<PathBuf>,
    /// `--openclaw [DIR]`; the bare flag is `true`.
    pub openclaw: Option<String>,
    /// `--retention AGE|false`
    pub retention: Option<String>,
    /// `--keep-last N`
    pub keep_last: Option<String>,
    /// `--rule KIND=AGE`, as often as given.
    pub rules: Vec<String>,
    /// `--max-entries N`
    pub max_entries: Option<String>,
    /// `--keep GLOB`, as often as given.
    pub keep: Vec<String>,
    /// `--no-trash`
    pub no_trash: bool,
    /// `--trash-retention AGE|false`
    pub trash_retention: Option<String>,
    /// `--every AGE`
    pub every: Option<String>,
    /// `--lock-timeout AGE`
    pub lock_timeout: Option<String>,
    /// `--max-time AGE|false`
    pub max_time: Option<String>,
    /// `--beside-live-gateway`; the bare flag is `true`.
    pub beside_live_gateway: Option<String>,
    /// `--allow-mass-delete`; the bare flag is `true`.
    pub allow_mass_delete: Option<String>,
    /// `--allow-clock-jump`; the bare flag is `true`.
    pub allow_clock_jump: Option<String>,
    /// `--allow-tightened`; the bare flag is `true`.
    pub allow_tightened: Option<String>,
    /// `--log-format text|json`
    pub log_format: Option<String>,
    /// `--color auto|always|never`
    pub color: Option<String>,
}

impl Flags {
    /// What was given for one setting. Stores are taken as they are, in [`Flags::layer`].
    fn given(&self, setting: Setting) -> Option<Raw> {
        let one = |text: &Option<String>| text.clone().map(Raw::Word);
        let many =
            |texts: &[String]| (!texts.is_empty()).then(|| Raw::words(texts.iter().map(String::as_str)));
        match setting {
            Setting::Stores
            | Setting::RunId
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
            | Setting::PayloadsInlineLimit => None,
            Setting::OpenClaw => one(&self.openclaw),
            Setting::Retention => one(&self.retention),
            Setting::KeepLast => one(&self.keep_last),
            Setting::Rules => many(&self.rules),
            Setting::MaxEntries => one(&self.max_entries),
            Setting::Keep => many(&self.keep),
            Setting::TrashEnabled => self.no_trash.then_some(Raw::Bool(false)),
            Setting::TrashRetention => one(&self.trash_retention),
            Setting::Every => one(&self.every),
            Setting::LockTimeout => one(&self.lock_timeout),
            Setting::MaxTime => one(&self.max_time),
            Setting::BesideLiveGateway => one(&self.beside_live_gateway),
            Setting::AllowMassDelete => one(&self.allow_mass_delete),
            Setting::AllowClockJump => one(&self.allow_clock_jump),
            Setting::AllowTightened => one(&self.allow_tightened),
            Setting::LogFormat => one(&self.log_format),
            Setting::Color => one(&self.color),
        }
    }

    pub(super) fn layer(&self, paths: &Paths, problems: &mut Problems) -> Layer {
        let mut layer = Layer::default();
        for setting in Setting::ALL {
            if let Some(raw) = self.given(setting) {
                let origin = origin(setting);
                let set = layer.set(setting, &raw, &origin, paths);
                problems.note(set.map_err(|wrong| Problem::of_value(&origin, setting.key(), &wrong.message)));
            }
        }
        problems.note(self.stores(&mut layer));
        layer
    }

    fn stores(&self, layer: &mut Layer) -> Result<(), Problem> {
        let origin = origin(Setting::Stores);
        if self.stores.iter().any(|store| store.as_os_str().is_empty()) {
            return Err(Problem::of_value(&origin, "stores", "\"\" is no path: it is empty"));
        }
        if !self.stores.is_empty() {
            layer.set_stores(self.stores.clone(), &origin);
        }
        Ok(())
    }
}

fn origin(setting: Setting) -> Origin {
    Origin::Flag(setting.flag().unwrap_or(setting.key()).to_owned())
}
