//! The DNS view of the registry: A, AAAA and SRV records of the services in private DNS namespaces, over
//! UDP.
//!
//! As with Route 53's multivalue answers, at most eight healthy instances are in an answer, in random
//! order, or any eight if none is healthy (AWS Cloud Map API Reference, `DnsConfig`). What an instance is
//! beyond its address, its zone above all, DNS cannot say.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use rand::Rng;
use rand::seq::SliceRandom;
use simple_dns::rdata::{RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::CloudMap;
use super::registry::{Instance, Registry, TTL};
use crate::lab::pipeline::Admission;

/// Records in one answer.
const MOST_RECORDS: usize = 8;
/// Bytes in one message without extensions (RFC 1035, 4.2.1).
const MESSAGE: usize = 512;

impl CloudMap {
    /// Answers questions by DNS until `stop` changes.
    pub(in crate::lab) async fn serve_dns(
        self: Arc<Self>,
        socket: UdpSocket,
        mut stop: watch::Receiver<bool>,
    ) {
        let shared = Arc::new((self, socket));
        let mut answers = JoinSet::new();
        let mut message = [0; MESSAGE];
        loop {
            tokio::select! {
                received = shared.1.recv_from(&mut message) => {
                    let Ok((length, from)) = received else { continue };
                    let question = message[..length].to_vec();
                    let shared = Arc::clone(&shared);
                    answers.spawn(async move {
                        let (cloudmap, socket) = &*shared;
                        if let Some(answer) = cloudmap.dns_answer(&question).await {
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

    async fn dns_answer(&self, message: &[u8]) -> Option<Vec<u8>> {
        let asked = Packet::parse(message).ok()?;
        let question = asked.questions.first()?;
        let operation = match question.qtype {
            QTYPE::TYPE(TYPE::A) => "dns:A",
            QTYPE::TYPE(TYPE::AAAA) => "dns:AAAA",
            QTYPE::TYPE(TYPE::SRV) => "dns:SRV",
            _ => "dns:other",
        };
        let mut reply = Packet::new_reply(asked.id());
        reply.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
        reply.questions.push(question.clone());
        match self.state.pipeline.admit(operation, &self.dns_rules).await {
            Admission::Ignore => return None,
            Admission::Refuse => *reply.rcode_mut() = RCODE::ServerFailure,
            Admission::Answer => {
                let name = question.qname.to_string().to_ascii_lowercase();
                let find = |registry: &_, random: &mut _| find(registry, &name, random);
                let instances = self.registry().choose(find);
                match instances {
                    None => *reply.rcode_mut() = RCODE::NameError,
                    Some(instances) => {
                        (reply.answers, reply.additional_records) =
                            records(&name, question.qtype, &instances)?;
                    }
                }
            }
        }
        reply.build_bytes_vec_compressed().ok()
    }
}

type Records = Vec<ResourceRecord<'static>>;

/// The records that answer, and those that go with them.
fn records(
    name: &str,
    asked: QTYPE,
    instances: &[(String, Instance)],
) -> Option<(Records, Records)> {
    let owned = |name: &str| Name::new(name).ok().map(Name::into_owned);
    let record = |name: &str, data| {
        let name = owned(name)?;
        Some(ResourceRecord::new(name, CLASS::IN, TTL, data))
    };
    let (mut answers, mut additional) = (Vec::new(), Vec::new());
    for (own, instance) in instances {
        let address = |kind| address(instance, kind);
        match asked {
            QTYPE::TYPE(kind @ (TYPE::A | TYPE::AAAA)) => {
                answers.extend(address(kind).map(|data| record(name, data)));
            }
            QTYPE::TYPE(TYPE::SRV) => {
                let Some(port) = parsed(instance, "AWS_INSTANCE_PORT") else {
                    continue;
                };
                let srv = SRV {
                    priority: 1,
                    weight: 1,
                    port,
                    target: owned(own)?,
                };
                answers.push(record(name, RData::SRV(srv)));
                let addresses = [TYPE::A, TYPE::AAAA].into_iter().filter_map(address);
                additional.extend(addresses.map(|data| record(own, data)));
            }
            _ => {}
        }
    }
    let all = |records: Vec<_>| records.into_iter().collect::<Option<Records>>();
    Some((all(answers)?, all(additional)?))
}

/// The instances behind `SERVICE.NAMESPACE`, or the one behind `INSTANCE.SERVICE.NAMESPACE`, each with
/// its own name.
fn find(registry: &Registry, name: &str, random: &mut impl Rng) -> Option<Vec<(String, Instance)>> {
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
    let own = (name.to_owned(), instance.clone());
    registry.has_dns(namespace).then(|| vec![own])
}

fn address(instance: &Instance, kind: TYPE) -> Option<RData<'static>> {
    Some(match kind {
        TYPE::A => RData::A(parsed::<Ipv4Addr>(instance, "AWS_INSTANCE_IPV4")?.into()),
        TYPE::AAAA => RData::AAAA(parsed::<Ipv6Addr>(instance, "AWS_INSTANCE_IPV6")?.into()),
        _ => return None,
    })
}

/// An attribute of an instance, if it is what it ought to be.
fn parsed<T: FromStr>(instance: &Instance, attribute: &str) -> Option<T> {
    instance.attributes.get(attribute)?.parse().ok()
}
