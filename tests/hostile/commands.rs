//! The commands that are told lies, as they are typed, and how long their own limits let them last.

use std::time::Duration;

/// A command that is told lies.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    pub name: &'static str,
    pub arguments: &'static [&'static str],
    /// How long its own limits let it last: each call a second, first calls among them, each measurement a second,
    /// what it does before another one, and five for an examination, which follows calls that failed, too.
    pub limit: Duration,
    /// Whether it takes `--source`.
    pub names_source: bool,
    pub formats: &'static [&'static str],
}

const LATENCIES: &[&str] = &[
    "table", "json", "csv", "markdown", "html", "svg", "hlog", "hgrm",
];

pub const IMDS: Command = Command {
    name: "imds",
    arguments: &[
        "--concurrency",
        "1",
        "-n",
        "2",
        "--warmup",
        "0",
        "--timeout",
        "1s",
    ],
    limit: Duration::from_secs(8),
    names_source: true,
    formats: LATENCIES,
};
pub const STS: Command = Command {
    name: "sts",
    arguments: &["-n", "2", "--warmup", "0", "--timeout", "1s"],
    limit: Duration::from_secs(8),
    names_source: true,
    formats: LATENCIES,
};
pub const REFRESH: Command = Command {
    name: "refresh",
    arguments: &[
        "--strategies",
        "lazy,advisory,file-cache",
        "--duration",
        "1s",
        "--warmup",
        "0",
        "--rate",
        "20",
        "--timeout",
        "1s",
    ],
    limit: Duration::from_secs(13),
    names_source: true,
    formats: LATENCIES,
};
pub const PROCESS: Command = Command {
    name: "credential-process",
    arguments: &["--timeout", "1s"],
    limit: Duration::from_secs(2),
    names_source: true,
    formats: &[],
};
pub const DOCTOR: Command = Command {
    name: "doctor",
    arguments: &["--fail-on", "never"],
    limit: Duration::from_secs(5),
    names_source: false,
    formats: &["table", "json", "csv", "markdown", "html"],
};
pub const S3: Command = Command {
    name: "s3",
    arguments: &[
        "--bucket",
        "bucket",
        "--key",
        "key",
        "-n",
        "2",
        "--timeout",
        "1s",
        "--duration",
        "1s",
    ],
    limit: Duration::from_secs(12),
    names_source: true,
    formats: LATENCIES,
};
pub const CLOUDMAP: Command = Command {
    name: "cloudmap",
    arguments: &[
        "--target",
        "cloudmap://server.demo",
        "-n",
        "2",
        "--warmup",
        "0",
        "--duration",
        "1s",
        "--timeout",
        "1s",
        "--name-server",
        "127.0.0.1:9",
    ],
    limit: Duration::from_secs(16),
    names_source: true,
    formats: LATENCIES,
};
pub const DISCOVERY: Command = Command {
    name: "cloudmap",
    arguments: &[
        "--target",
        "cloudmap://server.demo",
        "--part",
        "discovery",
        "-n",
        "2",
        "--warmup",
        "0",
        "--az",
        "a",
        "--timeout",
        "1s",
    ],
    limit: Duration::from_secs(12),
    names_source: true,
    formats: LATENCIES,
};

pub const OF_SOURCES: [Command; 5] = [IMDS, STS, REFRESH, PROCESS, DOCTOR];
