//! From a TOML document to a [`Scenario`], field by field.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::DeTable;

use super::cloudmap;
use super::decode_sources::{clock, container, imds};
use super::error::ScenarioError;
use super::reader::{Field, Source, Table, nothing_else};
use super::{Credentials, DEFAULT_REGION, Scenario, Sts};
use crate::lab::rules::{Delay, Fault, FaultKind, Refusal, Rules, Stall, Throttle};

pub(super) type Result<T> = std::result::Result<T, ScenarioError>;

pub(super) fn scenario(text: &str, origin: &str) -> Result<Scenario> {
    let source = Source { origin, text };
    let document = DeTable::parse(text).map_err(|error| ScenarioError::NotToml {
        origin: origin.to_owned(),
        line: source.line(error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })?;
    let mut table = Table::new(source, String::new(), document.get_ref());
    let about = optional(table.field("about"), |field| {
        Ok(field.text("a sentence in quotes")?.trim().to_owned())
    })?;
    let seed = optional(table.field("seed"), |field| {
        field.unsigned("a seed is a whole number, such as 1")
    })?;
    let scenario = Scenario {
        name: origin.to_owned(),
        about,
        region: optional(table.field("region"), region)?
            .unwrap_or_else(|| DEFAULT_REGION.to_owned()),
        seed: seed.unwrap_or(1),
        credentials: credentials(table.field("credentials"))?,
        sts: optional(table.field("sts"), sts)?.unwrap_or_default(),
        imds: optional(table.field("imds"), imds)?.unwrap_or_default(),
        clock: optional(table.field("clock"), clock)?.unwrap_or_default(),
        container: optional(table.field("container"), container)?.unwrap_or_default(),
        s3: whole_rules(table.field("s3"))?,
        cloudmap: optional(table.field("cloudmap"), cloudmap::cloudmap)?.unwrap_or_default(),
    };
    table.finish(nothing_else)?;
    Ok(scenario)
}

pub(super) fn optional<'a, 'i, T>(
    field: Option<Field<'a, 'i>>,
    decode: impl FnOnce(&Field<'a, 'i>) -> Result<T>,
) -> Result<Option<T>> {
    match field {
        Some(field) => decode(&field).map(Some),
        None => Ok(None),
    }
}

fn region(field: &Field<'_, '_>) -> Result<String> {
    let expected = "a Region is a name such as \"eu-west-1\"";
    let name = field.text(expected)?;
    if is_region(name) {
        Ok(name.to_owned())
    } else {
        Err(field.bad(expected))
    }
}

/// Whether a word has the form of a Region's name: words of letters, the last a number.
pub(in crate::lab) fn is_region(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    name.len() <= 32
        && parts.len() >= 3
        && parts[..parts.len() - 1].iter().all(letters)
        && parts[parts.len() - 1].parse::<u8>().is_ok()
}

fn credentials(field: Option<Field<'_, '_>>) -> Result<Credentials> {
    let hour = Duration::from_hours(1);
    let Some(field) = field else {
        return Ok(Credentials {
            lifetime: hour,
            renew_before: Credentials::usual_renewal(hour),
        });
    };
    let mut table = field.table()?;
    let lifetime = optional(table.field("lifetime"), |field| {
        let lifetime = field.duration()?;
        if lifetime < Duration::from_secs(1) {
            return Err(field.bad("credentials live for at least \"1s\""));
        }
        Ok(lifetime)
    })?
    .unwrap_or(hour);
    let renew_before = optional(table.field("renew_before"), |field| {
        let renewal = field.duration()?;
        if renewal >= lifetime {
            return Err(field.bad("it is shorter than the lifetime, for example \"10m\" of \"1h\""));
        }
        Ok(renewal)
    })?;
    table.finish(nothing_else)?;
    Ok(Credentials {
        lifetime,
        renew_before: renew_before.unwrap_or_else(|| Credentials::usual_renewal(lifetime)),
    })
}

fn sts(field: &Field<'_, '_>) -> Result<Sts> {
    let mut table = field.table()?;
    let global = whole_rules(table.field("global"))?;
    let regional = whole_rules(table.field("regional"))?;
    let mut regions = BTreeMap::new();
    for (region, field) in table.others(is_region) {
        regions.insert(region, whole_rules(Some(field))?);
    }
    table.finish(is_region)?;
    Ok(Sts {
        global,
        regional,
        regions,
    })
}

/// A table that holds rules and nothing else.
pub(super) fn whole_rules(field: Option<Field<'_, '_>>) -> Result<Rules> {
    let Some(field) = field else {
        return Ok(Rules::default());
    };
    let mut table = field.table()?;
    let rules = rules(&mut table)?;
    table.finish(nothing_else)?;
    Ok(rules)
}

pub(super) fn rules(table: &mut Table<'_, '_>) -> Result<Rules> {
    Ok(Rules {
        delay: optional(table.field("delay"), delay)?,
        throttle: optional(table.field("throttle"), throttle)?,
        fault: optional(table.field("fault"), fault)?,
        stall: optional(table.field("stall"), stall)?,
    })
}

pub(super) fn delay(field: &Field<'_, '_>) -> Result<Delay> {
    const EXAMPLE: &str = "a delay is \"20ms\", { min = \"5ms\", max = \"9ms\" } or \
                           { p50 = \"85ms\", p99 = \"180ms\" }";
    if !field.is_table() {
        return field.duration().map(Delay::Constant);
    }
    let mut table = field.table()?;
    let mut next = |name| optional(table.field(name), Field::duration);
    let (min, max, p50, p99) = (next("min")?, next("max")?, next("p50")?, next("p99")?);
    let correlation = optional(table.field("correlation"), correlation)?;
    table.finish(nothing_else)?;
    match (min, max, p50, p99) {
        (Some(min), Some(max), None, None) if min <= max && correlation.is_none() => {
            Ok(Delay::Uniform { min, max })
        }
        (None, None, Some(p50), Some(p99)) if p50 <= p99 && !p50.is_zero() => {
            Ok(Delay::Lognormal {
                p50,
                p99,
                correlation: correlation.unwrap_or(0.0),
            })
        }
        (Some(_), Some(_), None, None) if correlation.is_none() => {
            Err(field.bad("`min` is at most `max`"))
        }
        (None, None, Some(_), Some(_)) => {
            Err(field.bad("`p50` is more than zero and at most `p99`"))
        }
        _ => Err(field.bad(EXAMPLE)),
    }
}

fn correlation(field: &Field<'_, '_>) -> Result<f64> {
    const RANGE: &str = "a correlation is a number from 0 to below 1, such as 0.8";
    let correlation = field.number(RANGE)?;
    if (0.0..1.0).contains(&correlation) {
        Ok(correlation)
    } else {
        Err(field.bad(RANGE))
    }
}

fn throttle(field: &Field<'_, '_>) -> Result<Throttle> {
    const EXAMPLE: &str = "{ rate = 600, burst = 600, answer = \"429\" }";
    let mut table = field.table()?;
    let rate_field = table.required("rate", field, EXAMPLE)?;
    let rate = rate_field.number("a rate is a number of requests per second, such as 600")?;
    if rate < 0.0 {
        return Err(rate_field.bad("a rate is not negative"));
    }
    let burst = optional(table.field("burst"), |field| {
        let burst = field.number("a burst is a number of requests, such as 600")?;
        if burst < 1.0 {
            return Err(field.bad("a burst is at least 1, or nothing would ever pass"));
        }
        Ok(burst)
    })?;
    let refusal = optional(table.field("answer"), |field| {
        match field.text("it is \"429\", \"503\" or \"drop\"")? {
            "429" => Ok(Refusal::Status(429)),
            "503" => Ok(Refusal::Status(503)),
            "drop" => Ok(Refusal::Drop),
            _ => Err(field.bad("it is \"429\", \"503\" or \"drop\"")),
        }
    })?;
    table.finish(nothing_else)?;
    Ok(Throttle {
        rate,
        burst: burst.unwrap_or(rate.max(1.0)),
        refusal: refusal.unwrap_or(Refusal::Status(429)),
    })
}

fn fault(field: &Field<'_, '_>) -> Result<Fault> {
    const EXAMPLE: &str = "{ probability = 0.01, kind = \"reset\" }";
    const KINDS: &str = "it is \"status:500\" (or another status), \"reset\", \"hang\", \
                         \"truncate\" or \"garbage\"";
    let mut table = field.table()?;
    let chance = table.required("probability", field, EXAMPLE)?;
    let probability = chance.number("a probability is a number from 0 to 1, such as 0.01")?;
    if !(0.0..=1.0).contains(&probability) {
        return Err(chance.bad("a probability is a number from 0 to 1, such as 0.01"));
    }
    let written = table.required("kind", field, EXAMPLE)?;
    let kind = match written.text(KINDS)? {
        "reset" => FaultKind::Reset,
        "hang" => FaultKind::Hang,
        "truncate" => FaultKind::Truncate,
        "garbage" => FaultKind::Garbage,
        other => other
            .strip_prefix("status:")
            .and_then(|status| status.parse().ok())
            .filter(|status| (400..=599).contains(status))
            .map(FaultKind::Status)
            .ok_or_else(|| written.bad(KINDS))?,
    };
    let from = optional(table.field("from"), Field::duration)?.unwrap_or_default();
    let until = optional(table.field("until"), |field| {
        let until = field.duration()?;
        if until <= from {
            return Err(field.bad("it ends after it begins: `until` is later than `from`"));
        }
        Ok(until)
    })?;
    table.finish(nothing_else)?;
    Ok(Fault {
        from,
        until: until.unwrap_or(Duration::MAX),
        ..Fault::always(probability, kind)
    })
}

fn stall(field: &Field<'_, '_>) -> Result<Stall> {
    const EXAMPLE: &str = "{ every = \"10s\", for = \"1s\" }";
    let mut table = field.table()?;
    let every = table.required("every", field, EXAMPLE)?.duration()?;
    let lasting = table.required("for", field, EXAMPLE)?.duration()?;
    table.finish(nothing_else)?;
    if lasting >= every {
        return Err(field.bad("`for` is shorter than `every`"));
    }
    Ok(Stall { every, lasting })
}

#[cfg(test)]
mod tests {
    use super::super::ImdsV1;
    use super::*;

    fn error(text: &str) -> String {
        scenario(text, "slow.toml").unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_is_a_scenario() {
        let scenario = scenario("", "empty.toml").unwrap();
        assert_eq!(scenario.seed, 1);
        assert_eq!(scenario.region, DEFAULT_REGION);
        assert_eq!(scenario.credentials.lifetime, Duration::from_hours(1));
        assert_eq!(scenario.imds.v1, ImdsV1::Refused);
    }

    #[test]
    fn every_field_of_the_design_is_read() {
        let text = r#"
            about = "slow"
            seed = 7
            region = "me-central-1"
            [credentials]
            lifetime = "30s"
            [sts.global]
            delay    = { p50 = "85ms", p99 = "180ms" }
            stall    = { every = "10s", for = "1s" }
            throttle = { rate = 600, burst = 700, answer = "429" }
            fault    = { probability = 0.01, kind = "status:500" }
            [sts.regional]
            delay = "20ms"
            [sts."eu-west-1"]
            delay = { min = "5ms", max = "9ms" }
            [imds]
            v1 = "allowed"
            throttle = { rate = 200, answer = "drop" }
            [imds.token]
            delay = "600us"
            [container]
            [s3]
            [cloudmap]
        "#;
        let read = scenario(text, "all.toml").unwrap();
        let ms = Duration::from_millis;
        assert_eq!(
            read.sts.global.delay,
            Some(Delay::Lognormal {
                p50: ms(85),
                p99: ms(180),
                correlation: 0.0,
            })
        );
        assert_eq!(
            read.sts.of("eu-west-1").delay,
            Some(Delay::Uniform {
                min: ms(5),
                max: ms(9)
            })
        );
        assert_eq!(
            read.sts.of("us-east-1").delay,
            Some(Delay::Constant(ms(20)))
        );
        assert_eq!(read.imds.v1, ImdsV1::Allowed);
        assert_eq!(read.imds.rules.throttle.unwrap().refusal, Refusal::Drop);
        assert_eq!(
            read.imds.token.delay,
            Some(Delay::Constant(Duration::from_micros(600)))
        );
        assert_eq!(read.sts.global.fault.unwrap().kind, FaultKind::Status(500));
    }

    #[test]
    fn an_unknown_field_is_named_with_its_line_and_the_nearest_known_one() {
        let message = error("seed = 1\n[sts.global]\ndelya = \"20ms\"\n");
        assert!(message.contains("slow.toml, line 3"), "{message}");
        assert!(message.contains("`sts.global.delya`"), "{message}");
        assert!(message.contains("did you mean `delay`"), "{message}");
    }

    #[test]
    fn an_unknown_table_is_named_too() {
        let message = error("[imds.tokens]\ndelay = \"1ms\"\n");
        assert!(message.contains("line 1"), "{message}");
        assert!(message.contains("did you mean `token`"), "{message}");
        assert!(error("[stss]\n").contains("did you mean `sts`"));
        assert!(error("[sts.gobal]\n").contains("did you mean `global`"));
    }

    #[test]
    fn a_bad_duration_is_shown_with_its_path_its_value_and_an_example() {
        let message = error("\n[imds.token]\ndelay = \"20 parsecs\"\n");
        assert!(message.contains("line 3"), "{message}");
        assert!(message.contains("`imds.token.delay`"), "{message}");
        assert!(message.contains("\"20 parsecs\""), "{message}");
        assert!(message.contains("\"20ms\""), "{message}");
        let message = error("[s3]\ndelay = { p50 = 85, p99 = \"180ms\" }\n");
        assert!(message.contains("`s3.delay.p50` cannot be 85"), "{message}");
    }

    #[test]
    fn impossible_values_are_refused() {
        for (text, field) in [
            ("seed = -1", "seed"),
            ("region = \"Atlantis\"", "region"),
            ("[credentials]\nlifetime = \"0s\"", "credentials.lifetime"),
            ("[s3]\ndelay = { p50 = \"2s\", p99 = \"1s\" }", "s3.delay"),
            (
                "[s3]\ndelay = { p50 = \"1s\", p99 = \"2s\", correlation = 1 }",
                "s3.delay.correlation",
            ),
            ("[s3]\ndelay = { min = \"2s\" }", "s3.delay"),
            ("[s3]\ndelay = 20", "s3.delay"),
            ("[s3]\nthrottle = { burst = 3 }", "s3.throttle"),
            ("[s3]\nthrottle = { rate = 1, burst = 0 }", "burst"),
            (
                "[s3]\nfault = { probability = 2, kind = \"reset\" }",
                "probability",
            ),
            (
                "[s3]\nfault = { probability = 1, kind = \"hang\", from = \"9s\", until = \"8s\" }",
                "s3.fault",
            ),
            (
                "[s3]\nfault = { probability = 1, kind = \"status:99\" }",
                "kind",
            ),
            ("[s3]\nstall = { every = \"1s\", for = \"2s\" }", "s3.stall"),
            ("[imds]\nv1 = \"maybe\"", "imds.v1"),
            ("s3 = 5", "s3"),
        ] {
            let message = error(text);
            assert!(message.contains(field), "{text}: {message}");
            assert!(message.contains("line "), "{text}: {message}");
        }
    }

    #[test]
    fn what_is_not_toml_is_placed() {
        let message = error("seed = 1\n[sts.global\n");
        assert!(message.contains("line 2"), "{message}");
    }
}
