//! Ctrl-C while somebody is waited for who does not answer.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::honest::{KEY_ID, SECRET};
use crate::server::{Act, Server, Step};

/// Far less than the command would wait, and more than any machine needs to end a process.
const AT_ONCE: Duration = Duration::from_mins(1);

#[test]
fn a_cloud_map_that_hangs_keeps_nobody_from_leaving() {
    let server = Server::start(Step::CloudMap, vec![Act::Silence]);
    for more in [&["--listen", "127.0.0.1:0"][..], &["--part", "discovery"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_awscreds-bench"))
            .args([
                "cloudmap",
                "--target",
                "cloudmap://server.demo",
                "--az",
                "a",
            ])
            .args(["--timeout", "1h", "--source", "env"])
            .args(more)
            .env_clear()
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_ENDPOINT_URL", format!("http://{}", server.address))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let begun = said.any(|line| line.unwrap().contains("from zone a"));
        assert!(begun, "{more:?}: it never said where it is");
        let asked = Instant::now();
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if asked.elapsed() > AT_ONCE {
                child.kill().unwrap();
                panic!("{more:?}: it went on");
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(status.code(), Some(130), "{more:?}");
    }
}
