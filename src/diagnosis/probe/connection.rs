//! A connection and single requests on it, with neither SDK nor proxy nor retry in between: what an endpoint
//! itself does.

use std::io::ErrorKind;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Collected, Empty, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::clock;
use crate::diagnosis::examination::{ConnectOutcome, HttpOutcome};
use crate::disclosure;

/// Bytes of an answer of these endpoints: a few hundred are usual.
const LARGEST_ANSWER: usize = 64 * 1024;

/// An open connection.
pub(super) struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    host: String,
}

/// Connects to `host:port`.
pub(super) async fn connect(
    authority: &str,
    limit: Duration,
) -> (ConnectOutcome, Option<Connection>) {
    let start = clock::now();
    let stream = match timeout(limit, TcpStream::connect(authority)).await {
        Err(_) => return (ConnectOutcome::TimedOut(limit), None),
        Ok(Err(error)) => {
            let outcome = match error.kind() {
                ErrorKind::ConnectionRefused => ConnectOutcome::Refused,
                ErrorKind::TimedOut => ConnectOutcome::TimedOut(clock::since(start)),
                _ => ConnectOutcome::NoRoute(error.to_string()),
            };
            return (outcome, None);
        }
        Ok(Ok(stream)) => stream,
    };
    let elapsed = clock::since(start);
    let _ = stream.set_nodelay(true);
    match handshake(TokioIo::new(stream)).await {
        Ok((sender, connection)) => {
            tokio::spawn(connection);
            let host = authority.to_owned();
            let connection = Connection { sender, host };
            (ConnectOutcome::Connected(elapsed), Some(connection))
        }
        Err(error) => (ConnectOutcome::NoRoute(error.to_string()), None),
    }
}

impl Connection {
    /// Makes one request; the body is that of an answer below 400.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        header: Option<(&str, &str)>,
        limit: Duration,
    ) -> (HttpOutcome, Option<String>) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("Host", &self.host)
            .header("User-Agent", "awscreds-bench")
            .header("Content-Length", "0");
        if let Some((name, value)) = header {
            disclosure::learn(value);
            request = request.header(name, value);
        }
        // Only a header's value can be at fault here, and that may be a secret.
        let Ok(request) = request.body(Empty::new()) else {
            let why = "the request cannot be written".to_owned();
            return (HttpOutcome::Broken(why), None);
        };
        let start = clock::now();
        let exchange = async {
            // It is not yet, for a moment after the last answer was read.
            self.sender.ready().await?;
            let response = self.sender.send_request(request).await?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), LARGEST_ANSWER);
            let body = body.collect().await.ok().map(Collected::to_bytes);
            Ok::<_, hyper::Error>((status, body))
        };
        match timeout(limit, exchange).await {
            Err(_) => (HttpOutcome::TimedOut(limit), None),
            Ok(Err(error)) => (HttpOutcome::Broken(error.to_string()), None),
            Ok(Ok((status, body))) => {
                let text = body.filter(|_| status < 400);
                let text = text.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
                (HttpOutcome::Status(status, clock::since(start)), text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_connection_carries_request_after_request() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let mut stream = BufReader::new(listener.accept().await.unwrap().0);
            let mut line = String::new();
            while stream.read_line(&mut line).await.unwrap() > 0 {
                if line == "\r\n" {
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                    stream.write_all(answer).await.unwrap();
                }
                line.clear();
            }
        });
        let limit = Duration::from_mins(1);
        let (_, connection) = connect(&authority, limit).await;
        let mut connection = connection.unwrap();
        for n in 0..500 {
            let (outcome, text) = connection.ask("GET", "/", None, limit).await;
            assert_eq!(text.as_deref(), Some("ok"), "request {n}: {outcome:?}");
        }
    }
}
