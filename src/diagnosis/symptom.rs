//! From what people see to the checks that may explain it and the commands that prove it.

use crate::document::{Proof, SymptomAnswer};

/// What people see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Symptom {
    /// Traces show long times before a request is sent, in a step called Sign or credentials
    Sign,
    /// The first request of each process is slow, those after it are not
    FirstCall,
    /// Requests are slow for a moment, about once an hour
    HourlySpike,
    /// Requests or credential fetches time out now and then
    Timeouts,
    /// Requests or credential fetches are refused for their rate
    Throttled,
    /// Requests are refused: access denied, expired token, signature does not match
    AccessDenied,
}

/// What is known of a symptom.
pub(crate) struct Known {
    pub name: &'static str,
    pub meaning: &'static str,
    pub checks: &'static [&'static str],
    /// Commands, each with what it shows; the lab or the profile is still to be added.
    proofs: &'static [(&'static str, &'static str)],
}

/// In the order of the symptoms.
static KNOWN: [Known; 6] = [
    Known {
        name: "sign",
        meaning: "most SDKs fetch credentials in the step that signs: the time is nearly always that of their source, and not of the signature, which takes well under a millisecond",
        checks: &[
            "imds-hop-limit",
            "imds-slow",
            "imds-black-hole",
            "imds-throttled",
            "container-throttled",
            "timeout-too-short",
            "refresh-margin",
            "credential-process-slow",
            "sts-far",
            "sts-global-endpoint",
            "dns-slow",
            "proxy-in-the-way",
        ],
        proofs: &[
            (
                "sts --first 10",
                "the first call of ten processes: how much of it is waiting for credentials",
            ),
            ("sign", "what signing itself costs on this machine"),
        ],
    },
    Known {
        name: "first-call",
        meaning: "a process pays once for credentials, name lookup, connection and TLS",
        checks: &[
            "imds-hop-limit",
            "imds-slow",
            "imds-black-hole",
            "timeout-too-short",
            "credential-process-slow",
            "dns-slow",
            "sts-far",
            "sts-global-endpoint",
            "proxy-in-the-way",
        ],
        proofs: &[
            (
                "sts --first 10",
                "the first call of ten processes, by what it waits for",
            ),
            (
                "s3 --compare-cache",
                "cold and warm credentials against cold and warm connections",
            ),
        ],
    },
    Known {
        name: "hourly-spike",
        meaning: "credentials last an hour or a few, and calls wait while new ones are fetched",
        checks: &[
            "refresh-margin",
            "credentials-expiring",
            "imds-slow",
            "imds-throttled",
            "container-throttled",
            "timeout-too-short",
            "credential-process-slow",
        ],
        proofs: &[
            (
                "refresh --lab",
                "what an expiry does to calls, by when and by whom credentials are renewed",
            ),
            (
                "imds --compare-cache",
                "how many processes fetch at once when credentials expire",
            ),
        ],
    },
    Known {
        name: "timeouts",
        meaning: "something drops requests instead of refusing them, or answers later than SDKs wait",
        checks: &[
            "imds-throttled",
            "imds-hop-limit",
            "imds-black-hole",
            "imds-slow",
            "timeout-too-short",
            "container-throttled",
            "proxy-in-the-way",
            "dns-slow",
            "sts-unreachable",
            "credential-process-fails",
        ],
        proofs: &[
            (
                "imds --concurrency",
                "the rate at which credential fetches begin to be dropped",
            ),
            (
                "sts --rate 20 --duration 30s",
                "whether calls themselves stall, and when",
            ),
        ],
    },
    Known {
        name: "throttled",
        meaning: "too many processes fetch credentials at once, or each request fetches them anew",
        checks: &[
            "imds-throttled",
            "container-throttled",
            "refresh-margin",
            "credentials-expiring",
            "credential-process-slow",
        ],
        proofs: &[
            (
                "imds --concurrency",
                "the rate that instance metadata bears",
            ),
            (
                "imds --endpoint container",
                "the rate that the agent of a container bears",
            ),
            (
                "imds --compare-cache",
                "what a cache shared by processes saves",
            ),
        ],
    },
    Known {
        name: "access-denied",
        meaning: "the credentials are not those that were meant, have expired, or are signed by a clock that is off",
        checks: &[
            "clock-skew",
            "credentials-expired",
            "credentials-refused",
            "credentials-expiring",
            "no-credentials",
            "identities-differ",
            "role-shadowed",
            "sdks-disagree",
            "profile-missing",
            "config-unreadable",
            "config-broken",
            "container-token-rejected",
            "token-file-newline",
            "token-file-unreadable",
            "imds-no-role",
            "imds-disabled",
            "imds-v1-fallback",
        ],
        proofs: &[
            (
                "doctor",
                "whose the credentials of each link of the chain are",
            ),
            ("sts -n 1", "whether STS accepts what a program signs here"),
        ],
    },
];

impl Symptom {
    pub(crate) fn known(self) -> &'static Known {
        &KNOWN[self as usize]
    }
}

/// Every symptom.
#[cfg(test)]
pub(super) fn known() -> &'static [Known] {
    &KNOWN
}

impl Known {
    /// The commands as they are typed, each with what it shows.
    pub(crate) fn proofs(&self, scenario: Option<&str>) -> Vec<Proof> {
        let proofs = self.proofs.iter().map(|(command, shows)| {
            let takes_lab = *command != "sign";
            let scenario = scenario.filter(|_| takes_lab);
            let plain = command.trim_end_matches(" --lab");
            let command = match scenario {
                Some(scenario) => format!("awscreds-bench {plain} --lab {scenario}"),
                None => format!("awscreds-bench {command}"),
            };
            Proof {
                command,
                shows: (*shows).to_owned(),
            }
        });
        proofs.collect()
    }

    /// What the document says of it.
    pub(crate) fn answer(&self, scenario: Option<&str>) -> SymptomAnswer {
        SymptomAnswer {
            name: self.name.to_owned(),
            meaning: self.meaning.to_owned(),
            checks: self.checks.iter().map(ToString::to_string).collect(),
            proofs: self.proofs(scenario),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::diagnosis::find;

    #[test]
    fn each_symptom_has_its_name_and_asks_checks_that_there_are() {
        for symptom in Symptom::value_variants() {
            let known = symptom.known();
            let name = symptom.to_possible_value().unwrap();
            assert_eq!(name.get_name(), known.name);
            for id in known.checks {
                assert!(find(id).is_some(), "{id}");
            }
            assert!(!known.proofs.is_empty());
        }
    }

    #[test]
    fn commands_measure_the_lab_that_was_examined() {
        let proofs = Symptom::HourlySpike.known().proofs(Some("expiry"));
        assert_eq!(proofs[0].command, "awscreds-bench refresh --lab expiry");
        let proofs = Symptom::Sign.known().proofs(Some("imds-slow"));
        assert_eq!(proofs[1].command, "awscreds-bench sign");
    }
}
