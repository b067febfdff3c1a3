//! Scenarios as files: what is read from them, and how a mistake in one is answered.

use std::time::Duration;

use super::*;

fn read(text: &str) -> Scenario {
    Scenario::parse(text, "slow.toml").unwrap()
}

fn error(text: &str) -> String {
    Scenario::parse(text, "slow.toml").unwrap_err().to_string()
}

#[test]
fn every_builtin_scenario_parses_and_says_what_it_is() {
    for name in Scenario::builtin_names() {
        let scenario = Scenario::load(name).unwrap();
        assert_eq!(scenario.name, name);
        assert!(scenario.about.is_some(), "{name}");
    }
}

#[test]
fn an_unknown_name_suggests_the_nearest() {
    let error = Scenario::load("defualt").unwrap_err().to_string();
    assert!(error.contains("did you mean `default`"), "{error}");
}

#[test]
fn a_scenario_may_be_about_one_source() {
    let container = Some(ExportedSource::Container);
    assert_eq!(read("source = 'container'").source, container);
    assert_eq!(Scenario::builtin("eks-agent").unwrap().source, container);
    assert_eq!(read("").source, None);
    let unknown = error("source = 'chain'");
    assert!(unknown.contains("web-identity"), "{unknown}");
}

#[test]
fn host_names_are_a_list() {
    let hosts = |text: &str| read(&format!("[imds]\nhosts = {text}")).imds.hosts;
    assert_eq!(hosts("['lab', 'lab.internal']"), ["lab", "lab.internal"]);
    assert!(hosts("[]").is_empty());
    let wrong = error("[imds]\nhosts = 'lab'");
    assert!(
        wrong.contains("line 2") && wrong.contains("it is a list in brackets"),
        "{wrong}"
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = Scenario::load("./no-such.toml").unwrap_err();
    assert!(error.to_string().contains("./no-such.toml"), "{error}");
}

#[test]
fn a_directory_is_an_error() {
    let read = Scenario::load("/");
    assert!(matches!(read, Err(ScenarioError::Unreadable { .. })));
}

#[test]
fn an_empty_file_is_a_scenario() {
    let scenario = read("");
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
    let read = read(text);
    let [p50, p99, min, max, constant] = [85, 180, 5, 9, 20].map(Duration::from_millis);
    let lognormal = Delay::Lognormal {
        p50,
        p99,
        correlation: 0.0,
    };
    let [eu, us] = ["eu-west-1", "us-east-1"].map(|region| read.sts.of(region).delay);
    assert_eq!(read.sts.global.delay, Some(lognormal));
    assert_eq!(eu, Some(Delay::Uniform { min, max }));
    assert_eq!(us, Some(Delay::Constant(constant)));
    let short = Delay::Constant(Duration::from_micros(600));
    assert_eq!(read.imds.token.delay, Some(short));
    assert_eq!(read.imds.v1, ImdsV1::Allowed);
    assert_eq!(read.imds.rules.throttle.unwrap().refusal, Refusal::Drop);
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
    for part in ["line 3", "`imds.token.delay`", "\"20 parsecs\"", "\"20ms\""] {
        assert!(message.contains(part), "{message}");
    }
    let message = error("[s3]\ndelay = { p50 = 85, p99 = \"180ms\" }\n");
    assert!(message.contains("`s3.delay.p50` cannot be 85"), "{message}");
}

#[test]
fn impossible_values_are_refused() {
    for (text, field) in [
        ("seed = -1", "seed"),
        ("region = \"Atlantis\"", "region"),
        ("[credentials]\nlifetime = \"0s\"", "credentials.lifetime"),
        ("s3.delay = { p50 = '2s', p99 = '1s' }", "s3.delay"),
        (
            "s3.delay = { p50 = '1s', p99 = '2s', correlation = 1 }",
            "s3.delay.correlation",
        ),
        ("s3.delay = { min = '2s' }", "s3.delay"),
        ("s3.delay = 20", "s3.delay"),
        ("s3.throttle = { burst = 3 }", "s3.throttle"),
        ("s3.throttle = { rate = 1, burst = 0 }", "burst"),
        (
            "s3.fault = { probability = 2, kind = 'reset' }",
            "probability",
        ),
        (
            "s3.fault = { probability = 1, kind = 'hang', from = '9s', until = '8s' }",
            "s3.fault",
        ),
        ("s3.fault = { probability = 1, kind = 'status:99' }", "kind"),
        ("s3.stall = { every = '1s', for = '2s' }", "s3.stall"),
        ("[imds]\nv1 = \"maybe\"", "imds.v1"),
        ("s3 = 5", "s3"),
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

#[test]
fn what_is_not_toml_is_placed() {
    let message = error("seed = 1\n[sts.global\n");
    assert!(message.contains("line 2"), "{message}");
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
    let read = read(text);
    assert_eq!(read.clock.ahead, Some(Duration::from_mins(10)));
    assert_eq!(read.clock.behind, None);
    let imds = read.imds;
    assert_eq!(imds.v1, ImdsV1::Only);
    assert_eq!(imds.listener, Listener::BlackHole);
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
fn without_a_word_the_account_has_its_usual_buckets_and_three_zones() {
    let usual = read("[cloudmap]\ndelay = '2ms'\n").cloudmap;
    assert_eq!(usual.servers, Servers::default());
    let throttle = usual.discover.throttle.unwrap();
    assert_eq!(throttle.rate as u64, 1_000);
    assert_eq!(throttle.burst as u64, 2_000);
    assert_eq!(usual.revision.throttle.unwrap().rate as u64, 3_000);
}

#[test]
fn every_field_of_cloud_map_is_read() {
    let text = "[cloudmap.discover]\nthrottle = { rate = 5 }\n[cloudmap.revision]\ndelay = '1ms'\n\
                [cloudmap.dns]\ndelay = '300us'\n[cloudmap.servers]\nzones = { a = 2, c = 1 }\n\
                capacity = 4\ndelay = '5ms'\ncross_zone = '2ms'\n";
    let read = read(text).cloudmap;
    assert_eq!(read.discover.throttle.unwrap().burst as u64, 5);
    assert_eq!(read.revision.throttle.unwrap().rate as u64, 3_000);
    assert_eq!(read.servers.zones, [("a", 2), ("c", 1)].into());
    assert_eq!(read.servers.capacity, Some(4));
    let two = Duration::from_millis(2);
    assert_eq!(read.servers.cross_zone, Some(Delay::Constant(two)));
}

#[test]
fn what_cloud_map_cannot_be_is_named() {
    for (text, part) in [
        ("discovr = {}", "did you mean `discover`"),
        ("servers.capcity = 1", "did you mean `capacity`"),
        ("servers.capacity = 0", "capacity"),
        ("servers.zones = { x = 1 }", "`cloudmap.servers.zones.x`"),
        ("servers.zones = { a = 65 }", "64"),
    ] {
        let message = error(&format!("[cloudmap]\n{text}\n"));
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_mistake_is_answered_with_its_line_its_path_and_what_would_be_right() {
    for (text, answer) in [
        (
            "[imds.rules]\ndelay = \"1ms\"",
            "line 1: unknown field `imds.rules` (did you mean `routers`?); known here: v1, listener, \
             enabled, instance_profile, hosts, connections, packets, hop_limit, routers, delay, throttle, fault, \
             stall, token, role, credentials",
        ),
        (
            "[container]\nthrottle = { rate = 5, burst = 0 }",
            "line 2: `container.throttle.burst` cannot be 0: a burst is at least 1, or nothing would ever \
             pass",
        ),
        (
            "[s3]\n\nfault = { kind = \"reset\" }",
            "line 3: `s3.fault` cannot be { kind = \"reset\" }: it lacks `probability`; for example \
             { probability = 0.01, kind = \"reset\" }",
        ),
        (
            "[credentials]\nlifetime = \"1m\"\nrenew_before = \"1h\"",
            "line 3: `credentials.renew_before` cannot be \"1h\": it is shorter than the lifetime, for \
             example \"10m\" of \"1h\"",
        ),
        (
            "[s3.stall]\nevery = \"1s\"\nfor = \"1s\"",
            "line 1: `s3.stall` cannot be a table: `for` is shorter than `every`",
        ),
        (
            "[imds]\nlistener = \"shut\"",
            "line 2: `imds.listener` cannot be \"shut\": it is one of \"open\", \"refused\", \"black-hole\"",
        ),
    ] {
        assert_eq!(error(text), format!("slow.toml, {answer}"));
    }
}
