//! How many single alerts a second the simulator serves to clients on the same machine, and how long lists over
//! 100,000 alerts take.
//!
//! The clients write the same bytes again and again over kept connections and read no more than they must, so that what
//! is measured is the simulator.

#![allow(clippy::disallowed_macros, reason = "its figures are for who runs it")]

use std::time::{Duration, Instant};

use defender_simulator::{LimitMode, LimitOptions, LogOptions, Options, Population, Simulator, names};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 32;
const TIME: Duration = Duration::from_secs(2);

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(single_alerts())?;
    runtime.block_on(lists())
}

async fn single_alerts() -> std::io::Result<()> {
    for (name, mode, enabled) in
        [("bare", LimitMode::Off, false), ("with log and limits", LimitMode::Observe, true)]
    {
        let simulator = Simulator::start(Options {
            limits: LimitOptions { mode, ..LimitOptions::default() },
            log: LogOptions { enabled, ..LogOptions::default() },
            ..Options::default()
        })
        .await?;
        let address = simulator.url().trim_start_matches("http://").to_owned();
        let token = token(&simulator, &address).await?;
        let request = request(&address, &token, &format!("/api/alerts/{}", names::ALERTS[5]), "");
        let until = Instant::now() + TIME;
        let clients: Vec<_> =
            (0..CONNECTIONS).map(|_| tokio::spawn(client(address.clone(), request.clone(), until))).collect();
        let mut total = 0;
        for client in clients {
            total += client.await.map_err(std::io::Error::other)??;
        }
        println!("{name}: {:.0} replies a second", total as f64 / TIME.as_secs_f64());
        simulator.shutdown().await;
    }
    Ok(())
}

async fn client(address: String, request: Vec<u8>, until: Instant) -> std::io::Result<usize> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    let mut length = None;
    let mut replies = 0;
    while Instant::now() < until {
        stream.write_all(&request).await?;
        let mut read = 0;
        // All replies are of one length, that of the first.
        while read == 0 || length.is_some_and(|length| read < length) {
            read += stream.read(buffer.get_mut(read..).unwrap_or_default()).await?;
        }
        length = length.or(Some(read));
        replies += 1;
    }
    Ok(replies)
}

async fn lists() -> std::io::Result<()> {
    let limits = LimitOptions { mode: LimitMode::Off, ..LimitOptions::default() };
    let simulator = Simulator::start(Options { limits, ..Options::default() }).await?;
    let started = Instant::now();
    simulator.generate(Population { machines: 10_000, alerts: 100_000 });
    println!("100,000 alerts generated: {:?}", started.elapsed());
    let address = simulator.url().trim_start_matches("http://").to_owned();
    let token = token(&simulator, &address).await?;
    let few = "/api/alerts?$filter=severity+eq+'High'+and+contains(detectionSource,'Atp')&$orderby=machineId,lastUpdateTime&$top=50";
    for (name, path) in [
        ("10,000 of 100,000", "/api/alerts"),
        ("the same again", "/api/alerts"),
        ("filtered and ordered", few),
    ] {
        let started = Instant::now();
        let reply = exchange(&address, &request(&address, &token, path, "connection: close\r\n")).await?;
        println!("{name}: {:?} for {} bytes", started.elapsed(), reply.len());
    }
    simulator.shutdown().await;
    Ok(())
}

/// A fresh token.
async fn token(simulator: &Simulator, address: &str) -> std::io::Result<String> {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={}/.default",
        simulator.client_id(),
        simulator.client_secret(),
        simulator.url()
    );
    let head = format!(
        "POST /{}/oauth2/v2.0/token HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n",
        simulator.tenant_id(),
        form.len()
    );
    let reply = exchange(address, format!("{head}{form}").as_bytes()).await?;
    let reply = String::from_utf8_lossy(&reply);
    let body = reply.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let token: serde_json::Value = serde_json::from_str(body)?;
    Ok(token.get("access_token").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned())
}

/// Sends a request on a connection of its own and reads to the end.
async fn exchange(address: &str, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await?;
    Ok(reply)
}

fn request(address: &str, token: &str, path: &str, header: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{header}authorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}
