//! Tricks with addresses: whoever plays them, nothing reaches another machine, and no token is even asked for.

use std::net::TcpListener;
use std::sync::LazyLock;
use std::time::Duration;

use connector_host::egress::credential::SecretSource;
use connector_host::{CallError, Connection, Connector, FailureCase, Host, Profile, ProfileBuilder};
use defender_simulator::Simulator;
use serde_json::json;

use super::tricks::{CONFIGURED, ELSEWHERE, address};
use crate::support::home::{Home, simulator};
use crate::support::server::{Answer, Server};
use crate::support::{component, guests};

const AMPLE: Duration = Duration::from_secs(30);
const LIST: &str = "list-machines";

/// A listener to which nothing may come, on all the addresses of this machine that are loopback's.
struct Trap {
    listeners: Vec<TcpListener>,
    port: u16,
}

impl Trap {
    fn set() -> Self {
        let first = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = first.local_addr().expect("it is bound").port();
        // Not every machine has these.
        let others = ["127.0.0.2", "127.255.255.254", "::1"];
        let others = others.iter().filter_map(|address| TcpListener::bind((*address, port)).ok());
        let listeners: Vec<_> = [first].into_iter().chain(others).collect();
        for listener in &listeners {
            listener.set_nonblocking(true).expect("a listener can be non-blocking");
        }
        Self { listeners, port }
    }

    /// Whether anybody has connected since it was last asked.
    fn sprung(&self) -> bool {
        self.listeners.iter().filter(|listener| listener.accept().is_ok()).count() > 0
    }
}

/// An API that does as the test says, an authority that counts, and a trap.
struct Scene {
    api: Server,
    authority: Simulator,
    trap: Trap,
}

impl Scene {
    async fn set() -> Self {
        let api = Server::start().await.expect("loopback is there");
        Self { api, authority: simulator(json!({})).await, trap: Trap::set() }
    }

    fn own(&self) -> u16 {
        port(&self.api.origin())
    }

    fn trick(&self, trick: &str) -> String {
        address(trick, self.own(), self.trap.port)
    }

    /// A connection to the API, for which the authority gives tokens.
    fn profile(&self) -> ProfileBuilder {
        Profile::builder()
            .api_url(self.api.origin())
            .allow_loopback_http(true)
            .authority(self.authority.url())
            .tenant(self.authority.tenant_id())
            .scope("https://api.securitycenter.microsoft.com/.default")
            .client_secret(
                self.authority.client_id(),
                SecretSource::Given(self.authority.client_secret().into()),
            )
            .without_limits()
    }

    fn connect(&self, (host, connector): &(Host, Connector)) -> Connection {
        let profile = self.profile().build(connector.manifest()).expect("the profile is complete");
        host.connect(connector, profile).expect("nothing is sent yet")
    }

    /// How many tokens were asked for since this was last asked.
    fn token_requests(&self) -> usize {
        let requests = self.authority.log().len();
        self.authority.clear_log();
        requests
    }

