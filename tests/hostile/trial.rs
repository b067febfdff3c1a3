//! Tries cases, so many at a time, and tells which did not hold.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use tempfile::TempDir;

use crate::dns::{LIES, NameServer};
use crate::honest::{CONTAINER_PATH, CONTAINER_TOKEN, KEY_ID, SECRET, TOKEN, WEB_TOKEN};
use crate::server::{Act, Server, Step};
use crate::table::{Case, From, Group, Liar};
use crate::tool::Run;

/// Runs side by side: most of them wait.
const SEATS: usize = 48;
/// A run that came too late among so many is tried again where it shares the CPUs with few, and then with none.
const TRIES: [usize; 3] = [1, 8, SEATS];
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
    let cases: Vec<&Case> = groups
        .iter()
        .flat_map(|group| &group.cases)
        .filter(|case| wanted(&case.name))
        .collect();
    let next = AtomicUsize::new(0);
    let broken = Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for _ in 0..SEATS {
            threads.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = tried(case);
                    let mut broken = broken.lock().unwrap_or_else(PoisonError::into_inner);
                    broken.extend((!found.is_empty()).then_some((&case.name, told(case, &found))));
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    for group in groups {
        let names = group.cases.iter().map(|case| &case.name);
        let names: Vec<&String> = names.filter(|name| wanted(name)).collect();
        let held = names
            .iter()
            .filter(|name| !broken.iter().any(|(broken, _)| broken == *name))
            .count();
        println!("{}: {held} of {} held", group.name, names.len());
    }
    let broken: Vec<String> = broken.into_iter().map(|(_, told)| told).collect();
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

fn told(case: &Case, faults: &[String]) -> String {
    let arguments = case.arguments().join(" ");
    format!("{}: {arguments}\n  {}", case.name, faults.join("\n  "))
}

/// What was wrong with a case: what no busy machine excuses at any try, and what it may excuse at the last.
fn tried(case: &Case) -> Vec<String> {
    let mut faults = Vec::new();
    for seats in TRIES {
        let (wrong, late) = seated(seats, || judged(case));
        faults.extend(wrong);
        if late.is_empty() {
            break;
        }
        if seats == SEATS {
            faults.extend(late);
        }
    }
    faults
}

/// What was wrong with a run, and what of it may be wrong because others had the CPUs.
fn judged(case: &Case) -> (Vec<String>, Vec<String>) {
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
    let seen = run.seen();
    (run.faults(&seen), run.late(&seen))
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
