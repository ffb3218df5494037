//! Which programs are at work beside a store.

use super::{Finding, Subject, place::Place};
use crate::gateway::{self, Era, Evidence, Gateway};

pub(super) fn examine(place: &Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(gateway::rows_in_sqlite(&place.path).map(|path| {
        let message = "OpenClaw keeps the rows here since 2026.7.2; the store is only what it was moved from";
        let finding = Finding::new(Subject::Database, "sqlite", message).at(path);
        finding.with_remedy("nothing is to be swept in the store; use OpenClaw's own `sessions cleanup`")
    }));
    let sight = gateway::live_beside(&place.path, place.owner);
    findings.extend(sight.gateways.iter().map(describe));
    if !sight.saw_processes {
        let message = "the machine's processes cannot all be seen, and so not every gateway";
        findings.push(Finding::new(Subject::Gateway, "unknown", message));
    } else if sight.gateways.is_empty() {
        findings.push(Finding::new(Subject::Gateway, "none", "no live gateway is seen"));
    }
    findings
}

fn describe(gateway: &Gateway) -> Finding {
    let name = gateway.name.as_deref().unwrap_or("a gateway");
    let version = gateway
        .version
        .as_ref()
        .map_or_else(|| "its version is not known".to_owned(), |version| format!("version {version}"));
    let message = format!("{name} is live (process {}), {version}: {}", gateway.pid, meaning(gateway.era));
    let finding =
        Finding { pid: Some(gateway.pid), ..Finding::new(Subject::Gateway, gateway.era.name(), message) };
    let finding = match &gateway.evidence {
        Evidence::Lock(path) => finding.at(path),
        Evidence::Process => finding,
    };
    match remedy(gateway.era) {
        Some(remedy) => finding.with_remedy(remedy),
        None => finding,
    }
}

const fn meaning(era: Era) -> &'static str {
    match era {
        Era::HonoursLock => "it honours the lock of the store",
        Era::HonoursNone => "it looks at no lock, so an update could be lost",
        Era::Sqlite => "its rows are in a database",
        Era::Unknown => "whether it honours a lock is not known, so an update could be lost",
    }
}

const fn remedy(era: Era) -> Option<&'static str> {
    match era {
        Era::HonoursLock => None,
        Era::HonoursNone | Era::Unknown => Some("stop it for a sweep, or sweep with --beside-live-gateway"),
        Era::Sqlite => Some("use OpenClaw's own `sessions cleanup`"),
    }
}
