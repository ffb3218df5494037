//! The folders of what sessions leave behind, as `[workspaces]`, `[media]` and `[payloads]` say: which are swept, and how.

mod apart;
mod layer;
mod media;
mod payloads;
mod workspaces;

pub(super) use layer::Layer;
pub use media::Media;
pub use payloads::Payloads;

use super::Effective;
use crate::artifact::{self, Folder, Target};

impl Effective {
    /// The folders to sweep beside the stores.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let base = self.workspaces_base.iter().cloned();
        let workspaces = base.map(|base| Target::Workspaces { base, settings: self.workspaces.clone() });
        let media = self.media.options().into_iter().map(Target::Media);
        let payloads = self.payloads.dir.iter().cloned();
        let payloads = payloads.map(|dir| Target::Payloads { dir, settings: self.payloads.options() });
        workspaces.chain(media).chain(payloads).collect()
    }

    /// A folder that was swept before, and that the configuration need not name: by the configuration's settings for its kind. A
    /// transcript is not swept.
    #[must_use]
    pub fn target_at(&self, folder: &Folder) -> Option<Target> {
        let path = folder.path.clone();
        match folder.kind {
            artifact::Kind::Workspaces => {
                Some(Target::Workspaces { base: path, settings: self.workspaces.clone() })
            }
            artifact::Kind::Media => self.media.try_in(path).ok().map(Target::Media),
            artifact::Kind::Payloads => {
                Some(Target::Payloads { dir: path, settings: self.payloads.options() })
            }
            artifact::Kind::Transcripts => None,
        }
    }
}
