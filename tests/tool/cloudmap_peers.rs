//! Cloud Map and gRPC from elsewhere: boto3 and the AWS CLI on the lab and on moto, and Python's health
//! servers under the tool.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::Value;

use crate::installed::python;
use crate::peers::{Moto, in_lab};
use crate::support::{Running, arm, beside_others, clean, document, home, printed, tool, wait_for};

const CLOUDMAP_PY: &str = include_str!("peers/cloudmap.py");
const DNS_VIEW_PY: &str = include_str!("peers/dns_view.py");
const HEALTH_SERVERS_PY: &str = include_str!("peers/health_servers.py");

#[test]
fn boto3_sees_the_same_in_the_lab_and_on_moto() {
    let python = python().join("python");
    let moto = Moto::start();
    let _machine = beside_others();
    let program = [python.to_str().unwrap(), "-c", CLOUDMAP_PY];
    let (in_lab, counts) = in_lab("imds", &program);
    let mut command = moto.point(clean(Command::new(&python)));
    let on_moto = printed(command.args(["-c", CLOUDMAP_PY]));
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read(&in_lab), read(&on_moto));
    assert_eq!(read(&in_lab)["in one zone"][0]["InstanceId"], "i-1");
    assert_eq!(read(&in_lab)["all"].as_array().unwrap().len(), 3);
    assert_eq!(counts["cloudmap:RegisterInstance"]["ok"], 3, "{counts}");
    assert_eq!(counts["cloudmap:DiscoverInstances"]["ok"], 5, "{counts}");
}

/// The same with the command line interface: prints the ids that it found in one zone.
const CLI: &str = r#"
set -e
sd() { "$0" servicediscovery "$@" --output text; }
sd create-http-namespace --name cli >/dev/null
namespace=$(sd list-namespaces --query "Namespaces[?Name=='cli'].Id")
service=$(sd create-service --name api --namespace-id "$namespace" --query Service.Id)
for zone in a b; do
    sd register-instance --service-id "$service" --instance-id "i-$zone" \
        --attributes "AWS_INSTANCE_IPV4=10.0.0.1,AVAILABILITY_ZONE=eu-west-1$zone" >/dev/null
done
sd discover-instances --namespace-name cli --service-name api \
    --query-parameters AVAILABILITY_ZONE=eu-west-1b --query 'Instances[].[InstanceId,NamespaceName]'
sd get-operation --operation-id "$(sd deregister-instance --service-id "$service" --instance-id i-b)" \
    --query '[Operation.Status,Operation.Type]'
"#;

#[test]
fn the_aws_cli_sees_the_same_in_the_lab_and_on_moto() {
    let aws = python().join("aws");
    let moto = Moto::start();
    let _machine = beside_others();
    let (in_lab, _) = in_lab("imds", &["sh", "-c", CLI, aws.to_str().unwrap()]);
    let mut command = moto.point(clean(Command::new("sh")));
    command.env("AWS_DISABLE_HOST_PREFIX_INJECTION", "true");
    let on_moto = printed(command.args(["-c", CLI]).arg(&aws));
    assert_eq!(in_lab, on_moto);
    assert_eq!(in_lab, "i-b\tcli\nSUCCESS\tDEREGISTER_INSTANCE\n");
}

/// Starts Python's health servers.
fn health_servers(moto: &Moto, tls: Option<(&Path, &Path)>) -> Running {
    let mut command = moto.point(clean(Command::new(python().join("python"))));
    command
        .env("GRPC_VERBOSITY", "NONE")
        .args(["-c", HEALTH_SERVERS_PY]);
    if let Some((certificate, key)) = tls {
        command.arg(certificate).arg(key);
    }
    let mut servers = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = servers.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    assert_eq!(line.trim(), "ready");
    Running(servers)
}

/// Runs the tool against moto and the servers, from zone `b`.
fn measured(moto: &Moto, further: &[&str]) -> Value {
    let output = moto
        .point(tool())
        .args(["cloudmap", "--namespace", "peers", "--service", "health"])
        .args(["--az", "eu-west-1b", "-n", "40", "--format", "json"])
        .args(further)
        .output()
        .unwrap();
    document(&output)
}

