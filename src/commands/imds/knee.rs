//! The knee: cold fetches at rising rates until the source begins to drop or to refuse them, and then at
//! rates in between.
//!
//! Gentle by construction: a step is a second, it stops at the first rate that is too much and goes on
//! below it, and no step begins after [`PATIENCE`].

use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fetch::ColdFetch;
use super::pressure::{RateStep, between, middle};
use crate::clock;
use crate::credentials::{
    self, MetadataProfile, Source, Variables, container_endpoint, metadata_endpoint,
};
use crate::document::{Finding, Knee, KneeKind, KneeStep, Pressure, Severity, word};
use crate::link_local;
use crate::measure::{Arrivals, Call, Pacing, Plan, Rate};
use crate::run::{ArmCall, Session};

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

/// The highest rate that may be tried.
pub fn highest(lab: bool) -> f64 {
    rates(lab).last().copied().unwrap_or_default()
}

fn rates(lab: bool) -> &'static [f64] {
    if lab { LAB_RATES } else { GENTLE_RATES }
}

/// One search.
struct Search<'a> {
    session: &'a Session,
    begun: Instant,
    usual: Option<Duration>,
    steps: Vec<(RateStep, Pressure)>,
}

/// Looks for the knee.
pub async fn find(session: &Session) -> Knee {
    let dropped = link_local::dropped().await;
    let mut search = Search {
        session,
        begun: clock::now(),
        usual: None,
        steps: Vec::new(),
    };
    let (kind, rate) = search.run().await;
    let failing = search
        .steps
        .iter()
        .any(|(_, verdict)| *verdict != Pressure::Clean);
    let dial = if failing { dial(session).await } else { None };
    Knee {
        kind,
        rate_per_s: rate,
        workers: rate
            .zip(search.usual)
            .map(|(rate, usual)| workers(rate, usual)),
        tcp_connected: dial.map(|dial| dial.is_some()),
        tcp_connect_us: dial.flatten().map(|elapsed| elapsed.as_secs_f64() * 1e6),
        linklocal_allowance_exceeded: link_local::dropped()
            .await
            .zip(dropped)
            .map(|(after, before)| after.saturating_sub(before)),
        steps: search
            .steps
            .iter()
            .map(|(step, verdict)| documented(step, *verdict))
            .collect(),
    }
}

/// The fewest workers that reach a rate by fetching back to back, a fetch taking `each`.
fn workers(rate: f64, each: Duration) -> u64 {
    (rate * each.as_secs_f64()).floor() as u64 + 1
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
                    return (KneeKind::Refusing, Some(self.refused(rate).await));
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
    async fn refused(&mut self, rate: f64) -> f64 {
        self.step(rate).await;
        let (last, _) = self.steps.last().expect("a step was made before this one");
        last.ok as f64 / last.elapsed.max(STEP).as_secs_f64()
    }

    async fn narrowed(
        &mut self,
        clean: Option<f64>,
        failing: f64,
    ) -> (Option<Pressure>, Option<f64>) {
        let (mut kind, mut clean, mut failing) = (None, clean, failing);
        // Without a clean rate to begin with: half the failing one, and half of that.
        loop {
            let next = match clean {
                Some(clean) => between(clean, failing),
                None if failing > 3.0 => Some(failing / 2.0),
                None => None,
            };
            let Some(rate) = next else { break };
            match self.step(rate).await {
                None => break,
                Some(Pressure::Clean) => clean = Some(rate),
                Some(verdict) => {
                    kind = Some(verdict);
                    failing = rate;
                }
            }
        }
        (kind, clean.map(|clean| middle(clean, failing)))
    }

    /// A second at this rate; `None` if there is no time left for it, or the user has had enough.
    async fn step(&mut self, rate: f64) -> Option<Pressure> {
        if clock::since(self.begun) > PATIENCE {
            return None;
        }
        let call: Arc<dyn Call> = Arc::new(ColdFetch {
            setup: Arc::clone(&self.session.setup),
            facts: Arc::default(),
            limit: LIMIT.min(self.session.setup.timeout()),
        });
        let arm = ArmCall::plain("knee", call);
        let plan = Plan {
            requests: Some((rate * STEP.as_secs_f64()).round() as u64),
            duration: None,
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
        let mut step = RateStep::of(rate, &measured.tallies[0], self.usual, measured.elapsed);
        step.retransmitted = link_local::retransmitted()
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before));
        let verdict = step.pressure(self.usual.or(step.p50));
        if verdict == Pressure::Clean {
            self.usual = self.usual.or(step.p50);
        }
        self.steps.push((step, verdict));
        Some(verdict)
    }
}

