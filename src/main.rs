//! The command line of session-reaper: parse, run, exit code.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run().into()
}
