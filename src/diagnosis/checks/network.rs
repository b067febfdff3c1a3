//! The way to STS and to the credential sources: how far, by which endpoint, name server and proxy, and whether
//! it fits into the time that SDKs allow.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::credentials::Source;
use crate::diagnosis::check::{Check, LONGER_LIMITS, Observation, brief, lines, region};
use crate::diagnosis::examination::{ConnectOutcome, Examination, Metadata};
use crate::document::Severity;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "sts-global-endpoint",
        level: Severity::Warning,
        title: "the global STS endpoint is used",
        explanation: "sts.amazonaws.com is one endpoint for the world. In Regions that are enabled by default it has been served nearby since April 2025; from opt-in Regions, and by way of its throttle and its failure, it is still us-east-1.",
        consequence: "Each assumed role may cost a trip to another continent, and fails when us-east-1 does.",
        remedy: "use the Region's own endpoint, and set no AWS_ENDPOINT_URL_STS; `awscreds-bench sts --regional` compares the two",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html",
        provoked_by: "AWS_STS_REGIONAL_ENDPOINTS=legacy",
        change: |_| {
            lines([
                "export AWS_STS_REGIONAL_ENDPOINTS=regional",
                "sts_regional_endpoints = regional",
            ])
        },
        look: sts_global_endpoint,
    },
    Check {
        id: "sts-far",
        level: Severity::Warning,
        title: "STS is far away",
        explanation: "A call on an open connection is one round trip and the service's own time. Where that takes a tenth of a second, the endpoint is on another continent, or a proxy or VPN leads there.",
        consequence: "Every assumed role and every web identity costs that much more, several times over where connections are new.",
        remedy: "use the endpoint of the Region that this runs in (AWS_REGION), or an interface endpoint for STS in the VPC; compare Regions first",
        reference: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_region-endpoints.html",
        provoked_by: "a lab scenario with `[sts.regional] delay = \"150ms\"`",
        change: compare_regions,
        look: sts_far,
    },
    Check {
        id: "dns-slow",
        level: Severity::Warning,
        title: "name lookups are slow",
        explanation: "Each new connection begins with a lookup. Where the first name server does not answer, resolvers try the next one after seconds; in Kubernetes a search list multiplies lookups; on EC2 they share 1,024 packets per second with metadata.",
        consequence: "New connections take that much longer, and credential fetches that need one may hit their time limit.",
        remedy: "mend or remove the name server that does not answer (/etc/resolv.conf), and use a cache on the node (NodeLocal DNSCache, systemd-resolved, nscd). In Kubernetes set ndots:1 in the pod's dnsConfig; keep connections open",
        reference: "https://github.com/aws/karpenter-provider-aws/issues/6550",
        provoked_by: "a name server that answers after 400 ms",
        change: |_| lines([]),
        look: dns_slow,
    },
    Check {
        id: "proxy-in-the-way",
        level: Severity::Error,
        title: "a proxy stands before a credential source",
        explanation: "HTTP_PROXY is set, and NO_PROXY does not name the metadata or container address. A proxy cannot reach this machine's link-local addresses; metadata refuses what comes through one (X-Forwarded-For).",
        consequence: "SDKs that heed the variables (boto3, the AWS CLI, Rust, and others) ask the proxy for credentials, and fail or wait.",
        remedy: "name the addresses of credential sources in NO_PROXY and no_proxy",
        reference: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html",
        provoked_by: "HTTP_PROXY=http://127.0.0.1:1 without NO_PROXY",
        change: exceptions,
        look: proxy_in_the_way,
    },
    Check {
        id: "timeout-too-short",
        level: Severity::Warning,
        title: "a source is about as slow as SDKs will wait for it",
        explanation: "SDKs give a credential source little time: one second for metadata (Rust; boto3 and the AWS CLI by AWS_METADATA_SERVICE_TIMEOUT, with one try), two for the container endpoint (boto3), five (Rust). An answer that usually takes more than half of that will at times take all of it.",
        consequence: "Fetches fail at random, and tries that fail load the source further.",
        remedy: "make the source faster. The variables lengthen the limits of boto3 and the AWS CLI; elsewhere give the provider's HTTP client longer timeouts",
        reference: "https://github.com/vectordotdev/vector/issues/14671",
        provoked_by: "lab scenario `imds-slow`",
        change: |_| lines(LONGER_LIMITS),
        look: timeout_too_short,
    },
];

