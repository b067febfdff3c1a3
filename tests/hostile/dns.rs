//! A name server that does not tell the truth.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What comes back for a question; nothing, several messages.
type Reply = fn(&[u8]) -> Vec<Vec<u8>>;

/// Each by what is wrong with it.
pub const LIES: [(&str, Reply); 16] = [
    ("no addresses", |question| {
        vec![answer(question, 0x8180, 0, &[])]
    }),
    ("cut off", |question| {
        vec![answer(question, 0x8380, 1, &address(question))]
    }),
    ("cut off and empty", |question| {
        vec![answer(question, 0x8380, 0, &[])]
    }),
    ("an alias alone", |question| {
        vec![answer(question, 0x8180, 1, &alias())]
    }),
    ("an IPv6 address alone", |question| {
        vec![answer(question, 0x8180, 1, &record(28, &[0; 16]))]
    }),
    ("an address of three bytes", |question| {
        vec![answer(question, 0x8180, 1, &record(1, &[1, 2, 3]))]
    }),
    ("a name that points to itself", |question| {
        vec![answer(question, 0x8180, 1, &[0xc0, 12 + 24, 0, 1])]
    }),
    ("65,535 records that are not there", |question| {
        vec![answer(question, 0x8180, 65_535, &[])]
    }),
    ("SERVFAIL", |question| {
        vec![answer(question, 0x8182, 0, &[])]
    }),
    ("NXDOMAIN", |question| {
        vec![answer(question, 0x8183, 0, &[])]
    }),
    ("another question's answer", |question| {
        let mut other = answer(question, 0x8180, 1, &address(question));
        other[0] ^= 0xff;
        vec![other; 100]
    }),
    ("the question itself", |question| vec![question.to_vec()]),
    ("nothing", |_| Vec::new()),
    ("an empty message", |_| vec![Vec::new(); 10]),
    ("half a header", |question| vec![question[..6].to_vec()]),
    ("garbage", |_| vec![vec![0xff; 60_000]]),
];

/// A message with the id and the question of this one.
fn answer(question: &[u8], flags: u16, records: u16, rest: &[u8]) -> Vec<u8> {
    let [f, r] = [flags, records].map(u16::to_be_bytes);
    let head = [
        question[0],
        question[1],
        f[0],
        f[1],
        0,
        1,
        r[0],
        r[1],
        0,
        0,
        0,
        0,
    ];
    [&head[..], &question[12..], rest].concat()
}

/// A record about the name in the question.
fn record(kind: u8, data: &[u8]) -> Vec<u8> {
    let head = [0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 9, 0, data.len() as u8];
    [&head[..], data].concat()
}

fn address(_: &[u8]) -> Vec<u8> {
    record(1, &[127, 0, 0, 1])
}

fn alias() -> Vec<u8> {
    record(5, &[1, b'x', 0])
}

/// Answers until the value goes.
pub struct NameServer {
    pub address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl NameServer {
    pub fn start(reply: Reply) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let address = socket.local_addr().unwrap();
        let over = Arc::<AtomicBool>::default();
        let ends = Arc::clone(&over);
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while !ends.load(Ordering::Relaxed) {
                let Ok((length, asker)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                for message in reply(&buffer[..length]) {
                    let _ = socket.send_to(&message, asker);
                }
            }
        });
        Self { address, over }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
