//! What the system counts of packets to link-local addresses, where it counts them.

use std::process::Command;

/// What is counted on EC2's network interfaces: packets to link-local addresses (metadata, DNS, NTP) that
/// were dropped for being too many ("Amazon EC2 instance-level network performance metrics").
const COUNTER: &str = "linklocal_allowance_exceeded";

/// Packets dropped on all network interfaces since they came up, by `ethtool -S`; `None` where no interface
/// counts them or `ethtool` is not there.
#[must_use]
pub fn dropped() -> Option<u64> {
    let interfaces = std::fs::read_dir("/sys/class/net").ok()?;
    let names = interfaces.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let counts: Vec<u64> = names
        .filter(|name| name != "lo")
        .filter_map(|name| {
            let output = Command::new("ethtool").args(["-S", &name]).output().ok()?;
            counted(&String::from_utf8_lossy(&output.stdout))
        })
        .collect();
    (!counts.is_empty()).then(|| counts.iter().sum())
}

fn counted(statistics: &str) -> Option<u64> {
    let (_, value) = statistics
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == COUNTER)?;
    value.trim().parse().ok()
}

/// TCP segments that this network namespace has sent a second time, since its start; Linux only.
#[must_use]
pub fn retransmitted() -> Option<u64> {
    retransmitted_in(&std::fs::read_to_string("/proc/net/snmp").ok()?)
}

fn retransmitted_in(snmp: &str) -> Option<u64> {
    let mut lines = snmp.lines().filter_map(|line| line.strip_prefix("Tcp:"));
    let (names, values) = (lines.next()?, lines.next()?);
    let place = names
        .split_whitespace()
        .position(|name| name == "RetransSegs")?;
    values.split_whitespace().nth(place)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_found_among_the_others() {
        let statistics = "NIC statistics:\n     bw_in_allowance_exceeded: 0\n     \
                          linklocal_allowance_exceeded: 42\n     tx_timeout: 0\n";
        assert_eq!(counted(statistics), Some(42));
        assert_eq!(counted("no stats available\n"), None);
    }

    #[test]
    fn retransmissions_are_the_column_of_that_name() {
        let snmp = "Ip: Forwarding\nIp: 1\nTcp: RtoMin InSegs RetransSegs\nTcp: 200 9 7\n";
        assert_eq!(retransmitted_in(snmp), Some(7));
    }
}
