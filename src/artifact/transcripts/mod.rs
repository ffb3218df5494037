//! Transcripts: JSONL files that only grow, made smaller without losing anything.
//!
//! Large results of tools go to files beside the transcript, and what stands in their place says where they are and what they
//! were about. Everything else keeps its bytes and its order:
//!
//! ```
//! use session_reaper::artifact::{Options, transcripts::{Settings, compact, undo}};
//! # let dir = std::env::temp_dir().canonicalize()?.join(format!("session-reaper-doc-{}-transcripts", std::process::id()));
//! # std::fs::create_dir_all(&dir)?;
//! let path = dir.join("one.jsonl");
//! let log = r"all is well\n".repeat(10_000);
//! let line = format!(r#"{{"type":"message","message":{{"role":"toolResult","content":[{{"type":"text","text":"{log}"}}]}}}}"#);
//! std::fs::write(&path, format!("{line}\n"))?;
//!
//! let settings = Settings::default().with_quiet(None);
//! let compacted = compact(&path, &settings, session_reaper::now(), &Options::default())?;
//! assert_eq!((compacted.lines, compacted.touched, compacted.payloads), (1, 1, 1));
//! assert!(compacted.bytes_after < compacted.bytes_before / 10);
//!
//! let run = compacted.run.ok_or("nothing was done")?;
//! undo(&dir, &run, session_reaper::now(), &Options::default())?;
//! assert_eq!(std::fs::read_to_string(&path)?, format!("{line}\n"));
//! # std::fs::remove_dir_all(&dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Only lines that are understood are touched: whole ones, of JSON, that hold the result of a tool as OpenClaw writes it. No line
//! goes or comes, so that a call and its result are never taken apart; but a last one that its writer never ended is put aside. The
//! old text goes into the trash as it is. Whoever reads finds the whole old text or the whole new one, and [`payload()`] reads
//! what was moved.

mod compact;
mod gist;
mod heard;
mod line;
mod lines;
mod log;
mod next;
mod ours;
mod payload;
mod place;
mod read;
mod report;
mod runs;
mod settings;
mod swap;
#[cfg(test)]
mod tests;
mod trouble;
mod undo;

pub use compact::compact;
pub use read::payload;
pub use report::Compacted;
pub(super) use runs::folder_of;
pub use runs::{empty_trash, finish_killed, is_transcript, past_of};
pub use settings::Settings;
pub use undo::{past, undo, undo_with};

/// What is done to transcripts, in journals and for names in our folder.
pub const KIND: &str = "transcripts";
