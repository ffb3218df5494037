//! Rows of one kind, one like the other, as gateways write them: for scans alone.

use std::fmt::Write as _;

/// A store of so many bytes, or a row more, whose rows carry this prompt.
pub(crate) fn with(prompt: &str, size: usize) -> String {
    let mut text = String::with_capacity(size + (64 << 10));
    text.push('{');
    for index in 0.. {
        push_row(&mut text, index, prompt);
        if text.len() >= size {
            break;
        }
        text.push(',');
    }
    text.push_str("\n}");
    text
}

/// 25 KB as they stand in a system prompt: lines, quotes, some Markdown, a letter beyond ASCII now and then.
pub(crate) fn prompt() -> String {
    let lines = [
        "## Tools\\n- read: read a file, e.g. {\\\"path\\\": \\\"docs/page.md\\\"}\\n",
        "You are a personal assistant running inside a gateway. Prefer short answers.\\n\\n",
        "- Never say \\\"done\\\" before the command has ended; quote its last line.\\n",
        "<file path=\\\"notes/2026-01-01.md\\\">\\n\\tindented\\t\\\"text\\\" — übrigens\\n</file>\\n",
    ];
    lines.concat().repeat(25_000 / lines.concat().len())
}

/// 1.3 KB of a cron run, indented by two, and the prompt.
fn push_row(text: &mut String, index: u64, prompt: &str) {
    let run = format!("{index:08x}-4b1d-4c3e-9f00-0123456789ab");
    let updated = 1_767_225_600_000 + index * 1009;
    let _ = write!(
        text,
        r#"
  "agent:main:cron:7c9e6679-7425-40de-944b-e07fc1f90ae7:run:{run}": {{
    "sessionId": "{run}",
    "updatedAt": {updated},
    "sessionFile": "/home/user/.openclaw/agents/main/sessions/{run}.jsonl",
    "systemSent": true,
    "abortedLastRun": false,
    "thinkingLevel": "low",
    "label": "Cron: morning digest",
    "chatType": "direct",
    "deliveryContext": {{
      "channel": "telegram",
      "to": "-1001234567890",
      "accountId": "default"
    }},
    "lastChannel": "telegram",
    "lastTo": "-1001234567890",
    "origin": {{
      "label": "cron",
      "provider": "cron",
      "surface": "cron",
      "chatType": "direct",
      "from": "cron:7c9e6679",
      "to": "main"
    }},
    "modelProvider": "anthropic",
    "model": "claude-sonnet",
    "contextTokens": 200000,
    "inputTokens": 18231,
    "outputTokens": 911,
    "totalTokens": 19142,
    "cacheRead": 0,
    "compactionCount": 0,
    "skillsSnapshot": {{
      "prompt": "{prompt}",
      "skills": [
        {{
          "name": "weather"
        }},
        {{
          "name": "calendar"
        }}
      ],
      "version": 3
    }}
  }}"#
    );
}