    fn answers(&self, status: u16, headers: &[(&str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.api.answer(Answer { status, headers, body: body.into(), ..Answer::default() });
    }
}

fn port(origin: &str) -> u16 {
    origin.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("the origin has a port")
}

/// The embedded connector.
fn defender() -> &'static (Host, Connector) {
    static LOADED: LazyLock<(Host, Connector)> = LazyLock::new(|| {
        let host = Host::builder().concurrency(8).build().expect("the engine starts");
        let connector = host.load(&component()).expect("the component is a connector");
        (host, connector)
    });
    &LOADED
}

/// One that means harm.
fn hostile() -> &'static (Host, Connector) {
    static LOADED: LazyLock<(Host, Connector)> = LazyLock::new(|| {
        let host = Host::builder().concurrency(8).memory_limit(64 << 20).build().expect("the engine starts");
        let connector = host.load_file(guests::build("hostile-connector")).expect("it is a connector");
        (host, connector)
    });
    &LOADED
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_connector_gets_nowhere_and_no_token_is_asked_for() {
    let scene = Scene::set().await;
    scene.answers(200, &[], "reached");
    let connection = scene.connect(hostile());
    let fetch = async |origin: &str| {
        connection.call_within(AMPLE, "fetch-from", json!({ "origin": origin, "path": "/x" })).await
    };
    for trick in ELSEWHERE {
        let origin = scene.trick(trick);
        let outcome = fetch(&origin).await;
        assert!(matches!(outcome, Err(CallError::Failed(_))), "{origin:?}: {outcome:?}");
        assert!(!scene.trap.sprung(), "{origin:?}");
        assert_eq!(scene.api.received(), [], "{origin:?}");
        assert_eq!(scene.token_requests(), 0, "{origin:?}");
    }
    // All of this would count if it happened.
    assert_eq!(fetch(&scene.api.origin()).await.expect("it may").value()["value"], "reached");
    assert_eq!(scene.token_requests(), 1);
    let received = scene.api.received();
    assert!(received[0].headers["authorization"].starts_with("Bearer "));
    std::net::TcpStream::connect(("127.0.0.1", scene.trap.port)).expect("the trap is there");
    assert!(scene.trap.sprung());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_link_to_the_next_page_is_not_followed() {
    let scene = Scene::set().await;
    let connection = scene.connect(defender());
    let follow = async |link: &str| {
        scene.answers(
            200,
            &[("content-type", "application/json")],
            &json!({ "@odata.context": "x", "value": [], "@odata.nextLink": link }).to_string(),
        );
        let mut pages = connection.pages(AMPLE, LIST, json!({})).expect("there is such an action");
        pages.next().await.expect("there is a page").expect("the first page is there");
        pages.next().await
    };
    // A zero before the port leads nowhere else than to the API itself, which is where the request goes in any case.
    for trick in ELSEWHERE.iter().filter(|trick| !trick.ends_with(":0{own-port}")) {
        let link = format!("{}/api/machines?$skip=1", scene.trick(trick));
        let second = follow(&link).await;
        assert!(matches!(second, Some(Err(CallError::Failed(_)))), "{link:?}: {second:?}");
        assert!(!scene.trap.sprung(), "{link:?}");
        assert_eq!(scene.api.received().len(), 1, "{link:?}");
    }
    // Its own links are followed.
    let link = format!("{}/api/machines?$skip=1", scene.api.origin());
    follow(&link).await;
    assert_eq!(scene.api.received().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_is_followed_with_a_token_or_a_secret() {
    let scene = Scene::set().await;
    let connection = scene.connect(defender());
    let isolate = json!({ "machineId": "m1", "comment": "x", "isolationType": "full" });
    let other = [
        "http://127.0.0.1:{trap}/api/machines",
        "http://[::1]:{trap}/",
        "//127.0.0.1:{trap}/api/machines",
        "http://{own}@127.0.0.1:{trap}/",
        "http://{own}/api/machines",
        "/api/machines",
        "?x",
    ];
    for status in [300, 301, 302, 303, 305, 307, 308] {
        for location in other.map(|location| scene.trick(location)) {
            scene.answers(status, &[("location", &location)], "");
            for (action, input) in [(LIST, json!({})), ("isolate-machine", isolate.clone())] {
                let outcome = connection.call_within(AMPLE, action, input).await;
                assert!(matches!(outcome, Err(CallError::Failed(_))), "{status} {location}: {outcome:?}");
                assert!(!scene.trap.sprung(), "{status} {location}");
                assert_eq!(scene.api.received().len(), 1, "{status} {location}");
            }
        }
    }
    // Headers that mean another place in some other way.
    let trap = scene.trick("127.0.0.1:{trap}");
    let headers = [
        ("alt-svc", format!("h2=\"{trap}\"; ma=86400; persist=1")),
        ("refresh", format!("0; url=http://{trap}/")),
        ("content-location", format!("http://{trap}/")),
        ("link", format!("<http://{trap}/>; rel=\"preconnect\"")),
    ];
    for (name, value) in headers {
        scene.answers(200, &[(name, &value), ("content-type", "application/json")], r#"{"value":[]}"#);
        for _ in 0..2 {
            connection.call_within(AMPLE, LIST, json!({})).await.expect("the reply is a good one");
        }
        assert!(!scene.trap.sprung(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_redirects_gets_the_secret_once_and_passes_it_to_nobody() {
    let scene = Scene::set().await;
    let (host, connector) = defender();
    for status in [301, 302, 303, 307, 308] {
        let location = scene.trick("http://127.0.0.1:{trap}/token");
        scene.answers(status, &[("location", &location)], "");
        let profile = scene.profile().api_url(scene.authority.url()).authority(scene.api.origin());
        let profile = profile.build(connector.manifest()).expect("the profile is complete");
        let connection = host.connect(connector, profile).expect("nothing is sent yet");
        match connection.call_within(AMPLE, LIST, json!({})).await {
            Err(CallError::Failed(failure)) => {
                assert!(failure.message.contains("redirect"), "{failure:?}");
                assert!(failure.hint.is_some(), "{failure:?}");
            }
            other => panic!("{status}: {other:?}"),
        }
        assert!(!scene.trap.sprung(), "{status}");
        assert_eq!(scene.api.received().len(), 1, "{status}");
        assert_eq!(scene.token_requests(), 0, "the API was asked without a token");
    }
}

#[test]
fn a_configuration_that_leads_astray_is_refused_before_anything_is_sent() {
    let (_, connector) = defender();
    let trap = Trap::set();
    let good = || {
        Profile::builder()
            .tenant("contoso.com")
            .client_secret("c", SecretSource::Given("canary".to_owned().into()))
            .api_url("https://api.example.com")
            .authority("https://login.example.com")
            .scope("s")
    };
    assert!(good().build(connector.manifest()).is_ok());
    for trick in CONFIGURED {
        let address = address(trick, 9, trap.port);
        for (key, profile) in [
            ("api-url", good().api_url(&address)),
            ("allowed-origins", good().allowed_origins([&address])),
            ("auth.authority", good().authority(&address)),
        ] {
            let error = profile.build(connector.manifest()).expect_err(&address);
            assert_eq!(error.key(), key, "{address:?}: {error}");
        }
    }
    assert!(!trap.sprung());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_refuses_them_too_and_says_which() {
    let simulator = simulator(json!({})).await;
    let trap = Trap::set();
    let home = Home::of(&simulator);
    let configuration = std::fs::read_to_string(home.config()).expect("it was written");
    for trick in ["http://2130706433:{trap}", "http://[::ffff:127.0.0.1]:{trap}", "http://a@127.0.0.1:{trap}"]
    {
        let address = address(trick, 9, trap.port);
        for key in ["api-url", "authority"] {
            let line = format!("\n{key} = ");
            let start = configuration.find(&line).expect("the key is there") + line.len();
            let end = configuration[start..].find('\n').expect("the line ends") + start;
            home.configure(
                &[&configuration[..start], &format!("\"{address}\""), &configuration[end..]].concat(),
            );
            let outcome = home.run(&["call", LIST, "-vvv"]);
            assert_eq!(outcome.code, 2, "{outcome:?}");
            assert!(outcome.stderr.contains(key) && outcome.stderr.contains("hint:"), "{}", outcome.stderr);
        }
    }
    assert!(!trap.sprung());
    assert!(simulator.log().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_told_what_is_wrong_and_the_user_what_to_do() {
    let scene = Scene::set().await;
    let connection = scene.connect(hostile());
    let origin = scene.trick("http://127.0.0.1:{trap}");
    let input = json!({ "origin": origin, "path": "/x" });
    match connection.call_within(AMPLE, "fetch-from", input).await {
        Err(CallError::Failed(failure)) => assert_eq!(failure.case, FailureCase::PermanentRejected),
        other => panic!("{other:?}"),
    }
    assert_eq!(connection.egress().stats().denied, 1);
}
