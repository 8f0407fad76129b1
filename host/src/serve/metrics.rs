//! The server's metrics, in the form that Prometheus reads.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::http::StatusCode;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::sync::Mutex;

use super::state::{Board, Entry};
use crate::store::{Backlog, StoreError, aside};
use crate::triggers::News;

type Labels = Vec<(&'static str, String)>;
type Number = Gauge<f64, AtomicU64>;
type Seconds = Counter<f64, AtomicU64>;

/// The upper bounds of the lag histogram's buckets, in seconds.
const LAGS: [f64; 11] = [0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 21_600.0, 86_400.0];

/// All metrics of the server.
pub(super) struct Metrics {
    registry: Registry,
    polls: Family<Labels, Counter>,
    found: Family<Labels, Counter>,
    deliveries: Family<Labels, Counter>,
    late: Family<Labels, Counter>,
    notifications: Family<Labels, Counter>,
    store_failures: Counter,
    /// The lag of all triggers together: with buckets for each trigger, they would make up most of the text.
    lag: Histogram,
    lag_seconds: Family<Labels, Seconds>,
    ready: Family<Labels, Gauge>,
    backlog: Family<Labels, Gauge>,
    dead: Family<Labels, Gauge>,
    oldest: Family<Labels, Number>,
    quota_used: Family<Labels, Gauge>,
    quota_limit: Family<Labels, Gauge>,
    quota_waiting: Family<Labels, Gauge>,
    /// Admits one reader at a time, because each reader queries the store about every trigger.
    reading: Mutex<()>,
}

/// The counters of one trigger.
pub(super) struct Counts {
    answered: Counter,
    failed: Counter,
    found: Counter,
    acknowledged: Counter,
    refused: Counter,
    dead: Counter,
    late: Counter,
    store_failures: Counter,
    lag: Histogram,
    lag_seconds: Seconds,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("connector"),
            polls: Family::default(),
            found: Family::default(),
            deliveries: Family::default(),
            late: Family::default(),
            notifications: Family::default(),
            store_failures: Counter::default(),
            lag: Histogram::new(LAGS),
            lag_seconds: Family::default(),
            ready: Family::default(),
            backlog: Family::default(),
            dead: Family::default(),
            oldest: Family::default(),
            quota_used: Family::default(),
            quota_limit: Family::default(),
            quota_waiting: Family::default(),
            reading: Mutex::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("polls", "Polls, by outcome", self.polls.clone());
        registry.register("events_found", "New events that polls found", self.found.clone());
        registry.register("deliveries", "Attempts to deliver an event, by outcome", self.deliveries.clone());
        registry.register(
            "notifications",
            "Notifications received, by the status answered",
            self.notifications.clone(),
        );
        registry.register("store_failures", "Failures of the store", self.store_failures.clone());
        registry.register(
            "delivery_lag_seconds",
            "Time from when an event was found until it was acknowledged, of all triggers",
            self.lag.clone(),
        );
        registry.register(
            "trigger_delivery_lag_seconds",
            "The same of each trigger, summed: divide it by its acknowledged deliveries",
            self.lag_seconds.clone(),
        );
        registry.register(
            "events_late",
            "Events that became visible later than the watch was told to look back",
            self.late.clone(),
        );
        registry.register(
            "trigger_ready",
            "1 while the trigger works and its receiver takes events",
            self.ready.clone(),
        );
        registry.register("backlog_events", "Events that wait to be delivered", self.backlog.clone());
        registry.register("dead_events", "Events that could not be delivered", self.dead.clone());
        registry.register(
            "backlog_age_seconds",
            "How long the first event that waits has waited",
            self.oldest.clone(),
        );
        registry.register(
            "quota_used_calls",
            "Calls that count against the connection's quota",
            self.quota_used.clone(),
        );
        registry.register(
            "quota_limit_calls",
            "Calls that the connection's quota has",
            self.quota_limit.clone(),
        );
        registry.register(
            "quota_waiting_calls",
            "Calls that wait for the connection's quota",
            self.quota_waiting.clone(),
        );
    }

    /// Returns the counters of a trigger, starting at 0.
    pub(super) fn of(&self, trigger: &str) -> Counts {
        let of = |family: &Family<Labels, Counter>, outcome: &str| {
            let outcome = ("outcome", outcome.to_owned());
            family.get_or_create(&vec![("trigger", trigger.to_owned()), outcome]).clone()
        };
        Counts {
            answered: of(&self.polls, "answered"),
            failed: of(&self.polls, "failed"),
            found: self.found.get_or_create(&label(trigger)).clone(),
            acknowledged: of(&self.deliveries, "acknowledged"),
            refused: of(&self.deliveries, "failed"),
            dead: of(&self.deliveries, "dead"),
            late: self.late.get_or_create(&label(trigger)).clone(),
            store_failures: self.store_failures.clone(),
            lag: self.lag.clone(),
            lag_seconds: self.lag_seconds.get_or_create(&label(trigger)).clone(),
        }
    }

    pub(super) fn note_notification(&self, trigger: &str, status: StatusCode) {
        let status = ("status", status.as_str().to_owned());
        self.notifications.get_or_create(&vec![("trigger", trigger.to_owned()), status]).inc();
    }

    /// Returns the present values of all metrics as OpenMetrics text. If the store fails, its metrics are
    /// left out, because the others matter most then.
    pub(super) async fn open_metrics(&self, board: &Arc<Board>) -> Result<String, String> {
        let _one = self.reading.lock().await;
        let read = Arc::clone(board);
        let backlogs = aside(move || {
            read.entries().map(|(name, entry)| (name.to_string(), backlog(entry))).collect::<Vec<_>>()
        });
        for (name, backlog) in backlogs.await.map_err(|error| error.to_string())? {
            let label = label(&name);
            let Ok((backlog, age)) = backlog else {
                self.store_failures.inc();
                let _ = (self.backlog.remove(&label), self.dead.remove(&label), self.oldest.remove(&label));
                continue;
            };
            self.backlog.get_or_create(&label).set(signed(backlog.waiting));
            self.dead.get_or_create(&label).set(signed(backlog.dead));
            self.oldest.get_or_create(&label).set(age);
        }
        let mut asked = HashSet::new();
        for (name, entry) in board.entries() {
            self.ready.get_or_create(&label(name)).set(i64::from(entry.is_ready()));
            let connection = entry.connection.profile().name();
            if !asked.insert(connection) {
                continue;
            }
            let label = vec![("connection", connection.to_owned())];
            let Ok(usage) = entry.connection.egress().quota().usage().await else {
                self.store_failures.inc();
                let _ = (self.quota_used.remove(&label), self.quota_waiting.remove(&label));
                continue;
            };
            self.quota_used.get_or_create(&label).set(signed(usage.used));
            self.quota_waiting.get_or_create(&label).set(signed(usage.waiting));
            if let Some(limit) = usage.limit {
                self.quota_limit.get_or_create(&label).set(limit.calls.into());
            }
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|error| error.to_string())?;
        Ok(text)
    }
}

/// Returns how many events a trigger has in the store, and the age of the first waiting event in seconds.
fn backlog(entry: &Entry) -> Result<(Backlog, f64), StoreError> {
    let now = entry.connection.clock().now();
    let backlog = entry.connection.store().run(&entry.watch, |rows| rows.backlog(&entry.watch))?;
    Ok((backlog, backlog.oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64())))
}

impl Counts {
    pub(super) fn note(&self, news: &News) {
        match news {
            News::Polled { found, .. } => {
                self.answered.inc();
                self.found.inc_by(*found as u64);
            }
            News::Late { events, .. } => drop(self.late.inc_by(*events)),
            News::PollFailed { .. } => drop(self.failed.inc()),
            News::StoreFailed { .. } => drop(self.store_failures.inc()),
            News::Delivered { after, .. } => {
                self.acknowledged.inc();
                self.lag.observe(after.as_secs_f64());
                self.lag_seconds.inc_by(after.as_secs_f64());
            }
            News::DeliveryFailed { .. } => drop(self.refused.inc()),
            News::Died { .. } => drop(self.dead.inc()),
            _ => {}
        }
    }
}

fn label(trigger: &str) -> Labels {
    vec![("trigger", trigger.to_owned())]
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
