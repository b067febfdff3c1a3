//! One secret per lab, from the system's randomness, and the authentication codes made with it.
//!
//! What the lab issues (keys, session tokens, metadata tokens, web identity tokens) carries its own
//! content and a code that only this lab can have made. So nothing that was issued needs to be
//! remembered, however long the lab runs and however much it issues. A scenario's seed has no part in it: two labs
//! of the same seed behave alike, and neither takes what the other has issued.

use std::io;

use hmac::{Hmac, KeyInit, Mac};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;

type HmacSha256 = Hmac<Sha256>;

/// Makes and checks message authentication codes. It has no `Debug` on purpose.
#[derive(Clone)]
pub(super) struct LabKey(HmacSha256);

impl LabKey {
    /// A key that nobody else has.
    pub(super) fn random() -> io::Result<Self> {
        let mut key = [0_u8; 64];
        OsRng.try_fill_bytes(&mut key).map_err(io::Error::other)?;
        Ok(Self(hmac_sha256(&key)))
    }

    fn absorb(&self, purpose: &str, content: &[u8]) -> HmacSha256 {
        let begun = self.0.clone().chain_update(purpose);
        begun.chain_update([0]).chain_update(content)
    }

    /// The code of `content` for one purpose.
    pub(super) fn mac(&self, purpose: &str, content: &[u8]) -> [u8; 32] {
        self.absorb(purpose, content).finalize().into_bytes().into()
    }

    /// Whether `mac`, or the first bytes of it that are given, is the code of `content`. Takes the
    /// same time whichever byte differs.
    pub(super) fn verifies(&self, purpose: &str, content: &[u8], mac: &[u8]) -> bool {
        let computed = self.absorb(purpose, content);
        mac.len() >= 5 && computed.verify_truncated_left(mac).is_ok()
    }
}

pub(super) fn hmac_sha256(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length (RFC 2104)")
}
