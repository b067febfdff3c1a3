//! A connection and single requests on it, with neither SDK nor proxy nor retry in between: what an endpoint
//! itself does.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::clock;
use crate::doctor::examination::{Answer, Dial};

/// Answers of these endpoints are a few hundred bytes.
const LARGEST_ANSWER: usize = 64 * 1024;

/// An open connection.
pub(super) struct Line {
    sender: SendRequest<Empty<Bytes>>,
    host: String,
}

/// Connects to `host:port`.
pub(super) async fn dial(authority: &str, limit: Duration) -> (Dial, Option<Line>) {
    let start = clock::now();
    let stream = match timeout(limit, TcpStream::connect(authority)).await {
        Err(_) => return (Dial::Silent(limit), None),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            return (Dial::Refused, None);
        }
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::TimedOut => {
            return (Dial::Silent(clock::since(start)), None);
        }
        Ok(Err(error)) => return (Dial::NoRoute(error.to_string()), None),
        Ok(Ok(stream)) => stream,
    };
    let elapsed = clock::since(start);
    let _ = stream.set_nodelay(true);
    match handshake(TokioIo::new(stream)).await {
        Ok((sender, connection)) => {
            tokio::spawn(connection);
            let line = Line {
                sender,
                host: authority.to_owned(),
            };
            (Dial::Connected(elapsed), Some(line))
        }
        Err(error) => (Dial::NoRoute(error.to_string()), None),
    }
}

impl Line {
    /// Makes one request; the body is that of an answer below 400.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        header: Option<(&str, &str)>,
        limit: Duration,
    ) -> (Answer, Option<String>) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("Host", &self.host)
            .header("User-Agent", "awscreds-bench")
            .header("Content-Length", "0");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        // Only a header's value can be at fault here, and that may be a secret.
        let Ok(request) = request.body(Empty::new()) else {
            return (
                Answer::Broken("the request cannot be written".to_owned()),
                None,
            );
        };
        let start = clock::now();
        let exchange = async {
            let response = self.sender.send_request(request).await?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), LARGEST_ANSWER)
                .collect()
                .await;
            Ok::<_, hyper::Error>((status, body.ok().map(http_body_util::Collected::to_bytes)))
        };
        match timeout(limit, exchange).await {
            Err(_) => (Answer::Silent(limit), None),
            Ok(Err(error)) => (Answer::Broken(error.to_string()), None),
            Ok(Ok((status, body))) => {
                let text = body.filter(|_| status < 400);
                let text = text.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
                (Answer::Status(status, clock::since(start)), text)
            }
        }
    }
}
