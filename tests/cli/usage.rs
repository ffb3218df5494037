//! The command line itself: help, mistakes, completions, manual pages.

use insta::assert_snapshot;

use crate::world::World;

#[test]
fn alone_it_shows_its_help_and_says_that_a_verb_is_missing() {
    let world = World::new();
    let output =
        std::process::Command::new(assert_cmd::cargo::cargo_bin!("session-reaper")).output().unwrap();
    let ran = world.ran(output).expect(2);
    assert!(ran.out.is_empty() && ran.err.contains("Usage: session-reaper"), "{}", ran.shown());
}

/// What bash offers for the last of these words.
fn offered(script: &str, words: &str) -> String {
    let line = format!(
        r#"{script}
        COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _session__reaper session-reaper "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
        echo "${{COMPREPLY[*]}}""#
    );
    let output = std::process::Command::new("bash").args(["-c", &line]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bash_completes_verbs_flags_and_values() {
    let script = World::new().run("completions bash").expect(0).out;
    for (words, offers) in [
        ("session-reaper pl", "plan\n"),
        ("session-reaper prune --ret", "--retention\n"),
        ("session-reaper list --kind cron-", "cron-run cron-base\n"),
        ("session-reaper config sh", "show\n"),
        ("session-reaper completions ba", "bash\n"),
    ] {
        assert_eq!(offered(&script, words), offers, "{words}");
    }
}

#[test]
fn help_is_a_verb_too() {
    let world = World::new();
    assert_eq!(world.run("help").expect(0).out, world.run("--help").expect(0).out);
    for verb in ["prune", "gc", "explain", "config", "config show", "man"] {
        let help = world.run(&format!("help {verb}")).expect(0).out;
        assert_eq!(help, world.run(&format!("{verb} --help")).expect(0).out, "{verb}");
    }
}

#[test]
fn help_and_version_are_data() {
    let world = World::new();
    assert_eq!(
        world.run("--version").expect(0).out,
        format!("session-reaper {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert_snapshot!(world.run("--help").expect(0).out, @r#"
    Prunes expired rows from the session stores of AI-agent gateways, and what sessions leave in folders

    Usage: session-reaper [OPTIONS] <VERB>

    Verbs:
      tick         Sweep what is due: the scheduler's call
      prune        Sweep now [aliases: gc, cleanup]
      plan         Show what would go, and write the plan down
      apply        Carry out a plan that `plan -o` wrote
      list         The rows of a store, by age, weight or expiry; or what is in a folder that is swept
      stats        What costs the bytes: kinds of rows, their age, their heaviest fields
      explain      The verdict on a row, or on a name in a folder: rule, age, expiry, what protects it
      history      What was done to a store or a folder: every run and every undo
      undo         Take a run back: rows return in their old bytes, and what went from folders with them
      trash        What was removed and can still be brought back
      pin          Protect a row from every rule; without KEY, list the pins
      unpin        Take the pin from a row: rules judge it again
      compact      Shrink without pruning: fields that a gateway makes anew go from inactive rows, large
                   results from transcripts
      group        Paths that live and die together: a job's folder, its secrets, its results
      media        A media store: files that sessions receive and make, each under a name, for as long
                   as somebody needs them
      check        For monitoring: is everything swept as it should be? One line
      doctor       What is wrong here: stores, folders, stale locks, odd owners, live gateways
      config       The configuration in force
      demo         Make a store as gateways leave it, sweep it, take that back, and show what happened
      completions  Print the completions of a shell
      man          Print the manual page
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Global options:
          --config <FILE>        The configuration file [default: $SESSION_REAPER_CONFIG,
                                 ./session-reaper.toml, the user's config folder]
          --json                 Print one JSON object instead of text
      -q, --quiet                Say nothing but errors
      -v, --verbose...           Say more: the log of every sweep; twice for details
          --color <WHEN>         Colours: auto, always or never [default: auto]
          --log-format <FORMAT>  The form of the log on stderr: text or json; giving it shows the log
          --now <TIME>           Judge as if it were this time: RFC 3339, or milliseconds since 1970

    Ages are a number and a unit: ms, s, m (minutes), h, d, w; 1d12h and 1.5h are ages too. false, off
    and never turn a rule off.

    Exit codes: 0 done or nothing to do, 1 error and nothing changed, 2 usage or configuration, 3 partly
    done, 4 refused by a guard, 10 store missing, 11 lock busy.
    "#);
    for verb in ["tick", "prune", "plan", "apply", "config", "completions", "man"] {
        let help = world.run(&format!("{verb} --help")).expect(0).out;
        assert!(help.lines().all(|line| line.chars().count() <= 110), "{help}");
    }
}

#[test]
fn mistakes_of_usage_end_with_two() {
    let (world, _) = World::with_store();
    for line in [
        "nonsense",
        "prune --nonsense",
        "prune -y --now yesterday sessions.json",
        "prune -y --color sometimes sessions.json",
        "prune -y --log-format xml sessions.json",
        "-q -v prune -n sessions.json",
        "apply",
        "config",
        "config nonsense",
        "completions nonsense",
        "man nonsense",
    ] {
        let ran = world.run(line).expect(2);
        assert!(ran.out.is_empty() && ran.err.contains("error") || line == "config", "{}", ran.shown());
    }
}

#[test]
fn an_unreadable_time_is_named_with_what_would_be_read() {
    let (world, _) = World::with_store();
    assert_snapshot!(world.run("prune -y --now=2026-02-30T00:00:00Z sessions.json").err, @r#"error: --now: "2026-02-30T00:00:00Z" is no time: give RFC 3339 such as 2026-11-21T08:00:00Z, or milliseconds since 1970; nothing was removed"#);
    let json = world.run("prune -n --json --now=2026-11-21T10:00:00+01:00 sessions.json").expect(0).json();
    assert_eq!(json["now"], "2026-11-21T09:00:00.000Z");
}

#[test]
fn packagers_get_completions_and_manual_pages() {
    let world = World::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = world.run(&format!("completions {shell}")).expect(0).out;
        assert!(script.contains("lock-timeout") && script.contains("apply"), "{shell}");
    }
    assert!(world.run("man").expect(0).out.contains(".TH session-reaper 1"));
    assert!(world.run("man gc").expect(0).out.contains(".TH session-reaper-prune 1"));
}
