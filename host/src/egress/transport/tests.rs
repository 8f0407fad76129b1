//! The dialled address is the one that was checked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::dial::{Dialler, Lookup, Reach};
use hyper_util::client::proxy::matcher::Matcher;

use super::*;

fn dialler(
    loopback: bool,
    proxies: Matcher,
    answers: &'static [&'static str],
) -> (Transport, Arc<AtomicUsize>) {
    let lookups = Arc::new(AtomicUsize::new(0));
    let counted = lookups.clone();
    let lookup: Lookup = Arc::new(move |_| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        // The first answer, then the others: a name whose answer changes.
        let answer = answers[number.min(answers.len() - 1)];
        let addresses =
            answer.split_whitespace().map(|address| (address.parse::<std::net::IpAddr>().unwrap(), 0).into());
        let addresses = addresses.collect();
        Box::pin(async move { Ok(addresses) })
    });
    let proxies = Proxies::new(proxies, "");
    (Transport::over(&Dialler::with_lookup(Reach::Public { loopback }, proxies, lookup)), lookups)
}

async fn send(transport: &Transport, address: &str) -> Result<u16, TransportError> {
    let request = Request::get(address).body(Full::default()).unwrap();
    transport
        .send_repeatable(request, Instant::now() + Duration::from_secs(5))
        .await
        .map(|reply| reply.status().as_u16())
}

fn none() -> Matcher {
    Matcher::builder().build()
}

async fn server() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while stream.read(&mut request).await.is_ok_and(|bytes| bytes > 0) {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_dialled() {
    let port = server().await;
    for answers in [
        &["127.0.0.1"][..],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["0.0.0.0"],
        &["fd00:ec2::254"],
        &["8.8.8.8 127.0.0.1"],
        &["127.0.0.1 8.8.8.8"],
    ] {
        for loopback in [false, true] {
            let (transport, _) = dialler(loopback, none(), answers);
            let error = send(&transport, &format!("http://rebound.example:{port}/")).await.unwrap_err();
            let TransportError::NotSent(dial) = &error else { panic!("{error:?}") };
            assert!(matches!(**dial, DialError::Forbidden(_)), "{answers:?}: {dial:?}");
        }
    }
}

#[tokio::test]
async fn the_loopback_name_may_lead_nowhere_else() {
    let (transport, _) = dialler(true, none(), &["8.8.8.8"]);
    assert!(matches!(send(&transport, "http://localhost:1/").await, Err(TransportError::NotSent(_))));
    let (transport, lookups) = dialler(true, none(), &["127.0.0.1", "10.0.0.1"]);
    let port = server().await;
    for _ in 0..3 {
        assert_eq!(send(&transport, &format!("http://localhost:{port}/")).await.unwrap(), 200);
    }
    assert_eq!(
        lookups.load(Ordering::SeqCst),
        1,
        "one connection is one look-up: what was checked was dialled"
    );
}

#[tokio::test]
async fn an_address_that_is_not_resolved_is_checked_too() {
    for address in ["http://127.0.0.1:1/", "http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/"] {
        let (transport, lookups) = dialler(false, none(), &["8.8.8.8"]);
        let Err(TransportError::NotSent(dial)) = send(&transport, address).await else { panic!("{address}") };
        assert!(matches!(*dial, DialError::Forbidden(_)), "{address}: {dial:?}");
        assert_eq!(lookups.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_a_name_error() {
    let (transport, _) = dialler(false, none(), &[""]);
    let Err(TransportError::NotSent(dial)) = send(&transport, "https://nowhere.example/").await else {
        panic!()
    };
    assert!(matches!(*dial, DialError::Dns { .. }) && dial.is_passing(), "{dial:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_error() {
    let port = server().await;
    let (transport, _) = dialler(true, none(), &["127.0.0.1"]);
    let Err(TransportError::NotSent(dial)) = send(&transport, &format!("https://localhost:{port}/")).await
    else {
        panic!()
    };
    assert_eq!((&*dial, dial.is_passing()), (&DialError::NotTls, false));
    assert!(dial.hint().to_string().contains("http://"), "{}", dial.hint());
}

#[tokio::test]
async fn https_goes_through_the_proxy_and_this_machine_does_not() {
    let port = server().await;
    // Answers 200 to CONNECT, but then does not speak TLS.
    let proxies = || Matcher::builder().all(format!("http://user:canary@127.0.0.1:{port}")).build();
    let (transport, lookups) = dialler(true, proxies(), &["127.0.0.1"]);
    let Err(TransportError::NotSent(dial)) = send(&transport, "https://api.example.com/").await else {
        panic!()
    };
    assert!(matches!(*dial, DialError::NotTls), "the proxy made a tunnel: {dial:?}");
    assert_eq!(lookups.load(Ordering::SeqCst), 0, "the name is the proxy's to resolve");
    assert_eq!(send(&transport, &format!("http://localhost:{port}/")).await.unwrap(), 200);
    assert_eq!(lookups.load(Ordering::SeqCst), 1);

    let unreachable = Matcher::builder().all("http://user:canary@127.0.0.1:1").build();
    let (transport, _) = dialler(true, unreachable, &["127.0.0.1"]);
    let Err(TransportError::NotSent(dial)) = send(&transport, "https://api.example.com/").await else {
        panic!()
    };
    assert!(matches!(*dial, DialError::Proxy(_)) && !format!("{dial:?}").contains("canary"), "{dial:?}");
    let socks = Matcher::builder().all("socks5://127.0.0.1:1").build();
    let (transport, _) = dialler(true, socks, &["127.0.0.1"]);
    let Err(TransportError::NotSent(dial)) = send(&transport, "https://api.example.com/").await else {
        panic!()
    };
    assert!(dial.to_string().contains("socks5 proxies are not supported"), "{dial}");
}

#[tokio::test]
async fn the_way_to_metadata_leads_nowhere_else() {
    let port = server().await;
    let metadata = |answers: &'static str| {
        let lookup: Lookup = Arc::new(move |_| {
            let address = (answers.parse::<std::net::IpAddr>().unwrap(), 0).into();
            Box::pin(async move { Ok(vec![address]) })
        });
        Transport::over(&Dialler::with_lookup(Reach::Metadata, Proxies::none(), lookup))
    };
    for (address, answer) in [
        ("http://8.8.8.8/", "127.0.0.1"),
        ("http://10.0.0.1/", "127.0.0.1"),
        ("http://168.63.129.16/", "127.0.0.1"),
        ("http://100.100.100.200/", "127.0.0.1"),
        ("http://metadata.example/", "8.8.8.8"),
        ("http://metadata.example/", "127.0.0.1"),
        ("http://metadata.example/", "169.254.169.254"),
        ("http://localhost/", "8.8.8.8"),
        ("http://localhost/", "169.254.169.254"),
    ] {
        let Err(TransportError::NotSent(dial)) = send(&metadata(answer), address).await else {
            panic!("{address}")
        };
        assert!(
            matches!(*dial, DialError::Forbidden(_) | DialError::Address(_)),
            "{address} {answer}: {dial:?}"
        );
    }
    for address in ["127.0.0.1", "localhost"] {
        let metadata = metadata("127.0.0.1");
        assert_eq!(send(&metadata, &format!("http://{address}:{port}/")).await.unwrap(), 200);
    }
}
