//! Connectors that only tests run, built for the sandbox when they are first asked for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One build at a time: they share a target directory.
static BUILDING: Mutex<()> = Mutex::new(());

/// The file of a connector in `tests/connectors`, by the name of its package.
pub(crate) fn build(package: &str) -> PathBuf {
    let _one = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    // Beside the component that the host's build makes: `guest/wasm32-wasip2/guest/defender_atp.wasm`.
    let folder = Path::new(super::COMPONENT).parent().expect("the component is in a folder");
    let target = folder.ancestors().nth(2).expect("the folder is in a target directory");
    let output = Command::new(env!("CARGO"))
        .current_dir(super::path(".."))
        .args(["build", "--package", package, "--lib", "--profile", "guest", "--target", "wasm32-wasip2"])
        .arg("--target-dir")
        .arg(target)
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{package} does not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    folder.join(format!("{}.wasm", package.replace('-', "_")))
}
