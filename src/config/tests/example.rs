//! The annotated example is complete, readable, and tells the truth about the defaults.

use super::*;

const EXAMPLE: &str = include_str!("../../../session-reaper.example.toml");

/// The example with every option in force: an option is a `#` with no blank behind it.
fn uncommented() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(option) if !option.is_empty() && !option.starts_with(' ') => option.to_owned(),
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn the_example_as_it_stands_changes_nothing() {
    let effective = of_text(EXAMPLE).unwrap();
    assert_eq!(Effective { file: None, ..effective }, Effective::default());
}

#[test]
fn every_setting_is_in_the_example_at_its_default() {
    let effective = of_text(&uncommented()).unwrap();
    let values = show(&effective);
    for setting in Setting::ALL.into_iter().filter(|setting| *setting != Setting::Rules) {
        let value = values.iter().find(|value| value.key == setting.key()).unwrap();
        assert_eq!(value.literal(), setting.default(), "{setting:?}");
        assert!(matches!(value.origin, Origin::File(..)), "{setting:?} is not in the example");
    }
}

#[test]
fn every_kind_that_may_have_a_rule_is_in_the_example() {
    let effective = of_text(&uncommented()).unwrap();
    let kinds = crate::Kind::all().filter(|kind| kind.may_have_rule() && *kind != crate::Kind::CronRun);
    assert_eq!(effective.policy.rules().keys().copied().collect::<Vec<_>>(), kinds.collect::<Vec<_>>());
}

#[test]
fn every_variable_and_flag_is_in_the_example() {
    for setting in Setting::ALL {
        assert!(EXAMPLE.contains(&setting.env()), "{}", setting.env());
        let flag = setting.flag().filter(|flag| flag.starts_with('-'));
        assert!(flag.is_none_or(|flag| EXAMPLE.contains(flag)), "{flag:?}");
    }
}
