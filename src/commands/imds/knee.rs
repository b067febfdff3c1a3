//! The knee: cold fetches at rising rates until the source begins to drop, to refuse or to delay them, and then at
//! rates in between.
//!
//! Gentle by construction: a step is a second, it stops at the first rate that is too much and goes on
//! below it, and no step begins after [`PATIENCE`].

use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

use super::bracket::{Found, STEP, next};
use super::pressure::{Judged, Quiet};
use super::step::{Counts, Seen};
use crate::clock;
use crate::credentials::{
    self, MetadataProfile, Source, Variables, container_endpoint, metadata_endpoint,
};
use crate::document::{Knee, KneeStep, Pressure};
use crate::figures;
use crate::link_local;
use crate::measure::Outcome;
use crate::run::Session;

/// Fetches per second on a real node. The interface's 1,024 packets are about a hundred.
const GENTLE_RATES: &[f64] = &[50.0, 100.0, 200.0];
/// … and on the lab.
const LAB_RATES: &[f64] = &[50.0, 100.0, 200.0, 400.0, 800.0];

/// From the start of the search to the start of its last step.
const PATIENCE: Duration = Duration::from_millis(8_500);

/// Fetches that show what one takes when nothing is the matter, and how many of them are begun per second.
const QUIET: (u64, f64) = (5, 10.0);

/// The rates that may be tried.
pub(super) fn rates(lab: bool) -> &'static [f64] {
    if lab { LAB_RATES } else { GENTLE_RATES }
}

/// Looks for the knee.
pub(super) async fn find(session: &Session) -> Knee {
    let dropped = link_local::dropped().await;
    let mut search = Search {
        session,
        quiet: quiet(session).await,
        begun: clock::now(),
        clean: None,
        bad: Vec::new(),
        steps: Vec::new(),
    };
    search.run().await;
    let found = Found::of(&search.bad, search.clean);
    let dial = if search.bad.is_empty() {
        None
    } else {
        dial(session).await
    };
    // Of workers that fetch back to back.
    let usual = search.quiet.took.map(|took| took.as_secs_f64());
    let busy = found.rate.zip(usual).map(|(rate, usual)| rate * usual);
    Knee {
        kind: found.kind,
        rate_per_s: found.rate,
        between_per_s: found.between,
        burst_s: found.burst_s,
        workers: busy.map(|busy| busy.floor() as u64 + 1),
        tcp_connected: dial.map(|dial| dial.is_some()),
        tcp_connect_us: dial.flatten().map(figures::micros),
        linklocal_allowance_exceeded: risen(link_local::dropped().await, dropped),
        steps: search.steps,
    }
}

/// By how much a counter has risen, where it can be read.
fn risen(after: Option<u64>, before: Option<u64>) -> Option<u64> {
    Some(after?.saturating_sub(before?))
}

/// A few fetches far apart.
async fn quiet(session: &Session) -> Quiet {
    let (fetches, rate) = QUIET;
    let Some(seen) = Seen::of(session, rate, fetches).await else {
        return Quiet::default();
    };
    let succeeded = seen.fetches.iter().filter(|f| f.outcome == Outcome::Ok);
    let mut took: Vec<Duration> = succeeded.map(|fetch| fetch.took).collect();
    took.sort_unstable();
    let all_succeeded = took.len() as u64 == fetches;
    Quiet {
        took: took.get(took.len() / 2).copied(),
        // Those that failed made fewer requests than a fetch takes.
        requests: if all_succeeded {
            seen.requests()
        } else {
            Counts::default()
        },
        fetches,
    }
}

/// One search.
struct Search<'a> {
    session: &'a Session,
    begun: Instant,
    quiet: Quiet,
    /// The highest rate without trouble below the lowest with it.
    clean: Option<f64>,
    /// Steps with trouble that were not due to chance, in the order in which they were made.
    bad: Vec<Judged>,
    /// All of them.
    steps: Vec<KneeStep>,
}

impl Search<'_> {
    async fn run(&mut self) {
        let rates = rates(self.session.lab().is_some());
        // The highest is held for a second step, which a burst may not last for.
        for &rate in rates.iter().chain(rates.last()) {
            match self.tried(rate).await {
                Some(Pressure::Clean) => (),
                Some(Pressure::Broken) | None => return,
                Some(_) => break,
            }
        }
        while let Some(rate) = next(&self.bad, self.clean) {
            if self.tried(rate).await.is_none() {
                return;
            }
        }
    }

    /// What a rate comes to: where little goes wrong, only if it does so again.
    async fn tried(&mut self, rate: f64) -> Option<Pressure> {
        let mut judged = self.step(rate).await?;
        if self.bad.is_empty() && judged.is_doubtful() {
            let again = self.step(rate).await?;
            if again.is_clean()
                && let Some(doubted) = self.steps.iter_mut().rev().nth(1)
            {
                doubted.verdict = Pressure::Clean;
            }
            // It began as the first one says: that one found the source rested.
            judged = Judged {
                begun: judged.begun,
                ..again
            };
        }
        let verdict = judged.step.verdict;
        if judged.is_clean() {
            self.clean = Some(self.clean.map_or(rate, |clean| clean.max(rate)));
        } else {
            self.bad.push(judged);
        }
        Some(verdict)
    }

    /// A second at this rate; `None` if there is no time left for it, or the user has had enough.
    async fn step(&mut self, rate: f64) -> Option<Judged> {
        if clock::since(self.begun) > PATIENCE {
            return None;
        }
        let fetches = (rate * STEP.as_secs_f64()).round() as u64;
        let mut seen = Seen::of(self.session, rate, fetches).await?;
        if seen.held_up && clock::since(self.begun) <= PATIENCE {
            seen = Seen::of(self.session, rate, fetches).await?;
        }
        let judged = Judged::of(&seen, &self.quiet);
        if seen.held_up && judged.is_late_only() {
            // This machine cannot ask for so much.
            return None;
        }
        self.steps.push(judged.step.clone());
        Some(judged)
    }
}

/// Whether a plain connection can be made now, and in what time; `None` where it is not known to where.
async fn dial(session: &Session) -> Option<Option<Duration>> {
    let authority = authority(session.setup.named.source, &session.setup.named.variables)?;
    let address = authority.to_socket_addrs().ok()?.next()?;
    let start = clock::now();
    let connected = tokio::time::timeout(STEP, tokio::net::TcpStream::connect(address)).await;
    Some(matches!(connected, Ok(Ok(_))).then(|| clock::since(start)))
}

/// Where the source is, as `host:port`.
fn authority(source: Source, variables: &Variables) -> Option<String> {
    let url = match source {
        Source::Container => container_endpoint(variables)?,
        _ => metadata_endpoint(variables, MetadataProfile::default()),
    };
    credentials::authority(&url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_tried_where_the_sdk_fetches() {
        let ipv6 = ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
        let relative = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/a");
        for (source, (name, value), expected) in [
            (Source::Imds, ("", ""), Some("169.254.169.254:80")),
            (Source::Imds, ipv6, Some("[fd00:ec2::254]:80")),
            (Source::Container, relative, Some("169.254.170.2:80")),
            (Source::Container, ("", ""), None),
        ] {
            let variables = Variables::from([(name.to_owned(), value.to_owned())]);
            assert_eq!(authority(source, &variables).as_deref(), expected, "{name}");
        }
    }
}
