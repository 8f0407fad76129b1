//! Builds the component that the command line carries, in a target directory of its own.

#![allow(clippy::disallowed_macros, reason = "Cargo reads what a build script prints")]

#[path = "build/metadata.rs"]
mod metadata;

use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::{env, fs};

const TARGET: &str = "wasm32-wasip2";
const PROFILE: &str = "guest";
const PACKAGE: &str = "defender-atp";
const FILE: &str = "defender_atp.wasm";

fn main() {
    println!("cargo::rerun-if-env-changed=CONNECTOR_EMBED");
    if env::var_os("CARGO_FEATURE_CLI").is_none() {
        return;
    }
    let component = match env::var_os("CONNECTOR_EMBED") {
        Some(prebuilt) => PathBuf::from(prebuilt),
        None => build(),
    };
    println!("cargo::rerun-if-changed={}", component.display());
    println!("cargo::rustc-env=CONNECTOR_COMPONENT={}", component.display());
}

fn build() -> PathBuf {
    // The directory as it is now, not as it was when this script was compiled: a target directory may be
    // moved or shared.
    let workspace = Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("..");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=build.rs");
    for source in ["component", "wit", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    ensure_target();
    let directory = target_directory();
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&workspace)
        .args(["build", "--package", PACKAGE, "--lib", "--profile", PROFILE, "--target", TARGET])
        .arg("--target-dir")
        .arg(&directory);
    // The outer build's settings, such as lints, coverage and sanitizers, are for its own target.
    for variable in [
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
        "CARGO_MAKEFLAGS",
        "MAKEFLAGS",
    ] {
        cargo.env_remove(variable);
    }
    match cargo.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
            stop("building the component failed", "see the compiler's messages above");
        }
        Err(error) => stop(&format!("cannot run cargo: {error}"), "build with cargo"),
    }
    let component = directory.join(TARGET).join(PROFILE).join(FILE);
    describe(&component, &workspace);
    component
}

/// Adds metadata to the file. Version and licences are the workspace's.
fn describe(component: &Path, workspace: &Path) {
    let manifest = fs::read_to_string(workspace.join("component/Cargo.toml")).unwrap_or_default();
    let field = |line: &str| Some(line.strip_prefix("description = \"")?.strip_suffix('"')?.to_owned());
    let Some(description) = manifest.lines().find_map(field) else {
        stop("component/Cargo.toml has no description", "give its package one, on a line of its own");
    };
    let added = metadata::Metadata {
        name: PACKAGE,
        version: env!("CARGO_PKG_VERSION"),
        licenses: env!("CARGO_PKG_LICENSE"),
        description: &description,
        source: env!("CARGO_PKG_REPOSITORY"),
    }
    .add_to(component);
    if let Err(error) = added {
        stop(
            &format!("cannot write {}: {error}", component.display()),
            "free some space, or mend its permissions",
        );
    }
}

/// Adds the target if it is missing and rustup can add it.
fn ensure_target() {
    if has_target() {
        return;
    }
    let added =
        Command::new("rustup").args(["target", "add", TARGET]).env_remove("RUSTUP_TOOLCHAIN_SOURCE").output();
    if added.is_ok_and(|output| output.status.success()) && has_target() {
        return;
    }
    stop(
        &format!("the Rust target {TARGET} is not installed"),
        &format!(
            "run `rustup target add {TARGET}`, or install your distribution's package of its standard library"
        ),
    );
}

fn has_target() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    output.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}

/// `target/guest`, found from this build's own folder in `target`, wherever that is.
fn target_directory() -> PathBuf {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let profile =
        out.ancestors().find(|folder| folder.join("build").is_dir() && folder.join("deps").is_dir());
    let target = profile.and_then(Path::parent).unwrap_or(&out);
    target.join("guest")
}

fn stop(what: &str, hint: &str) -> ! {
    println!("cargo::error={what}");
    println!("cargo::error=hint: {hint}");
    exit(1);
}
