//! The media store and the spool of payloads: which ones, and how they are swept.

use std::path::{Path, PathBuf};

use super::{malformed::refused, *};
use crate::{
    artifact::{Folder, Kind, Target},
    model::Age,
};

#[test]
fn nothing_is_swept_that_nobody_names() {
    assert_eq!(of_text("[media]\nmax_age = \"1h\"\n[payloads]\ngrace = \"1h\"").unwrap().targets(), []);
    let all = of_text(
        "[workspaces]\nbase = \"/jobs\"\nnames = [\"j\"]\n[media]\ndir = \"/media\"\n[payloads]\ndir = \"/spool\"",
    );
    let targets = all.unwrap().targets();
    let paths: Vec<(Kind, &Path)> = targets.iter().map(|target| (target.kind(), target.path())).collect();
    let [jobs, media, spool] = ["/jobs", "/media", "/spool"].map(Path::new);
    assert_eq!(paths, [(Kind::Workspaces, jobs), (Kind::Media, media), (Kind::Payloads, spool)]);
}

#[test]
fn the_age_of_orphans_follows_that_of_references_where_nobody_says_otherwise() {
    for (text, grace) in [
        ("", "\"1h\""),
        ("max_age = \"5m\"", "\"1h\""),
        ("max_age = \"3h\"", "\"3h\""),
        ("max_age = false", "false"),
        ("max_age = \"3h\"\norphan_grace = \"2h\"", "\"2h\""),
        ("max_age = \"3h\"\norphan_grace = false", "false"),
    ] {
        let effective = of_text(&format!("[media]\ndir = \"/media\"\n{text}")).unwrap();
        assert_eq!(shown(&effective, "media.orphan_grace").0, grace, "{text}");
        let options = effective.media.options().unwrap();
        assert_eq!(format!("{:?}", options.orphan_grace().to_string()).replace("\"false\"", "false"), grace);
    }
}

#[test]
fn what_is_said_reaches_what_sweeps() {
    let effective = of_text(
        "[media]\ndir = \"/media\"\nenabled = false\nmax_age = \"2h\"\ninterval = \"1m\"\n\
         [payloads]\ndir = \"/spool\"\ngrace = \"3h\"\nmax_bytes = \"2GB\"\none_process_tree = true\ninline_limit = \"1kB\"",
    )
    .unwrap();
    let media = effective.media.options().unwrap();
    assert_eq!(
        (media.is_enabled(), media.max_age().to_string(), media.interval().to_string()),
        (false, "2h".into(), "1m".into())
    );
    let expected = crate::artifact::payloads::Options::default()
        .with_grace(Age::from_hours(3))
        .with_one_process_tree(true)
        .with_max_bytes(2_000_000_000)
        .and_then(|options| options.with_inline_limit(1_000))
        .unwrap();
    assert_eq!(effective.payloads.options(), expected);
}

#[test]
fn without_an_end_to_the_grace_nothing_goes_by_its_age() {
    let effective = of_text("[payloads]\ndir = \"/spool\"\ngrace = false").unwrap();
    let options = effective.payloads.options();
    assert_eq!((options.reclaims(), options.grace()), (false, None));
}

#[test]
fn i4_a_media_store_has_the_trash_that_is_configured() {
    for (text, trash, retention) in [
        ("", true, "7d"),
        ("[trash]\nretention = \"1d\"", true, "1d"),
        ("[trash]\nretention = false", true, "false"),
        ("[trash]\nenabled = false", false, "7d"),
    ] {
        let effective = of_text(&format!("{text}\n[media]\ndir = \"/media\"")).unwrap();
        let media = effective.media.options().unwrap();
        let expected: crate::model::Retention = retention.parse().unwrap();
        assert_eq!((media.has_trash(), media.trash_retention()), (trash, expected), "{text}");
    }
}

#[test]
fn a_folder_that_was_swept_before_is_swept_by_the_settings_of_its_kind() {
    let effective = of_text("[payloads]\ngrace = \"3h\"").unwrap();
    let at = |kind| effective.target_at(&Folder { kind, path: PathBuf::from("/x") }).unwrap();
    assert!(matches!(at(Kind::Payloads), Target::Payloads { dir, settings }
        if dir == Path::new("/x") && settings == effective.payloads.options()));
    assert_eq!((at(Kind::Media).kind(), at(Kind::Workspaces).kind()), (Kind::Media, Kind::Workspaces));
}

#[test]
fn no_malformed_value_is_taken() {
    for (line, part) in [
        ("dir = 7", "is no folder"),
        ("dir = \"\"", "it is empty"),
        ("dir = \"/\"", "root"),
        ("enabled = \"yes\"", "neither true nor false"),
        ("max_age = 0", "0 is no age"),
        ("max_age = \"-1m\"", "-1m"),
        ("interval = false", "is no age"),
        ("interval = 0", "0 is no age"),
        ("interval = \"-5m\"", "-5m"),
        ("interval = -5", "-5"),
        ("orphan_grace = 30", "\"30h\""),
        ("orphan_grace = 0", "0 is no age"),
        ("orphan_grace = \"0h\"", "0h"),
        ("orphan_grace = \"-1h\"", "-1h"),
    ] {
        refused(of_text(&format!("[media]\n{line}")), "session-reaper.toml:2", &["media.", part]);
    }
    for (line, part) in [
        ("dir = \"spool\"", "relative"),
        ("dir = \"/\"", "root"),
        ("dir = \"//\"", "root"),
        ("dir = \"/var/../spool\"", ".."),
        ("grace = \"0h\"", "24h"),
        ("max_bytes = 0", "is no size"),
        ("max_bytes = -1", "is no size"),
        ("max_bytes = \"2XB\"", "is no size"),
        ("one_process_tree = 1", "neither true nor false"),
        ("inline_limit = 0", "is no size"),
        ("inline_limit = -5", "is no size"),
        ("inline_limit = false", "is no size"),
    ] {
        refused(of_text(&format!("[payloads]\n{line}")), "session-reaper.toml:2", &["payloads.", part]);
    }
}

