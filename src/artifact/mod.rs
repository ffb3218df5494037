//! What sessions leave behind beside their rows: who owns it, and how it goes.
//!
//! [`workspaces`] are folders of jobs with what belongs to them. [`payloads`] are large results of tools, which are kept out of
//! memory and of transcripts.

pub mod payloads;
pub mod workspaces;
