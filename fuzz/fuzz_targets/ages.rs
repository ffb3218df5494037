//! The age grammar: no text panics, none means zero, and what is shown reads back as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use session_reaper::{Age, Retention, Timestamp};

fuzz_target!(|text: &str| {
    if let Ok(age) = text.parse::<Age>() {
        assert!(age.as_millis() >= 1 && age <= Age::MAX);
        assert_eq!(age.to_string().parse(), Ok(age));
        assert!(Timestamp::from_millis(0).minus(age) < Timestamp::from_millis(0));
    }
    if let Ok(retention) = text.parse::<Retention>() {
        assert_eq!(retention.age().is_none(), ["false", "off", "never"].contains(&text));
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        assert_eq!(time.to_string().parse(), Ok(time));
    }
});
