//! What DNS says of a name: one question for its IPv4 addresses, over UDP, without a cache.
//!
//! The system's own resolver cannot be sent to another server and port than the system's, and a library
//! with a cache would be timed at its cache.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use rand::Rng;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};
use tokio::net::UdpSocket;

/// The port of name servers.
const PORT: u16 = 53;
/// Where the system names its name servers.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Bytes of one answer: what a UDP message can hold.
const MESSAGE: usize = 65_535;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    #[error("cannot ask the name server {server}")]
    Io {
        server: SocketAddr,
        source: io::Error,
    },
    #[error("`{0}` is not a name")]
    Name(String),
    #[error("the name server {server} answers {code:?}")]
    Refused { server: SocketAddr, code: RCODE },
    #[error("the name server {server} does not answer within {within:?}")]
    Silent {
        server: SocketAddr,
        within: Duration,
    },
    #[error("the answer of the name server {0} holds no IPv4 address")]
    NoAddress(SocketAddr),
    #[error("the answer of the name server {0} is cut off")]
    CutOff(SocketAddr),
}

/// A name, and the server to ask for it.
#[derive(Clone, Debug)]
pub struct Lookup {
    pub server: SocketAddr,
    pub name: String,
    /// The question is put once more after half of this time: UDP may lose it.
    pub within: Duration,
}

impl Lookup {
    /// The first name server of the system.
    #[must_use]
    pub fn system_server() -> Option<SocketAddr> {
        let text = std::fs::read_to_string(RESOLV_CONF).ok()?;
        named_server(&text).map(|ip| SocketAddr::new(ip, PORT))
    }

    /// Asks.
    ///
    /// # Errors
    ///
    /// The name server cannot be asked, refuses, or does not answer in time; its answer holds no address, or is not
    /// all of it; or the name is none.
    pub async fn addresses(&self) -> Result<Vec<Ipv4Addr>, DnsError> {
        let server = self.server;
        let io = |source| DnsError::Io { server, source };
        let any: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).await.map_err(io)?;
        // Answers from anybody else do not arrive.
        socket.connect(server).await.map_err(io)?;
        let id = rand::rng().random();
        let question = question(id, &self.name).ok_or_else(|| DnsError::Name(self.name.clone()))?;
        for _ in 0..2 {
            socket.send(&question).await.map_err(io)?;
            let answer = self.receive(&socket, id);
            if let Ok(answer) = tokio::time::timeout(self.within / 2, answer).await {
                return answer;
            }
        }
        Err(DnsError::Silent {
            server,
            within: self.within,
        })
    }

    /// The answer to the question of this id; others, and what cannot be read, are not it.
    async fn receive(&self, socket: &UdpSocket, id: u16) -> Result<Vec<Ipv4Addr>, DnsError> {
        let server = self.server;
        let mut message = vec![0; MESSAGE];
        loop {
            let received = socket.recv(&mut message).await;
            let length = received.map_err(|source| DnsError::Io { server, source })?;
            let packet = match Packet::parse(&message[..length]) {
                Ok(packet) if packet.id() == id && packet.has_flags(PacketFlag::RESPONSE) => packet,
                _ => continue,
            };
            let code = packet.rcode();
            if code != RCODE::NoError {
                return Err(DnsError::Refused { server, code });
            }
            if packet.has_flags(PacketFlag::TRUNCATION) {
                return Err(DnsError::CutOff(server));
            }
            let addresses = packet.answers.iter();
            let addresses = addresses.filter_map(|record| match &record.rdata {
                RData::A(a) => Some(Ipv4Addr::from(a.address)),
                _ => None,
            });
            let addresses: Vec<Ipv4Addr> = addresses.collect();
            if addresses.is_empty() {
                return Err(DnsError::NoAddress(server));
            }
            return Ok(addresses);
        }
    }
}

fn question(id: u16, name: &str) -> Option<Vec<u8>> {
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let (kind, class) = (QTYPE::TYPE(TYPE::A), QCLASS::CLASS(CLASS::IN));
    let question = Question::new(Name::new(name).ok()?, kind, class, false);
    packet.questions.push(question);
    packet.build_bytes_vec().ok()
}

fn named_server(resolv_conf: &str) -> Option<IpAddr> {
    let mut lines = resolv_conf.lines();
    lines.find_map(|line| {
        let address = line.trim().strip_prefix("nameserver")?;
        address.trim().parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_server_is_found_among_comments() {
        let text = "# nameserver 9.9.9.9\nsearch x\nnameserver fe80::1%eth0\nnameserver 10.0.0.2\n";
        assert_eq!(named_server(text), Some(Ipv4Addr::new(10, 0, 0, 2).into()));
        assert_eq!(named_server("options ndots:5\n"), None);
    }

    #[test]
    fn a_question_is_one_that_can_be_read() {
        let bytes = question(7, "server.grpc.demo").unwrap();
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!((packet.id(), packet.questions.len()), (7, 1));
        assert_eq!(packet.questions[0].qname.to_string(), "server.grpc.demo");
        assert!(question(7, &"x".repeat(300)).is_none());
    }
}
