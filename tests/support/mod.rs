//! What the tests share: the component, the host that runs it, a server that answers as told, readable differences.

pub(crate) mod clock;
pub(crate) mod difference;
pub(crate) mod guests;
pub(crate) mod home;
pub(crate) mod server;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use connector_host::manifest::Limit;
use connector_host::{Connection, Connector, Host, Profile};

use clock::LeapingClock;

/// The file of the component that the command line carries.
pub(crate) const COMPONENT: &str = env!("CONNECTOR_COMPONENT");

/// The component's bytes.
pub(crate) fn component() -> Vec<u8> {
    std::fs::read(COMPONENT).unwrap_or_else(|error| panic!("{COMPONENT}: {error}"))
}

/// A folder or file below `tests`.
pub(crate) fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(below)
}

/// The embedded connector, loaded once, in a host whose clock does not keep anybody waiting.
pub(crate) fn connector() -> &'static (Host, Connector) {
    static LOADED: LazyLock<(Host, Connector)> = LazyLock::new(|| {
        let clock = Arc::new(LeapingClock::default());
        let host = Host::builder().clock(clock).concurrency(64).build().expect("the engine starts");
        let connector = host.load(&component()).expect("the component is a connector");
        (host, connector)
    });
    &LOADED
}

/// A connection of the embedded connector to a server, with a quota of its own that is never used up.
pub(crate) fn connect(origin: &str, token: &str) -> Connection {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let (host, connector) = connector();
    let profile = Profile::builder()
        .name(format!("test-{}", NUMBER.fetch_add(1, Ordering::Relaxed)))
        .api_url(origin)
        .allow_loopback_http(true)
        .token(token)
        .quota(Limit { calls: 1_000_000, period_seconds: 1 })
        .build(connector.manifest())
        .expect("the profile is complete");
    host.connect(connector, profile).expect("a token needs no setting up")
}
