//! What was found at stores, for people: a line a finding, and below it what to do.

use std::io::{self, Write};

use anstyle::Style;
use session_reaper::doctor::{Checkup, Finding, FolderCheckup, Subject};

use crate::cli::{
    Failure,
    output::{self, BOLD, DIM, GOES, HINT},
    words::{self, plain},
};

/// Prints what was found, store by store, and then folder by folder.
pub(crate) fn checkups(stores: &[Checkup], folders: &[FolderCheckup]) -> Result<(), Failure> {
    let mut out = output::stdout();
    let stores = stores.iter().map(|store| (&store.store, &store.findings));
    let folders = folders.iter().map(|folder| (&folder.path, &folder.findings));
    for (index, (name, findings)) in stores.chain(folders).enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{BOLD}{}{BOLD:#}", plain(name))?;
        let widths = Widths::of(findings);
        findings.iter().try_for_each(|finding| widths.write(&mut out, finding))?;
    }
    Ok(out.flush()?)
}

/// How wide the columns are.
struct Widths {
    subject: usize,
    verdict: usize,
}

impl Widths {
    fn of(findings: &[Finding]) -> Self {
        let widest = |width: fn(&Finding) -> usize| findings.iter().map(width).max().unwrap_or(0);
        Self {
            subject: widest(|finding| finding.subject.name().len()),
            verdict: widest(|finding| finding.verdict.len()),
        }
    }

    fn write(&self, out: &mut impl Write, finding: &Finding) -> io::Result<()> {
        let (subject, verdict) = (finding.subject.name(), finding.verdict);
        let style = if finding.remedy.is_some() { GOES } else { Style::new() };
        write!(out, "  {subject:<0$}  {style}{verdict}{style:#}", self.subject)?;
        writeln!(out, "{:1$}  {2}", "", self.verdict - verdict.len(), plain(&sentence(finding)))?;
        match &finding.remedy {
            None => Ok(()),
            Some(remedy) => {
                writeln!(
                    out,
                    "{:1$}  {HINT}fix:{HINT:#} {DIM}{2}{DIM:#}",
                    "",
                    4 + self.subject + self.verdict,
                    plain(remedy)
                )
            }
        }
    }
}

/// The finding's file unless it is the store or the folder, what is to be said of it, and its age.
fn sentence(finding: &Finding) -> String {
    let path = finding
        .path
        .as_ref()
        .filter(|_| !matches!(finding.subject, Subject::Store | Subject::Folder))
        .map(|path| path.to_string_lossy());
    let path = path.map_or_else(String::new, |path| format!("{path}: "));
    let age = finding.age_ms.map_or_else(String::new, |age| format!(", {}", aged(age)));
    format!("{path}{}{age}", finding.message)
}

fn aged(age: i64) -> String {
    if age < 0 { "of the future".to_owned() } else { format!("{} old", words::age(Some(age))) }
}
