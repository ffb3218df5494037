//! Which paths belong together: by what is put behind the name of the main folder.

/// What a member of a group is to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A file that opens doors: it goes first.
    Secret,
    /// What the group is named after.
    Main,
    /// What else belongs to it.
    Sibling,
    /// The mark of who works in it: it goes last.
    Mark,
}

impl Role {
    /// The role's name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Main => "main",
            Self::Sibling => "sibling",
            Self::Mark => "mark",
        }
    }
}

/// Stands behind a name for the mark of who works in the group just now: he holds its lock.
pub(super) const MARKER: &str = ".owner";

/// What is put behind the name of a group's main path to name its other members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    secrets: Vec<String>,
    siblings: Vec<String>,
}

/// A suffix that names no member of a group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot stand behind a name: write what a member's name has more than the main one's, such as .cred.sh or -artifacts"
)]
pub struct ShapeError(String);

/// `W`, `W.cred.sh` and `W-artifacts`.
impl Default for Shape {
    fn default() -> Self {
        Self { secrets: vec![Self::SECRET.to_owned()], siblings: vec![Self::SIBLING.to_owned()] }
    }
}

impl Shape {
    /// Stands behind a name for its secret.
    pub const SECRET: &str = ".cred.sh";
    /// Stands behind a name for what it has made.
    pub const SIBLING: &str = "-artifacts";

    /// A main path with these secrets and siblings.
    ///
    /// # Errors
    /// One of them is empty, leads into another folder, or is that of an owner's mark.
    pub fn new(secrets: Vec<String>, siblings: Vec<String>) -> Result<Self, ShapeError> {
        let is_bad =
            |suffix: &&String| suffix.is_empty() || suffix.contains(['/', '\0']) || suffix.as_str() == MARKER;
        match secrets.iter().chain(&siblings).find(is_bad) {
            Some(bad) => Err(ShapeError(bad.clone())),
            None => Ok(Self { secrets, siblings }),
        }
    }

    /// What stands behind the names of secrets.
    #[must_use]
    pub fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// What stands behind the names of other members.
    #[must_use]
    pub fn siblings(&self) -> &[String] {
        &self.siblings
    }

    /// What stands behind the names of all members but the main one.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Role, &str)> {
        self.members().filter(|(_, suffix)| !suffix.is_empty())
    }

    /// The members in the order in which they go, each by what is put behind the name.
    pub(super) fn members(&self) -> impl Iterator<Item = (Role, &str)> {
        let secrets = self.secrets.iter().map(|suffix| (Role::Secret, suffix.as_str()));
        let siblings = self.siblings.iter().map(|suffix| (Role::Sibling, suffix.as_str()));
        secrets.chain([(Role::Main, "")]).chain(siblings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_doors_goes_first() {
        let members: Vec<_> =
            Shape::default().members().map(|(role, suffix)| (role, suffix.to_owned())).collect();
        let expected = [(Role::Secret, ".cred.sh"), (Role::Main, ""), (Role::Sibling, "-artifacts")];
        assert_eq!(members, expected.map(|(role, suffix)| (role, suffix.to_owned())));
    }

    #[test]
    fn i10_a_suffix_leads_nowhere_else() {
        for bad in ["", "/x", "x/../y", "a\0", MARKER] {
            let shape = Shape::new(vec![bad.to_owned()], Vec::new());
            assert_eq!(shape, Err(ShapeError(bad.to_owned())));
            assert!(Shape::new(Vec::new(), vec!["-ok".to_owned(), bad.to_owned()]).is_err());
        }
        assert!(Shape::new(Vec::new(), Vec::new()).is_ok());
    }
}