fn compare_regions(seen: &Examination) -> Vec<String> {
    let region = region(seen);
    vec![format!(
        "awscreds-bench sts --regional {region},<other-region>"
    )]
}

fn exceptions(_: &Examination) -> Vec<String> {
    const SOURCES: &str =
        "169.254.169.254,169.254.170.2,169.254.170.23,[fd00:ec2::254],[fd00:ec2::23]";
    vec![
        format!("export NO_PROXY=\"${{NO_PROXY:+$NO_PROXY,}}{SOURCES}\""),
        "export no_proxy=\"$NO_PROXY\"".to_owned(),
    ]
}

fn sts_global_endpoint(seen: &Examination) -> Option<Observation> {
    let mut endpoints = seen.sts().filter_map(|sts| sts.endpoint.as_deref());
    let endpoint = endpoints.find(|endpoint| endpoint.contains("://sts.amazonaws.com"));
    let legacy = |value: &str| value.eq_ignore_ascii_case("legacy");
    let by_variable = seen.variable("AWS_STS_REGIONAL_ENDPOINTS");
    let by_profile = seen.profiles.property("sts_regional_endpoints");
    let profile = &seen.profiles.selected;
    let evidence = if let Some(endpoint) = endpoint {
        format!("the SDK resolved {endpoint}")
    } else if by_variable.is_some_and(legacy) {
        "AWS_STS_REGIONAL_ENDPOINTS is legacy, which SDKs that read it follow".to_owned()
    } else if by_profile.is_some_and(legacy) {
        format!("sts_regional_endpoints of profile {profile} is legacy")
    } else {
        return None;
    };
    Some(Observation::new(evidence))
}

/// Of a call on an open connection.
const FAR: Duration = Duration::from_millis(100);

fn sts_far(seen: &Examination) -> Option<Observation> {
    let timed = seen.sts().filter_map(|sts| Some((sts, sts.warm?)));
    let (sts, warm) = timed.min_by_key(|(_, warm)| *warm)?;
    let address = sts.address.as_deref().unwrap_or("an unknown address");
    let (name, first) = (sts.name(), brief(sts.first));
    let shown = brief(warm);
    let evidence =
        format!("{name} at {address}: {shown} on an open connection, {first} with a new one");
    let summary = format!("a call of STS takes {shown}");
    (warm >= FAR).then(|| Observation::new(evidence).summary(summary))
}

/// Of one lookup.
const SLOW: Duration = Duration::from_millis(200);

fn dns_slow(seen: &Examination) -> Option<Observation> {
    let lookup = seen.lookup.as_ref()?;
    let slowest = lookup.first.max(lookup.second.unwrap_or_default());
    if slowest < SLOW || seen.loaded().next().is_none() && lookup.failed.is_some() {
        return None;
    }
    let second = lookup.second.map_or(String::new(), |second| {
        format!(", the same again {}", brief(second))
    });
    let failed = lookup.failed.as_ref();
    let failed = failed.map_or(String::new(), |why| format!(", and failed: {why}"));
    let evidence = format!("{}: {}{second}{failed}", lookup.host, brief(lookup.first));
    let summary = format!("looking up {} takes {}", lookup.host, brief(slowest));
    Some(Observation::new(evidence).summary(summary))
}

