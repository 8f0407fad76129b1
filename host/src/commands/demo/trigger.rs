//! A new alert, from the API to a receiver that checks who sent it.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_host::Connection;
use connector_host::triggers::{Ended, Http, News, Signer};
use defender_simulator::{NewAlert, Simulator};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::story::{step, text};
use super::{check, say};
use crate::error::CliError;

/// How often the demo polls.
const INTERVAL: Duration = Duration::from_millis(300);
/// How long the alert may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that arrived at the receiver.
type Arrival = (HeaderMap, Bytes);

/// The alerts that are raised.
const ALERTS: [&str; 3] = ["Credential dumping", "Lateral movement", "Ransomware behaviour"];

/// What became of the alerts.
pub(super) struct Watched {
    /// How many were raised.
    pub(super) raised: usize,
    /// The events that arrived, as JSON.
    pub(super) arrived: Vec<String>,
}

/// Raises alerts while a watch runs, and checks what arrives.
pub(super) async fn show(connection: &Connection, simulator: &Simulator) -> Result<Watched, CliError> {
    step("Watch for new alerts, and send them, signed, to a receiver of events")?;
    let secret = secret();
    let (address, mut arrivals, server) = receiver().await?;
    let callback = Http::builder(format!("{address}/hooks/alerts"))
        .signer(Signer::new([secret.clone().into()]).map_err(unforeseen)?)
        .allow_loopback_http(true)
        .build()
        .map_err(unforeseen)?;
    let (polled, mut polls) = unbounded_channel();
    let watch = connection
        .trigger("new-alerts")
        .map_err(unforeseen)?
        .watch()
        .interval(INTERVAL, INTERVAL)
        .to(callback)
        .observe(move |news| {
            if let News::Polled { .. } = news {
                // The listener may have stopped listening.
                let _ = polled.send(());
            }
        })
        .build()?;
    let (mut raised, mut arrived, mut took) = (Vec::new(), Vec::new(), Duration::ZERO);
    let story = async {
        // The first poll records what is there already.
        polls.recv().await;
        let began = Instant::now();
        raised.extend(ALERTS.map(|title| raise(simulator, title)));
        while arrived.len() < raised.len() {
            arrived.extend(arrivals.recv().await);
        }
        took = began.elapsed();
        // Right after a poll, no other is under way.
        while polls.try_recv().is_ok() {}
        polls.recv().await;
    };
    let ended = watch.run_until(async { drop(tokio::time::timeout(PATIENCE, story).await) }).await?;
    server.abort();
    check(ended == Ended::Asked, "the watch ended by itself")?;

    let verifier = Webhook::new(&secret).map_err(unforeseen)?;
    let events = arrived.iter().map(|arrival| verified(&verifier, arrival)).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<String> = events.iter().map(|event| text(event, "id")).collect();
    check(ids == raised, "the alerts did not all arrive, in order")?;
    for event in &events {
        say(&format!("  {} \"{}\"", text(event, "id"), text(&event["data"], "title")))?;
    }
    say(&format!(
        "  They arrived within {} ms. Each signature is right, and would be wrong for any other body.",
        took.as_millis()
    ))?;
    Ok(Watched { raised: raised.len(), arrived: events.iter().map(Value::to_string).collect() })
}

/// Makes an alert appear at the API; returns its id.
fn raise(simulator: &Simulator, title: &str) -> String {
    let (title, severity) = (Some(title.to_owned()), Some("High".to_owned()));
    simulator.add_alert(NewAlert { title, severity, ..NewAlert::default() })
}

/// Returns the event that a request brought, if its sender has the secret and sent no credential.
fn verified(verifier: &Webhook, (headers, body): &Arrival) -> Result<Value, CliError> {
    check(verifier.verify(body, headers).is_ok(), "a signature is wrong")?;
    let forged = [b" ", &body[..]].concat();
    check(verifier.verify(&forged, headers).is_err(), "a signature fits another body too")?;
    check(!headers.contains_key("authorization"), "the receiver got the connection's token")?;
    serde_json::from_slice(body).map_err(unforeseen)
}

/// Starts a receiver on this machine that accepts all events.
async fn receiver() -> Result<(String, UnboundedReceiver<Arrival>, JoinHandle<()>), CliError> {
    async fn take(
        State(arrivals): State<UnboundedSender<Arrival>>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        let _ = arrivals.send((headers, body));
        StatusCode::NO_CONTENT
    }
    let failed =
        |error: std::io::Error| CliError::local(format!("cannot serve on 127.0.0.1: {error}"), "free a port");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (sender, arrivals) = unbounded_channel();
    let router = Router::new().route("/hooks/alerts", post(take)).with_state(sender);
    let server = tokio::spawn(async move {
        // The receiver serves until it is aborted.
        let _ = axum::serve(listener, router).await;
    });
    Ok((format!("http://{address}"), arrivals, server))
}

/// Returns a new signing secret.
fn secret() -> String {
    let key = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(uuid::Uuid::into_bytes).concat();
    format!("whsec_{}", STANDARD.encode(key))
}

fn unforeseen(error: impl std::fmt::Display) -> CliError {
    CliError::local(error.to_string(), "report this with the output above")
}
