//! What the figures of a `sign` run say by themselves.

use crate::document::{Arm, Finding};
use crate::figures::{percent, throughput, time};
use crate::signing::Size;

/// Findings in the order of their weight; those whose arms were not measured are left out.
pub(super) fn of(arms: &[Arm]) -> Vec<Finding> {
    let found = [
        payload_hash(arms),
        checksums(arms),
        sigv4a(arms),
        steps(arms),
        kept_key(arms),
    ];
    found.into_iter().flatten().collect()
}

/// The median of the arm of this name, in microseconds.
fn p50(arms: &[Arm], name: &str) -> Option<f64> {
    let arm = arms.iter().find(|arm| arm.name == name)?;
    arm.phases.total.p50_us
}

/// Arms whose name begins with `prefix` and that have a payload, with its size and their median.
fn over_bytes<'a>(arms: &'a [Arm], prefix: &str) -> impl Iterator<Item = (&'a Arm, u64, f64)> {
    arms.iter()
        .filter(move |arm| arm.name.starts_with(prefix))
        .filter_map(|arm| Some((arm, arm.bytes_per_call?, arm.phases.total.p50_us?)))
}

/// From which size on hashing the payload takes more than everything else in a signature.
fn payload_hash(arms: &[Arm]) -> Option<Finding> {
    let unsigned = p50(arms, "payload-unsigned")?;
    let over = over_bytes(arms, "payload-");
    let (hashed, per_byte) = over
        .filter(|(_, _, p50)| *p50 > 2.0 * unsigned)
        .map(|arm @ (_, bytes, p50)| (arm, (p50 - unsigned) / bytes as f64))
        .min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let even = unsigned / per_byte / 1024.0;
    let (Arm { name, .. }, _, p50) = hashed;
    let (p50, unsigned) = (time(p50), time(unsigned));
    let speed = throughput(1e6 / per_byte);
    Some(Finding::info(
        "sign-payload-hash",
        format!(
            "above {even:.1} KiB, hashing the payload takes longer than the rest of the signature"
        ),
        format!(
            "{name} takes {p50} at p50, hashed at {speed}; with an unsigned payload of any size it is {unsigned}"
        ),
        "over TLS, leave the payload unsigned: S3's PutObject and UploadPart do so for streamed \
            bodies (ByteStream::from_path), with a checksum trailer in its place, and for bodies in \
            memory after .customize().disable_payload_signing()",
    ))
}

/// The fastest checksum against SHA-256, over the largest payload.
fn checksums(arms: &[Arm]) -> Option<Finding> {
    let checksums: Vec<_> = over_bytes(arms, "checksum-").collect();
    let largest = checksums.iter().map(|(_, bytes, _)| *bytes).max()?;
    let of_largest = || checksums.iter().filter(|(_, bytes, _)| *bytes == largest);
    let (slow, _, slow_us) = of_largest().find(|(arm, ..)| arm.name.contains("sha256"))?;
    let (fast, _, fast_us) = of_largest().min_by(|a, b| a.2.total_cmp(&b.2))?;
    if fast_us * 2.0 > *slow_us {
        return None;
    }
    let times = ratio(slow_us / fast_us);
    let at = |us: &f64| throughput(largest as f64 / us * 1e6);
    let (fast, slow) = (&fast.name, &slow.name);
    let name = checksum_name(fast);
    Some(Finding::info(
        "sign-checksum",
        format!(
            "{name} checks {} {times} times as fast as SHA-256",
            Size(largest)
        ),
        format!("{fast} at {}, {slow} at {}", at(fast_us), at(slow_us)),
        "keep the SDK's default checksum (a CRC) unless something downstream needs SHA-256",
    ))
}

fn sigv4a(arms: &[Arm]) -> Option<Finding> {
    let (sigv4a, header) = (p50(arms, "sigv4a")?, p50(arms, "header")?);
    let ecdsa = p50(arms, "sigv4a-ecdsa").map(time);
    let ecdsa = ecdsa.map_or(String::new(), |us| format!(", of which ECDSA takes {us}"));
    let (times, most) = (ratio(sigv4a / header), 1e6 / sigv4a);
    let (sigv4a, header) = (time(sigv4a), time(header));
    Some(Finding::info(
        "sign-sigv4a",
        format!("SigV4a costs {times} times what SigV4 costs"),
        format!(
            "{sigv4a} against {header} at p50{ecdsa}: at most {most:.0} signatures a second and CPU"
        ),
        "use multi-Region access points where you need them, and a Region's own endpoint elsewhere",
    ))
}

fn steps(arms: &[Arm]) -> Option<Finding> {
    let header = p50(arms, "header")?;
    let steps = [
        ("canonical request (own)", "canonical-request-own"),
        ("derived key", "derive-key"),
        ("string to sign (own)", "string-to-sign-own"),
        ("HMAC", "hmac"),
    ];
    let steps = steps.map(|(name, arm)| Some((name, p50(arms, arm)?)));
    let steps: Vec<(&str, f64)> = steps.into_iter().collect::<Option<_>>()?;
    let part = |(name, us): &(&str, f64)| {
        let share = percent(us / header);
        format!("{name} {} ({share})", time(*us))
    };
    let parts: Vec<String> = steps.iter().map(part).collect();
    let sum = time(steps.iter().map(|(_, us)| us).sum());
    let rest = time(header - p50(arms, "derive-key")? - p50(arms, "hmac")?);
    let (dearest, us) = steps.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (parts, header, us) = (parts.join(", "), time(header), time(us));
    Some(Finding::info(
        "sign-steps",
        format!("of the steps of a {header} header signature, the {dearest} takes most: {us}"),
        format!(
            "{parts}; together {sum} of {header}. What aws-sigv4 does beside its key and HMAC takes {rest}"
        ),
        "fewer and shorter headers make a smaller canonical request; a session token is one of them",
    ))
}

/// What keeping the signing key, which changes once a day, would save.
fn kept_key(arms: &[Arm]) -> Option<Finding> {
    let (derived, kept) = (p50(arms, "derived-key-own")?, p50(arms, "cached-key-own")?);
    let saved = derived - kept;
    if saved <= 0.0 {
        return None;
    }
    let share = percent(saved / derived);
    let [saved, derived, kept] = [saved, derived, kept].map(time);
    Some(Finding::info(
        "sign-kept-key",
        format!("a kept signing key would save {saved} of {derived} per signature ({share})"),
        format!(
            "derived-key-own {derived}, cached-key-own {kept} at p50; aws-sigv4 derives the key on every call, though it \
             changes only with the day, the Region and the service"
        ),
        "nothing to set: the SDK keeps no key. It is worth asking for only where signing itself fills a CPU",
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
