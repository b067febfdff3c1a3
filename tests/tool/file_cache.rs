//! The file cache: processes that share credentials, and everything that can be wrong with the place.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use awscreds_bench::lab::{ExportedSource, Options};
use serde_json::Value;

use crate::node::{EXPIRED, Node, at_once, hides, is_good, printed, private_directory};
use crate::support::{beside_others, tool};

/// A fetch takes 1.8 s: longer than it takes to start the processes of a test.
const SLOW: &str = "[imds]\ndelay = '600ms'\n";

const FETCH: u64 = 3;

#[test]
fn sixty_four_processes_at_once_fetch_once_when_the_cache_is_empty_and_once_when_it_has_expired() {
    let _machine = beside_others();
    let node = Node::new(SLOW);
    for round in 1..=2 {
        let outputs = at_once(64, || node.process());
        let keys: Vec<Value> = outputs
            .iter()
            .map(|output| printed(output)["AccessKeyId"].clone())
            .collect();
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        assert_eq!(node.requests(), round * FETCH, "{:?}", node.lab.requests());
        node.age(EXPIRED);
    }
}

#[test]
fn in_the_early_window_one_process_renews_and_the_others_do_not_wait() {
    let _machine = beside_others();
    let node = Node::new(SLOW);
    printed(&node.run());
    // Ten minutes are left.
    node.age(50 * 60);
    for output in at_once(16, || node.process()) {
        printed(&output);
    }
    assert_eq!(node.requests(), 2 * FETCH, "{:?}", node.lab.requests());
}

#[test]
fn two_hundred_processes_killed_at_random_moments_leave_nothing_torn_and_nobody_stuck() {
    let _machine = beside_others();
    let node = Node::new("[imds]\ndelay = '10ms'\n");
    let mut uncached = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        printed(&node.run());
        uncached.push(began.elapsed());
        node.age(EXPIRED);
    }
    uncached.sort_unstable();
    let (median, slowest) = (uncached[10], uncached[19]);
    let (mut silent, mut random) = (0, 1_u64);
    for round in 0..200 {
        node.age(EXPIRED);
        let mut child = node
            .process()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // Half of them will not have answered by then.
        let moment = median.mul_f64(2.0 * (random >> 40) as f64 / f64::from(1 << 24));
        std::thread::sleep(moment);
        child.kill().unwrap();
        silent += u32::from(child.wait_with_output().unwrap().stdout.is_empty());
        let entry = node.entry();
        assert!(entry["credentials"]["SessionToken"].is_string(), "{round}");
        let began = Instant::now();
        let next = printed(&node.run());
        // Whoever waited for the dead one's lock would wait for ten seconds.
        assert!(
            began.elapsed() < slowest + Duration::from_secs(5),
            "{round}: {:?}",
            began.elapsed()
        );
        assert!(is_good(&next), "{round}: {}", next["Expiration"]);
    }
    assert!(
        silent >= 50,
        "only {silent} were killed before they had answered"
    );
    let left = std::fs::read_dir(node.cache()).unwrap().count();
    assert!(
        left <= 3,
        "a file, its lock, and at most one that was not finished: {left}"
    );
}