/// Whether a plain connection can be made now, and in what time; `None` where it is not known to where.
async fn dial(session: &Session) -> Option<Option<Duration>> {
    let authority = authority(session.setup.source(), session.setup.variables())?;
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

fn documented(step: &RateStep, verdict: Pressure) -> KneeStep {
    KneeStep {
        rate_per_s: step.rate,
        fetches: step.fetches,
        ok: step.ok,
        late: step.late,
        timeout: step.timeout,
        connect: step.connect,
        throttled: step.throttled,
        other: step.other,
        p50_us: step.p50.map(|p50| p50.as_secs_f64() * 1e6),
        retransmitted: step.retransmitted,
        verdict,
    }
}

/// What the knee means for those who share the node.
pub fn finding(knee: &Knee, source: Source) -> Finding {
    let what = if source == Source::Container {
        "the container endpoint"
    } else {
        "instance metadata"
    };
    let rate = knee.rate_per_s.map(|rate| format!("{rate:.0}"));
    let highest = knee
        .steps
        .iter()
        .map(|step| step.rate_per_s)
        .fold(0.0, f64::max);
    let (severity, summary) = match (knee.kind, rate) {
        (KneeKind::None, _) => (
            Severity::Info,
            format!("{what} keeps up with {highest:.0} cold fetches/s, the most that was tried"),
        ),
        (KneeKind::Dropping, Some(rate)) => (
            Severity::Warning,
            format!("{what} begins to drop requests at about {rate} cold fetches/s"),
        ),
        (KneeKind::Refusing, Some(rate)) => (
            Severity::Warning,
            format!("{what} refuses what exceeds about {rate} cold fetches/s"),
        ),
        (KneeKind::Slow, Some(rate)) => (
            Severity::Warning,
            format!(
                "{what} answers everything, and later and later from about {rate} cold fetches/s on"
            ),
        ),
        (kind, _) => (
            Severity::Warning,
            format!(
                "{what} is {} at {highest:.0} cold fetches/s already",
                word(kind)
            ),
        ),
    };
    Finding::new(
        severity,
        "imds-knee",
        summary,
        evidence(knee),
        remedy(knee, source),
    )
}

fn evidence(knee: &Knee) -> String {
    let mut parts = Vec::new();
    let failing = |step: &&KneeStep| step.verdict != Pressure::Clean;
    if let Some(step) = knee.steps.iter().find(failing) {
        parts.push(format!(
            "at {:.0}/s: {} of {} fetches ok, {} of them as late as TCP repeats itself, {} timed out, {} refused, {} failed otherwise",
            step.rate_per_s,
            step.ok,
            step.fetches,
            step.late,
            step.timeout,
            step.throttled,
            step.connect + step.other
        ));
        if let Some(again) = step.retransmitted {
            parts.push(format!("{again} TCP segments sent again"));
        }
    }
    match (knee.tcp_connected, knee.tcp_connect_us) {
        (Some(true), Some(us)) => parts.push(format!("TCP still connected, in {:.1} ms", us / 1e3)),
        (Some(false), _) => parts.push("TCP did not connect either".to_owned()),
        _ => (),
    }
    parts.push(match knee.linklocal_allowance_exceeded {
        Some(rise) => format!("linklocal_allowance_exceeded rose by {rise}"),
        None => "linklocal_allowance_exceeded is not readable here".to_owned(),
    });
    let tried: Vec<String> = knee
        .steps
        .iter()
        .map(|step| format!("{:.0}", step.rate_per_s))
        .collect();
    parts.push(format!("rates tried: {} per second", tried.join(", ")));
    parts.join("; ")
}

fn remedy(knee: &Knee, source: Source) -> String {
    let Some(rate) = knee.rate_per_s else {
        return "nothing needs to be done for its rate".to_owned();
    };
    let others = if source == Source::Imds {
        ", DNS and NTP of the node included"
    } else {
        ""
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
        for (source, name, value, expected) in [
            (Source::Imds, "", "", Some("169.254.169.254:80")),
            (
                Source::Imds,
                "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                "IPv6",
                Some("[fd00:ec2::254]:80"),
            ),
            (
                Source::Container,
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "/v2/a",
                Some("169.254.170.2:80"),
            ),
            (Source::Container, "", "", None),
        ] {
            let variables = Variables::from([(name.to_owned(), value.to_owned())]);
            assert_eq!(authority(source, &variables).as_deref(), expected, "{name}");
        }
    }
}
