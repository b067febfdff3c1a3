//! A proxy stands before a credential source.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::{Dial, Examination, LinkName};

pub(super) static CHECK: Check = Check {
    id: "proxy-in-the-way",
    level: Level::Error,
    title: "a proxy stands before a credential source",
    explanation: "HTTP_PROXY is set, and NO_PROXY does not name the metadata or container address. A proxy cannot reach this machine's link-local addresses; metadata refuses what comes through one (X-Forwarded-For).",
    consequence: "SDKs that heed the variables (boto3, the AWS CLI, Rust, and others) ask the proxy for credentials, and fail or wait.",
    remedy: "add the addresses to NO_PROXY and no_proxy: 169.254.169.254,169.254.170.2,169.254.170.23,[fd00:ec2::254],[fd00:ec2::23]",
    reference: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html",
    provoked_by: "HTTP_PROXY=http://127.0.0.1:1 without NO_PROXY",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let set = |names: [&'static str; 2]| {
        names
            .into_iter()
            .find_map(|name| seen.variable(name).map(|value| (name, value)))
    };
    let (name, _) =
        set(["http_proxy", "HTTP_PROXY"]).or_else(|| set(["all_proxy", "ALL_PROXY"]))?;
    let exceptions = set(["no_proxy", "NO_PROXY"]).map_or("", |(_, value)| value);
    let metadata = seen.metadata.as_ref().and_then(|metadata| {
        let host = metadata.endpoint.rsplit_once(':')?.0;
        let relevant = matches!(metadata.dial, Dial::Connected(_));
        relevant.then_some((LinkName::Imds, host))
    });
    let container = seen
        .container
        .as_ref()
        .map(|endpoint| (LinkName::Container, endpoint.host.as_str()));
    let (link, host) = [container, metadata]
        .into_iter()
        .flatten()
        .find(|(_, host)| !excepted(host, exceptions))?;
    let failure = seen.failure(link);
    let level = if failure.is_some() && seen.winner().is_none() {
        Level::Error
    } else {
        Level::Warning
    };
    let outcome = failure.map_or(String::new(), |why| format!("; the Rust SDK failed: {why}"));
    let evidence = format!("{name} is set and NO_PROXY does not name {host}{outcome}");
    let summary = format!("a proxy stands before {host}");
    Some(Sighting::new(level, summary, evidence))
}

/// Whether a list of exceptions names a host: itself, a domain that it is in, a network, or everything.
fn excepted(host: &str, exceptions: &str) -> bool {
    let address = host
        .trim_matches(['[', ']'])
        .parse::<std::net::Ipv4Addr>()
        .ok();
    exceptions.split(',').map(str::trim).any(|exception| {
        let domain = exception.trim_start_matches('.');
        exception == "*"
            || exception == host
            || (!domain.is_empty() && host.ends_with(&format!(".{domain}")))
            || address.is_some_and(|address| in_network(address, exception))
    })
}

fn in_network(address: std::net::Ipv4Addr, network: &str) -> bool {
    let Some((base, bits)) = network.split_once('/') else {
        return false;
    };
    let (Ok(base), Ok(bits @ 1..=32)) = (base.parse::<std::net::Ipv4Addr>(), bits.parse::<u32>())
    else {
        return false;
    };
    (u32::from(address) ^ u32::from(base)) >> (32 - bits) == 0
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
