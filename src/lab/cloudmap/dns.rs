//! The DNS view of the registry: A, AAAA and SRV records of the services in private DNS namespaces, over
//! UDP.
//!
//! As with Route 53's multivalue answers, at most eight healthy instances are in an answer, in random
//! order, or any eight if none is healthy (AWS Cloud Map API Reference, `DnsConfig`). What an instance is
//! beyond its address, its zone above all, DNS cannot say.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rand::Rng;
use rand::seq::SliceRandom;
use simple_dns::rdata::{A, AAAA, RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, Question, RCODE, ResourceRecord, TYPE};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::CloudMap;
use super::registry::{Instance, Registry};
use crate::lab::aws::Aws;
use crate::lab::stage::Passage;

/// Seconds for which an answer may be kept: what ECS gives its records.
pub(in crate::lab) const TTL: u32 = 60;
/// Records in one answer.
const MOST_RECORDS: usize = 8;
/// Bytes in one message without extensions (RFC 1035, 4.2.1).
const MESSAGE: usize = 512;

/// Answers questions until `stop` changes.
pub(in crate::lab) async fn serve(
    socket: UdpSocket,
    aws: Arc<Aws>,
    mut stop: watch::Receiver<bool>,
) {
    let socket = Arc::new(socket);
    let mut answers = JoinSet::new();
    let mut message = [0; MESSAGE];
    loop {
        tokio::select! {
            received = socket.recv_from(&mut message) => {
                let Ok((length, from)) = received else { continue };
                let question = message[..length].to_vec();
                let (socket, aws) = (Arc::clone(&socket), Arc::clone(&aws));
                answers.spawn(async move {
                    if let Some(answer) = answered(&aws, &question).await {
                        // Whoever asked may be gone.
                        let _ = socket.send_to(&answer, from).await;
                    }
                });
            }
            Some(_) = answers.join_next() => {}
            _ = stop.changed() => break,
        }
    }
}

async fn answered(aws: &Aws, message: &[u8]) -> Option<Vec<u8>> {
    let asked = Packet::parse(message).ok()?;
    let question = asked.questions.first()?;
    let counted = match question.qtype {
        QTYPE::TYPE(TYPE::A) => "dns:A",
        QTYPE::TYPE(TYPE::AAAA) => "dns:AAAA",
        QTYPE::TYPE(TYPE::SRV) => "dns:SRV",
        _ => "dns:other",
    };
    let mut reply = Packet::new_reply(asked.id());
    reply.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    reply.questions.push(question.clone());
    match aws.stage.pass(counted, aws.dns_ruler()).await {
        Passage::Silence => return None,
        Passage::Refuse => *reply.rcode_mut() = RCODE::ServerFailure,
        Passage::Answer => {
            let (records, further) = records(&aws.cloudmap, question)?;
            if records.is_empty() && further.is_none() {
                *reply.rcode_mut() = RCODE::NameError;
            }
            reply.answers = records;
            reply.additional_records = further.unwrap_or_default();
        }
    }
    reply.build_bytes_vec_compressed().ok()
}

type Records = Vec<ResourceRecord<'static>>;

/// The records that answer, and those that go with them: `None` if there is no such name.
fn records(cloudmap: &CloudMap, question: &Question<'_>) -> Option<(Records, Option<Records>)> {
    let mut registry = cloudmap.registry();
    let mut random = registry.random.clone();
    let name = question.qname.to_string().to_ascii_lowercase();
    let found = found(&registry, &name, &mut random);
    registry.random = random;
    drop(registry);
    let Some(found) = found else {
        return Some((Vec::new(), None));
    };
    let asked = |name: &str| Name::new(name).ok().map(Name::into_owned);
    let record = |name: Name<'static>, data| ResourceRecord::new(name, CLASS::IN, TTL, data);
    let (mut records, mut further) = (Vec::new(), Vec::new());
    for (own, instance) in &found {
        let address = |kind| address(instance, kind);
        match question.qtype {
            QTYPE::TYPE(kind @ (TYPE::A | TYPE::AAAA)) => {
                records.extend(address(kind).map(|data| (name.as_str(), data)));
            }
            QTYPE::TYPE(TYPE::SRV) => {
                let port = instance.attributes.get("AWS_INSTANCE_PORT");
                let Some(port) = port.and_then(|port| port.parse().ok()) else {
                    continue;
                };
                let srv = SRV {
                    priority: 1,
                    weight: 1,
                    port,
                    target: asked(own)?,
                };
                records.push((name.as_str(), RData::SRV(srv)));
                let addresses = [TYPE::A, TYPE::AAAA].into_iter().filter_map(address);
                further.extend(addresses.map(|data| (own.as_str(), data)));
            }
            _ => {}
        }
    }
    let made = |pairs: Vec<(&str, RData<'static>)>| -> Option<Records> {
        let made = pairs
            .into_iter()
            .map(|(name, data)| Some(record(asked(name)?, data)));
        made.collect()
    };
    Some((made(records)?, Some(made(further)?)))
}

/// The instances behind `SERVICE.NAMESPACE`, or the one behind `INSTANCE.SERVICE.NAMESPACE`, each with
/// its own name.
fn found(
    registry: &Registry,
    name: &str,
    random: &mut impl Rng,
) -> Option<Vec<(String, Instance)>> {
    let (first, rest) = name.split_once('.')?;
    if registry.has_dns(rest) {
        let service = registry.named(rest, first).ok()?;
        let all = || service.instances.iter();
        let mut chosen: Vec<_> = all().filter(|(_, instance)| instance.healthy).collect();
        if chosen.is_empty() {
            chosen = all().collect();
        }
        chosen.shuffle(random);
        chosen.truncate(MOST_RECORDS);
        let named =
            |(id, instance): (&String, &Instance)| (format!("{id}.{name}"), instance.clone());
        return Some(chosen.into_iter().map(named).collect());
    }
    let (service, namespace) = rest.split_once('.')?;
    let service = registry.named(namespace, service).ok()?;
    let instance = service.instances.get(first)?;
    registry
        .has_dns(namespace)
        .then(|| vec![(name.to_owned(), instance.clone())])
}

fn address(instance: &Instance, kind: TYPE) -> Option<RData<'static>> {
    let attribute = |name: &str| instance.attributes.get(name);
    match kind {
        TYPE::A => {
            let address: Ipv4Addr = attribute("AWS_INSTANCE_IPV4")?.parse().ok()?;
            Some(RData::A(A::from(address)))
        }
        TYPE::AAAA => {
            let address: Ipv6Addr = attribute("AWS_INSTANCE_IPV6")?.parse().ok()?;
            Some(RData::AAAA(AAAA::from(address)))
        }
        _ => None,
    }
}
