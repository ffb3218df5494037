//! What the verbs that only look say to people.

mod checkups;
mod demo;
mod explanation;
mod past;
mod pins;
mod rows;
mod shares;
mod targets;
mod why;

pub(super) use checkups::checkups;
pub(super) use demo::{Back, Shown};
pub(super) use explanation::explanation;
pub(super) use past::undone;
pub(super) use pins::{pinned, pins, unpinned};
pub(super) use rows::rows;
pub(super) use shares::print as surveys;
pub(super) use targets::{Things, number, target};
pub(super) use why::sentence;
