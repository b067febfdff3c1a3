//! Instance metadata: whether it can be reached, whether it gives tokens, how fast, and what it refuses.

use std::time::Duration;

use crate::credentials::Source;
use crate::diagnosis::check::{Check, LONGER_LIMITS, Observation, SHARED, brief, lines, region};
use crate::diagnosis::examination::{ConnectOutcome, Examination, HttpOutcome, Metadata};
use crate::document::Severity;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "imds-hop-limit",
        level: Severity::Error,
        title: "the hop limit keeps metadata tokens from reaching this container",
        explanation: "The answer to a request for a metadata token is sent with an IP hop limit, 1 by default. Each router on the way takes one off, and a container's bridge is a router. The connection is set up and other requests are answered, but the token never arrives.",
        consequence: "SDKs that insist on version 2 get no credentials from metadata. Those that fall back to version 1 wait for the token first, so that the first request of each process takes a second or more.",
        remedy: "raise the limit to 2, or give the container credentials of its own (a task role, Pod Identity, a web identity)",
        reference: "https://github.com/aws/aws-sdk-go/issues/2972",
        provoked_by: "lab scenario `imds-hop-limit`",
        change: raise_hop_limit,
        look: hop_limit,
    },
    Check {
        id: "imds-throttled",
        level: Severity::Error,
        title: "instance metadata drops or refuses requests",
        explanation: "A network interface passes 1,024 packets per second to link-local addresses, shared by metadata, DNS and NTP of everything on the node. What exceeds that is dropped without a word, so that throttling looks like random timeouts. Stand-ins for metadata may answer 429 or 503 instead.",
        consequence: "Credential fetches time out now and then, worst when many processes start at once; DNS lookups suffer with them.",
        remedy: "fetch less often: one client per process, credentials shared by the processes of a node, no new session per request. A profile with this line shares them",
        reference: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-network-performance-ena.html",
        provoked_by: "a lab scenario with `[imds] throttle = { rate = 0.1, burst = 2, answer = \"drop\" }`",
        change: |_| lines([SHARED, "awscreds-bench imds --concurrency"]),
        look: throttled,
    },
    Check {
        id: "imds-slow",
        level: Severity::Warning,
        title: "instance metadata is slow",
        explanation: "Metadata is a millisecond away when all is well. Where it takes long, something stands between: a proxy for pods (kiam, kube2iam), an agent under load, a hypervisor that is short of time.",
        consequence: "Every process waits at its start and at each refresh; SDKs that give metadata one second give up now and then.",
        remedy: "look at what answers in metadata's place, and at the load on it, and keep credentials for as long as they are good. The variables let boto3 and the AWS CLI wait longer meanwhile",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-client.html",
        provoked_by: "lab scenario `imds-slow`",
        change: |_| lines(LONGER_LIMITS),
        look: slow,
    },
    Check {
        id: "imds-black-hole",
        level: Severity::Error,
        title: "nothing answers at the metadata address",
        explanation: "Where there is no instance metadata (on a laptop, in CI, in another cloud), requests to 169.254.169.254 are often dropped, not refused. SDKs that find no credentials elsewhere wait for it, and some wait for a Region there as well.",
        consequence: "Every process that finds no credentials before metadata pays seconds of waiting, and then has none.",
        remedy: "switch metadata off where there is none, and name the Region, so that no SDK looks for it there",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html",
        provoked_by: "lab scenario `imds-black-hole`",
        change: without_metadata,
        look: black_hole,
    },
    Check {
        id: "imds-refused",
        level: Severity::Error,
        title: "connections to the metadata address are refused",
        explanation: "Something on the way answers that nobody listens there: a firewall rule that rejects, or an endpoint variable that names the wrong port.",
        consequence: "Metadata gives no credentials; as the refusal is quick, nothing waits for it.",
        remedy: "check AWS_EC2_METADATA_SERVICE_ENDPOINT and the firewall rules for 169.254.169.254; where metadata is not meant to be used, switch it off",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-client.html",
        provoked_by: "lab scenario `imds-refused`",
        change: |_| lines([DISABLE]),
        look: refused,
    },
    Check {
        id: "imds-disabled",
        level: Severity::Error,
        title: "the instance's metadata endpoint is switched off",
        explanation: "Instance metadata answers 403 to everything, with and without a token: its HTTP endpoint is disabled in the instance's metadata options.",
        consequence: "The instance's role gives no credentials, and the Region is not found there either.",
        remedy: "switch the endpoint on; or set AWS_EC2_METADATA_DISABLED=true so that nobody asks",
        reference: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html",
        provoked_by: "lab scenario `imds-disabled`",
        change: enable,
        look: disabled,
    },
    Check {
        id: "imds-no-role",
        level: Severity::Error,
        title: "the instance has no role",
        explanation: "Instance metadata answers, and there is no role in it: no instance profile is attached to the instance, or its role was deleted.",
        consequence: "Metadata gives no credentials, although everything about it works.",
        remedy: "attach an instance profile to the instance",
        reference: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html",
        provoked_by: "lab scenario `imds-no-role`",
        change: attach_role,
        look: no_role,
    },
    Check {
        id: "imds-v1-fallback",
        level: Severity::Error,
        title: "metadata answers without a token, but gives none",
        explanation: "The request for a token is refused while version 1 answers. Old imitations of metadata do that. SDKs that may fall back use version 1, which protects nothing; those that may not (Rust, and any with AWS_EC2_METADATA_V1_DISABLED) get nothing.",
        consequence: "Some programs on this machine have credentials and others have none; those that have them can be tricked into handing them out (server-side request forgery).",
        remedy: "replace the imitation by one that knows version 2; on EC2 require that version",
        reference: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
        provoked_by: "lab scenarios `imds-v1-only` and `imds-v1-fallback`",
        change: require_tokens,
        look: v1_fallback,
    },
];

