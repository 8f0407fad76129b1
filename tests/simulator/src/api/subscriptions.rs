//! The connector's webhook: subscriptions to new alerts.

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use url::Url;

use super::call::Call;
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;

/// The body of a subscription. The connector sends constants in all keys but the last, so they are required.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Creation {
    client_state: String,
    change_type: ChangeType,
    resource: Resource,
    #[serde(rename = "expirationDateTime")]
    _expiration: crate::moment::Moment,
    notification_url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ChangeType {
    Created,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Resource {
    Alerts,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Subscription<'a> {
    id: &'a str,
    notification_url: &'a str,
    client_state: &'a str,
}

pub(super) fn create(call: &Call<'_>) -> Result<Reply, Refusal> {
    let Creation {
        client_state,
        change_type: ChangeType::Created,
        resource: Resource::Alerts,
        notification_url,
        ..
    } = call.body()?;
    let url = Url::parse(&notification_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url =
        url.ok_or_else(|| Refusal::InvalidInput(format!("'{notification_url}' is not a notification URL")))?;
    let id = call.simulation.subscriptions.add(url);
    let subscription =
        Subscription { id: &id, notification_url: &notification_url, client_state: &client_state };
    let reply = Reply::json(StatusCode::CREATED, &subscription);
    let location = HeaderValue::try_from(format!("{}/subscriptions/{id}", call.origin()));
    Ok(match location {
        Ok(location) => reply.with(LOCATION, location),
        Err(_) => reply,
    })
}

pub(super) fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    if call.simulation.subscriptions.remove(&call.id) {
        return Ok(Reply::empty(StatusCode::OK));
    }
    Err(Refusal::not_found("Subscription", &call.id))
}
