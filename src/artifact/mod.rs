//! What sessions leave behind beside their rows: who owns it, and how it goes.
//!
//! [`media`] are files that sessions receive and make; [`workspaces`] are folders of jobs with what belongs to them.

pub mod media;
pub mod workspaces;