const DISABLE: &str = "export AWS_EC2_METADATA_DISABLED=true";

/// A change of the instance's metadata options.
fn modify(seen: &Examination, options: &str) -> Vec<String> {
    let instance = instance(seen);
    vec![format!(
        "aws ec2 modify-instance-metadata-options --instance-id {instance} {options}"
    )]
}

fn instance(seen: &Examination) -> &str {
    let metadata = seen.metadata.as_ref();
    let instance = metadata.and_then(|metadata| metadata.instance.as_deref());
    instance.unwrap_or("<instance-id>")
}

fn raise_hop_limit(seen: &Examination) -> Vec<String> {
    modify(
        seen,
        "--http-put-response-hop-limit 2 --http-endpoint enabled",
    )
}

fn enable(seen: &Examination) -> Vec<String> {
    modify(seen, "--http-endpoint enabled")
}

fn require_tokens(seen: &Examination) -> Vec<String> {
    modify(seen, "--http-tokens required")
}

fn attach_role(seen: &Examination) -> Vec<String> {
    let instance = instance(seen);
    vec![format!(
        "aws ec2 associate-iam-instance-profile --instance-id {instance} --iam-instance-profile Name=<name>"
    )]
}

fn without_metadata(seen: &Examination) -> Vec<String> {
    let region = region(seen);
    vec![DISABLE.to_owned(), format!("export AWS_REGION={region}")]
}

fn hop_limit(seen: &Examination) -> Option<Observation> {
    let metadata = seen.metadata.as_ref()?;
    let endpoint = &metadata.endpoint;
    let ConnectOutcome::Connected(connect) = metadata.connect else {
        return None;
    };
    let HttpOutcome::TimedOut(waited) = metadata.token else {
        return None;
    };
    let HttpOutcome::Status(v1, elapsed) = metadata.v1 else {
        return None;
    };
    let [connect, waited, elapsed] = [connect, waited, elapsed].map(brief);
    Some(Observation::new(format!(
        "{endpoint}: connected in {connect}; the token did not come within {waited}, while a request without one was answered with {v1} in {elapsed}"
    )))
}

