//! What the figures of a `sign` run say by themselves.

use crate::document::{Arm, Finding, Severity};
use crate::signing::Size;

/// Findings in the order of their weight; those whose arms were not measured are left out.
pub(super) fn of(arms: &[Arm]) -> Vec<Finding> {
    let arms = Arms(arms);
    let found = [
        payload_hash(&arms),
        checksums(&arms),
        sigv4a(&arms),
        steps(&arms),
        kept_key(&arms),
    ];
    found.into_iter().flatten().collect()
}

struct Arms<'a>(&'a [Arm]);

impl Arms<'_> {
    /// The median of this arm, in microseconds.
    fn p50(&self, name: &str) -> Option<f64> {
        let arm = self.0.iter().find(|arm| arm.name == name)?;
        arm.phases.total.p50_us
    }

    /// Arms whose name begins with `prefix` and that have a payload, with its size and their median.
    fn over_bytes(&self, prefix: &str) -> impl Iterator<Item = (&Arm, u64, f64)> {
        self.0
            .iter()
            .filter(move |arm| arm.name.starts_with(prefix))
            .filter_map(|arm| Some((arm, arm.bytes_per_call?, arm.phases.total.p50_us?)))
    }
}

/// From which size on hashing the payload takes more than everything else in a signature.
fn payload_hash(arms: &Arms) -> Option<Finding> {
    let unsigned = arms.p50("payload-unsigned")?;
    let per_byte = |(_, bytes, p50): &(&Arm, u64, f64)| (p50 - unsigned) / *bytes as f64;
    let (hashed, bytes, p50) = arms
        .over_bytes("payload-")
        .filter(|(_, _, p50)| *p50 > 2.0 * unsigned)
        .min_by(|a, b| per_byte(a).total_cmp(&per_byte(b)))?;
    let per_byte = per_byte(&(hashed, bytes, p50));
    let even = unsigned / per_byte;
    Some(Finding::new(
        Severity::Info,
        "sign-payload-hash",
        format!(
            "above {:.1} KiB, hashing the payload takes longer than the rest of the signature",
            even / 1024.0
        ),
        format!(
            "{} takes {} at p50, hashed at {}; with an unsigned payload of any size it is {}",
            hashed.name,
            time(p50),
            speed(1e6 / per_byte),
            time(unsigned),
        ),
        "over TLS, leave the payload unsigned: S3's PutObject and UploadPart do so for streamed \
            bodies (ByteStream::from_path), with a checksum trailer in its place, and for bodies in \
            memory after .customize().disable_payload_signing()",
    ))
}

/// The fastest checksum against SHA-256, over the largest payload.
fn checksums(arms: &Arms) -> Option<Finding> {
    let largest = arms
        .over_bytes("checksum-")
        .map(|(_, bytes, _)| bytes)
        .max()?;
    let of_largest = || {
        arms.over_bytes("checksum-")
            .filter(move |(_, bytes, _)| *bytes == largest)
    };
    let (slow, _, slow_us) = of_largest().find(|(arm, ..)| arm.name.contains("sha256"))?;
    let (fast, _, fast_us) = of_largest().min_by(|a, b| a.2.total_cmp(&b.2))?;
    if fast_us * 2.0 > slow_us {
        return None;
    }
    Some(Finding::new(
        Severity::Info,
        "sign-checksum",
        format!(
            "{} checks {} {} times as fast as SHA-256",
            checksum_name(&fast.name),
            Size(largest),
            ratio(slow_us / fast_us),
        ),
        format!(
            "{} at {}, {} at {}",
            fast.name,
            speed(largest as f64 / fast_us * 1e6),
            slow.name,
            speed(largest as f64 / slow_us * 1e6),
        ),
        "keep the SDK's default checksum (a CRC) unless something downstream needs SHA-256",
    ))
}

fn sigv4a(arms: &Arms) -> Option<Finding> {
    let (sigv4a, header) = (arms.p50("sigv4a")?, arms.p50("header")?);
    let ecdsa = arms
        .p50("sigv4a-ecdsa")
        .map(|us| format!(", of which ECDSA takes {}", time(us)));
    Some(Finding::new(
        Severity::Info,
        "sign-sigv4a",
        format!(
            "SigV4a costs {} times what SigV4 costs",
            ratio(sigv4a / header)
        ),
        format!(
            "{} against {} at p50{}: at most {:.0} signatures a second and CPU",
            time(sigv4a),
            time(header),
            ecdsa.unwrap_or_default(),
            1e6 / sigv4a,
        ),
        "use multi-Region access points where you need them, and a Region's own endpoint elsewhere",
    ))
}

fn steps(arms: &Arms) -> Option<Finding> {
    let header = arms.p50("header")?;
    let steps = [
        (
            "canonical request (own)",
            arms.p50("canonical-request-own")?,
        ),
        ("derived key", arms.p50("derive-key")?),
        ("string to sign (own)", arms.p50("string-to-sign-own")?),
        ("HMAC", arms.p50("hmac")?),
    ];
    let sum: f64 = steps.iter().map(|(_, us)| us).sum();
    let parts =
        steps.map(|(name, us)| format!("{name} {} ({:.0} %)", time(us), us / header * 100.0));
    let crates = arms.p50("derive-key")? + arms.p50("hmac")?;
    let (dearest, us) = steps.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(Finding::new(
        Severity::Info,
        "sign-steps",
        format!(
            "of the steps of a {} header signature, the {dearest} takes most: {}",
            time(header),
            time(us)
        ),
        format!(
            "{}; together {} of {}. What aws-sigv4 does beside its key and HMAC takes {}",
            parts.join(", "),
            time(sum),
            time(header),
            time(header - crates),
        ),
        "fewer and shorter headers make a smaller canonical request; a session token is one of them",
    ))
}

/// What keeping the signing key, which changes once a day, would save.
fn kept_key(arms: &Arms) -> Option<Finding> {
    let (derived, kept) = (arms.p50("derived-key-own")?, arms.p50("cached-key-own")?);
    let saved = derived - kept;
    if saved <= 0.0 {
        return None;
    }
    Some(Finding::new(
        Severity::Info,
        "sign-kept-key",
        format!(
            "a kept signing key would save {} of {} per signature ({:.0} %)",
            time(saved),
            time(derived),
            saved / derived * 100.0
        ),
        format!(
            "derived-key-own {}, cached-key-own {} at p50; aws-sigv4 derives the key on every call, though it \
             changes only with the day, the Region and the service",
            time(derived),
            time(kept),
        ),
        "nothing to set: the SDK keeps no key. It is worth asking for only where signing itself fills \
            a CPU",
    ))
}

/// `CRC64NVME` of `checksum-crc64nvme-1MiB`.
fn checksum_name(arm: &str) -> String {
    arm.split('-').nth(1).unwrap_or(arm).to_uppercase()
}

fn ratio(ratio: f64) -> String {
    let digits = usize::from(ratio < 10.0);
    format!("{ratio:.digits$}")
}

fn time(us: f64) -> String {
    match us {
        _ if us < 1.0 => format!("{:.0} ns", us * 1e3),
        _ if us < 1e3 => format!("{us:.2} µs"),
        _ => format!("{:.2} ms", us / 1e3),
    }
}

fn speed(bytes_per_s: f64) -> String {
    format!("{:.2} GB/s", bytes_per_s / 1e9)
}
