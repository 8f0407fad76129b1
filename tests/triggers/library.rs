//! Triggers in a program that embeds the host.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use connector_host::clock::{Clock, SystemClock};
use connector_host::manifest::Limit;
use connector_host::store::{Claim, MemoryStore, SqliteStore, Store, StoreError, Work};
use connector_host::triggers::{Ended, Event, News, Outcome, WatchBuilder};
use connector_host::{Connection, Host, Profile, Trust};
use defender_simulator::{Moment, Simulator};
use futures::StreamExt as _;
use serde_json::json;
use tempfile::TempDir;

use super::world::{alerts, api, without_repeats};
use crate::support::component;

/// A limit that is never felt.
pub(super) const FREE: Limit = Limit { calls: 1_000_000, period_seconds: 1 };

fn connect(api: &Simulator, store: Arc<dyn Store>, name: &str, quota: Limit) -> Connection {
    connect_by(Arc::new(SystemClock), api, store, name, quota)
}

pub(super) fn connect_by(
    clock: Arc<dyn Clock>,
    api: &Simulator,
    store: Arc<dyn Store>,
    name: &str,
    quota: Limit,
) -> Connection {
    let host = Host::builder().concurrency(8).store(store).clock(clock).build().expect("the engine starts");
    let connector = host.load(&component()).expect("the component is a connector");
    let profile = Profile::builder()
        .name(name)
        .api_url(api.url())
        .authority(api.url())
        .tenant(api.tenant_id())
        .allow_loopback_http(true)
        .client_secret(
            api.client_id(),
            connector_host::egress::credential::SecretSource::Given(api.client_secret().to_owned().into()),
        )
        .quota(quota)
        .trust(Trust::Connector)
        .build(connector.manifest())
        .expect("the profile is complete");
    host.connect(&connector, profile).expect("a secret that is given needs no setting up")
}

pub(super) fn on_disk() -> (TempDir, Arc<SqliteStore>) {
    let folder = tempfile::tempdir().expect("there is a temporary directory");
    let store = SqliteStore::open(folder.path()).expect("it can be written");
    (folder, Arc::new(store))
}

fn watch(connection: &Connection, since: Moment) -> WatchBuilder {
    let often = Duration::from_millis(10);
    let trigger = connection.trigger("new-alerts").expect("the connector has it");
    trigger.watch().since(since.to_string()).interval(often, often)
}

/// A callback that keeps the ids of what it takes, and what to look at them by.
type Taken = Arc<Mutex<Vec<String>>>;

async fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(120), "it does not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn order_is_kept_while_the_callback_fails_now_and_then() {
    let api = api().await;
    let start = api.clock().now();
    let expected = alerts(&api, start, 0..40);
    let (_folder, store) = on_disk();
    let connection = connect(&api, store, "default", FREE);
    let (taken, tries) = (Taken::default(), Arc::new(AtomicUsize::new(0)));
    let failures = Arc::new(Mutex::new(Vec::new()));
    let (seen, told) = (taken.clone(), failures.clone());
    let watch = watch(&connection, start)
        .to(move |event: Event| {
            let fails = tries.fetch_add(1, Ordering::SeqCst) % 20 == 7;
            seen.lock().unwrap().push(event.id);
            async move { if fails { Err("not now") } else { Ok(()) } }
        })
        .observe(move |news| {
            if let News::DeliveryFailed { id, reason, .. } = news {
                told.lock().unwrap().push(format!("{id} {reason}"));
            }
        })
        .build()
        .expect("all is said");
    let done = taken.clone();
    let last = expected.last().cloned();
    let stop = until(move || done.lock().unwrap().last() == last.as_ref());
    assert_eq!(watch.run_until(stop).await.expect("it ends well"), Ended::Asked);
    assert_eq!(without_repeats(taken.lock().unwrap().clone()), expected);
    assert_eq!(*failures.lock().unwrap(), ["alert-000007 not now", "alert-000026 not now"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_gives_again_what_was_not_acknowledged() {
    let api = api().await;
    let start = api.clock().now();
    let expected = alerts(&api, start, 0..4);
    let (_folder, store) = on_disk();
    let connection = connect(&api, store, "default", FREE);
    let mut stream = watch(&connection, start).stream().expect("all is said");
    for id in &expected[..2] {
        let delivery = stream.next().await.expect("it goes on").expect("all is well");
        assert_eq!(delivery.event().id, *id);
        assert_eq!(delivery.event().parse::<serde_json::Value>().expect("it is JSON")["id"], **id);
        delivery.acknowledge();
    }
    let third = stream.next().await.expect("it goes on").expect("all is well");
    assert_eq!(third.event().id, expected[2]);
    drop((third, stream));
    let mut stream = watch(&connection, start).stream().expect("all is said");
    let third = stream.next().await.expect("it goes on").expect("all is well");
    assert_eq!(third.event().id, expected[2]);
    third.answer(Outcome::Stop { reason: "enough".into() });
    assert!(stream.next().await.is_none());
    let mut stream = watch(&connection, start).stream().expect("all is said");
    let error = stream.next().await.expect("it says why").expect_err("it was stopped");
    assert!(error.to_string().contains("enough"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_hangs_holds_up_no_other_watch() {
    let api = api().await;
    let start = api.clock().now();
    let expected = alerts(&api, start, 0..10);
    let (_folder, store) = on_disk();
    let [one, other] = ["one", "other"].map(|name| connect(&api, store.clone(), name, FREE));
    let hanging = watch(&one, start)
        .to(|_: Event| async {
            std::future::pending::<()>().await;
        })
        .build()
        .expect("all is said");
    let hanging = tokio::spawn(async move { hanging.run().await });
    let taken = Taken::default();
    let seen = taken.clone();
    let working = watch(&other, start)
        .to(move |event: Event| {
            seen.lock().unwrap().push(event.id);
            std::future::ready(())
        })
        .build()
        .expect("all is said");
    let done = taken.clone();
    working.run_until(until(move || done.lock().unwrap().len() == 10)).await.expect("it ends well");
    assert_eq!(*taken.lock().unwrap(), expected);
    assert!(!hanging.is_finished());
    hanging.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_leave_a_part_of_the_quota_to_actions() {
    let api = api().await;
    let start = api.clock().now();
    alerts(&api, start, 0..100);
    let quota = Limit { calls: 10, period_seconds: 3600 };
    let connection = connect(&api, Arc::new(MemoryStore::new()), "default", quota);
    // A page holds one alert, so the polls would like to take a hundred calls at once.
    let taken = Arc::new(AtomicUsize::new(0));
    let seen = taken.clone();
    let watch = watch(&connection, start)
        .page_size(1)
        .quota_share(40)
        .to(move |_: Event| {
            seen.fetch_add(1, Ordering::SeqCst);
            std::future::ready(())
        })
        .build()
        .expect("all is said");
    let polls = tokio::spawn(async move { watch.run().await });
    let waiting = async || connection.egress().stats().requests >= 4;
    while !waiting().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..6 {
        let soon = Duration::from_secs(60);
        connection.call_within(soon, "list-machines", json!({ "$top": 1 })).await.expect("there is a slot");
    }
    assert_eq!(connection.egress().stats().requests, 10, "the polls had four slots of ten");
    let none = connection.call_within(Duration::from_millis(50), "list-machines", json!({ "$top": 1 })).await;
    assert!(none.is_err(), "the quota holds");
    polls.abort();
}

/// A store that is full for a while.
#[derive(Debug)]
struct Filling {
    inner: Arc<SqliteStore>,
    full: AtomicBool,
}

impl Filling {
    fn check(&self) -> Result<(), StoreError> {
        let full = StoreError::Full {
            location: "the test".into(),
            source: Arc::new(std::io::Error::from(std::io::ErrorKind::StorageFull)),
        };
        if self.full.load(Ordering::SeqCst) { Err(full) } else { Ok(()) }
    }
}

impl Store for Filling {
    fn transact(&self, partition: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        // What is taken for the quota has room.
        if partition.contains('/') {
            self.check()?;
        }
        self.inner.transact(partition, work)
    }

    fn transact_on_disk(&self, partition: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.check()?;
        self.inner.transact_on_disk(partition, work)
    }

    fn claim(&self, name: &str) -> Result<Option<Claim>, StoreError> {
        self.inner.claim(name)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_loses_nothing() {
    let api = api().await;
    let start = api.clock().now();
    let expected = alerts(&api, start, 0..3);
    let (_folder, inner) = on_disk();
    let store = Arc::new(Filling { inner, full: AtomicBool::new(false) });
    let connection = connect(&api, store.clone(), "default", FREE);
    let taken = Taken::default();
    let (seen, told) = (taken.clone(), Arc::new(AtomicUsize::new(0)));
    let (filling, filled) = (store.clone(), told.clone());
    let watch = watch(&connection, start)
        .to(move |event: Event| {
            // It fills up before the first acknowledgement.
            if seen.lock().unwrap().is_empty() {
                filling.full.store(true, Ordering::SeqCst);
            }
            seen.lock().unwrap().push(event.id);
            std::future::ready(())
        })
        .observe(move |news| {
            if let News::StoreFailed { error: StoreError::Full { .. }, .. } = news {
                filled.fetch_add(1, Ordering::SeqCst);
            }
        })
        .build()
        .expect("all is said");
    let (done, emptying, news) = (taken.clone(), store.clone(), told.clone());
    let stop = async move {
        until(|| news.load(Ordering::SeqCst) > 0).await;
        emptying.full.store(false, Ordering::SeqCst);
        until(|| done.lock().unwrap().len() == 3).await;
    };
    watch.run_until(stop).await.expect("it goes on");
    assert_eq!(*taken.lock().unwrap(), expected, "what was delivered is not delivered again");
}
