//! What this machine's CPU is, and which of its instructions hashes and checksums gain from.

/// The CPU's name, where the operating system tells it in a file.
pub fn model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let name = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_owned())
    });
    name.filter(|name| !name.is_empty() && name != "unknown")
}

/// Instruction sets that are there, of those that SHA-256 and CRC implementations look for.
pub fn features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let known = [
        ("sha", is_x86_feature_detected!("sha")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("pclmulqdq", is_x86_feature_detected!("pclmulqdq")),
        ("vpclmulqdq", is_x86_feature_detected!("vpclmulqdq")),
    ];
    #[cfg(target_arch = "aarch64")]
    let known = {
        use std::arch::is_aarch64_feature_detected;
        [
            ("sha2", is_aarch64_feature_detected!("sha2")),
            ("pmull", is_aarch64_feature_detected!("pmull")),
            ("crc", is_aarch64_feature_detected!("crc")),
            ("sha3", is_aarch64_feature_detected!("sha3")),
        ]
    };
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let known: [(&str, bool); 0] = [];
    let there = known.into_iter().filter(|(_, there)| *there);
    there.map(|(name, _)| name).collect()
}
