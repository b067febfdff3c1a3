//! Accepted connections, plain or TLS, and the HTTP spoken on them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::connection::{ConnectionControl, Disconnect, Socket};
use super::response::HopLimit;
use super::router::Router;
use super::scenario;

/// The first byte of a TLS handshake record (RFC 8446, 5.1).
const HANDSHAKE: u8 = 0x16;
/// How long a request under way may take to end when the lab stops.
const GRACE: Duration = Duration::from_millis(250);
/// How long to leave the listener alone when the process is out of sockets.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(20);

/// An address to connect to: loopback, where the lab listens on every address.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// A listening address, in the state that a scenario wants it in.
pub(super) struct Listener {
    pub(super) address: SocketAddr,
    state: State,
}

enum State {
    Open(TcpListener),
    /// Nobody listens there. Or the one connection that fits into the queue is in it, and nobody takes it out:
    /// the system drops whatever else comes.
    Silent(Option<(TcpListener, TcpStream)>),
}

impl Listener {
    pub(super) async fn bind(address: SocketAddr, wanted: scenario::Listener) -> io::Result<Self> {
        if wanted == scenario::Listener::BlackHole {
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            let listener = socket.listen(0)?;
            let address = listener.local_addr()?;
            let only = TcpStream::connect(reachable(address)).await?;
            let state = State::Silent(Some((listener, only)));
            return Ok(Self { address, state });
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = match wanted {
            scenario::Listener::Refused => State::Silent(None),
            _ => State::Open(listener),
        };
        Ok(Self { address, state })
    }

    /// Serves until `stop` changes; then lets requests under way end, for a moment. At most `most`
    /// connections are served at once; those beyond wait in the system's queue.
    pub(super) async fn serve(
        self,
        router: Router,
        most: Option<usize>,
        tls: Option<TlsAcceptor>,
        mut stop: watch::Receiver<bool>,
    ) {
        match self.state {
            State::Open(listener) => accept(listener, router, most, tls, stop).await,
            State::Silent(held) => {
                let _ = stop.changed().await;
                drop(held);
            }
        }
    }
}

async fn accept(
    listener: TcpListener,
    router: Router,
    most: Option<usize>,
    tls: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
) {
    let router = Arc::new(router);
    let mut connections = JoinSet::new();
    let permits = Arc::new(Semaphore::new(most.unwrap_or(Semaphore::MAX_PERMITS)));
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            (accepted, permit) = accepted => match accepted {
                Ok((stream, _)) => {
                    let served = serve(stream, tls.clone(), Arc::clone(&router), stop.clone());
                    connections.spawn(async move {
                        served.await;
                        drop(permit);
                    });
                }
                // Connections that broke before they were accepted, or no descriptors left.
                Err(_) => tokio::time::sleep(OUT_OF_SOCKETS).await,
            },
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, ended).await;
}

/// One connection, from its first byte to its end. How it ends concerns nobody.
async fn serve(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    router: Arc<Router>,
    mut stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let control = Arc::new(ConnectionControl::default());
    let tls = match tls {
        None => None,
        Some(tls) => {
            let mut first = [0];
            tokio::select! {
                // A connection that ends before its first byte ends as plain HTTP.
                _ = stream.peek(&mut first) => (first[0] == HANDSHAKE).then_some(tls),
                _ = stop.changed() => return,
            }
        }
    };
    let socket = Socket::new(stream, Arc::clone(&control));
    match tls {
        None => exchange(socket, &router, &control, stop).await,
        Some(tls) => {
            let accepted = tokio::select! {
                accepted = tls.accept(socket) => accepted,
                _ = stop.changed() => return,
            };
            if let Ok(socket) = accepted {
                exchange(socket, &router, &control, stop).await;
            }
        }
    }
}

/// Requests and responses until either side has had enough.
async fn exchange(
    io: impl AsyncRead + AsyncWrite + Unpin,
    router: &Router,
    control: &ConnectionControl,
    mut stop: watch::Receiver<bool>,
) {
    let answer = service_fn(|request: http::Request<Incoming>| async move {
        let response = router.answer(request, control).await?;
        let hop_limit = response.extensions().get::<HopLimit>();
        control.limit_hops(hop_limit.map_or(0, |limit| limit.0));
        Ok::<_, Disconnect>(response)
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(io), answer);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
