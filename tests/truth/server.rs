//! An HTTP/1 server on a socket that does as it is told, step by step, and keeps its own books.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
});

/// What a server does next.
#[derive(Clone, Debug)]
pub enum Step {
    Wait(Duration),
    Send(Vec<u8>),
    /// Sends these bytes over and over, with a pause after each time.
    Repeat {
        piece: Vec<u8>,
        times: usize,
        pause: Duration,
    },
    /// Ends the connection with a TCP reset.
    Reset,
    /// Ends the connection as a server does that has nothing more to say.
    Close,
    /// Keeps the connection, and says nothing more on it.
    Hang,
}

/// What a client asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Request line and headers.
    pub head: String,
    /// Requests that the server had read before this one.
    pub earlier: usize,
    /// The same on this connection.
    pub earlier_here: usize,
}

impl Request {
    pub fn starts_with(&self, words: &str) -> bool {
        self.head.starts_with(words)
    }
}

/// What the server knows of an exchange that it has brought to its end.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    /// When the last byte of the request was there.
    pub begun: Instant,
    /// From the last byte of the request to the last of the answer.
    pub took: Duration,
}

/// What a server does with a request.
pub type Answer = dyn Fn(&Request) -> Vec<Step> + Send + Sync;

/// How a server behaves.
pub struct Behaviour {
    /// On a new connection, before TLS.
    pub greeting: Vec<Step>,
    pub tls: Option<TlsAcceptor>,
    pub answer: Box<Answer>,
}

#[derive(Default)]
struct Books {
    requests: usize,
    served: Vec<Served>,
}

/// A port on which connections are begun and never made: its queue is full.
pub struct Unreachable {
    pub address: SocketAddr,
    /// Nobody takes a connection out of it.
    _queue: (TcpListener, Vec<TcpStream>),
}

impl Unreachable {
    pub fn new() -> Self {
        RUNTIME.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
            let listener = socket.listen(1).unwrap();
            let address = listener.local_addr().unwrap();
            let mut queued = Vec::new();
            let patience = Duration::from_millis(500);
            while let Ok(made) = timeout(patience, TcpStream::connect(address)).await {
                queued.push(made.unwrap());
            }
            Self {
                address,
                _queue: (listener, queued),
            }
        })
    }
}

/// Listens until the value goes.
pub struct Server {
    pub address: SocketAddr,
    is_secured: bool,
    books: Arc<Mutex<Books>>,
    listening: JoinHandle<()>,
}

impl Server {
    /// Over plain HTTP.
    pub fn answering(answer: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::start(Behaviour {
            greeting: Vec::new(),
            tls: None,
            answer: Box::new(answer),
        })
    }

    pub fn start(behaviour: Behaviour) -> Self {
        let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let books = Arc::<Mutex<Books>>::default();
        let is_secured = behaviour.tls.is_some();
        let (behaviour, kept) = (Arc::new(behaviour), Arc::clone(&books));
        let listening = RUNTIME.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(
                    stream,
                    Arc::clone(&behaviour),
                    Arc::clone(&kept),
                ));
            }
        });
        Self {
            address,
            is_secured,
            books,
            listening,
        }
    }

    pub fn url(&self) -> String {
        let scheme = if self.is_secured { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Requests that were read, answered or not.
    pub fn requests(&self) -> usize {
        self.books.lock().unwrap().requests
    }

    /// Exchanges that came to their end, in its order.
    pub fn served(&self) -> Vec<Served> {
        self.books.lock().unwrap().served.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Whether the connection goes on.
#[derive(PartialEq)]
enum After {
    Open,
    Closed,
    Reset,
}

async fn connection(mut tcp: TcpStream, behaviour: Arc<Behaviour>, books: Arc<Mutex<Books>>) {
    tcp.set_nodelay(true).unwrap();
    let greeted = carry_out(&mut tcp, &behaviour.greeting).await;
    let after = match (greeted, &behaviour.tls) {
        (After::Open, None) => serve(&mut tcp, &behaviour, &books).await,
        (After::Open, Some(tls)) => {
            let Ok(mut stream) = tls.accept(&mut tcp).await else {
                return;
            };
            serve(&mut stream, &behaviour, &books).await
        }
        (ended, _) => ended,
    };
    if after == After::Reset {
        tcp.set_zero_linger().unwrap();
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    behaviour: &Behaviour,
    books: &Mutex<Books>,
) -> After {
    let mut earlier_here = 0;
    while let Some(head) = read_request(stream).await {
        let begun = Instant::now();
        let earlier = {
            let mut books = books.lock().unwrap();
            books.requests += 1;
            books.requests - 1
        };
        let request = Request {
            head,
            earlier,
            earlier_here,
        };
        let after = carry_out(stream, &(behaviour.answer)(&request)).await;
        if after != After::Open {
            return after;
        }
        let took = begun.elapsed();
        books.lock().unwrap().served.push(Served { begun, took });
        earlier_here += 1;
    }
    After::Closed
}

/// The head of the next request, once its body has been read as well; none where the client has ended it.
async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    while read.len() < end + length {
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

async fn carry_out<S: AsyncWrite + Unpin>(stream: &mut S, steps: &[Step]) -> After {
    for step in steps {
        match step {
            Step::Wait(pause) => tokio::time::sleep(*pause).await,
            Step::Send(bytes) => {
                if stream.write_all(bytes).await.is_err() {
                    return After::Closed;
                }
            }
            Step::Repeat {
                piece,
                times,
                pause,
            } => {
                for _ in 0..*times {
                    if stream.write_all(piece).await.is_err() {
                        return After::Closed;
                    }
                    tokio::time::sleep(*pause).await;
                }
            }
            Step::Reset => return After::Reset,
            Step::Close => return After::Closed,
            Step::Hang => std::future::pending().await,
        }
    }
    After::Open
}

/// A whole answer.
pub fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let mut whole = head(status, headers, body.len());
    whole.extend(body.as_bytes());
    whole
}

/// The head of an answer whose body is as long as this. `headers` end with `\r\n` each.
pub fn head(status: u16, headers: &str, length: usize) -> Vec<u8> {
    format!("HTTP/1.1 {status} -\r\n{headers}content-length: {length}\r\n\r\n").into_bytes()
}
