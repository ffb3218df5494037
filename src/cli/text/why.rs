//! What the rules and reasons of folders mean, in a sentence each.

use session_reaper::artifact::Kind;

/// What a rule or a reason means in a folder of this kind.
pub(crate) fn sentence(kind: Kind, why: &str) -> &'static str {
    let own = match kind {
        Kind::Workspaces => of_workspaces(why),
        Kind::Media => of_media(why),
        Kind::Payloads => of_payloads(why),
        Kind::Transcripts => None,
    };
    own.unwrap_or_else(|| of_any(why))
}

fn of_any(why: &str) -> &'static str {
    match why {
        "no-rule" => "no rule speaks of it",
        "owned" => "a living process holds its mark",
        "touched" => "somebody was at it while it was swept",
        "future" => "something in it comes from the future",
        "unreadable" => "not all of it can be looked at",
        "not-reached" => "the sweep was ended before its turn",
        _ => "nobody knows more",
    }
}

fn of_workspaces(why: &str) -> Option<&'static str> {
    Some(match why {
        "ttl" => "the newest time anywhere in it is older than workspaces.ttl, and no living process owns it",
        "secret-ttl" => "its secrets alone go, which are older than workspaces.secret_ttl",
        "young" => "something in it is not older than workspaces.ttl",
        "no-rule" => "workspaces.ttl is off",
        "touched" => "somebody was writing to it",
        "unclear" => {
            "it has something in it that is called .owner and is no mark of ours, cannot be read, or is that of a process that cannot be seen from here"
        }
        "foreign" => "its name is not one of workspaces.names, nor of what belongs to one",
        "store" => "it is a media store or a spool itself, and may hold what lives",
        "link" => "a member is a link, and nobody knows what it leads to",
        "dangling-link" => "a member is a link that leads nowhere",
        "strange" => {
            "a member is not what it should be: a main path no folder, a secret no file, or a home folder"
        }
        "too-large" => "too much is in it, or too deep, to be looked at",
        "mount" => "something is mounted in it",
        _ => return None,
    })
}

fn of_media(why: &str) -> Option<&'static str> {
    Some(match why {
        "max-age" => "nobody has stored, resolved, leased or written to it for longer than media.max_age",
        "orphan" => "no reference names it, and it is older than media.orphan_grace",
        "released" => "its owner has let it go, and it was still there",
        "absent" => "the file that its name stands for is gone",
        "forgotten" => "its name goes; the file is not the store's to remove, or has other names",
        "young" => "somebody had to do with it not longer ago than its age allows",
        "leased" => "somebody has it in use",
        "future" => "its time is ahead of the clock",
        "replaced" => "another file stands in its place by now",
        "doubted" => "the ledger has lost lines, and one of them may have been about it",
        "unmarked" => {
            "no reference names it, and nobody has said that all files in the folder are the store's"
        }
        "odd" => "it is no regular file, or cannot be reached without following a link",
        "passed" => "it changed while it was looked at, or the sweep was ended before its turn",
        _ => return None,
    })
}

fn of_payloads(why: &str) -> Option<&'static str> {
    Some(match why {
        "dead" => "its owner is dead, and its last payload older than payloads.grace",
        "quota" => "its owner is dead, and the spool is larger than payloads.max_bytes",
        "ended" => "it has ended, and was still there",
        "young" => "its owner is dead, but its last payload not older than payloads.grace",
        "restored" => "an undo brought it back less than a day ago",
        "beginning" => "somebody may be about to mark it as his",
        "unknown" => "nobody can say whether its owner lives (docs/payloads.md)",
        "foreign" => "it is no session of the spool",
        _ => return None,
    })
}
