//! A proxy that makes tunnels (RFC 9110, 9.3.6), and looks at all that passes.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Proxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    passed: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    /// A proxy whose tunnels all lead to one port of this machine.
    pub(crate) async fn start(target: u16) -> Self {
        Self::with(Some(target), "HTTP/1.1 200 OK\r\n\r\n").await
    }

    /// A proxy that answers this and closes.
    pub(crate) async fn refusing(answer: &'static str) -> Self {
        Self::with(None, answer).await
    }

    async fn with(target: Option<u16>, answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (heads, passed) = (Arc::default(), Arc::default());
        let proxy = Self { port, heads: Arc::clone(&heads), passed: Arc::clone(&passed) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(tunnel(stream, target, answer, heads.clone(), passed.clone()));
            }
        });
        proxy
    }

    pub(crate) fn url(&self, user: &str, password: &str) -> String {
        format!("http://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// The heads of all requests.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no test panicked here").clone()
    }

    /// Whether a text passed through a tunnel in clear.
    pub(crate) fn saw(&self, text: &str) -> bool {
        let passed = self.passed.lock().expect("no test panicked here");
        assert!(!passed.is_empty(), "nothing passed at all");
        passed.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

async fn tunnel(
    mut client: TcpStream,
    target: Option<u16>,
    answer: &'static str,
    heads: Arc<Mutex<Vec<String>>>,
    passed: Arc<Mutex<Vec<u8>>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    heads.lock().expect("no test panicked here").push(String::from_utf8_lossy(&head).into_owned());
    if client.write_all(answer.as_bytes()).await.is_err() {
        return;
    }
    let Some(target) = target else { return };
    let server = TcpStream::connect(("127.0.0.1", target)).await.expect("the server is there");
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    let mut buffer = [0; 16 << 10];
    while let Ok(bytes @ 1..) = from_client.read(&mut buffer).await {
        passed.lock().expect("no test panicked here").extend_from_slice(&buffer[..bytes]);
        if to_server.write_all(&buffer[..bytes]).await.is_err() {
            break;
        }
    }
    back.abort();
}
