//! The page in a browser, Chromium: nothing is fetched, nothing errors, nothing sticks out.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::{Arc, Mutex};

use awscreds_bench::render::Format;
use serde_json::Value;

use crate::installed::chromium;
use crate::interchange::rendered;
use crate::support::{beside_others, clean, home, measured, run};

/// What the browser made of a page.
struct Seen {
    dom: String,
    /// What the page's console said.
    console: Vec<String>,
    /// What was asked of the network, the browser's own business aside.
    fetched: Vec<String>,
}

/// Whom Chromium asks by itself, for the time and for updates, whatever page is open.
const BROWSERS_OWN: [&str; 3] = [
    "accounts.google.com",
    "clients2.google.com",
    "update.googleapis.com",
];

/// The browser's only way to the network: it leads nowhere and remembers who was asked for.
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut line = String::new();
                let _ = BufReader::new(stream).read_line(&mut line);
                remembered.lock().unwrap().push(line.trim().to_owned());
            }
        });
        Self { address, asked }
    }

    /// Requests that a page must have made.
    fn of_pages(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let own = |line: &String| BROWSERS_OWN.iter().any(|host| line.contains(host));
        asked.iter().filter(|line| !own(line)).cloned().collect()
    }
}

/// Opens a page in a browser whose only way to the network is a proxy that counts.
fn open(name: &str, page: &str) -> Seen {
    let chromium = chromium();
    let path = home().join(name);
    std::fs::write(&path, page).unwrap();
    let proxy = Proxy::start();
    let profile = tempfile::tempdir_in(home()).unwrap();
    let output = clean(Command::new(chromium))
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args([
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--timeout=20000",
            "--enable-logging=stderr",
            "--v=0",
        ])
        .arg(format!("--proxy-server=http://{}", proxy.address))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", path.display()))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    Seen {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: log
            .lines()
            .filter(|line| line.contains("CONSOLE"))
            .map(str::to_owned)
            .collect(),
        fetched: proxy.of_pages(),
    }
}

fn documents() -> [(&'static str, Value); 3] {
    [
        (
            "sts",
            measured(&["sts", "--regional", "--lab", "fast", "-n", "60"]),
        ),
        (
            "s3",
            measured(&["s3", "--compare-cache", "--lab", "fast", "-n", "20"]),
        ),
        (
            "imds",
            measured(&["imds", "--concurrency", "1,2", "--lab", "fast", "-n", "20"]),
        ),
    ]
}

#[test]
fn a_page_fetches_nothing_and_nothing_in_it_errs() {
    let _machine = beside_others();
    for (name, document) in documents() {
        let seen = open(&format!("{name}.html"), &rendered(&document, Format::Html));
        assert_eq!(seen.fetched, [""; 0], "{name}");
        assert_eq!(seen.console, [""; 0], "{name}");
        // Percentiles, histogram and timeline, each for two widths, and the waterfall where there are phases.
        let pictures = if name == "imds" { 6 } else { 8 };
        assert_eq!(seen.dom.matches("<svg").count(), pictures, "{name}");
        assert!(seen.dom.trim_end().ends_with("</html>"), "{name}");
    }
}

#[test]
fn a_page_that_did_fetch_would_be_caught() {
    let _machine = beside_others();
    let image = "<img src='http://pictures.example/x.png'>";
    let seen = open(
        "fetches.html",
        &format!("<!DOCTYPE html><title>x</title>{image}"),
    );
    assert!(!seen.fetched.is_empty());
    let document = measured(&["sts", "--lab", "fast", "-n", "10"]);
    let page = rendered(&document, Format::Html).replace("</main>", &format!("{image}</main>"));
    let seen = open("forbidden.html", &page);
    assert!(
        seen.fetched.is_empty() && !seen.console.is_empty(),
        "{:?}",
        seen.console
    );
}

#[test]
fn nothing_sticks_out_on_a_telephone_or_on_a_wall() {
    let _machine = beside_others();
    for (name, document) in documents() {
        let page = rendered(&document, Format::Html);
        for width in [400, 1400] {
            let quoted = serde_json::to_string(&page).unwrap().replace("</", r"<\/");
            let frame = format!(
                "<!DOCTYPE html><title>x</title><iframe id=page style='width:{width}px;height:900px;border:0'></iframe>\
                 <script>page.onload = () => {{ const root = page.contentDocument.documentElement; \
                 document.body.dataset.width = root.scrollWidth; }}; page.srcdoc = {quoted};</script>"
            );
            let seen = open(&format!("{name}-{width}.html"), &frame);
            let told = format!("data-width=\"{width}\"");
            assert!(
                seen.dom.contains(&told),
                "{name} at {width}: {}",
                &seen.dom[..200]
            );
        }
    }
}

#[test]
fn a_picture_is_a_file_of_its_own_that_a_browser_shows() {
    let _machine = beside_others();
    for chart in ["percentiles", "histogram", "timeline", "waterfall"] {
        let arguments = [
            "sts",
            "--regional",
            "--lab",
            "fast",
            "-n",
            "40",
            "--format",
            "svg",
            "--chart",
            chart,
        ];
        let output = run(&arguments);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let svg = String::from_utf8(output.stdout).unwrap();
        let seen = open(&format!("{chart}.svg"), &svg);
        assert!(
            seen.fetched.is_empty() && seen.console.is_empty(),
            "{chart}: {:?}",
            seen.console
        );
        assert!(!seen.dom.contains("parsererror"), "{chart}: {}", seen.dom);
        assert!(seen.dom.contains("regional"), "{chart}");
    }
}
