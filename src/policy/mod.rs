//! What goes and what stays: a pure function of rows, policy and time.
//!
//! Feed a [`Planner`] every row of a store, in order; [`Planner::finish`] gives the [`Plan`]. Nothing here reads a
//! clock, a file or a log, so that a dry run, a real run and a test get the same plan from the same rows.
//!
//! A new rule is one arm of [`Rule`], a new protection one arm of [`KeepReason`]; the case table in `tests.rs` has a
//! line for each. A guard looks at a whole plan: one function of `guards.rs`.

mod cap;
mod docket;
mod family;
mod glob;
mod guards;
mod idle;
mod kin;
mod newest;
mod pins;
mod place;
mod plan;
mod planner;
mod settings;
mod standing;
mod state;
mod times;
mod verdict;

#[cfg(test)]
mod tests;

pub use glob::{Glob, GlobError};
pub(crate) use guards::Among;
pub use guards::{Evidence, Jump, MassDelete, SLACK, clock, mass_delete, newly_taken};
pub use pins::Pins;
pub use place::{Place, Places};
pub use plan::{Doomed, Plan};
pub use planner::{Detail, Planner};
pub use settings::{Policy, PolicyError, RunId};
pub use standing::{Row, Stamp};
pub use verdict::{Decision, KeepReason, Rule, Ruling, Verdict};
