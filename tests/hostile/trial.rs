//! Tries cases, so many at a time, and tells which did not hold.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use crate::dns::{LIES, NameServer};
use crate::honest::{CONTAINER_PATH, CONTAINER_TOKEN, KEY_ID, SECRET, TOKEN, WEB_TOKEN};
use crate::server::{Act, Server, Step};
use crate::table::{Case, From, Group, Liar};
use crate::tool::{Run, Seen};

/// Runs side by side: most of them wait.
const SEATS: usize = 12;
static TAKEN: Mutex<usize> = Mutex::new(0);
static LEFT: Condvar = Condvar::new();

/// Does `work` on so many seats.
fn seated<R>(seats: usize, work: impl FnOnce() -> R) -> R {
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let free = LEFT.wait_while(taken, |taken| *taken + seats > SEATS);
    *free.unwrap_or_else(PoisonError::into_inner) += seats;
    let done = work();
    *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= seats;
    LEFT.notify_all();
    done
}

/// Tries all of them.
///
/// # Panics
///
/// If one did not hold.
pub fn hold(groups: &[Group]) {
    let mut broken = Vec::new();
    for group in groups {
        let cases: Vec<&Case> = group
            .cases
            .iter()
            .filter(|case| wanted(&case.name))
            .collect();
        let next = AtomicUsize::new(0);
        let faults = Mutex::new(Vec::new());
        std::thread::scope(|threads| {
            for _ in 0..SEATS {
                threads.spawn(|| {
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let found = tried(case);
                        let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
                        faults.extend((!found.is_empty()).then_some((case, found)));
                    }
                });
            }
        });
        let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (cases, held) = (cases.len(), cases.len() - faults.len());
        println!("{}: {held} of {cases} held", group.name);
        for (case, found) in faults {
            let arguments = case.arguments().join(" ");
            broken.push(format!(
                "{}: {arguments}\n  {}",
                case.name,
                found.join("\n  ")
            ));
        }
    }
    let count = broken.len();
    assert!(
        broken.is_empty(),
        "{count} cases did not hold:\n{}",
        broken.join("\n")
    );
}

/// Whether a case is to be tried: all are, unless one's name, or a part of it, is given.
fn wanted(name: &str) -> bool {
    let only = std::env::var("AWSCREDS_BENCH_CASE").unwrap_or_default();
    name.contains(&only)
}

/// What was wrong with a case. One that took too long beside others is tried once more alone: they share the CPUs.
fn tried(case: &Case) -> Vec<String> {
    let (mut faults, overran) = seated(1, || judged(case));
    if overran.is_some() {
        let (again, overran) = seated(SEATS, || judged(case));
        faults.extend(again);
        faults.extend(overran.map(|took| format!("alone, it took {took:?}")));
    }
    faults
}

fn judged(case: &Case) -> (Vec<String>, Option<Duration>) {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (at, acts) = match &case.liar {
        Liar::Server(at, acts) => (*at, acts.clone()),
        // Nobody asks it for that.
        _ => (Step::S3, vec![Act::Close]),
    };
    let server = Server::start(at, acts);
    let mut arguments = case.arguments();
    let name_server = match case.liar {
        Liar::NameServer(which) => Some(NameServer::start(LIES[which].1)),
        _ => None,
    };
    if let Some(name_server) = &name_server {
        arguments.extend(["--name-server".to_owned(), name_server.address.to_string()]);
    }
    let run = Run {
        arguments,
        environment: environment(case, &server, &home),
        home: &home,
        limit: case.command.limit,
        prints_credentials: case.command.name == "credential-process",
        told: case.told,
    };
    let seen: Seen = run.seen();
    (run.faults(&seen), run.overran(&seen).then_some(seen.took))
}

/// What leads to the server, and to the source.
fn environment(case: &Case, server: &Server, home: &TempDir) -> Vec<(String, String)> {
    let file = |name: &str, contents: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, contents).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let url = format!("http://{}", server.address);
    let mut variables = vec![
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_ENDPOINT_URL", url.clone()),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.clone()),
        ("AWS_DISABLE_HOST_PREFIX_INJECTION", "true".to_owned()),
        (
            "AWSCREDS_BENCH_CACHE_DIR",
            home.path().join("cache").to_str().unwrap().to_owned(),
        ),
    ];
    let role = "arn:aws:iam::123456789012:role/r";
    match case.from {
        From::Imds => (),
        From::Container => variables.extend([
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                format!("{url}{CONTAINER_PATH}"),
            ),
            (
                "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                CONTAINER_TOKEN.to_owned(),
            ),
        ]),
        From::WebIdentity => variables.extend([
            ("AWS_ROLE_ARN", role.to_owned()),
            ("AWS_ROLE_SESSION_NAME", "hostile".to_owned()),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", file("web-token", WEB_TOKEN)),
        ]),
        From::AssumeRole => {
            let config = format!(
                "[profile base]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n[profile role]\nrole_arn = {role}\nsource_profile = base\n"
            );
            variables.extend([
                ("AWS_CONFIG_FILE", file("config", &config)),
                ("AWS_PROFILE", "role".to_owned()),
            ]);
        }
        From::Keys => variables.extend([
            ("AWS_ACCESS_KEY_ID", KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_SESSION_TOKEN", TOKEN.to_owned()),
        ]),
        From::Profile => {
            let Liar::Process(script) = &case.liar else {
                return Vec::new();
            };
            let script = file("process", &format!("#!/bin/sh\n{script}\n"));
            let config = format!("[default]\ncredential_process = {script}\n");
            variables.push(("AWS_CONFIG_FILE", file("config", &config)));
        }
    }
    variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
