//! What makes rows heavy: the skills' snapshot and the report on the system prompt.
//!
//! Real rows repeat them almost unchanged, so a few variants are written once and copied into row after row.

use super::{
    Recipe, Weight,
    pretty::Pretty,
    random::{Random, append_hex},
    words::{SKILLS, TOOLS, WORKSPACE},
};

/// How many variants there are.
const VARIANTS: u64 = 8;

/// Where a member of a row stands in the store.
const MEMBER: usize = 2;

/// The members that rows share, ready to be copied.
#[derive(Debug)]
pub(super) struct Ballast {
    pub(super) weight: Weight,
    snapshots: Vec<Vec<u8>>,
    reports: Vec<Vec<u8>>,
}

impl Ballast {
    pub(super) fn new(recipe: &Recipe) -> Self {
        let mut random = Random::new(!recipe.seed);
        let mut variants =
            |write: fn(&mut Random) -> Vec<u8>| (0..VARIANTS).map(|_| write(&mut random)).collect();
        match recipe.weight {
            Weight::Bare => Self { weight: Weight::Bare, snapshots: Vec::new(), reports: Vec::new() },
            Weight::Lean => {
                Self { weight: Weight::Lean, snapshots: variants(reference), reports: Vec::new() }
            }
            Weight::Heavy => {
                Self { weight: Weight::Heavy, snapshots: variants(snapshot), reports: variants(report) }
            }
        }
    }

    /// Writes what a row that ran at `at` has beside its own fields.
    pub(super) fn write(&self, at: i64, variant: u64, pretty: &mut Pretty) {
        if let Some(snapshot) = chosen(&self.snapshots, variant) {
            pretty.ready(snapshot);
        }
        if let Some(report) = chosen(&self.reports, variant) {
            pretty.object("systemPromptReport", |p| {
                p.string("source", "run");
                p.number("generatedAt", at);
                p.ready(report);
            });
        }
    }
}

fn chosen(texts: &[Vec<u8>], variant: u64) -> Option<&Vec<u8>> {
    texts.get(usize::try_from(variant % VARIANTS).unwrap_or(0))
}

/// A `skillsSnapshot` whose prompt stands in a file.
fn reference(random: &mut Random) -> Vec<u8> {
    let (high, low, bytes) = (random.next(), random.next(), random.between(9_000, 17_000));
    let mut pretty = Pretty::at(MEMBER, false);
    pretty.object("skillsSnapshot", |p| {
        p.object("promptRef", |p| {
            p.number("version", 1);
            p.string("algorithm", "sha256");
            p.plain("hash", |text| {
                let number = u128::from(high) << 64 | u128::from(low);
                append_hex(number, 128, 0, text);
                append_hex(!number, 128, 0, text);
            });
            p.number("bytes", bytes.cast_signed());
        });
        p.number("version", 1_773_900_000_000);
    });
    pretty.into_text()
}

/// A `skillsSnapshot` with everything in it.
fn snapshot(random: &mut Random) -> Vec<u8> {
    let mut skills = SKILLS;
    let turn = usize::try_from(random.below(SKILLS.len() as u64)).unwrap_or(0);
    skills.rotate_left(turn);
    let mut pretty = Pretty::at(MEMBER, false);
    pretty.object("skillsSnapshot", |p| {
        p.string("prompt", &prompt(&skills));
        p.array("skills", |p| skills.iter().for_each(|(name, _)| p.element(|p| p.string("name", name))));
        p.array("resolvedSkills", |p| skills.iter().for_each(|skill| resolved(*skill, p)));
        p.number("version", 1_773_900_000_000);
    });
    pretty.into_text()
}

fn resolved((name, purpose): (&str, &str), pretty: &mut Pretty) {
    pretty.element(|p| {
        p.string("name", name);
        p.string("description", purpose);
        p.string("filePath", &format!("/opt/openclaw/skills/{name}/SKILL.md"));
        p.string("baseDir", &format!("/opt/openclaw/skills/{name}"));
        p.string("source", "openclaw-bundled");
        p.flag("disableModelInvocation", false);
    });
}

fn prompt(skills: &[(&str, &str)]) -> String {
    let skills = skills.iter().map(|(name, purpose)| {
        format!(
            "  <skill name=\"{name}\">\n    <description>{purpose}</description>\n    <location kind=\"file\">/opt/openclaw/skills/{name}/SKILL.md</location>\n    <usage>\n\tRead \"SKILL.md\" first.\n\tResolve paths such as \"scripts\\{name}.ps1\" against \"baseDir\".\n    </usage>\n  </skill>\n"
        )
    });
    format!("<available_skills>\n{}</available_skills>", skills.collect::<String>())
}

/// The members of a `systemPromptReport` that do not change from run to run.
fn report(random: &mut Random) -> Vec<u8> {
    let mut pretty = Pretty::at(MEMBER + 1, false);
    pretty.string("workspaceDir", "/home/u/.openclaw/workspace");
    pretty.object("systemPrompt", |p| {
        p.number("chars", 41_000);
        p.number("projectContextChars", 21_000);
        p.number("nonProjectContextChars", 20_000);
    });
    pretty.array("injectedWorkspaceFiles", |p| WORKSPACE.iter().for_each(|name| injected(name, random, p)));
    pretty.object("skills", |p| {
        p.number("promptChars", 7_308);
        p.array("entries", |p| SKILLS.iter().for_each(|(name, _)| counted(name, &["blockChars"], random, p)));
    });
    pretty.object("tools", |p| {
        p.number("listChars", 3_100);
        p.number("schemaChars", 52_000);
        let counts = ["summaryChars", "schemaChars", "propertiesCount"];
        p.array("entries", |p| TOOLS.iter().for_each(|name| counted(name, &counts, random, p)));
    });
    pretty.into_text()
}

fn counted(name: &str, counts: &[&str], random: &mut Random, pretty: &mut Pretty) {
    pretty.element(|p| {
        p.string("name", name);
        for count in counts {
            p.number(count, random.between(2, 900).cast_signed());
        }
    });
}

fn injected(name: &str, random: &mut Random, pretty: &mut Pretty) {
    let chars = random.between(0, 9_000).cast_signed();
    pretty.element(|p| {
        p.string("name", name);
        p.string("path", &format!("/home/u/.openclaw/workspace/{name}"));
        p.flag("missing", chars == 0);
        p.number("rawChars", chars);
        p.number("injectedChars", chars);
        p.flag("truncated", false);
    });
}
