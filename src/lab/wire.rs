//! Sockets: accepted connections, plain or TLS, that can end with a reset.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::reply::{HopLimit, Response};
use super::scenario::Listener;
use super::stage::{Farewell, HangUp};

/// The first byte of a TLS handshake record (RFC 8446, 5.1).
const HANDSHAKE: u8 = 0x16;
/// How long a request under way may take to end when the lab stops.
const GRACE: Duration = Duration::from_millis(250);
/// How long to leave the listener alone when the process is out of sockets.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(20);

/// Answers requests; one for each listener.
pub(super) trait Answer: Send + Sync + 'static {
    fn answer(
        &self,
        request: Request<Incoming>,
        farewell: &Farewell,
    ) -> impl Future<Output = Result<Response, HangUp>> + Send;
}

/// An extension of a request: it is the first on its connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstOfConnection;

/// A TCP connection that is reset when it is dropped, if its [`Farewell`] says so, and whose packets go as
/// far as it says.
struct Socket {
    stream: TcpStream,
    farewell: Arc<Farewell>,
    /// The system's own IP TTL, and the one that is set if another is.
    usual_hops: u32,
    set_hops: u8,
}

impl Socket {
    fn new(stream: TcpStream, farewell: Arc<Farewell>) -> Self {
        let usual_hops = stream.ttl().unwrap_or(64);
        Self {
            stream,
            farewell,
            usual_hops,
            set_hops: 0,
        }
    }

    /// Before anything is sent. IPv6 has a hop limit of another name; it stays as it is.
    fn limit_hops(&mut self) {
        let wanted = self.farewell.hop_limit();
        if wanted != self.set_hops {
            let hops = if wanted == 0 {
                self.usual_hops
            } else {
                wanted.into()
            };
            let _ = self.stream.set_ttl(hops);
            self.set_hops = wanted;
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.farewell.is_reset() {
            // Closing with a linger of zero sends RST. If it fails, the client sees FIN.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.limit_hops();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.limit_hops();
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A socket that accepts connections, and where it is.
pub(super) async fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// What became of an address that a scenario has something to say about.
pub(super) enum Door {
    Open(TcpListener),
    /// Nobody listens there.
    Shut,
    /// The one connection that fits into the queue is in it, and nobody takes it out: the system drops
    /// whatever else knocks.
    Blocked(TcpListener, TcpStream),
}

/// The door of an address, and where it is.
pub(super) async fn door(address: SocketAddr, wanted: Listener) -> io::Result<(Door, SocketAddr)> {
    match wanted {
        Listener::Open => {
            let (listener, bound) = listen(address).await?;
            Ok((Door::Open(listener), bound))
        }
        Listener::Refused => {
            let (_, bound) = listen(address).await?;
            Ok((Door::Shut, bound))
        }
        Listener::BlackHole => {
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            let listener = socket.listen(0)?;
            let bound = listener.local_addr()?;
            let only = TcpStream::connect(super::environment::reachable(bound)).await?;
            Ok((Door::Blocked(listener, only), bound))
        }
    }
}

/// [`serve`] behind a door: with nobody there, waits for `stop` alone. At most `most` connections are
/// served at once; those beyond wait in the system's queue.
pub(super) async fn serve_behind<A: Answer>(
    door: Door,
    most: Option<usize>,
    service: Arc<A>,
    mut stop: watch::Receiver<bool>,
) {
    match door {
        Door::Open(listener) => serve(listener, most, None, service, stop).await,
        Door::Shut => {
            let _ = stop.changed().await;
        }
        Door::Blocked(listener, only) => {
            let _ = stop.changed().await;
            drop((listener, only));
        }
    }
}

/// Accepts until `stop` changes; then lets requests under way end, for a moment.
pub(super) async fn serve<A: Answer>(
    listener: TcpListener,
    most: Option<usize>,
    tls: Option<TlsAcceptor>,
    service: Arc<A>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(most.unwrap_or(Semaphore::MAX_PERMITS)));
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        tokio::select! {
            (accepted, place) = accepted => match accepted {
                Ok((stream, _)) => {
                    let connection =
                        converse(stream, tls.clone(), Arc::clone(&service), stop.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
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
async fn converse<A: Answer>(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    service: Arc<A>,
    mut stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let farewell = Arc::new(Farewell::default());
    let opened = async {
        let tls = match tls {
            Some(tls) if is_tls(&stream).await? => Some(tls),
            _ => None,
        };
        let socket = Socket::new(stream, Arc::clone(&farewell));
        Ok::<_, io::Error>(match tls {
            Some(tls) => Stream::Tls(Box::new(tls.accept(socket).await?)),
            None => Stream::Plain(socket),
        })
    };
    let opened = tokio::select! {
        opened = opened => opened,
        _ = stop.changed() => return,
    };
    match opened {
        Ok(Stream::Plain(socket)) => exchange(socket, &service, &farewell, stop).await,
        Ok(Stream::Tls(socket)) => exchange(socket, &service, &farewell, stop).await,
        Err(_) => {}
    }
}

enum Stream {
    Plain(Socket),
    Tls(Box<tokio_rustls::server::TlsStream<Socket>>),
}

async fn is_tls(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    let read = stream.peek(&mut first).await?;
    Ok(read == 1 && first[0] == HANDSHAKE)
}

/// Requests and answers until either side has had enough.
async fn exchange<A: Answer>(
    io: impl AsyncRead + AsyncWrite + Unpin,
    service: &Arc<A>,
    farewell: &Arc<Farewell>,
    mut stop: watch::Receiver<bool>,
) {
    let fresh = AtomicBool::new(true);
    let answer = service_fn(|mut request: Request<Incoming>| {
        let (service, farewell) = (Arc::clone(service), Arc::clone(farewell));
        if fresh.swap(false, Ordering::Relaxed) {
            request.extensions_mut().insert(FirstOfConnection);
        }
        async move {
            let response = service.answer(request, &farewell).await?;
            let limit = response.extensions().get::<HopLimit>();
            farewell.limit_hops(limit.map_or(0, |limit| limit.0));
            Ok::<_, HangUp>(response)
        }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(io), answer);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
