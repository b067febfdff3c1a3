//! What the system counts of packets to link-local addresses, where it counts them.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::process::Command;
use tokio::time::timeout;

/// What is counted on EC2's network interfaces: packets to link-local addresses (metadata, DNS, NTP) that
/// were dropped for being too many ("Amazon EC2 instance-level network performance metrics").
const COUNTER: &str = "linklocal_allowance_exceeded";

/// Drivers answer `ethtool` in a few milliseconds.
const LIMIT: Duration = Duration::from_secs(1);

/// Packets dropped on all network interfaces since they came up, by `ethtool -S`; `None` where no interface
/// counts them or `ethtool` is not there. Ends within a second: what has not answered by then is not counted.
pub async fn dropped() -> Option<u64> {
    let interfaces = std::fs::read_dir("/sys/class/net").ok()?;
    let names = interfaces.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    sum_of(
        Path::new("ethtool"),
        names.filter(|name| name != "lo"),
        LIMIT,
    )
    .await
}

/// The counters of all interfaces together, each asked by a process of its own, which is ended where it does not
/// answer within `limit`.
async fn sum_of(
    ethtool: &Path,
    names: impl Iterator<Item = String>,
    limit: Duration,
) -> Option<u64> {
    let answers = names.map(|name| {
        let output = Command::new(ethtool)
            .args(["-S", &name])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        timeout(limit, output)
    });
    let counts = join_all(answers).await.into_iter().filter_map(|answer| {
        let output = answer.ok()?.ok()?;
        counted(&String::from_utf8_lossy(&output.stdout))
    });
    counts.reduce(|sum, count| sum + count)
}

fn counted(statistics: &str) -> Option<u64> {
    let (_, value) = statistics
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == COUNTER)?;
    value.trim().parse().ok()
}

/// TCP segments that this network namespace has sent a second time, since its start; Linux only.
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
    use crate::clock;

    #[test]
    fn the_counter_is_found_among_the_others() {
        let statistics = "NIC statistics:\n     bw_in_allowance_exceeded: 0\n     \
                          linklocal_allowance_exceeded: 42\n     tx_timeout: 0\n";
        assert_eq!(counted(statistics), Some(42));
        assert_eq!(counted("no stats available\n"), None);
    }

    /// A stand-in for `ethtool`. A shell writes it: a file that this process has open for writing as another thread
    /// forks cannot be run.
    fn stand_in(folder: &Path, script: &str) -> std::path::PathBuf {
        let path = folder.join("ethtool");
        let written = std::process::Command::new("sh")
            .args([
                "-c",
                "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod +x \"$0\"",
            ])
            .arg(&path)
            .arg(script)
            .status();
        assert!(written.expect("a shell").success());
        path
    }

    #[tokio::test]
    async fn an_interface_that_does_not_answer_holds_nobody_up_and_hides_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let script = "[ $2 = hangs ] && exec sleep 600\n\
                      echo 'linklocal_allowance_exceeded: 21'";
        let ethtool = stand_in(folder.path(), script);
        let start = clock::now();
        let names = ["one", "hangs", "other"].map(str::to_owned).into_iter();
        let limit = Duration::from_secs(3);
        assert_eq!(sum_of(&ethtool, names, limit).await, Some(42));
        let elapsed = clock::since(start);
        assert!(elapsed >= limit && elapsed < limit * 20, "{elapsed:?}");
        let names = ["hangs".to_owned()].into_iter();
        let soon = Duration::from_millis(100);
        assert_eq!(sum_of(&ethtool, names, soon).await, None);
    }

    #[tokio::test]
    async fn without_ethtool_nothing_is_known() {
        let names = ["one".to_owned()].into_iter();
        assert_eq!(sum_of(Path::new("/nonexistent"), names, LIMIT).await, None);
    }

    #[test]
    fn retransmissions_are_the_column_of_that_name() {
        let snmp = "Ip: Forwarding\nIp: 1\nTcp: RtoMin InSegs RetransSegs\nTcp: 200 9 7\n";
        assert_eq!(retransmitted_in(snmp), Some(7));
    }
}