fn throttled(seen: &Examination) -> Option<Observation> {
    let counter = match seen.linklocal_dropped {
        Some(dropped) => format!("linklocal_allowance_exceeded is {dropped}"),
        None => "linklocal_allowance_exceeded is not readable here".to_owned(),
    };
    let steps = seen.metadata.as_ref().map(Metadata::steps);
    let steps = steps.into_iter().flatten().map(|(_, outcome)| outcome);
    let refused = steps.clone().find_map(HttpOutcome::throttled);
    let answered = steps.clone().filter_map(HttpOutcome::status).count();
    let silent = steps.filter(|step| step.is_timeout()).count();
    let endpoint = seen.metadata.as_ref().map_or("", |m| &m.endpoint);
    let harmless = seen.failure(Source::Imds).is_none() || seen.winner().is_some();
    let (summary, evidence, milder) = if let Some(status) = refused {
        (
            "instance metadata refuses requests for their rate",
            format!("{endpoint} answered with {status}; {counter}"),
            harmless,
        )
    } else if answered > 0 && silent > 0 {
        (
            "instance metadata drops requests",
            format!(
                "{endpoint}: of its steps {answered} were answered and {silent} were not, on one connection; {counter}"
            ),
            harmless,
        )
    } else {
        let dropped = seen.linklocal_dropped.filter(|dropped| *dropped > 0)?;
        (
            "this node has exceeded its packets to link-local addresses",
            format!(
                "linklocal_allowance_exceeded has counted {dropped} dropped packets since the interface came up"
            ),
            true,
        )
    };
    let observation = Observation::new(evidence).summary(summary);
    Some(observation.lowered_to(Severity::Warning, milder))
}

/// Of all steps of a fetch together.
const SLOW: Duration = Duration::from_millis(300);

fn slow(seen: &Examination) -> Option<Observation> {
    let metadata = seen.metadata.as_ref()?;
    let timed = metadata.steps().into_iter();
    let timed = timed.filter_map(|(name, outcome)| Some((name, outcome.elapsed()?)));
    let total: Duration = timed.clone().map(|(_, elapsed)| elapsed).sum();
    if total < SLOW {
        return None;
    }
    let parts = timed.map(|(name, elapsed)| format!("{name} {}", brief(elapsed)));
    let parts: Vec<String> = parts.collect();
    let evidence = format!("{}: {}", metadata.endpoint, parts.join(", "));
    let summary = format!("a fetch from instance metadata takes {}", brief(total));
    Some(Observation::new(evidence).summary(summary))
}

fn black_hole(seen: &Examination) -> Option<Observation> {
    let metadata = seen.metadata.as_ref()?;
    let how = match &metadata.connect {
        ConnectOutcome::TimedOut(waited) => format!("no connection within {}", brief(*waited)),
        ConnectOutcome::NoRoute(why) => why.clone(),
        ConnectOutcome::Connected(_) if metadata.token.is_timeout() && metadata.v1.is_timeout() => {
            "connected, and no answer to anything".to_owned()
        }
        ConnectOutcome::Connected(_) | ConnectOutcome::Refused => return None,
    };
    let elapsed = seen.link(Source::Imds).and_then(|imds| imds.elapsed);
    let spent = elapsed.map_or(String::new(), |elapsed| {
        format!("; the Rust SDK gave up after {}", brief(elapsed))
    });
    let evidence = format!("{}: {how}{spent}", metadata.endpoint);
    Some(without_credentials(seen, evidence))
}

/// Metadata gives no credentials, which matters to nobody where others are found.
fn without_credentials(seen: &Examination, evidence: String) -> Observation {
    Observation::new(evidence).lowered_to(Severity::Info, seen.winner().is_some())
}

fn refused(seen: &Examination) -> Option<Observation> {
    let metadata = seen.metadata.as_ref()?;
    let refused = metadata.connect == ConnectOutcome::Refused;
    let evidence = format!("{} refuses connections", metadata.endpoint);
    refused.then(|| without_credentials(seen, evidence))
}

fn disabled(seen: &Examination) -> Option<Observation> {
    let metadata = seen.metadata.as_ref()?;
    let answers = (metadata.token.status(), metadata.v1.status());
    let evidence = format!("{} answers 403 with and without a token", metadata.endpoint);
    (answers == (Some(403), Some(403))).then(|| without_credentials(seen, evidence))
}

fn no_role(seen: &Examination) -> Option<Observation> {
    let metadata = seen.metadata.as_ref()?;
    let answers = (metadata.token.status(), metadata.role.status());
    let evidence = format!("{}: a token was given, the role is 404", metadata.endpoint);
    (answers == (Some(200), Some(404))).then(|| without_credentials(seen, evidence))
}

fn v1_fallback(seen: &Examination) -> Option<Observation> {
    let metadata = seen.metadata.as_ref()?;
    let v1 = metadata.v1.status().filter(|status| *status < 400)?;
    let refusal = metadata.token.status().filter(|status| *status >= 400)?;
    let endpoint = &metadata.endpoint;
    let evidence = format!("{endpoint}: {refusal} to the request for a token, {v1} to one without");
    Some(Observation::new(evidence).lowered_to(Severity::Warning, seen.winner().is_some()))
}
