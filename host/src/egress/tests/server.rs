//! A server that follows a script for each request, such as closing the connection in the middle.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request.
#[derive(Clone)]
pub(super) enum Act {
    /// Answers with these bytes and keeps the connection.
    Reply(String),
    /// Answers with these bytes and closes the connection.
    ReplyAndClose(String),
    /// Answers with these bytes, and closes the connection when it has been idle for this long.
    ReplyThenClose(String, Duration),
    /// Closes the connection before it reads anything.
    CloseAtOnce,
    /// Closes the connection after it has read this many bytes.
    CloseAfter(usize),
    /// Resets the connection after it has read the request.
    Reset,
    /// Answers with these bytes after a delay.
    Late(Duration, String),
    /// Never answers.
    Hang,
}

impl Act {
    pub(super) fn reply(status: u16, headers: &str, body: &str) -> Self {
        Self::Reply(format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()))
    }
}

type Script = dyn Fn(usize) -> Act + Send + Sync;

/// The server. It counts the requests of which it has read at least one byte, from 1.
#[derive(Clone)]
pub(super) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Server {
    pub(super) async fn start(script: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            connections: Arc::default(),
        };
        let (accepting, script): (Self, Arc<Script>) = (server.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *accepting.connections.lock().unwrap() += 1;
                tokio::spawn(accepting.clone().serve(stream, script.clone()));
            }
        });
        server
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What was read of each request.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    async fn serve(self, mut stream: TcpStream, script: Arc<Script>) {
        let mut idle = None;
        loop {
            let number = self.seen.lock().unwrap().len() + 1;
            if matches!(script(number), Act::CloseAtOnce) {
                self.seen.lock().unwrap().push(String::new());
                return;
            }
            if let Some(idle) = idle
                && tokio::time::timeout(idle, stream.readable()).await.is_err()
            {
                return;
            }
            let mut request = Vec::new();
            let most = match script(number) {
                Act::CloseAfter(bytes) => bytes,
                _ => usize::MAX,
            };
            while request.len() < most && !complete(&request) {
                let mut piece = [0; 4096];
                let room = piece.len().min(most - request.len());
                match stream.read(&mut piece[..room]).await {
                    Ok(0) | Err(_) => break,
                    Ok(bytes) => request.extend_from_slice(&piece[..bytes]),
                }
            }
            if request.is_empty() {
                return;
            }
            let number = {
                let mut seen = self.seen.lock().unwrap();
                seen.push(String::from_utf8_lossy(&request).into_owned());
                seen.len()
            };
            match script(number) {
                Act::Reply(reply) => stream.write_all(reply.as_bytes()).await.unwrap(),
                Act::ReplyThenClose(reply, after) => {
                    stream.write_all(reply.as_bytes()).await.unwrap();
                    idle = Some(after);
                }
                Act::ReplyAndClose(reply) => {
                    stream.write_all(reply.as_bytes()).await.unwrap();
                    return;
                }
                Act::Late(wait, reply) => {
                    tokio::time::sleep(wait).await;
                    // The client may have given up.
                    let _ = stream.write_all(reply.as_bytes()).await;
                }
                Act::CloseAtOnce | Act::CloseAfter(_) => return,
                Act::Reset => {
                    stream.set_zero_linger().unwrap();
                    return;
                }
                Act::Hang => std::future::pending().await,
            }
        }
    }
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}
