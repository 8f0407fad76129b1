//! The component through the whole host: a fresh instance for each call, typed values, the door.

use connector_host::{Connection, Host, Profile};
use serde_json::json;

pub(crate) struct Client {
    connection: Connection,
}

impl Client {
    pub(crate) fn new(origin: &str) -> Self {
        let host = Host::builder().concurrency(128).build().expect("the engine starts");
        let component = std::fs::read(env!("CONNECTOR_COMPONENT")).expect("the component is built");
        let connector = host.load(&component).expect("the component is a connector");
        let profile = Profile::builder()
            .api_url(origin)
            .allow_loopback_http(true)
            .token("not-a-secret")
            .without_limits()
            .build(connector.manifest())
            .expect("the profile is complete");
        Self { connection: host.connect(&connector, profile).expect("nothing is sent yet") }
    }

    pub(crate) async fn alert(&self) -> usize {
        let input = json!({ "Alert ID": "da637472900380000000_1364969609" });
        self.connection.call("get-alert", input).await.expect("the server answers").json().len()
    }

    pub(crate) async fn alerts(&self) -> usize {
        self.connection.call("list-alerts", json!({})).await.expect("the server answers").json().len()
    }
}
