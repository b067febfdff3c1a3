//! The knee: cold fetches at rising rates until the source begins to drop or to refuse them, and then at
//! rates in between.
//!
//! Gentle by construction: a step is a second, it stops at the first rate that is too much and goes on
//! below it, and no step begins after [`PATIENCE`].

use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

use super::fetch;
use super::pressure::{between, middle, rate_step};
use crate::clock;
use crate::credentials::{
    self, MetadataProfile, Source, Variables, container_endpoint, metadata_endpoint,
};
use crate::document::{Finding, Knee, KneeKind, KneeStep, Pressure, word};
use crate::figures;
use crate::link_local;
use crate::measure::{Arrivals, Pacing, Plan, Rate};
use crate::run::Session;

/// Fetches per second on a real node. The interface's 1,024 packets are about a hundred.
const GENTLE_RATES: &[f64] = &[50.0, 100.0, 200.0];
/// … and on the lab.
const LAB_RATES: &[f64] = &[50.0, 100.0, 200.0, 400.0, 800.0];

const STEP: Duration = Duration::from_secs(1);
/// From the start of the search to the start of its last step.
const PATIENCE: Duration = Duration::from_millis(8_500);
/// A fetch that took longer is a lost one; the SDK itself gives metadata a second.
const LIMIT: Duration = Duration::from_millis(1500);
/// More at once would measure this machine.
const MOST_IN_FLIGHT: usize = 512;

/// The rates that may be tried.
pub fn rates(lab: bool) -> &'static [f64] {
    if lab { LAB_RATES } else { GENTLE_RATES }
}

/// One search.
struct Search<'a> {
    session: &'a Session,
    begun: Instant,
    /// What a fetch takes when all is well.
    usual_us: Option<f64>,
    /// The last step, from its first start to its last end.
    last_took: Duration,
    steps: Vec<KneeStep>,
}

