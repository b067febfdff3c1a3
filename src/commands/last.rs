//! The last result, kept so that `report last` shows it again in another form.

use std::env;
use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use tempfile::NamedTempFile;

use crate::document::Document;

/// What a user calls it.
pub const NAME: &str = "last";

/// A larger one is not kept: a state directory is no place for it.
const LARGEST: usize = 32 << 20;

/// Where it is kept: in a folder for state, as the XDG Base Directory Specification has it.
pub fn path() -> Option<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME");
    let state = state.or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join(env!("CARGO_PKG_NAME")).join("last.json"))
}

/// Keeps the document in the place of the one before, for its owner alone.
///
/// # Errors
///
/// If there is no place for it.
pub fn keep(document: &Document) -> io::Result<()> {
    let path = path().ok_or_else(|| io::Error::other("HOME is not set"))?;
    let text = serde_json::to_vec(document)?;
    if text.len() > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let folder = path.parent().unwrap_or(&path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // Made with mode 0600, and renamed over the old one once it is whole.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(&text)?;
    file.persist(&path)?;
    Ok(())
}
