//! How the command is linked on Linux with glibc: with its libraries taken in, where they can be had that way.
//!
//! A scheduler calls it every minute, and loading three libraries and mending 15,000 addresses takes longer than a tick
//! with nothing due. The result is that of `-C target-feature=+crt-static`, which Cargo.toml cannot say, and which would
//! go for macros as well, and those cannot do with it. Who says anything by RUSTFLAGS links by his own rules.
#![expect(clippy::disallowed_methods, reason = "how a build script speaks to cargo")]

use std::{env, fs, io, path::Path, process::Command};

/// What Rust's own libraries ask for by name, and what stands for it.
const LIBRARIES: [(&str, &[&str]); 7] = [
    ("gcc_s", &["gcc_eh", "gcc"]),
    ("util", &["util"]),
    ("rt", &["rt"]),
    ("pthread", &["pthread"]),
    ("m", &["m"]),
    ("dl", &["dl"]),
    ("c", &["c", "gcc_eh", "gcc"]),
];

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    let out = env::var("OUT_DIR").unwrap_or_default();
    if is_plain_release() && LIBRARIES.iter().flat_map(|(_, parts)| *parts).all(|part| is_there(part)) {
        for (library, parts) in LIBRARIES {
            // Rust asks for shared libraries. The linker looks here first, and reads which files are meant.
            let files: Vec<String> = parts.iter().map(|part| format!("lib{part}.a")).collect();
            let script = format!("GROUP({})\n", files.join(" "));
            fs::write(Path::new(&out).join(format!("lib{library}.so")), script)?;
        }
        for argument in ["-static", "-no-pie", &format!("-L{out}")] {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
    Ok(())
}

/// A release build of the command on the kind of machine that it is for, with nobody's own flags.
fn is_plain_release() -> bool {
    let is = |name: &str, wanted: &str| env::var(name).is_ok_and(|value| value == wanted);
    is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("PROFILE", "release")
        && is("CARGO_ENCODED_RUSTFLAGS", "")
        && env::var_os("CARGO_FEATURE_CLI").is_some()
        && env::var_os("HOST") == env::var_os("TARGET")
}

/// Whether the compiler that will link has this library as an archive: it then tells the whole path.
fn is_there(library: &str) -> bool {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let told = Command::new(linker).arg(format!("-print-file-name=lib{library}.a")).output();
    told.is_ok_and(|told| Path::new(String::from_utf8_lossy(&told.stdout).trim()).is_absolute())
}
