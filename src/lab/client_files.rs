//! The files that the exported variables name.
//!
//! They hold keys and tokens, so they are in a directory that only the user can enter, and they are gone when the lab
//! is. A process that is killed leaves them behind: the next lab removes them.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::container_token::in_file;
use super::state::LabState;

/// What the names of the directories begin with.
const PREFIX: &str = "awscreds-bench-lab-";
const MODE: u32 = 0o700;
const LOCK: &str = "lock";

pub(super) const CONFIG: &str = "config";
pub(super) const CREDENTIALS: &str = "credentials";
pub(super) const CONTAINER_TOKEN: &str = "container-token";
pub(super) const WEB_IDENTITY_TOKEN: &str = "web-identity-token";
const CA: &str = "ca.pem";

/// The profile with static keys.
pub(super) const PROFILE: &str = "awscreds-bench";
/// The profile that assumes a role with them.
pub(super) const ROLE_PROFILE: &str = "awscreds-bench-role";
/// The name of every session that the exported variables start.
pub(super) const SESSION: &str = "awscreds-bench";

/// The role that the lab's clients may assume; any other well-formed role ARN is good as well.
pub(super) const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/awscreds-bench-app";

/// The files that the variables name. Dropping it removes them.
pub(super) struct ClientFiles {
    directory: TempDir,
    /// Locked as long as this process lives, so that others leave the directory alone.
    _lock: Option<File>,
}

impl ClientFiles {
    pub(super) fn write(state: &LabState, web_identity: &str, ca_pem: &str) -> io::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(MODE))
            .tempdir()?;
        let lock = locked(directory.path()).ok();
        // What cannot be cleared is no reason not to start.
        let _ = clear_leftovers(directory.path());
        let (region, keys) = (&state.scenario.region, &state.issuer.static_credentials);
        let config = format!(
            "[profile {PROFILE}]\nregion = {region}\n\n[profile {ROLE_PROFILE}]\nregion = {region}\n\
             role_arn = {ROLE_ARN}\nrole_session_name = {SESSION}\nsource_profile = {PROFILE}\n"
        );
        let credentials = format!(
            "[{PROFILE}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            keys.access_key_id, keys.secret_access_key
        );
        let token_file = state.scenario.container.token;
        let container_token = in_file(&state.container_token.current(), token_file);
        let files = Self {
            directory,
            _lock: lock,
        };
        for (file, text) in [
            (CONFIG, config.as_str()),
            (CREDENTIALS, &credentials),
            // No newline: the SDKs' container providers take it for a part of the token.
            (CONTAINER_TOKEN, &container_token),
            (WEB_IDENTITY_TOKEN, web_identity),
            (CA, ca_pem),
        ] {
            private(&files.path(file))?.write_all(text.as_bytes())?;
        }
        Ok(files)
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }
}

/// Puts a new token where clients read it: at once, or they might read half of it.
pub(super) fn replace_token(file: &Path, token: &str) -> io::Result<()> {
    let directory = file.parent().unwrap_or(Path::new("/"));
    let mut new = tempfile::NamedTempFile::new_in(directory)?;
    new.write_all(token.as_bytes())?;
    new.persist(file)?;
    Ok(())
}

/// A new file that only the user can read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create_new(true).mode(0o600);
    options.open(path)
}

/// The lock of a directory. It has its name only once it is locked: whoever finds it unlocked knows that its owner is
/// gone.
fn locked(directory: &Path) -> io::Result<File> {
    let unnamed = directory.join("lock.new");
    let lock = private(&unnamed)?;
    lock.try_lock()?;
    fs::rename(unnamed, directory.join(LOCK))?;
    Ok(lock)
}

/// Removes what labs left beside `own` that were killed before they could: directories of this user that nobody else
/// can have made, and whose lock nobody holds.
fn clear_leftovers(own: &Path) -> io::Result<()> {
    let user = own.metadata()?.uid();
    let Some(parent) = own.parent() else {
        return Ok(());
    };
    for entry in fs::read_dir(parent)?.flatten() {
        let is_named = entry.file_name().as_bytes().starts_with(PREFIX.as_bytes());
        if is_named && entry.path() != own && is_leftover(&entry.path(), user) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

fn is_leftover(directory: &Path, user: u32) -> bool {
    let Ok(found) = directory.symlink_metadata() else {
        return false;
    };
    let lock = directory.join(LOCK);
    let is_file = |lock: &Path| lock.symlink_metadata().is_ok_and(|found| found.is_file());
    found.is_dir()
        && found.uid() == user
        && found.mode() & 0o777 == MODE
        && is_file(&lock)
        && File::open(lock).is_ok_and(|lock| lock.try_lock().is_ok())
}
