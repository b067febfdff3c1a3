//! The tables `[imds]`, `[container]` and `[clock]` of a scenario.

use super::decode::{Result, optional, rules, whole_rules};
use super::reader::{Field, nothing_else};
use super::sources::{Container, Imds, ImdsV1, Listener, PacketBudget, ServiceClock, TokenFile};

pub(super) fn imds(field: &Field<'_, '_>) -> Result<Imds> {
    let mut table = field.table()?;
    let usual = Imds::default();
    let v1 = optional(table.field("v1"), |field| {
        let words = [
            ("refused", ImdsV1::Refused),
            ("allowed", ImdsV1::Allowed),
            ("only", ImdsV1::Only),
        ];
        one_of(field, &words)
    })?;
    let listener = optional(table.field("listener"), |field| {
        let words = [
            ("open", Listener::Open),
            ("refused", Listener::Refused),
            ("black-hole", Listener::BlackHole),
        ];
        one_of(field, &words)
    })?;
    let imds = Imds {
        v1: v1.unwrap_or_default(),
        listener: listener.unwrap_or_default(),
        enabled: optional(table.field("enabled"), Field::truth)?.unwrap_or(usual.enabled),
        instance_profile: optional(table.field("instance_profile"), Field::truth)?
            .unwrap_or(usual.instance_profile),
        connections: optional(table.field("connections"), connections)?,
        packets: optional(table.field("packets"), packets)?,
        hop_limit: optional(table.field("hop_limit"), hop_limit)?,
        routers: optional(table.field("routers"), routers)?.unwrap_or(0),
        rules: rules(&mut table)?,
        token: whole_rules(table.field("token"))?,
        role: whole_rules(table.field("role"))?,
        credentials: whole_rules(table.field("credentials"))?,
    };
    table.finish(nothing_else)?;
    Ok(imds)
}

pub(super) fn container(field: &Field<'_, '_>) -> Result<Container> {
    let mut table = field.table()?;
    let token = optional(table.field("token"), |field| {
        let words = [
            ("right", TokenFile::Right),
            ("missing", TokenFile::Missing),
            ("wrong", TokenFile::Wrong),
            ("newline", TokenFile::Newline),
        ];
        one_of(field, &words)
    })?;
    let rotate = optional(table.field("rotate"), |field| {
        let every = field.duration()?;
        if every.is_zero() {
            return Err(field.bad("a token lasts for some time, such as \"5s\""));
        }
        Ok(every)
    })?;
    let container = Container {
        token: token.unwrap_or_default(),
        rotate,
        rules: rules(&mut table)?,
    };
    table.finish(nothing_else)?;
    Ok(container)
}

pub(super) fn clock(field: &Field<'_, '_>) -> Result<ServiceClock> {
    let mut table = field.table()?;
    let ahead = optional(table.field("ahead"), Field::duration)?;
    let behind = optional(table.field("behind"), Field::duration)?;
    table.finish(nothing_else)?;
    match (ahead, behind) {
        (None, None) => Ok(ServiceClock::Right),
        (Some(by), None) => Ok(ServiceClock::Ahead(by)),
        (None, Some(by)) => Ok(ServiceClock::Behind(by)),
        (Some(_), Some(_)) => Err(field.bad("a clock is `ahead` or `behind`, not both")),
    }
}

/// The value that a word stands for.
fn one_of<T: Copy>(field: &Field<'_, '_>, words: &[(&str, T)]) -> Result<T> {
    let known: Vec<String> = words
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect();
    let expected = format!("it is one of {}", known.join(", "));
    let written = field.text(&expected)?;
    let found = words.iter().find(|(word, _)| *word == written);
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| field.bad(&expected))
}

fn connections(field: &Field<'_, '_>) -> Result<usize> {
    const EXPECTED: &str = "it is a number of connections from 1 to 65535, such as 8";
    match field.unsigned(EXPECTED)? {
        number @ 1..=65_535 => Ok(number as usize),
        _ => Err(field.bad(EXPECTED)),
    }
}

fn hop_limit(field: &Field<'_, '_>) -> Result<u8> {
    const EXPECTED: &str = "a hop limit is a number from 1 to 64, such as 1";
    match field.unsigned(EXPECTED)? {
        limit @ 1..=64 => Ok(limit as u8),
        _ => Err(field.bad(EXPECTED)),
    }
}

fn routers(field: &Field<'_, '_>) -> Result<u8> {
    const EXPECTED: &str = "it is a number of routers from 0 to 63, such as 1";
    match field.unsigned(EXPECTED)? {
        number @ 0..=63 => Ok(number as u8),
        _ => Err(field.bad(EXPECTED)),
    }
}

fn packets(field: &Field<'_, '_>) -> Result<PacketBudget> {
    let mut table = field.table()?;
    let rate_field = table.required("rate", field, "{ rate = 1024, burst = 1024 }")?;
    let expected = "a rate is a number of packets per second, such as 1024";
    let rate = rate_field.number(expected)?;
    if rate < 1.0 {
        return Err(rate_field.bad("at least one packet per second passes"));
    }
    let burst = optional(table.field("burst"), |field| {
        let burst = field.number("a burst is a number of packets, such as 1024")?;
        if burst < 1.0 {
            return Err(field.bad("a burst is at least 1, or nothing would ever pass"));
        }
        Ok(burst)
    })?;
    table.finish(nothing_else)?;
    Ok(PacketBudget {
        rate,
        burst: burst.unwrap_or(rate),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{ImdsV1, Listener, Scenario, ServiceClock, TokenFile};

    fn error(text: &str) -> String {
        Scenario::parse(text, "pressure.toml")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn pressure_is_read() {
        let text = r#"
            [clock]
            ahead = "10m"
            [imds]
            v1 = "only"
            enabled = false
            instance_profile = false
            listener = "black-hole"
            connections = 8
            packets = { rate = 1024 }
            hop_limit = 1
            routers = 1
            [container]
            token = "newline"
            rotate = "5s"
            throttle = { rate = 40, burst = 60 }
        "#;
        let read = Scenario::parse(text, "pressure.toml").unwrap();
        assert_eq!(read.clock, ServiceClock::Ahead(Duration::from_mins(10)));
        let imds = read.imds;
        assert_eq!(
            (imds.v1, imds.listener),
            (ImdsV1::Only, Listener::BlackHole)
        );
        assert!(!imds.enabled && !imds.instance_profile && imds.token_gets_lost());
        assert_eq!(imds.connections, Some(8));
        assert!((imds.packets.unwrap().burst - 1024.0).abs() < f64::EPSILON);
        assert_eq!(read.container.token, TokenFile::Newline);
        assert_eq!(read.container.rotate, Some(Duration::from_secs(5)));
        assert!(read.container.rules.throttle.is_some());
        let message = error("[imds]\nhoplimit = 1\n");
        assert!(message.contains("did you mean `hop_limit`"), "{message}");
    }

    #[test]
    fn impossible_values_are_refused() {
        for (text, field) in [
            ("[imds]\nenabled = \"no\"", "imds.enabled"),
            ("[imds]\nconnections = 0", "imds.connections"),
            ("[imds]\nhop_limit = 65", "imds.hop_limit"),
            ("[imds]\npackets = { burst = 9 }", "imds.packets"),
            ("[container]\ntoken = \"old\"", "container.token"),
            ("[container]\nrotate = \"0s\"", "container.rotate"),
            ("[clock]\nahead = \"1s\"\nbehind = \"1s\"", "clock"),
        ] {
            let message = error(text);
            assert!(message.contains(field), "{text}: {message}");
            assert!(message.contains("line "), "{text}: {message}");
        }
    }
}
