//! `cloudmap`: both parts on the lab, the shares that policies promise, and crowds.

use serde_json::Value;

use crate::support::{
    alone, arm, assert_phases_add_up, beside_others, lab_counts, measured, ms, run, scenario, tool,
};

/// Three zones, and a way between them that is longer than the work.
const ZONES: &str =
    "[cloudmap]\ndelay = '4ms'\n[cloudmap.servers]\ndelay = '500us'\ncross_zone = '4ms'\n";
const ARMS: [&str; 7] = [
    "discover",
    "revision",
    "cached",
    "dns",
    "random",
    "same-az=50",
    "prefer-az",
];

fn own_share(arm: &Value) -> f64 {
    arm["balance"]["own_share"].as_f64().unwrap()
}

pub fn own_calls(arm: &Value) -> u64 {
    let balance = &arm["balance"];
    let zones = balance["zones"].as_array().unwrap();
    let own = zones
        .iter()
        .find(|zone| zone["zone"] == balance["own_zone"]);
    own.map_or(0, |zone| zone["calls"].as_u64().unwrap())
}

#[test]
fn both_parts_with_phases_zones_and_the_labs_own_counts() {
    let _machine = alone();
    let zones = scenario(ZONES);
    let document = measured(&[
        "cloudmap",
        "--lab",
        zones.path().to_str().unwrap(),
        "-n",
        "200",
    ]);
    let names: Vec<&Value> = document["arms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arm| &arm["name"])
        .collect();
    assert_eq!(names, ARMS);
    assert_phases_add_up(&document);
    for name in ARMS {
        assert_eq!(arm(&document, name)["outcomes"]["ok"], 200, "{name}");
    }
    for name in ["discover", "revision"] {
        let arm = arm(&document, name);
        assert!(ms(arm, "transmit", "min_us") >= 4.0, "{name}");
        assert!(ms(arm, "signing", "p50_us") > 0.0, "{name}");
        let endpoint = arm["endpoint"].as_str().unwrap();
        assert_eq!(
            endpoint,
            "https://data-servicediscovery.eu-west-1.amazonaws.com"
        );
    }
    let p50 = |name| ms(arm(&document, name), "total", "p50_us");
    assert!(p50("cached") * 4.0 < p50("discover"));
    assert!(p50("dns") < p50("discover"));

    let half = own_calls(arm(&document, "same-az=50"));
    assert!((86..=114).contains(&half), "{half} of 200 in the own zone");
    let prefer = &arm(&document, "prefer-az")["balance"];
    assert!(own_share(arm(&document, "prefer-az")) >= 0.95, "{prefer}");
    assert_eq!(prefer["own_zone"], "eu-west-1a");
    assert!(
        prefer["cross_zone_saved"].as_f64().unwrap() >= 120.0,
        "{prefer}"
    );
    for zone in arm(&document, "random")["balance"]["zones"]
        .as_array()
        .unwrap()
    {
        let fastest = zone["latency"]["min_us"].as_f64().unwrap();
        let far = zone["zone"] != "eu-west-1a";
        assert!(fastest >= if far { 4_500.0 } else { 500.0 }, "{zone}");
    }
    let counts = lab_counts(&document);
    for zone in ["a", "b", "c"] {
        let name = format!("eu-west-1{zone}");
        let arms = document["arms"].as_array().unwrap().iter();
        let zones = arms
            .filter_map(|arm| arm["balance"]["zones"].as_array())
            .flatten();
        let calls: u64 = zones
            .filter(|z| z["zone"] == *name)
            .map(|z| z["calls"].as_u64().unwrap())
            .sum();
        assert_eq!(counts[&format!("grpc:Check/{zone}")], calls, "{counts:?}");
    }
    assert_eq!(counts["dns:A"], 200);
    assert!(
        (200..=208).contains(&counts["cloudmap:DiscoverInstances"]),
        "{counts:?}"
    );
    let findings = document["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding["id"] == "cross-zone-hop"),
        "{findings:?}"
    );
}

#[test]
fn the_table_shows_both_parts_the_zones_and_the_histograms() {
    let _machine = beside_others();
    let output = run(&["cloudmap", "--lab", "fast", "-n", "30", "--details"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "\nZones\n",
        "\nDistribution\n",
        "own zone",
        "discover",
        "prefer-az",
        "The caller is in eu-west-1a.",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(notes.contains("(by instance metadata)"), "{notes}");
    let output = run(&[
        "cloudmap",
        "--lab",
        "fast",
        "-n",
        "3",
        "--source",
        "container",
    ]);
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(notes.contains("(by ECS task metadata)"), "{notes}");
}

#[test]
fn half_is_half_over_20_000_calls() {
    let _machine = beside_others();
    let document = measured(&[
        "cloudmap",
        "--lab",
        "fast",
        "--part",
        "requests",
        "--policy",
        "same-az=50",
        "-n",
        "20000",
        "-c",
        "8",
    ]);
    let arm = arm(&document, "same-az=50");
    assert_eq!(arm["outcomes"]["ok"], 20_000);
    // Four standard deviations of a binomial share.
    let own = own_calls(arm);
    assert!((9_717..=10_283).contains(&own), "{own}");
    for zone in arm["balance"]["zones"].as_array().unwrap().iter().skip(1) {
        let calls = zone["calls"].as_u64().unwrap();
        assert!((4_755..=5_245).contains(&calls), "{zone}");
    }
}

#[test]
fn an_overloaded_own_zone_spills_over_and_nobody_is_a_hot_spot() {
    let _machine = alone();
    let small = scenario("[cloudmap.servers]\ncapacity = 2\ndelay = '10ms'\ncross_zone = '1ms'\n");
    let path = small.path().to_str().unwrap();
    let document = measured(&[
        "cloudmap",
        "--lab",
        path,
        "--part",
        "requests",
        "--policy",
        "prefer-az",
        "-n",
        "1500",
        "-c",
        "32",
    ]);
    let prefer = arm(&document, "prefer-az");
    assert_eq!(prefer["outcomes"]["ok"], 1_500);
    for instance in prefer["balance"]["instances"].as_array().unwrap() {
        let share = instance["share"].as_f64().unwrap();
        assert!(share <= 1.5 / 3.0, "{}", prefer["balance"]);
    }
    // With as many callers as one server has room for, nothing leaves the zone.
    let document = measured(&[
        "cloudmap",
        "--lab",
        path,
        "--part",
        "requests",
        "--policy",
        "prefer-az",
        "-n",
        "150",
        "-c",
        "2",
    ]);
    assert!(own_share(arm(&document, "prefer-az")) >= 0.95);
}

#[test]
fn a_probability_below_chance_is_a_finding_and_an_unknown_zone_too() {
    let _machine = beside_others();
    let near = scenario("[cloudmap.servers]\nzones = { a = 3, b = 1 }\n");
    let path = near.path().to_str().unwrap();
    let finding = |document: &Value, id: &str| {
        let findings = document["findings"].as_array().unwrap();
        findings.iter().any(|finding| finding["id"] == id)
    };
    let requests = ["cloudmap", "--part", "requests", "-n", "20", "--lab", path];
    let document = measured(&requests);
    assert!(finding(&document, "same-az-below-chance"), "{document}");
    assert!(!finding(&document, "own-zone-unknown"));
    // A source that is neither a task's nor an instance's: nobody tells the zone.
    let document = measured(&[&requests[..], &["--source", "static"]].concat());
    assert!(finding(&document, "own-zone-unknown"));
    let random = &arm(&document, "prefer-az")["balance"];
    assert_eq!(random["own_share"], Value::Null);
    let document =
        measured(&[&requests[..], &["--source", "static", "--az", "eu-west-1b"]].concat());
    assert!(own_share(arm(&document, "prefer-az")) > 0.999);
    assert_eq!(own_calls(arm(&document, "prefer-az")), 20);
}

#[test]
fn more_instances_than_dns_shows_are_a_finding() {
    let _machine = beside_others();
    let many = scenario("[cloudmap.servers]\nzones = { a = 4, b = 4, c = 4 }\n");
    let document = measured(&[
        "cloudmap",
        "--lab",
        many.path().to_str().unwrap(),
        "-n",
        "5",
    ]);
    let findings = document["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding["id"] == "dns-hides-instances"),
        "{findings:?}"
    );
}

#[test]
fn crowds_are_computed_and_the_same_every_time() {
    let _machine = beside_others();
    let first = measured(&["cloudmap", "--simulate"]);
    assert_eq!(first, measured(&["cloudmap", "--simulate"]));
    let fits = |manner: &str| {
        let fits = first["fits"].as_array().unwrap().iter();
        fits.clone().find(|fits| fits["manner"] == manner).unwrap()["resolvers"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(
        (fits("in-step"), fits("spread"), fits("by-revision")),
        (2_000, 30_000, 90_000)
    );
    let crowds = first["crowds"].as_array().unwrap();
    let sizes: std::collections::BTreeSet<u64> = crowds
        .iter()
        .map(|crowd| crowd["resolvers"].as_u64().unwrap())
        .collect();
    assert_eq!(
        sizes.into_iter().collect::<Vec<_>>(),
        [100, 1_000, 10_000, 30_000, 100_000, 1_000_000]
    );
    let throttled = |resolvers: u64, manner: &str| {
        let same = |crowd: &&Value| crowd["resolvers"] == resolvers && crowd["manner"] == manner;
        crowds.iter().find(same).unwrap()["throttled"]
            .as_f64()
            .unwrap()
    };
    assert!(throttled(10_000, "in-step") > 0.5);
    assert!(throttled(30_000, "spread") < f64::EPSILON);
    assert!(throttled(100_000, "spread") > 0.5);
    assert!(throttled(100_000, "by-revision") < 0.1);
    for format in ["table", "markdown", "csv", "html"] {
        let output = run(&["cloudmap", "--simulate", "500", "--format", format]);
        assert_eq!(output.status.code(), Some(0));
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("in-step"),
            "{format}"
        );
    }
    let refused = run(&["cloudmap", "--simulate", "500", "--format", "svg"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn what_cannot_be_resolved_says_why_and_what_to_do() {
    let _machine = beside_others();
    let refused = |arguments: &[&str]| {
        let mut command = tool();
        command.env("AWS_REGION", "eu-west-1").args(arguments);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let nothing = refused(&["cloudmap", "--az", "eu-west-1a"]);
    assert!(
        nothing.contains("no service to resolve") && nothing.contains("--namespace"),
        "{nothing}"
    );
    let unknown = refused(&[
        "cloudmap",
        "--lab",
        "fast",
        "--target",
        "cloudmap://nothing.grpc.demo",
    ]);
    assert!(
        unknown.contains("ServiceNotFound") && unknown.contains("list-services"),
        "{unknown}"
    );
    let garbled = refused(&["cloudmap", "--lab", "fast", "--target", "server.grpc.demo"]);
    assert!(
        garbled.contains("cloudmap://SERVICE.NAMESPACE"),
        "{garbled}"
    );
    let policy = refused(&["cloudmap", "--lab", "fast", "--policy", "nearest"]);
    assert!(policy.contains("prefer-az"), "{policy}");
    let two = [
        "cloudmap",
        "--lab",
        "fast",
        "--listen",
        "127.0.0.1:0",
        "--policy",
        "random,prefer-az",
    ];
    assert!(refused(&two).contains("one policy"));
    let empty = scenario("[cloudmap.servers]\nzones = {}\n");
    let path = empty.path().to_str().unwrap();
    let nobody = refused(&["cloudmap", "--lab", path, "--part", "requests", "-n", "3"]);
    assert!(nobody.contains("no instances"), "{nobody}");
}