/// Runs the process at a place that it must refuse: it goes to the source, says why, and leaves the place alone.
fn refused(node: &Node, words: &[&str]) {
    for _ in 0..2 {
        let before = node.requests();
        let output = node.run();
        assert!(is_good(&printed(&output)));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            errors.starts_with("warning: the credentials cache is not used: "),
            "{errors}"
        );
        for word in words {
            assert!(errors.contains(word), "`{word}` is missing from: {errors}");
        }
        assert_eq!(node.requests() - before, FETCH, "as if there were no cache");
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_directory_that_others_may_enter_is_refused() {
    let _machine = beside_others();
    let node = Node::new("");
    private_directory(&node.cache());
    for loose in [0o755, 0o710, 0o701] {
        mode(&node.cache(), loose);
        refused(&node, &["open to others", &format!("{loose:o}"), "chmod"]);
    }
    assert_eq!(std::fs::read_dir(node.cache()).unwrap().count(), 0);
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let _machine = beside_others();
    let node = Node::new("");
    let before = printed(&node.run());
    mode(&node.file(), 0o640);
    refused(&node, &["open to others", "640"]);
    assert_eq!(
        node.entry()["credentials"]["AccessKeyId"],
        before["AccessKeyId"]
    );
}

#[test]
fn links_are_refused_and_never_followed() {
    let _machine = beside_others();
    let node = Node::new("");
    let elsewhere = node.home().join("elsewhere");
    private_directory(&elsewhere);
    private_directory(node.cache().parent().unwrap());
    symlink(&elsewhere, node.cache()).unwrap();
    refused(&node, &["symbolic link"]);
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);

    std::fs::remove_file(node.cache()).unwrap();
    printed(&node.run());
    let file = node.file();
    let target = node.home().join("target");
    std::fs::rename(&file, &target).unwrap();
    let held = std::fs::read(&target).unwrap();
    symlink(&target, &file).unwrap();
    refused(&node, &["symbolic link"]);
    assert_eq!(std::fs::read(&target).unwrap(), held);
}

#[test]
fn a_directory_or_a_file_of_another_user_is_refused() {
    let _machine = beside_others();
    let node = Node::new("");
    let root = rustix::process::geteuid().is_root();
    if root {
        private_directory(&node.cache());
        chown(node.cache(), Some(65534), None).unwrap();
        refused(&node, &["belongs to user 65534", "this is user 0"]);
        chown(node.cache(), Some(0), None).unwrap();
        printed(&node.run());
        chown(node.file(), Some(65534), None).unwrap();
        refused(&node, &["belongs to user 65534"]);
    } else {
        let output = node
            .process()
            .args(["--cache-dir", "/usr"])
            .output()
            .unwrap();
        printed(&output);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains("belongs to user 0"), "{errors}");
    }
}

/// Runs `script` where it may mount; `$0` is the tool and `$1` the cache's directory.
fn with_mounts(node: &Node, script: &str) -> std::process::Output {
    private_directory(&node.cache());
    let mut command = node.on(Command::new("unshare"), ExportedSource::Imds);
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "sh", "-ec", script]);
    command.arg(tool().get_program()).arg(node.cache());
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    output
}

#[test]
fn on_a_full_disk_credentials_are_handed_out_and_not_kept() {
    let _machine = beside_others();
    let node = Node::new("");
    let output = with_mounts(
        &node,
        "mount -t tmpfs -o size=16k,mode=700 cache \"$1\"; dd if=/dev/zero of=\"$1/filler\" bs=1k 2>&- || true; \
         \"$0\" credential-process; ls -A \"$1\" >&2",
    );
    assert!(is_good(&printed(&output)));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("could not be cached: No space left"),
        "{errors}"
    );
    assert!(
        !errors.contains(".new"),
        "nothing half-written stays: {errors}"
    );
    assert_eq!(node.requests(), FETCH);
}

#[test]
fn a_read_only_directory_is_read_and_otherwise_done_without() {
    let _machine = beside_others();
    let node = Node::new("");
    let script = "mount -t tmpfs -o mode=700 cache \"$1\"; \"$0\" credential-process >/dev/null; EMPTY \
                  mount -o remount,ro \"$1\"; \"$0\" credential-process";
    let filled = with_mounts(&node, &script.replace("EMPTY", ""));
    assert!(is_good(&printed(&filled)));
    assert_eq!(node.requests(), FETCH, "what is there is used");
    let empty = with_mounts(&node, &script.replace("EMPTY", "rm \"$1\"/*;"));
    assert!(is_good(&printed(&empty)));
    let errors = String::from_utf8_lossy(&empty.stderr);
    assert!(
        errors.contains("cache is not used") && errors.contains("Read-only"),
        "{errors}"
    );
    assert_eq!(node.requests(), 3 * FETCH);
}

