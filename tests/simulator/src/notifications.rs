//! Notifies subscribers of new alerts, as the connector's backend does.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use tokio::sync::watch;
use url::Url;
use uuid::Uuid;

use crate::moment::Moment;
use crate::server::reply::to_json;
use crate::simulation::Simulation;

/// The subscribers, the alerts to announce, and the deliveries so far.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    subscribers: HashMap<String, Url>,
    expected: Vec<Expected>,
    deliveries: VecDeque<Delivery>,
}

/// An alert that is announced to subscribers once it can be found.
#[derive(Clone, Debug)]
struct Expected {
    notification: Notification,
    due: Moment,
}

/// The body of a callback: just two ids.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    id: String,
    machine_id: String,
}

/// One attempt to notify a subscriber.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The subscription's id.
    pub subscription: String,
    /// The id of the alert that was announced.
    pub alert_id: String,
    /// 1 or 2: a failed delivery is repeated once.
    pub attempt: u8,
    /// The status with which the subscriber answered, if it did.
    pub status: Option<u16>,
    /// Why there was no answer, if there was none.
    pub error: Option<String>,
}

type Caller = Client<HttpConnector, Full<Bytes>>;

/// How often to check whether an expected alert has appeared.
const PULSE: Duration = Duration::from_millis(20);
const PAUSE_BEFORE_REPEAT: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(10);
const MAX_DELIVERIES: usize = 1000;

impl Subscriptions {
    /// Subscribes `url` and returns the new subscription's id.
    pub(crate) fn add(&self, url: Url) -> String {
        let id = Uuid::new_v4().to_string();
        self.book().subscribers.insert(id.clone(), url);
        id
    }

    /// Removes a subscription. Returns whether it existed.
    pub(crate) fn remove(&self, id: &str) -> bool {
        self.book().subscribers.remove(id).is_some()
    }

    /// All subscriptions: their ids and URLs.
    pub(crate) fn list(&self) -> Vec<(String, Url)> {
        self.book().subscribers.iter().map(|(id, url)| (id.clone(), url.clone())).collect()
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.book().deliveries.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *self.book() = Book::default();
    }

    /// Schedules the announcement of an alert to all subscribers at `due`.
    pub(crate) fn announce(&self, alert: &str, machine: &str, due: Moment) {
        let notification = Notification { id: alert.to_owned(), machine_id: machine.to_owned() };
        self.book().expected.push(Expected { notification, due });
    }

    /// Takes the announcements that are due, one for each current subscriber.
    fn take_due(&self, now: Moment) -> Vec<(String, Url, Notification)> {
        let mut book = self.book();
        if book.expected.is_empty() {
            return Vec::new();
        }
        let expected = std::mem::take(&mut book.expected);
        let (due, later): (Vec<_>, Vec<_>) = expected.into_iter().partition(|expected| expected.due <= now);
        book.expected = later;
        let for_all = |expected: Expected| {
            let subscribers = book.subscribers.iter();
            subscribers
                .map(|(id, url)| (id.clone(), url.clone(), expected.notification.clone()))
                .collect::<Vec<_>>()
        };
        due.into_iter().flat_map(for_all).collect()
    }

    fn note(&self, delivery: Delivery) {
        let mut book = self.book();
        if book.deliveries.len() >= MAX_DELIVERIES {
            book.deliveries.pop_front();
        }
        book.deliveries.push_back(delivery);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Delivers notifications until `stop` changes.
pub(crate) async fn deliver(simulation: Arc<Simulation>, mut stop: watch::Receiver<bool>) {
    let caller: Caller = Client::builder(TokioExecutor::new()).build_http();
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(PULSE) => {}
        }
        for (id, url, notification) in simulation.subscriptions.take_due(simulation.clock.now()) {
            tokio::spawn(tell(simulation.clone(), caller.clone(), id, url, notification));
        }
    }
}

async fn tell(
    simulation: Arc<Simulation>,
    caller: Caller,
    subscription: String,
    url: Url,
    notification: Notification,
) {
    for attempt in 1..=2 {
        let (status, error) = match post(&caller, &url, &notification).await {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(error)),
        };
        let delivered = status.is_some_and(|status| (200..300).contains(&status));
        let (subscription, alert_id) = (subscription.clone(), notification.id.clone());
        simulation.subscriptions.note(Delivery { subscription, alert_id, attempt, status, error });
        if delivered {
            return;
        }
        tokio::time::sleep(PAUSE_BEFORE_REPEAT).await;
    }
}

async fn post(caller: &Caller, url: &Url, notification: &Notification) -> Result<u16, String> {
    let request = Request::post(url.as_str())
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .body(Full::new(Bytes::from(to_json(notification))))
        .map_err(|error| error.to_string())?;
    match tokio::time::timeout(PATIENCE, caller.request(request)).await {
        Ok(Ok(response)) => Ok(response.status().as_u16()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}
