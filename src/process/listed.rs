//! Users as the machine's own list has them.

use std::path::{Path, PathBuf};

use crate::fs;

/// A user on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUser {
    /// The user's name.
    pub name: String,
    /// The home folder, from the root on.
    pub home: Option<PathBuf>,
}

/// The user with this number, if the list can be read and has one.
#[must_use]
pub fn listed_user(uid: u32) -> Option<ListedUser> {
    find(uid, &fs::read_text(Path::new("/etc/passwd")).ok().flatten()?)
}

fn find(uid: u32, list: &str) -> Option<ListedUser> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number, home) = (fields.next()?, fields.nth(1)?, fields.nth(2));
        let home = home.filter(|home| home.starts_with('/')).map(PathBuf::from);
        (number.parse() == Ok(uid) && !name.is_empty()).then(|| ListedUser { name: name.to_owned(), home })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_his_number() {
        let list = "root:x:0:0:root:/root:/bin/sh\n\n# odd\n:x:7:7::/:\nuser:x:1000:1000::/home/u:/bin/sh\nn:x:8:8::none:/x\nshort:x:9";
        for (uid, expected) in [
            (0, Some(("root", Some("/root")))),
            (1000, Some(("user", Some("/home/u")))),
            (8, Some(("n", None))),
            (9, Some(("short", None))),
            (7, None),
            (1, None),
        ] {
            let user = find(uid, list);
            let found =
                user.as_ref().map(|user| (user.name.as_str(), user.home.as_deref().and_then(Path::to_str)));
            assert_eq!(found, expected, "{uid}");
        }
    }
}
