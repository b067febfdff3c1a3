//! Who renews.

use std::fs::{File, TryLockError};
use std::io;

/// Held by the one process that renews, for as long as the value lives.
///
/// The lock belongs to the opened file (`flock`), so the kernel frees it when its owner ends, however it ends. The
/// lock's file is never removed: two processes could then hold the locks of two files of the same name.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// The lock of `file`; `None` if somebody else has it.
    pub(super) fn acquire(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