/// Looks for the knee.
pub async fn find(session: &Session) -> Knee {
    let dropped = link_local::dropped().await;
    let mut search = Search {
        session,
        begun: clock::now(),
        usual_us: None,
        last_took: Duration::ZERO,
        steps: Vec::new(),
    };
    let (kind, rate) = search.run().await;
    let dial = match first_failing(&search.steps) {
        Some(_) => dial(session).await,
        None => None,
    };
    // Of workers that fetch back to back.
    let busy = rate
        .zip(search.usual_us)
        .map(|(rate, usual_us)| rate * usual_us / 1e6);
    Knee {
        kind,
        rate_per_s: rate,
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

fn first_failing(steps: &[KneeStep]) -> Option<&KneeStep> {
    steps.iter().find(|step| step.verdict != Pressure::Clean)
}

impl Search<'_> {
    /// What happens, and from which rate on.
    async fn run(&mut self) -> (KneeKind, Option<f64>) {
        let mut clean = None;
        for &rate in rates(self.session.lab().is_some()) {
            match self.step(rate).await {
                None => break,
                Some(Pressure::Clean) => clean = Some(rate),
                Some(Pressure::Refusing) => {
                    return (KneeKind::Refusing, self.refused(rate).await);
                }
                Some(verdict @ (Pressure::Dropping | Pressure::Slow)) => {
                    let (kind, found) = self.narrowed(clean, rate).await;
                    // All that is known of a rate that fails at once is that it is too much.
                    return (kind.unwrap_or(verdict).into(), found);
                }
                Some(Pressure::Broken) => return (KneeKind::Broken, None),
            }
        }
        (KneeKind::None, None)
    }

    /// The rate that passes once the burst is used up: with refusals, which cost nothing, what was served.
    async fn refused(&mut self, rate: f64) -> Option<f64> {
        self.step(rate).await;
        let took = self.last_took.max(STEP).as_secs_f64();
        self.steps.last().map(|step| step.ok as f64 / took)
    }

    async fn narrowed(
        &mut self,
        mut clean: Option<f64>,
        mut failing: f64,
    ) -> (Option<Pressure>, Option<f64>) {
        let mut kind = None;
        // Without a clean rate to begin with: half the failing one, and half of that.
        let next = |clean: Option<f64>, failing: f64| match clean {
            Some(clean) => between(clean, failing),
            None => (failing > 3.0).then_some(failing / 2.0),
        };
        while let Some(rate) = next(clean, failing)
            && let Some(verdict) = self.step(rate).await
        {
            if verdict == Pressure::Clean {
                clean = Some(rate);
            } else {
                (kind, failing) = (Some(verdict), rate);
            }
        }
        (kind, clean.map(|clean| middle(clean, failing)))
    }

    /// A second at this rate; `None` if there is no time left for it, or the user has had enough.
    async fn step(&mut self, rate: f64) -> Option<Pressure> {
        if clock::since(self.begun) > PATIENCE {
            return None;
        }
        let setup = &self.session.setup;
        let arm = fetch::arm("knee", setup, LIMIT.min(setup.timeout));
        let plan = Plan {
            requests: Some((rate * STEP.as_secs_f64()).round() as u64),
            duration: None,
            first: 0,
            warmup: 0,
            pacing: Pacing::Open {
                rate: Rate {
                    per_s: rate,
                    arrivals: Arrivals::Constant,
                },
                most_in_flight: MOST_IN_FLIGHT,
            },
            seed: 1,
        };
        let before = link_local::retransmitted();
        let label = format!("{rate:.0} fetches/s");
        let measured = self.session.watched(&[arm], &plan, &label).await;
        if !measured.complete {
            return None;
        }
        let retransmitted = risen(link_local::retransmitted(), before);
        let step = rate_step(rate, &measured.tallies[0], self.usual_us, retransmitted);
        let verdict = step.verdict;
        if verdict == Pressure::Clean {
            self.usual_us = self.usual_us.or(step.p50_us);
        }
        self.last_took = measured.elapsed;
        self.steps.push(step);
        Some(verdict)
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

/// What the knee means for those who share the node.
pub fn finding(knee: &Knee, source: Source) -> Finding {
    let what = match source {
        Source::Container => "the container endpoint",
        _ => "instance metadata",
    };
    let tried = knee.steps.iter().map(|step| step.rate_per_s);
    let highest = tried.fold(0.0, f64::max);
    let rate = knee.rate_per_s.map(|rate| format!("{rate:.0}"));
    let summary = match (knee.kind, rate) {
        (KneeKind::None, _) => {
            format!("{what} keeps up with {highest:.0} cold fetches/s, the most that was tried")
        }
        (KneeKind::Dropping, Some(rate)) => {
            format!("{what} begins to drop requests at about {rate} cold fetches/s")
        }
        (KneeKind::Refusing, Some(rate)) => {
            format!("{what} refuses what exceeds about {rate} cold fetches/s")
        }
        (KneeKind::Slow, Some(rate)) => format!(
            "{what} answers everything, and later and later from about {rate} cold fetches/s on"
        ),
        (kind, _) => format!(
            "{what} is {} at {highest:.0} cold fetches/s already",
            word(kind)
        ),
    };
    let (evidence, remedy) = (evidence(knee), remedy(knee, source));
    match knee.kind {
        KneeKind::None => Finding::info("imds-knee", summary, evidence, remedy),
        _ => Finding::warning("imds-knee", summary, evidence, remedy),
    }
}

fn evidence(knee: &Knee) -> String {
    let mut parts = Vec::new();
    if let Some(step) = first_failing(&knee.steps) {
        let (fetches, refused) = (step.fetches, step.throttled);
        let (ok, late, timeout) = (step.ok, step.late, step.timeout);
        let (rate, otherwise) = (step.rate_per_s, step.connect + step.other);
        parts.push(format!(
            "at {rate:.0}/s: {ok} of {fetches} fetches ok, {late} of them as late as TCP repeats itself, {timeout} timed \
             out, {refused} refused, {otherwise} failed otherwise"
        ));
        let again = step.retransmitted;
        parts.extend(again.map(|again| format!("{again} TCP segments sent again")));
    }
    match (knee.tcp_connected, knee.tcp_connect_us) {
        (Some(true), Some(us)) => {
            parts.push(format!("TCP still connected, in {}", figures::time(us)));
        }
        (Some(false), _) => parts.push("TCP did not connect either".to_owned()),
        _ => (),
    }
    parts.push(match knee.linklocal_allowance_exceeded {
        Some(rise) => format!("linklocal_allowance_exceeded rose by {rise}"),
        None => "linklocal_allowance_exceeded is not readable here".to_owned(),
    });
    let rate = |step: &KneeStep| format!("{:.0}", step.rate_per_s);
    let tried: Vec<String> = knee.steps.iter().map(rate).collect();
    parts.push(format!("rates tried: {} per second", tried.join(", ")));
    parts.join("; ")
}

fn remedy(knee: &Knee, source: Source) -> String {
    let Some(rate) = knee.rate_per_s else {
        return "nothing needs to be done for its rate".to_owned();
    };
    let others = match source {
        Source::Imds => ", DNS and NTP of the node included",
        _ => "",
    };
    let workers = knee.workers.map_or(String::new(), |workers| {
        format!(", or {workers} that fetch back to back")
    });
    format!(
        "stay below it{others}: {rate:.0} processes like this one may start per second{workers}; \
         renewing once an hour and spread evenly, about {:.0} fit. One client per process and credentials shared by \
         the processes of a node make room",
        (rate * 3600.0 / 1000.0).floor() * 1000.0
    )
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
