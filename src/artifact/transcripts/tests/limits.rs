//! Small limits, and limits that become smaller: what is too large goes, and what stands in its place stays.

use super::*;
use crate::artifact::payloads::Side;

fn with_limit(inline: i64) -> Settings {
    Settings::default().with_quiet(None).with_inline_limit(inline).unwrap()
}

fn compact_with(disk: &MemDisk, settings: &Settings) -> Compacted {
    compact_on(disk, path(), settings, now(), &options()).unwrap()
}

/// What stands in the place of the first result.
fn shown(disk: &MemDisk) -> String {
    let text = String::from_utf8(text(disk)).unwrap();
    let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    line["message"]["content"][0]["text"].as_str().unwrap().to_owned()
}

const LIMITS: [i64; 9] = [1, 50, 150, 300, 400, 1_000, 4_000, 4_096, 4_200];

#[test]
fn a_large_result_goes_however_small_the_limit_is() {
    let sides = [Side::Tail, Side::Head { first_line: 1 }];
    for (inline, side) in LIMITS.into_iter().flat_map(|inline| sides.map(|side| (inline, side))) {
        for large in ["x".repeat(60_000), "line\\n".repeat(20_000), "\u{20ac}\\n".repeat(20_000)] {
            let disk = MemDisk::with_file(path(), format!("{}\n", result(&large)).as_bytes());
            let settings = with_limit(inline).with_side(side);
            assert_eq!(compact_with(&disk, &settings).payloads, 1, "{inline}");
            let (shown, inline) = (shown(&disk), usize::try_from(inline).unwrap());
            // Where there is no room for more, the notice alone stands there.
            assert!(
                shown.len() <= inline || shown.ends_with("read them by byte ranges]\n"),
                "{inline}: {shown}"
            );
            let is_full = shown.len() + 40 > inline.min(4_096);
            assert!(inline < 1_000 || is_full || !large.starts_with('x'), "{inline}: {}", shown.len());
            assert!(shown.contains(PAYLOADS), "{inline}: {shown}");
            let compacted = text(&disk);
            assert_eq!((compact_with(&disk, &settings).run, text(&disk)), (None, compacted));
        }
    }
}

#[test]
fn what_stands_in_a_results_place_stays_when_the_limit_becomes_smaller() {
    for excerpt in [1, 700, 4_096, 50_000] {
        for side in [Side::Tail, Side::Head { first_line: 1 }] {
            let large = format!("{}{}", "x\\ny\\n".repeat(10_000), "z".repeat(60_000));
            let disk = MemDisk::with_file(path(), format!("{}\n", result(&large)).as_bytes());
            let usual = Settings::default().with_quiet(None).with_side(side);
            compact_with(&disk, &usual.with_excerpt(excerpt, 200).unwrap());
            let compacted = text(&disk);
            for inline in LIMITS {
                let again = compact_with(&disk, &with_limit(inline).with_side(side));
                assert_eq!((again.run, again.payloads), (None, 0), "{excerpt} {inline}");
                assert_eq!((text(&disk), payloads(&disk)), (compacted.clone(), 1), "{excerpt} {inline}");
            }
        }
    }
}

#[test]
fn i2_a_text_that_stands_in_many_places_is_one_file_and_other_fields_keep_theirs() {
    let large = "y".repeat(60_000);
    let details = format!("\"details\":{{\"text\":\"{large}\",\"type\":\"text\"}}");
    let line = result(&large).replace("\"role\"", &format!("{details},\"role\""));
    let disk = MemDisk::with_file(path(), format!("{line}\n{line}\n").as_bytes());
    let done = compact_with(&disk, &with_limit(51_200));
    assert_eq!((done.payloads, payloads(&disk)), (2, 1));
    assert_eq!(memchr::memmem::find_iter(&text(&disk), &details).count(), 2);
}
