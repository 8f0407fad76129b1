//! A server of HTTP/2 (RFC 9113) that writes each frame itself, so that it can end streams and connections in every
//! way. It understands no header: a request is its stream's number and its body.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::server::{Speaks, identity};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;
const REFUSED_STREAM: u32 = 7;
/// The last stream identifier of a server that only says that it is about to go.
pub(crate) const NO_LAST: u32 = u32::MAX >> 1;

/// A request that arrived as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Which connection it came over, counted from 1.
    pub(crate) connection: usize,
    pub(crate) stream: u32,
    pub(crate) body: String,
}

/// What the server does once a request has arrived.
#[derive(Debug, Clone)]
pub(crate) enum React {
    /// Processes it, and answers 201 with this JSON.
    Answer(String),
    /// Says that it did not process it.
    Refuse,
    /// Says which stream is the last that it processes, or may have processed.
    GoAway { last: u32 },
    /// Closes the connection.
    Close,
}

type Script = dyn Fn(&Request) -> Vec<React> + Send + Sync;

pub(crate) struct Http2 {
    port: u16,
    authority: PathBuf,
    arrived: Arc<Mutex<Vec<Request>>>,
    _folder: TempDir,
}

impl Http2 {
    /// Starts it with a certificate for `localhost`. It ends with the test's runtime.
    pub(crate) async fn start(script: impl Fn(&Request) -> Vec<React> + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().expect("there is a temporary directory");
        let authority = folder.path().join("authority.pem");
        let (acceptor, certificate) = identity(Speaks::Http2, &["localhost"]);
        std::fs::write(&authority, certificate).expect("the temporary directory can be written");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let (log, script): (_, Arc<Script>) = (arrived.clone(), Arc::new(script));
        tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                connection += 1;
                tokio::spawn(serve(stream, acceptor.clone(), connection, script.clone(), log.clone()));
            }
        });
        Self { port, authority, arrived, _folder: folder }
    }

    pub(crate) fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Has a command trust the server's authority, and no other.
    pub(crate) fn trusted<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("SSL_CERT_FILE", &self.authority)
    }

    /// What has arrived, whether or not it was processed.
    pub(crate) fn arrived(&self) -> Vec<Request> {
        self.arrived.lock().expect("no test panicked here").clone()
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    connection: usize,
    script: Arc<Script>,
    log: Arc<Mutex<Vec<Request>>>,
) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    // A client that goes away is of no interest: it says itself what became of its requests.
    let _ = Connection { io: BufStream::new(stream), connection, script, log }.run().await;
}

struct Connection {
    io: BufStream<TlsStream<TcpStream>>,
    connection: usize,
    script: Arc<Script>,
    log: Arc<Mutex<Vec<Request>>>,
}

impl Connection {
    async fn run(mut self) -> std::io::Result<()> {
        let mut preface = [0; 24];
        self.io.read_exact(&mut preface).await?;
        self.write(SETTINGS, 0, 0, &[]).await?;
        let mut bodies = std::collections::HashMap::<u32, Vec<u8>>::new();
        loop {
            let mut head = [0; 9];
            self.io.read_exact(&mut head).await?;
            let [a, b, c, kind, flags, stream @ ..] = head;
            let stream = u32::from_be_bytes(stream) & NO_LAST;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.io.read_exact(&mut payload).await?;
            match kind {
                SETTINGS if flags & ACK == 0 => self.write(SETTINGS, ACK, 0, &[]).await?,
                PING if flags & ACK == 0 => self.write(PING, ACK, 0, &payload).await?,
                HEADERS => drop(bodies.entry(stream).or_default()),
                DATA => bodies.entry(stream).or_default().extend(payload),
                _ => {}
            }
            if matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
                let body = bodies.remove(&stream).unwrap_or_default();
                if !self.react(stream, &body).await? {
                    return self.io.shutdown().await;
                }
            }
        }
    }

    /// Returns whether the connection stays.
    async fn react(&mut self, stream: u32, body: &[u8]) -> std::io::Result<bool> {
        let body = String::from_utf8_lossy(body).into_owned();
        let request = Request { connection: self.connection, stream, body };
        let reactions = (self.script)(&request);
        self.log.lock().expect("no test panicked here").push(request);
        for reaction in reactions {
            match reaction {
                React::Answer(json) => {
                    // ":status" is entry 8 of the static table; its value follows as it is (RFC 7541, 6.2.2).
                    self.write(HEADERS, END_HEADERS, stream, b"\x08\x03201").await?;
                    self.write(DATA, END_STREAM, stream, json.as_bytes()).await?;
                }
                React::Refuse => self.write(RST_STREAM, 0, stream, &REFUSED_STREAM.to_be_bytes()).await?,
                React::GoAway { last } => {
                    let payload = [last.to_be_bytes(), [0; 4]].concat();
                    self.write(GOAWAY, 0, 0, &payload).await?;
                }
                React::Close => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> std::io::Result<()> {
        let [_, a, b, c] = u32::try_from(payload.len()).expect("frames are short").to_be_bytes();
        let mut frame = vec![a, b, c, kind, flags];
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.io.write_all(&frame).await?;
        self.io.flush().await
    }
}
