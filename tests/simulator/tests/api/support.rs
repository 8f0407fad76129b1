//! A client for the tests: one token, JSON in, status and JSON out.

use std::sync::OnceLock;

use defender_simulator::{Handle, LimitMode, LimitOptions, Options, Simulator};
use reqwest::{Client, Method, Response};
use serde_json::Value;

/// A simulator and a client with a token for it.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
    pub(crate) token: String,
}

/// A status and a JSON body, which is `Null` if there is none.
pub(crate) type Answer = (u16, Value);

impl World {
    /// Starts a simulator with the default options, but without call limits.
    pub(crate) async fn new() -> Self {
        let limits = LimitOptions { mode: LimitMode::Off, ..LimitOptions::default() };
        Self::with(Options { limits, ..Options::default() }).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let simulator = Simulator::start(options).await.expect("a free port");
        let client = client();
        let token = token(&client, &simulator).await;
        Self { simulator, client, token }
    }

    /// Requests a new token, with the application's current roles.
    pub(crate) async fn renew(&mut self) {
        self.token = token(&self.client, &self.simulator).await;
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Response {
        let url = format!("{}{path}", self.simulator.url());
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request.send().await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.send(Method::GET, path, None).await).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.send(Method::POST, path, Some(body)).await).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        answer(self.send(Method::PATCH, path, Some(body)).await).await
    }

    /// The ids in a list, in order.
    pub(crate) async fn ids(&self, path: &str) -> Vec<String> {
        let (status, list) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {list}");
        let values = list["value"].as_array().expect("a list");
        values.iter().map(|value| value["id"].as_str().expect("an id").to_owned()).collect()
    }

    pub(crate) fn advance(&self, milliseconds: u64) {
        self.simulator.clock().advance(std::time::Duration::from_millis(milliseconds));
    }
}

pub(crate) async fn answer(response: Response) -> Answer {
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("a whole body");
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Asserts an error in the API's envelope, with a fresh UUID as its target.
pub(crate) fn assert_error((status, body): Answer, expected: u16, code: &str) -> String {
    assert_eq!((status, body["error"]["code"].as_str()), (expected, Some(code)), "{body}");
    let target = body["error"]["target"].as_str().expect("a target");
    assert_eq!(target.len(), 36, "{body}");
    body["error"]["message"].as_str().expect("a message").to_owned()
}

pub(crate) fn client() -> Client {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        // Another test in this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let redirects = reqwest::redirect::Policy::none();
    Client::builder().no_proxy().redirect(redirects).build().expect("a client")
}

pub(crate) async fn token(client: &Client, simulator: &Handle) -> String {
    let form = form(simulator, "https://api.securitycenter.microsoft.com/.default");
    let url = format!("{}/{}/oauth2/v2.0/token", simulator.url(), simulator.tenant_id());
    let (status, body) = request_token(client, &url, form).await;
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().expect("a token").to_owned()
}

pub(crate) fn form(simulator: &Handle, scope: &str) -> String {
    format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={scope}",
        simulator.client_id(),
        simulator.client_secret()
    )
}

pub(crate) async fn request_token(client: &Client, url: &str, form: String) -> Answer {
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
    answer(request.send().await.expect("an answer")).await
}
