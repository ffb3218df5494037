//! What sessions leave behind beside their rows: who owns it, and how it goes.
//!
//! [`workspaces`] are folders of jobs with what belongs to them.

pub mod workspaces;
