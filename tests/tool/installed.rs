//! Other people's programs, installed by package name into the build's own temporary folder.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{printed, scratch};

const INSTALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tool/peers/install.sh");

/// The folder of what was installed, now or by an earlier test. The installer keeps this process's
/// environment: package registries may need a proxy or a certificate bundle.
fn installed(what: &str) -> PathBuf {
    printed(Command::new("sh").arg(INSTALL).arg(scratch()).arg(what));
    scratch().join(what)
}

/// The folder of the Python peers' programs.
pub fn python() -> PathBuf {
    installed("python").join("bin")
}

/// The folder in which the JavaScript peers can be imported.
pub fn node() -> PathBuf {
    installed("node")
}

/// The browser: Debian's package.
pub fn chromium() -> PathBuf {
    installed("chromium");
    PathBuf::from("/usr/bin/chromium")
}