#[test]
fn no_malformed_variable_of_a_media_store_is_taken() {
    for (setting, bad) in [
        (Setting::MediaDir, &["relative"][..]),
        (Setting::MediaEnabled, &["yes", "1", "TRUE"]),
        (Setting::MediaMaxAge, &["0", "-1m", "30"]),
        (Setting::MediaInterval, &["0", "-5m", "false"]),
        (Setting::MediaOrphanGrace, &["0", "-1h", "1y"]),
    ] {
        for bad in bad {
            refused(of_env(&[(&setting.env(), bad)]), &setting.env(), &[bad]);
        }
    }
}

/// Zero and what is less is no time and no size, wherever it stands and however it is written.
#[test]
fn nothing_and_less_than_nothing_is_refused_for_each_age_and_size() {
    let jobs = "base = \"/jobs\"\nnames = [\"*\"]\n";
    for (section, more, setting, bad) in [
        ("workspaces", jobs, Setting::WorkspacesTtl, ["0", "\"0h\"", "\"-1h\"", "-1"]),
        ("workspaces", jobs, Setting::WorkspacesSecretTtl, ["0", "\"0h\"", "\"-1h\"", "-1"]),
        ("media", "", Setting::MediaMaxAge, ["0", "\"0h\"", "\"-1h\"", "-1"]),
        ("media", "", Setting::MediaInterval, ["0", "\"0h\"", "\"-1h\"", "-1"]),
        ("media", "", Setting::MediaOrphanGrace, ["0", "\"0h\"", "\"-1h\"", "-1"]),
        ("payloads", "", Setting::PayloadsGrace, ["0", "\"0h\"", "\"-1h\"", "-1"]),
        ("payloads", "", Setting::PayloadsMaxBytes, ["0", "\"0B\"", "\"-1kB\"", "-1"]),
        ("payloads", "", Setting::PayloadsInlineLimit, ["0", "\"0B\"", "\"-1kB\"", "-1"]),
    ] {
        let (_, name) = setting.key().split_once('.').unwrap();
        for bad in bad {
            let file = format!("[{section}]\n{more}{name} = {bad}\n");
            let place = format!("session-reaper.toml:{}", file.lines().count());
            refused(of_text(&file), &place, &[setting.key()]);
            refused(of_env(&[(&setting.env(), bad.trim_matches('"'))]), &setting.env(), &[]);
        }
    }
}

#[test]
fn the_age_of_orphans_goes_by_the_highest_source() {
    let files =
        Memory::default().with("session-reaper.toml", "[media]\nmax_age = \"3h\"\norphan_grace = \"2h\"");
    let of = |variables: &[(&str, &str)]| {
        let effective = load(&Flags::default(), &env(variables), &files, None, None).unwrap();
        (shown(&effective, "media.orphan_grace").0, effective.origin(Setting::MediaOrphanGrace).rank())
    };
    let variable = Setting::MediaOrphanGrace.env();
    assert_eq!((of(&[]), of(&[(&variable, "4h")])), (("\"2h\"".to_owned(), 2), ("\"4h\"".to_owned(), 3)));
    // What is said of references in a higher place is said of orphans only where nobody speaks of them.
    assert_eq!(of(&[(&Setting::MediaMaxAge.env(), "9h")]), ("\"2h\"".to_owned(), 2));
}

#[test]
fn i1_folders_that_are_the_same_or_in_one_another_are_refused_with_both_names_and_places() {
    for (base, media, spool, how) in [
        ("/jobs", "/data", "/data", "payloads.dir /data is the same folder as media.dir /data (from "),
        ("/jobs", "/data", "//data/./", "payloads.dir //data/./ is the same folder as media.dir /data"),
        ("/jobs", "/data", "/data/spool", "payloads.dir /data/spool is inside of media.dir /data (from "),
        ("/jobs", "/data/media", "/data", "payloads.dir /data is around media.dir /data/media (from "),
        ("/jobs", "/jobs", "/spool", "media.dir /jobs is the same folder as workspaces.base /jobs (from "),
        ("/jobs", "/media", "/jobs", "payloads.dir /jobs is the same folder as workspaces.base /jobs"),
        ("/jobs", "/media", "/jobs/spool", "payloads.dir /jobs/spool is inside of workspaces.base /jobs"),
        ("/data/jobs", "/data", "/spool", "media.dir /data is around workspaces.base /data/jobs"),
    ] {
        let text = format!(
            "[workspaces]\nbase = {base:?}\nnames = [\"*\"]\n[media]\ndir = {media:?}\n[payloads]\ndir = {spool:?}"
        );
        let line = if how.contains("payloads.dir") { 7 } else { 5 };
        let place = format!("session-reaper.toml:{line}");
        refused(of_text(&text), &place, &[how, "session-reaper.toml:", "name folders of which none is"]);
    }
}

#[test]
fn folders_that_stand_side_by_side_are_taken_however_alike_they_are_called() {
    let text = "[workspaces]\nbase = \"/data/a\"\nnames = [\"*\"]\n[media]\ndir = \"/data/ab\"\n[payloads]\ndir = \"/data/abc\"";
    assert_eq!(of_text(text).unwrap().targets().len(), 3);
}