fn assert_balanced(document: &Value) {
    let prefer = &arm(document, "prefer-az")["balance"];
    assert_eq!(prefer["own_share"], 1.0, "{prefer}");
    assert_eq!(prefer["instances"][0]["instance"], "python-b");
    let random = &arm(document, "random")["balance"];
    assert_eq!(random["fleet"], 3);
    assert_eq!(random["instances"].as_array().unwrap().len(), 3, "{random}");
    for policy in ["random", "same-az=50", "prefer-az"] {
        let arm = arm(document, policy);
        assert_eq!(arm["outcomes"]["ok"], 40, "{}", arm["errors"]);
    }
}

#[test]
fn the_tool_measures_motos_cloud_map_with_pythons_health_servers() {
    let moto = Moto::start();
    let _servers = health_servers(&moto, None);
    let _machine = beside_others();
    // Nobody answers there: this is no private DNS namespace.
    let document = measured(
        &moto,
        &["--health-service", "shop", "--name-server", "127.0.0.1:1"],
    );
    assert_eq!(document["target"], "endpoint");
    assert_balanced(&document);
    for name in ["discover", "revision", "cached"] {
        let arm = arm(&document, name);
        assert_eq!(arm["outcomes"]["ok"], 40, "{name}: {}", arm["errors"]);
    }
    assert!(
        arm(&document, "discover")["phases"]["signing"]["p50_us"]
            .as_f64()
            .unwrap()
            > 0.0
    );
}

#[test]
fn instances_are_called_over_tls() {
    let made = generate_simple_self_signed(vec!["health.peers".to_owned()]).unwrap();
    let CertifiedKey { cert, signing_key } = made;
    let (certificate, key) = (home().join("cert.pem"), home().join("key.pem"));
    std::fs::write(&certificate, cert.pem()).unwrap();
    std::fs::write(&key, signing_key.serialize_pem()).unwrap();
    let moto = Moto::start();
    let _servers = health_servers(&moto, Some((&certificate, &key)));
    let _machine = beside_others();
    let requests = ["--part", "requests", "--tls", "--tls-name", "health.peers"];
    let ca = ["--tls-ca", certificate.to_str().unwrap()];
    assert_balanced(&measured(&moto, &[&requests[..], &ca].concat()));
    // Without trust in the certificate nothing is called.
    let untrusting = moto
        .point(tool())
        .args([
            "cloudmap",
            "--namespace",
            "peers",
            "--service",
            "health",
            "-n",
            "3",
        ])
        .args(["--az", "eu-west-1b", "--quiet"])
        .args(requests)
        .output()
        .unwrap();
    assert_eq!(untrusting.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&untrusting.stderr);
    assert!(errors.contains("certificate"), "{errors}");
}

#[test]
fn dnspython_sees_the_labs_service() {
    let python = python().join("python");
    let _machine = beside_others();
    let mut lab = tool();
    let lab = lab.args(["lab", "--scenario", "fast"]);
    let lab = lab.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut lab = Running(lab.unwrap());
    let line = wait_for(&mut lab.0, " (DNS, UDP)");
    let (before, _) = line.split_once(" (DNS, UDP)").unwrap();
    let (_, port) = before.rsplit_once(':').unwrap();
    let mut command = clean(Command::new(python));
    let seen = printed(command.args(["-c", DNS_VIEW_PY, port]));
    let seen: Value = serde_json::from_str(&seen).unwrap();
    assert_eq!(seen["addresses"][0], "127.0.0.1", "{seen}");
    assert_eq!(seen["ttl"], 60);
    let targets = ["a1", "b1", "c1"].map(|id| format!("server-{id}.server.grpc.demo."));
    assert_eq!(seen["targets"], serde_json::json!(targets));
    assert_eq!(seen["ports"], 3);
    assert_eq!(seen["additional"], true);
    assert_eq!(seen["missing"], true);
}
