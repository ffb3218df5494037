//! Invented names, for rows that read like real ones.

/// What cron jobs are called.
pub(super) const JOBS: [&str; 12] = [
    "inbox triage",
    "morning briefing ☕",
    "nightly backup check",
    "Rechnungen prüfen",
    "\"quiet hours\" digest",
    "price watch",
    "calendar sync",
    "standup notes",
    "ログの確認",
    "release radar",
    "water the plants 🌱",
    "disk space",
];

/// What the senders of hooks are called.
pub(super) const HOOKS: [&str; 5] =
    ["gitea push", "doorbell", "uptime alert", "form submitted", "build failed"];

/// The channels on which people write.
pub(super) const CHANNELS: [&str; 6] = ["telegram", "slack", "discord", "signal", "matrix", "whatsapp"];

/// Providers and their models.
pub(super) const MODELS: [(&str, &str); 4] = [
    ("anthropic", "claude-opus-4-6"),
    ("anthropic", "claude-sonnet-4-6"),
    ("openai", "gpt-5.3-codex"),
    ("ollama", "qwen3:32b"),
];

/// People and rooms.
pub(super) const SUBJECTS: [&str; 8] = [
    "Family",
    "Ops on call",
    "Book club",
    "José & Anna",
    "release-train",
    "#general",
    "Tim \"T\" Ode",
    "望月",
];

/// Skills and what they are for.
pub(super) const SKILLS: [(&str, &str); 24] = [
    ("github", "Work with issues, pull requests and CI runs through the \"gh\" command."),
    ("gmail", "Read, search and answer mail. Ask before you send anything to a new address."),
    (
        "calendar",
        "Look up and plan appointments; times are local, e.g. \"14:00\" means 14:00 at the user's place.",
    ),
    ("weather", "Current weather and forecasts, no key needed."),
    ("notes", "Keep notes as Markdown in ~/notes; a title may not hold \\ / : * ? \" < > |."),
    ("tmux", "Drive interactive programs: send keys, scrape panes.\nNever leave a pane behind."),
    ("pdf", "Extract text and tables from PDF files with \"pdftotext -layout\"."),
    ("images", "Resize, convert and describe pictures."),
    ("music", "Play, queue and pause on the speakers in the house."),
    ("lights", "Turn lamps on and off:\n\t\"lights set <room> <0-100>\"."),
    ("translate", "Translate between languages; keep names, numbers and `code` as they are."),
    ("summarize", "Condense long pages, threads and transcripts to what matters."),
    ("sql", "Ask questions of the reporting database. SELECT only, LIMIT 200."),
    ("kubernetes", "Inspect pods, logs and events; \"kubectl delete\" needs a yes from the user."),
    ("invoices", "Match invoices with payments: number pattern ^RE-\\d{4}-\\d{5}$."),
    ("shopping", "The family's shopping list."),
    ("travel", "Trains and flights: prices, delays, platforms."),
    ("contacts", "Find people, their addresses and birthdays."),
    ("tasks", "Make, finish and move tasks between lists."),
    ("transcribe", "Turn voice messages into text."),
    ("browser", "Open pages, fill in forms, take screenshots; \"evaluate\" runs JavaScript."),
    ("home", "Sensors and scenes of the house."),
    ("news", "Headlines by topic, with their sources."),
    ("backup", "Check that last night's backup of C:\\data and /srv ran and can be read."),
];

/// Tools of an agent.
pub(super) const TOOLS: [&str; 20] = [
    "read",
    "write",
    "edit",
    "exec",
    "process",
    "browser",
    "canvas",
    "nodes",
    "cron",
    "message",
    "gateway",
    "agents_list",
    "sessions_list",
    "sessions_history",
    "sessions_send",
    "sessions_spawn",
    "session_status",
    "web_search",
    "web_fetch",
    "memory_search",
];

/// Files of an agent's workspace.
pub(super) const WORKSPACE: [&str; 7] =
    ["AGENTS.md", "SOUL.md", "TOOLS.md", "IDENTITY.md", "USER.md", "HEARTBEAT.md", "MEMORY.md"];
