//! Canaries: no secret appears in anything that is shown, logged or printed for debugging.

use std::io::Write;

use super::*;
use crate::egress::credential::SecretSource;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Registers the log's callsites before they matter: the first use of each decides for all threads whether
/// anyone listens, and could be on a thread where nobody does.
async fn warm_up() {
    let server = Server::start(|_| Act::reply(200, "", "")).await;
    let door = door(profile(&server), &Arc::default());
    text(door.send(&purpose(Effect::Read), get(&server, "/")).await.unwrap()).await.unwrap();
    tracing::callsite::rebuild_interest_cache();
}

#[tokio::test]
async fn no_secret_is_in_any_log_or_debug_output() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    warm_up().await;
    let token = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"canary-bought"}"#;
    let server = Server::start(move |n| match n {
        1 | 4 => Act::reply(200, "content-type: application/json\r\n", token),
        2 => Act::reply(503, "", ""),
        _ => Act::reply(200, "", "canary-in-the-reply"),
    })
    .await;
    let builder = profile(&server)
        .authority(server.origin())
        .tenant("contoso.com")
        .client_secret("app-1", SecretSource::Given("canary-secret".to_owned().into()));
    assert!(!format!("{builder:?}").contains("canary"));
    let profile = builder.trust(Trust::Connector).build(&manifest()).unwrap();
    assert!(!format!("{profile:?}").contains("canary"));
    let door = Egress::new(
        &profile,
        Arc::new(MemoryStore::default()),
        Arc::new(MemoryVault::default()),
        Arc::new(SystemClock),
    )
    .unwrap();
    let request = Request::post(format!("{}/api/alerts?$filter=canary-term&$top=5&canary", server.origin()))
        .header("x-a", "canary-header")
        .body(Bytes::from_static(b"canary-body"))
        .unwrap();
    let reply = door.send(&purpose(Effect::Read), request).await.unwrap();
    assert!(!format!("{reply:?}").contains("canary"));
    assert_eq!(text(reply).await.unwrap(), "canary-in-the-reply");
    assert!(!format!("{door:?} {:?}", door.sign_in().await.unwrap()).contains("canary"));

    let log = log.text();
    let origin = server.origin();
    let audit: Vec<&str> =
        log.lines().filter(|line| line.contains(audit::TARGET) && line.contains(&origin)).collect();
    assert_eq!(audit.len(), 2, "{log}");
    for part in [
        "connection=\"default\"",
        "action=\"an-action\"",
        "method=\"POST\"",
        "status=200",
        "attempt=2",
        "bytes=19",
        "outcome=complete",
        &format!("address={origin}/api/alerts?$filter&$top"),
    ] {
        assert!(audit[1].contains(part), "{part}: {}", audit[1]);
    }
    assert!(audit[0].contains("status=503") && audit[0].contains("attempt=1"), "{}", audit[0]);
    for line in log.lines() {
        assert!(!line.contains("canary"), "{line}");
    }
    assert_eq!((door.stats().requests, door.stats().retries, door.stats().bytes), (2, 1, 19));
}
