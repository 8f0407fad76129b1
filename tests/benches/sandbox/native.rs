//! What a native program would do: a pooled client, types of its own, the same fields in and out.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};

pub(crate) struct Client {
    origin: String,
    http: hyper_util::client::legacy::Client<HttpConnector, Empty<Bytes>>,
}

impl Client {
    pub(crate) fn new(origin: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
        Self { origin: origin.to_owned(), http }
    }

    /// Fetches one alert: how many bytes it has.
    pub(crate) async fn alert(&self) -> usize {
        self.fetch("/api/alerts/da637472900380000000_1364969609").await.len()
    }

    /// Fetches many alerts, types them, and writes them as JSON: how many bytes that has.
    pub(crate) async fn alerts(&self) -> usize {
        let body = self.fetch("/api/alerts").await;
        let page: Page = serde_json::from_slice(&body).expect("the server sends alerts");
        serde_json::to_string(&page).expect("alerts are JSON").len()
    }

    async fn fetch(&self, path: &str) -> Bytes {
        let request = Request::get(format!("{}{path}", self.origin))
            .header("accept", "application/json")
            .header("authorization", "Bearer not-a-secret")
            .body(Empty::new())
            .expect("the request is well formed");
        let response = self.http.request(request).await.expect("the server answers");
        response.into_body().collect().await.expect("the body is whole").to_bytes()
    }
}

#[derive(Deserialize, Serialize)]
struct Page {
    value: Vec<Alert>,
}

macro_rules! record {
    ($name:ident { $($field:ident: $type:ty),+ $(,)? }) => {
        #[derive(Deserialize, Serialize)]
        #[serde(rename_all = "camelCase")]
        struct $name {
            $(#[serde(skip_serializing_if = "Option::is_none")] $field: Option<$type>,)+
        }
    };
}

record!(Alert {
    id: String,
    incident_id: i64,
    investigation_id: i64,
    assigned_to: String,
    severity: String,
    status: String,
    classification: String,
    determination: String,
    investigation_state: String,
    detection_source: String,
    detector_id: String,
    category: String,
    threat_family_name: String,
    title: String,
    description: String,
    alert_creation_time: String,
    first_event_time: String,
    last_event_time: String,
    last_update_time: String,
    resolved_time: String,
    machine_id: String,
    computer_dns_name: String,
    rbac_group_name: String,
    aad_tenant_id: String,
    threat_name: String,
    mitre_techniques: Vec<String>,
    related_user: RelatedUser,
    comments: Vec<Comment>,
    evidence: Vec<Evidence>,
});

record!(RelatedUser { user_name: String, domain_name: String });

record!(Comment { comment: String, created_by: String, created_time: String });

record!(Evidence {
    entity_type: String,
    evidence_creation_time: String,
    sha1: String,
    sha256: String,
    file_name: String,
    file_path: String,
    process_id: i64,
    process_command_line: String,
    process_creation_time: String,
    parent_process_id: i64,
    parent_process_creation_time: String,
    parent_process_file_name: String,
    parent_process_file_path: String,
    ip_address: String,
    url: String,
    registry_key: String,
    registry_hive: String,
    registry_value_type: String,
    registry_value: String,
    account_name: String,
    domain_name: String,
    user_sid: String,
    aad_user_id: String,
    user_principal_name: String,
    detection_status: String,
});
