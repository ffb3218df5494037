//! A folder that somebody has named by mistake, on the machine's own disk: his home.
#![expect(clippy::disallowed_methods, reason = "tests make files as any program would")]

use std::fs;

use super::*;
use crate::{
    artifact::{self, home::Home, payloads::target::sweep_on},
    fs::RealDisk,
    model::Outcome,
};

#[test]
fn i10_no_home_folder_and_none_that_it_is_in_is_swept() {
    let dir = tempfile::tempdir().unwrap();
    let users = dir.path().canonicalize().unwrap().join("users");
    fs::create_dir_all(users.join("me/spool")).unwrap();
    let home = Home::at(&users.join("me"));
    let swept = |path: &Path| {
        sweep_on((RealDisk, &home), path, &small(), crate::now(), &artifact::Options::default())
    };
    for path in [&users, &users.join("me")] {
        let report = swept(path);
        let error = report.error.unwrap();
        assert_eq!((report.outcome, error.message()), (Outcome::Refused, "your home folder is in there"));
        assert!(error.hint().is_some() && !path.join(crate::fs::OUR_FOLDER).exists());
    }
    assert_eq!(swept(&users.join("me/spool")).outcome, Outcome::Nothing);
}
