//! One server that is metadata, container endpoint, STS, S3 and Cloud Map, honest in all but one answer.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::honest;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Token,
    Role,
    Credentials,
    Place,
    Container,
    Sts,
    S3,
    CloudMap,
}

/// A part of an answer.
#[derive(Clone, Debug)]
pub enum Act {
    Send(Vec<u8>),
    /// Over and over, as fast as it is taken.
    Flood(Vec<u8>),
    /// Over and over, a thousand times a second: what a build without optimisation can keep up with.
    Pace(Vec<u8>),
    /// Over and over, a byte at a time.
    Drip(Vec<u8>),
    /// What was asked, between these two.
    Echo(Vec<u8>, Vec<u8>),
    Silence,
    Close,
    Reset,
}

/// Answers to one kind of request.
#[derive(Clone, Debug)]
pub struct Lie {
    pub name: &'static str,
    pub acts: Vec<Act>,
}

/// How often anybody looks whether it is over.
const TICK: Duration = Duration::from_millis(50);

/// Listens until the value goes.
pub struct Server {
    pub address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Server {
    pub fn start(at: Step, acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let over = Arc::<AtomicBool>::default();
        let ends = Arc::clone(&over);
        let acts = Arc::new(acts);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), acts, over) = (stream, Arc::clone(&acts), Arc::clone(&ends))
                else {
                    continue;
                };
                std::thread::spawn(move || {
                    let mut peer = Peer { stream, over };
                    // How a connection ends is what is being tried.
                    let _ = peer.serve(at, &acts);
                });
            }
        });
        Self { address, over }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

struct Peer {
    stream: TcpStream,
    over: Arc<AtomicBool>,
}

type Ended = std::io::Error;

impl Peer {
    fn serve(&mut self, at: Step, acts: &[Act]) -> Result<(), Ended> {
        self.stream.set_nodelay(true)?;
        self.stream.set_read_timeout(Some(TICK))?;
        self.stream.set_write_timeout(Some(TICK))?;
        loop {
            let request = self.request()?;
            let step = step(&request);
            if step == at {
                for act in acts {
                    self.perform(act, &request)?;
                }
            } else {
                let text = String::from_utf8_lossy(&request);
                self.send(&honest::answer(step, &text))?;
            }
        }
    }

    /// One request, with its body.
    fn request(&mut self) -> Result<Vec<u8>, Ended> {
        let mut request = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
            if let Some(head) = text.find("\r\n\r\n") {
                let length = text[..head].split("content-length:").nth(1);
                let length = length.and_then(|rest| rest.split("\r\n").next()?.trim().parse().ok());
                if request.len() >= head + 4 + length.unwrap_or(0) {
                    return Ok(request);
                }
            }
            let mut buffer = [0; 8_192];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => request.extend(&buffer[..read]),
                Err(error) => self.unless_over(error)?,
            }
        }
    }

    fn perform(&mut self, act: &Act, request: &[u8]) -> Result<(), Ended> {
        match act {
            Act::Send(bytes) => self.send(bytes),
            Act::Flood(bytes) => loop {
                self.send(bytes)?;
            },
            Act::Pace(bytes) => loop {
                self.send(bytes)?;
                std::thread::sleep(Duration::from_millis(1));
            },
            Act::Drip(bytes) => loop {
                for byte in bytes {
                    self.send(&[*byte])?;
                    std::thread::sleep(TICK);
                }
            },
            Act::Echo(before, after) => {
                let text = String::from_utf8_lossy(request);
                let text = text.replace('&', "&amp;").replace(['<', '"', '\\'], " ");
                let text = text.replace(['\r', '\n'], " ");
                let body = [&before[..], text.as_bytes(), &after[..]].concat();
                self.send(&honest::http("400 Bad Request", &body))
            }
            Act::Silence => loop {
                let mut buffer = [0; 1024];
                match self.stream.read(&mut buffer) {
                    Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                    Ok(_) => (),
                    Err(error) => self.unless_over(error)?,
                }
            },
            Act::Close => Err(ErrorKind::ConnectionAborted.into()),
            Act::Reset => {
                // What lies unread when a socket is closed makes the system reset the connection.
                rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO))?;
                Err(ErrorKind::ConnectionReset.into())
            }
        }
    }

    fn send(&mut self, mut bytes: &[u8]) -> Result<(), Ended> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) => self.unless_over(error)?,
            }
            if self.over.load(Ordering::Relaxed) {
                return Err(ErrorKind::Interrupted.into());
            }
        }
        Ok(())
    }

    /// A tick is no end.
    fn unless_over(&self, error: Ended) -> Result<(), Ended> {
        let tick = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        if tick && !self.over.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(error)
    }
}

/// What a request asks for.
fn step(request: &[u8]) -> Step {
    let text = String::from_utf8_lossy(request);
    let path = text.split(' ').nth(1).unwrap_or_default();
    let role = path.strip_prefix("/latest/meta-data/iam/security-credentials");
    match (path, role) {
        ("/latest/api/token", _) => Step::Token,
        (_, Some("" | "/")) => Step::Role,
        (_, Some(_)) => Step::Credentials,
        (path, _) if path.starts_with("/latest/") => Step::Place,
        (honest::CONTAINER_PATH, _) => Step::Container,
        _ if text.to_ascii_lowercase().contains("route53autonaming") => Step::CloudMap,
        _ if text.contains("Action=") => Step::Sts,
        _ => Step::S3,
    }
}
