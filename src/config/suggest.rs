//! "Did you mean": the nearest known name.

/// Longer than any name of ours: nothing comes near.
const LONGEST: usize = 64;

/// How near a name must be, from 0 to 1.
const NEAR: f64 = 0.8;

/// The known name that `wrong` was most likely meant to be.
pub(super) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > LONGEST {
        return None;
    }
    let wrong = wrong.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wrong, &name.to_lowercase().replace('-', "_")), name))
        .filter(|(near, _)| *near >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// `; did you mean "..."?`, or nothing.
pub(super) fn did_you_mean(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let known = ["retention", "run_id", "keep_last"];
        for (wrong, expected) in [
            ("retension", Some("retention")),
            ("Retention", Some("retention")),
            ("keep-last", Some("keep_last")),
            ("runid", Some("run_id")),
            ("", None),
            ("colour_of_the_sky", None),
        ] {
            assert_eq!(nearest(wrong, known), expected, "{wrong}");
        }
        assert_eq!(nearest(&"r".repeat(1000), known), None);
    }
}
