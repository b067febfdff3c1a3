//! One TCP connection to the lab, and what a scenario may do to it: end it with a reset, or let its packets
//! die on the way.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The connection ends instead of a response.
#[derive(Debug, thiserror::Error)]
#[error("the scenario ends this connection")]
pub(super) struct Disconnect;

/// How a connection is to go on and to end: set by whoever answers on it, heeded by its [`Socket`].
#[derive(Debug, Default)]
pub(super) struct ConnectionControl {
    reset: AtomicBool,
    hop_limit: AtomicU8,
    used: AtomicBool,
}

impl ConnectionControl {
    /// The connection ends with RST.
    pub(super) fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// The IP TTL of what is sent from now on; 0 for the system's own.
    pub(super) fn limit_hops(&self, limit: u8) {
        self.hop_limit.store(limit, Ordering::Relaxed);
    }

    /// Whether nobody has asked this before: the request is the first on its connection.
    pub(super) fn is_first_request(&self) -> bool {
        !self.used.swap(true, Ordering::Relaxed)
    }
}

/// A TCP connection that is reset when it is dropped, if its [`ConnectionControl`] says so, and whose
/// packets go as far as it says.
pub(super) struct Socket {
    stream: TcpStream,
    control: Arc<ConnectionControl>,
    /// The system's own IP TTL, and the one that is set.
    usual_hops: u32,
    set_hops: u32,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, control: Arc<ConnectionControl>) -> Self {
        let usual_hops = stream.ttl().unwrap_or(64);
        Self {
            stream,
            control,
            usual_hops,
            set_hops: usual_hops,
        }
    }

    /// Before anything is sent. IPv6 has a hop limit of another name; it stays as it is.
    fn limit_hops(&mut self) {
        let wanted = match self.control.hop_limit.load(Ordering::Relaxed) {
            0 => self.usual_hops,
            limit => limit.into(),
        };
        if wanted != self.set_hops {
            let _ = self.stream.set_ttl(wanted);
            self.set_hops = wanted;
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.control.reset.load(Ordering::Relaxed) {
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
