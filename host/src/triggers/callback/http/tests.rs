use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::triggers::cloudevent::tests::event;

/// Starts a receiver that answers each request with the same bytes and closes. Returns its address, and the
/// heads that it has read.
async fn receiver(answer: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let seen = heads.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 64 << 10];
            let read = stream.read(&mut request).await.unwrap();
            let text = String::from_utf8_lossy(&request[..read]).into_owned();
            seen.lock().unwrap().push(text.split("\r\n\r\n").next().unwrap_or_default().to_lowercase());
            let _ = stream.write_all(answer.as_bytes()).await;
            if answer.is_empty() {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
        }
    });
    (address, heads)
}

fn callback(address: &str) -> HttpBuilder {
    Http::builder(address).allow_loopback_http(true).timeout(Duration::from_secs(10))
}

async fn outcome(answer: &'static str) -> (Outcome, usize) {
    let (address, heads) = receiver(answer).await;
    let outcome = callback(&address).build().unwrap().deliver(event("a")).await;
    let requests = heads.lock().unwrap().len();
    (outcome, requests)
}

#[tokio::test]
async fn statuses_mean_what_they_say() {
    let after = |outcome: &Outcome| match outcome {
        Outcome::Retry { after, .. } => *after,
        _ => None,
    };
    let (taken, _) = outcome("HTTP/1.1 299 Yes\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(taken, Outcome::Acknowledged);
    let (cut, _) = outcome("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nnot all").await;
    assert_eq!(cut, Outcome::Acknowledged, "the status has come");
    let (gone, _) = outcome("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n").await;
    assert!(matches!(gone, Outcome::Stop { .. }), "{gone:?}");
    let (busy, _) = outcome("HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(after(&busy), Some(Duration::from_secs(7)));
    let (wrong, _) = outcome("HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n").await;
    assert!(matches!(&wrong, Outcome::Retry { reason, after: None } if reason.contains("400")), "{wrong:?}");
    let (moved, requests) =
        outcome("HTTP/1.1 307 There\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n").await;
    assert!(matches!(&moved, Outcome::Retry { reason, .. } if reason.contains("not followed")), "{moved:?}");
    assert_eq!(requests, 1);
    let (broken, requests) = outcome("junk\r\n\r\n").await;
    assert!(matches!(&broken, Outcome::Retry { .. }), "{broken:?}");
    assert_eq!(requests, 1, "the loop alone decides when to try again");
}

#[tokio::test]
async fn silence_ends() {
    let (address, _) = receiver("").await;
    let silent = callback(&address).timeout(Duration::from_millis(50)).build().unwrap();
    let outcome = silent.deliver(event("a")).await;
    assert!(matches!(&outcome, Outcome::Retry { reason, .. } if !reason.contains("/hook")), "{outcome:?}");
}

#[tokio::test]
async fn no_id_breaks_out_of_its_header() {
    let (address, heads) = receiver("HTTP/1.1 204 Yes\r\n\r\n").await;
    let binary = callback(&address).mode(Mode::Binary).build().unwrap();
    let outcome = binary.deliver(event("a.b\r\nx-evil: 1 \u{e4}")).await;
    assert_eq!(outcome, Outcome::Acknowledged);
    let head = heads.lock().unwrap().remove(0);
    assert!(!head.contains("\r\nx-evil"), "{head}");
    assert!(head.contains("ce-id: a.b%0d%0ax-evil:%201%20%c3%a4\r\n"), "{head}");
    assert!(!head.contains("webhook-signature"), "{head}");
}

#[test]
fn a_message_is_known_by_its_source_and_its_id() {
    // These digests must never change, because receivers store them.
    assert_eq!(message_id(&event("a")), "msg_CHTPlOSQ-2-wSfQco3WgCDCrq9VU_UkFcn3dBsny0YA");
    let mut other = event("a");
    other.source = "/echo/default/news/pushed".into();
    assert_ne!(message_id(&other), message_id(&event("a")));
    let odd = message_id(&event("a.b\r\nx-evil: 1 \u{e4}"));
    assert!(odd.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{odd}");
    assert_ne!(message_id(&event("b")), message_id(&event("a")));
}

#[test]
fn only_public_https_is_sent_to() {
    for address in [
        "",
        "hooks",
        "http://example.com/",
        "https://user@example.com/",
        "https://127.1/",
        "https://192.168.0.1/",
        "https://169.254.169.254/",
        "https://localhost/",
        "ftp://example.com/",
    ] {
        assert!(Http::builder(address).build().is_err(), "{address}");
    }
    assert!(callback("http://example.com/").build().is_err(), "the grant is for this machine");
    let shown = format!("{:?}", Http::builder("https://example.com/secret").build().unwrap());
    assert!(!shown.contains("secret"), "{shown}");
}
