//! The host's own last words: it runs out of memory in the middle of a call, with a secret and a token in hand.

use std::io::{Read as _, Seek as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Kind, TOKEN, nowhere, traced};
use crate::support::home::{SECRET, simulator};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_crashes_tells_no_secret() {
    let secret = "canary-19c4-client-secret";
    let authority = simulator(json!({ "clientSecret": secret, "log": { "secrets": true } })).await;
    let api = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let auth = format!(
        "kind = \"client-secret\"\nclient-id = \"{}\"\nclient-secret-env = \"{SECRET}\"\nauthority = \"{}\"",
        authority.client_id(),
        authority.url()
    );
    let environment = vec![(SECRET, secret.to_owned())];
    let kind = Kind { auth, environment, secrets: Vec::new() };
    let home = kind.home(&authority);
    let configuration = std::fs::read_to_string(home.config()).expect("it was written");
    let address = format!("http://{}", api.local_addr().expect("it is bound"));
    let apart = configuration.replacen(authority.url(), &address, 1);
    home.configure(&apart);

    let mut command = traced(&home, &kind, &["call", "list-machines"]);
    // A pipe would be full long before it calls.
    let mut said = tempfile::tempfile().expect("there is a temporary directory");
    let stderr = said.try_clone().expect("it is a file");
    // The allocator would have set a gigabyte of addresses aside.
    command.env("MIMALLOC_ARENA_RESERVE", "0");
    let mut child = command.stdout(Stdio::null()).stderr(stderr).spawn().expect("the command starts");
    let (mut stream, _) = api.accept().await.expect("it calls");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("it sends a whole head"));
    }
    // From here on it gets no more memory, and the reply needs much.
    let size = std::fs::read_to_string(format!("/proc/{}/statm", child.id())).expect("it runs");
    let pages: u64 = size.split(' ').next().and_then(|pages| pages.parse().ok()).expect("it is a number");
    let bytes = Some(pages * rustix::param::page_size() as u64);
    let limit = Rlimit { current: bytes, maximum: bytes };
    prlimit(Some(Pid::from_child(&child)), Resource::As, limit).expect("it can be limited");
    let text = "x".repeat(32 << 20);
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{{\"value\":[{{\"id\":\"{text}\"}}]}}"
    );
    // It may be gone before it has all.
    let _ = stream.write_all(reply.as_bytes()).await;
    drop(stream);
    let status = tokio::task::block_in_place(|| child.wait()).expect("it ends");
    let mut stderr = String::new();
    said.rewind().and_then(|()| said.read_to_string(&mut stderr)).expect("it is text");
    let end = &stderr[stderr.len().saturating_sub(2000)..];
    assert_eq!(status.signal(), Some(6), "it was to crash: {end}");
    assert!(stderr.contains("memory allocation of"), "it was to say so: {end}");

    let head = String::from_utf8(head).expect("it is text");
    let token = head.lines().find_map(|line| line.split_once(": Bearer ")).expect("it has a token").1;
    assert!(token.starts_with(TOKEN), "{token}");
    let signature = token.rsplit('.').next().expect("it is signed");
    nowhere(&home, &stderr, vec![secret.to_owned(), token.to_owned(), signature.to_owned()]);
}
