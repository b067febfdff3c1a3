//! The strategies by name.

use serde::{Deserialize, Serialize};

/// Who renews credentials, and when. Serialised by [`name`](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Strategy {
    /// The SDK's identity cache: the first call after the expiry fetches, and the others wait for it.
    Lazy,
    /// [`Advisory`](super::Advisory).
    Advisory,
    /// [`Refresher`](super::Refresher).
    Refresher,
    /// [`Swapper`](super::Swapper).
    Swapper,
    /// A file shared by processes, under [`Advisory`](super::Advisory).
    FileCache,
}

impl Strategy {
    pub const ALL: [Self; 5] = [
        Self::Lazy,
        Self::Advisory,
        Self::Refresher,
        Self::Swapper,
        Self::FileCache,
    ];

    /// The name that the command line and the result document use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lazy => "lazy",
            Self::Advisory => "advisory",
            Self::Refresher => "refresher",
            Self::Swapper => "swapper",
            Self::FileCache => "file-cache",
        }
    }
}
