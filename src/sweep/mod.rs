//! The engine: tick, throttle, sweep, report.
//!
//! The way through is the same for every store and every caller: due? -> plan -> commit -> report. [`tick`] is the
//! scheduler's call and sweeps only what is due; [`prune`] sweeps now; [`plan`] only decides; [`apply`] carries out a plan that was written down
//! before. Each returns one [`StoreReport`] that adds up, and writes one line to the log, whatever happened.

mod budget;
mod commit;
mod compact;
mod engine;
mod guards;
mod hint;
mod items;
mod log;
pub mod many;
mod plan_file;
mod reaper;
mod report;
mod rewrite;
mod undo;

pub use crate::{model::Outcome, trash::RunId};
pub use budget::Budget;
pub use compact::{CompactReport, compact};
pub use engine::{Options, apply, plan, prune, tick};
pub use items::Items;
pub use log::{is_read as is_sweep_logged, swept as log_sweep};
pub use plan_file::{PlanFile, write_plan};
pub use reaper::Reaper;
pub use report::{Item, Report, SCHEMA, StoreReport, Totals, Verb};
pub use undo::{ROW, UndoReport, undo};
