//! The table of settings in the documentation is the one that the program goes by.

use std::{fs, path::Path};

use session_reaper::config;

#[test]
fn the_table_of_settings_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let text = fs::read_to_string(&path).unwrap();
    let table = config::reference();
    if std::env::var_os("SESSION_REAPER_TEST_BLESS").is_some() {
        let prose = text.split("\n| key |").next().unwrap().trim_end().trim_end_matches("REFERENCE");
        fs::write(&path, format!("{}\n\n{table}", prose.trim_end())).unwrap();
        return;
    }
    assert!(
        text.ends_with(&table),
        "run the test with SESSION_REAPER_TEST_BLESS=1 to renew docs/configuration.md"
    );
}
