//! How the command is linked on Linux with glibc: with its libraries taken in, where they can be had that way.
//!
//! A scheduler calls it every minute, and to load three libraries and mend thousands of addresses takes longer than a tick
//! with nothing due. It is what `-C target-feature=+crt-static -C relocation-model=static` does, which Cargo.toml cannot
//! say, and which would go for macros as well, and those cannot do with it. Like a program written in Go it then stands at
//! fixed addresses. Who says anything by RUSTFLAGS links by his own rules.
#![expect(clippy::disallowed_methods, reason = "how a build script speaks to cargo")]

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

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

/// Libraries taken in, and every address known.
const STATIC: [&str; 2] = ["-static", "-no-pie"];

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    for variable in ["CARGO_ENCODED_RUSTFLAGS", "RUSTC_LINKER", "ZSTD_SYS_USE_PKG_CONFIG"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    if !is_plain_release() || !can_link(&out) {
        return Ok(());
    }
    for (library, parts) in LIBRARIES {
        // Rust asks for shared libraries. The linker looks here first, and reads which files are meant.
        let files: Vec<String> = parts.iter().map(|part| format!("lib{part}.a")).collect();
        fs::write(out.join(format!("lib{library}.so")), format!("GROUP({})\n", files.join(" ")))?;
    }
    for argument in STATIC {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    println!("cargo:rustc-link-arg-bins=-L{}", out.display());
    Ok(())
}

/// A release build of the command on the kind of machine that it is for, with nobody's own flags, and nobody's shared library
/// in it.
fn is_plain_release() -> bool {
    let is = |name: &str, wanted: &str| env::var(name).is_ok_and(|value| value == wanted);
    is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("PROFILE", "release")
        && is("CARGO_ENCODED_RUSTFLAGS", "")
        && env::var_os("CARGO_FEATURE_CLI").is_some()
        && env::var_os("ZSTD_SYS_USE_PKG_CONFIG").is_none()
        && env::var_os("HOST") == env::var_os("TARGET")
}

/// Whether the compiler that will link has all of these libraries as archives and makes a program of them.
fn can_link(out: &Path) -> bool {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let (source, program) = (out.join("try.c"), out.join("try"));
    let archives = LIBRARIES.iter().flat_map(|(_, parts)| *parts).map(|part| format!("-l:lib{part}.a"));
    fs::write(&source, "int main(void) { return 0; }\n").is_ok()
        && Command::new(linker)
            .args(STATIC)
            .args([source.as_os_str(), "-o".as_ref(), program.as_os_str()])
            .args(archives)
            .output()
            .is_ok_and(|tried| tried.status.success())
}