#[test]
fn after_the_clock_was_set_back_credentials_are_renewed() {
    let _machine = beside_others();
    let node = Node::new("");
    printed(&node.run());
    node.age(-1800);
    let output = node.run();
    printed(&output);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("the clock was set back"), "{errors}");
    assert_eq!(node.requests(), 2 * FETCH);
    let again = node.run();
    printed(&again);
    assert!(again.stderr.is_empty(), "{:?}", again.stderr);
    assert_eq!(node.requests(), 2 * FETCH);
}

#[test]
fn whatever_else_is_in_the_file_is_ignored_and_replaced() {
    let _machine = beside_others();
    let node = Node::new("");
    printed(&node.run());
    let good = node.entry().to_string();
    let foreign = [
        String::new(),
        good[..good.len() / 2].to_owned(),
        good.replace("\"version\":1", "\"version\":99"),
        "\u{0}".repeat(4096),
        "{}".to_owned(),
    ];
    for (n, text) in (2..).zip(foreign) {
        node.write(&text);
        let output = node.run();
        assert!(is_good(&printed(&output)));
        assert!(output.stderr.is_empty());
        assert_eq!(node.requests(), n * FETCH, "{text}");
        assert_eq!(node.entry()["version"], 1);
    }
}

/// Metadata answers nothing but errors.
const DOWN: &str = "[imds]\nfault = { probability = 1.0, kind = 'status:500' }\n";

#[test]
fn while_the_source_fails_expired_credentials_are_handed_out_and_the_source_is_left_alone() {
    let _machine = beside_others();
    let node = Node::new("");
    let options = Options {
        imds_port: node.lab.imds_address().port(),
        ..Options::default()
    };
    let held = printed(&node.run());
    node.age(EXPIRED);
    let node = node.restarted(DOWN, options);
    let outputs = at_once(16, || node.process());
    for output in &outputs {
        let stale = printed(output);
        assert_eq!(stale["AccessKeyId"], held["AccessKeyId"]);
        assert!(is_good(&stale), "an SDK would refuse them otherwise");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            errors.contains("have expired") && errors.contains("the source fails"),
            "{errors}"
        );
    }
    let tries = node.lab.requests()["imds:token"].count;
    // The SDK tries a failing metadata service four times per fetch.
    assert!(tries <= 4 * 8, "16 processes, {tries} requests");
    let up = node.restarted("", options);
    let renewed = loop {
        let next = printed(&up.run());
        if next["AccessKeyId"] != held["AccessKeyId"] || up.requests() > 0 {
            break next;
        }
    };
    assert!(is_good(&renewed));
    assert_eq!(up.requests(), FETCH);
}

#[test]
fn with_nothing_in_hand_a_failing_source_is_told_and_one_that_is_back_is_found() {
    let _machine = beside_others();
    let node = Node::new(DOWN);
    let options = Options {
        imds_port: node.lab.imds_address().port(),
        ..Options::default()
    };
    for output in at_once(16, || node.process()) {
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            errors.starts_with("error: no credentials from imds"),
            "{errors}"
        );
    }
    let tries = node.lab.requests()["imds:token"].count;
    assert!(tries <= 4 * 8, "16 processes, {tries} requests");
    let up = node.restarted("", options);
    // A failure of a moment ago is no reason to fail now.
    assert!(is_good(&printed(&up.run())));
    assert_eq!(up.requests(), FETCH);
}

#[test]
fn secrets_are_in_the_file_and_nowhere_else() {
    let _machine = beside_others();
    let node = Node::new("");
    let held = printed(&node.run());
    let mut pending = vec![node.home().to_owned()];
    let mut files = 0;
    while let Some(path) = pending.pop() {
        let name = path.to_string_lossy();
        hides(&name, &held);
        if path.is_dir() {
            pending.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        files += 1;
        let bits = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(bits, 0o600, "{name}");
        if path != node.file() {
            hides(
                &String::from_utf8_lossy(&std::fs::read(&path).unwrap()),
                &held,
            );
        }
    }
    assert_eq!(files, 3);
    let bits = std::fs::metadata(node.cache())
        .unwrap()
        .permissions()
        .mode()
        & 0o777;
    assert_eq!(bits, 0o700);
}
