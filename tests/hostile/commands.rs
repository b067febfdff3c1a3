//! The commands that are told lies, as they are typed, and how long their own limits let them last.

use std::time::Duration;

/// A command that is told lies.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    pub name: &'static str,
    pub arguments: &'static [&'static str],
    /// How long its own limits let it last.
    pub limit: Duration,
    /// Whether it takes `--source`.
    pub names_source: bool,
    pub formats: &'static [&'static str],
}

/// What `--timeout` gives each call.
const TIMEOUT: Duration = Duration::from_millis(500);
/// What an examination may take: `doctor`, and at the end of a run that met something to be explained.
const EXAMINATION: Duration = Duration::from_secs(5);

/// The time of so many calls, one after another, with measurements of a second each, and the examination that ends it.
const fn within(calls: u32, measurements: u64) -> Duration {
    let measured = Duration::from_secs(measurements);
    TIMEOUT
        .saturating_mul(calls)
        .saturating_add(measured)
        .saturating_add(EXAMINATION)
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
        "500ms",
    ],
    // The first call and two more.
    limit: within(3, 0),
    names_source: true,
    formats: LATENCIES,
};
pub const STS: Command = Command {
    name: "sts",
    arguments: &["-n", "2", "--warmup", "0", "--timeout", "500ms"],
    // The first call and two more.
    limit: within(3, 0),
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
        "500ms",
    ],
    // Credentials to begin with, three first calls, two more where these failed, and the last of those measured.
    limit: within(7, 1),
    names_source: true,
    formats: LATENCIES,
};
pub const PROCESS: Command = Command {
    name: "credential-process",
    arguments: &["--timeout", "500ms"],
    limit: TIMEOUT,
    names_source: true,
    formats: &[],
};
pub const DOCTOR: Command = Command {
    name: "doctor",
    arguments: &["--fail-on", "never"],
    limit: EXAMINATION,
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
        "500ms",
        "--duration",
        "500ms",
    ],
    // The first call, two more where it failed, and two that are measured.
    limit: within(5, 0),
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
        "500ms",
        "--name-server",
        "127.0.0.1:9",
    ],
    // The instances to begin with, four first questions and one under way at the end; the answer and the first call of
    // each of three policies, and one under way.
    limit: within(13, 2),
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
        "500ms",
    ],
    // The instances to begin with, four first calls and eight more.
    limit: within(13, 0),
    names_source: true,
    formats: LATENCIES,
};

pub const OF_SOURCES: [Command; 5] = [IMDS, STS, REFRESH, PROCESS, DOCTOR];