fn proxy_in_the_way(seen: &Examination) -> Option<Observation> {
    let set = |names: [&'static str; 2]| {
        let mut names = names.into_iter();
        names.find_map(|name| seen.variable(name).map(|value| (name, value)))
    };
    let (name, _) =
        set(["http_proxy", "HTTP_PROXY"]).or_else(|| set(["all_proxy", "ALL_PROXY"]))?;
    let exceptions = set(["no_proxy", "NO_PROXY"]).map_or("", |(_, value)| value);
    let metadata = seen.metadata.as_ref().and_then(|metadata| {
        let host = metadata.endpoint.rsplit_once(':')?.0;
        let relevant = matches!(metadata.connect, ConnectOutcome::Connected(_));
        relevant.then_some((Source::Imds, host))
    });
    let container = seen.container.as_ref();
    let container = container.map(|endpoint| (Source::Container, endpoint.host.as_str()));
    let (source, host) = [container, metadata]
        .into_iter()
        .flatten()
        .find(|(_, host)| !excepted(host, exceptions))?;
    let failure = seen.failure(source);
    let outcome = failure.map_or(String::new(), |why| format!("; the Rust SDK failed: {why}"));
    let evidence = format!("{name} is set and NO_PROXY does not name {host}{outcome}");
    let harmless = failure.is_none() || seen.winner().is_some();
    let observation = Observation::new(evidence).summary(format!("a proxy stands before {host}"));
    Some(observation.lowered_to(Severity::Warning, harmless))
}

/// Whether a list of exceptions names a host: itself, a domain that it is in, a network, or everything.
fn excepted(host: &str, exceptions: &str) -> bool {
    let address = host.parse::<Ipv4Addr>().ok();
    exceptions.split(',').map(str::trim).any(|exception| {
        let domain = exception.trim_start_matches('.');
        exception == "*"
            || exception == host
            || (!domain.is_empty() && host.ends_with(&format!(".{domain}")))
            || address.is_some_and(|address| in_network(address, exception))
    })
}

fn in_network(address: Ipv4Addr, network: &str) -> bool {
    let Some((base, bits)) = network.split_once('/') else {
        return false;
    };
    let (Ok(base), Ok(bits @ 1..=32)) = (base.parse::<Ipv4Addr>(), bits.parse::<u32>()) else {
        return false;
    };
    (u32::from(address) ^ u32::from(base)) >> (32 - bits) == 0
}

/// The shortest limits that SDKs put on an answer: of metadata, unless a variable shortens it; and of the container
/// endpoint.
const METADATA_LIMIT: Duration = Duration::from_secs(1);
const CONTAINER_LIMIT: Duration = Duration::from_secs(2);

fn timeout_too_short(seen: &Examination) -> Option<Observation> {
    let configured = seen
        .variable("AWS_METADATA_SERVICE_TIMEOUT")
        .and_then(|seconds| seconds.parse().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let metadata_limit = configured.map_or(METADATA_LIMIT, |limit| limit.min(METADATA_LIMIT));
    let limit = |operation: &str| match operation.split(':').next() {
        Some("imds") => Some(metadata_limit),
        Some("container") => Some(CONTAINER_LIMIT),
        _ => None,
    };
    let by_probe = seen.metadata.iter().flat_map(Metadata::steps);
    let by_probe =
        by_probe.filter_map(|(name, outcome)| Some((format!("imds:{name}"), outcome.elapsed()?)));
    let by_sdk = seen.links.iter().flat_map(|link| link.slowest.clone());
    let (operation, elapsed, limit) = by_probe
        .chain(by_sdk)
        .filter_map(|(operation, elapsed)| {
            let limit = limit(&operation)?;
            (elapsed * 2 >= limit).then_some((operation, elapsed, limit))
        })
        .max_by_key(|(_, elapsed, _)| *elapsed)?;
    let (took, limit) = (brief(elapsed), brief(limit));
    Some(Observation::new(format!(
        "{operation} was answered in {took}, and the shortest limit in use is {limit}"
    )))
}

#[cfg(test)]
mod tests {
    use super::excepted;

    #[test]
    fn exceptions_are_hosts_domains_networks_or_all() {
        let imds = "169.254.169.254";
        for list in [
            "169.254.169.254",
            "x, 169.254.0.0/16",
            "*",
            "localhost,169.254.169.254",
        ] {
            assert!(excepted(imds, list), "{list}");
        }
        for list in ["", "localhost", "169.254.170.2", "10.0.0.0/8", "54"] {
            assert!(!excepted(imds, list), "{list}");
        }
        assert!(excepted("agent.local", ".local"));
    }
}
