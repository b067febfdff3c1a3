//! Where results go: standard output, or a file that is either the old one or the whole new one.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Writes `text` to the file, or to standard output where there is none.
///
/// A file is replaced only when the new one is complete; a device or a pipe is written to as it is. A
/// reader that closed its pipe has seen what it wanted: that is success.
///
/// # Errors
///
/// If the text cannot be written there.
pub fn write(output: Option<&Path>, text: &str) -> io::Result<()> {
    let written = match output {
        None => {
            let mut stdout = io::stdout().lock();
            let all = stdout.write_all(text.as_bytes());
            all.and_then(|()| stdout.flush())
        }
        Some(path) if is_special(path) => fs::OpenOptions::new()
            .write(true)
            .open(path)?
            .write_all(text.as_bytes()),
        Some(path) => replace(path, text),
    };
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Finds out whether [`write()`] could write to the file, without changing it.
///
/// # Errors
///
/// If it could not.
pub fn check_writable(path: &Path) -> io::Result<()> {
    let target = target(path)?;
    if is_special(&target) {
        return Ok(());
    }
    beside(&target).map(drop)
}

/// Columns of the terminal on standard output, or of a page where there is none.
#[must_use]
pub fn width() -> usize {
    let told = std::env::var("COLUMNS").ok();
    told.and_then(|columns| columns.parse().ok())
        .or_else(|| columns(io::stdout()))
        .or_else(|| columns(io::stderr()))
        .or_else(|| columns(io::stdin()))
        .unwrap_or(100)
}

fn columns(terminal: impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// Whether renaming a file over it would destroy more than its contents: `/dev/null`, a named pipe.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let target = target(path)?;
    let mut file = beside(&target)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    if let Ok(old) = fs::metadata(&target) {
        fs::set_permissions(file.path(), old.permissions())?;
    }
    file.persist(&target)?;
    Ok(())
}

/// What is replaced: not a link but its target, and no folder.
fn target(path: &Path) -> io::Result<PathBuf> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if target.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(target)
}

/// A file that is being written, in the folder of the one that it is to replace.
fn beside(target: &Path) -> io::Result<NamedTempFile> {
    let folder = target.parent().filter(|folder| *folder != Path::new(""));
    tempfile::Builder::new()
        .prefix(".awscreds-bench-")
        // What a file made by any other program would have: the umask takes its part away.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder.unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.json");
        write(Some(&path), "old").expect("a new file");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("its permissions");
        write(Some(&path), "new").expect("the same again");
        assert_eq!(fs::read_to_string(&path).expect("reads"), "new");
        let mode = fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").expect("writes");
        std::os::unix::fs::symlink(&target, &link).expect("links");
        write(Some(&link), "new").expect("through the link");
        assert_eq!(fs::read_to_string(&target).expect("reads"), "new");
        assert!(fs::symlink_metadata(&link).expect("is there").is_symlink());
    }

    #[test]
    fn a_device_is_written_to_and_never_replaced() {
        write(Some(Path::new("/dev/null")), "gone").expect("swallowed");
        assert!(is_special(Path::new("/dev/null")));
    }

    #[test]
    fn a_folder_that_is_not_there_and_a_folder_in_the_place_of_the_file_are_errors() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(write(Some(&folder.path().join("no/such/run.json")), "x").is_err());
        assert!(write(Some(folder.path()), "x").is_err());
    }
}
