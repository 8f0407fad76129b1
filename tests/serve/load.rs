//! Many notifications, and many triggers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use defender_simulator::Simulator;
use futures::StreamExt as _;
use serde_json::json;

use super::world::{Serving, by_hand, configure, notification, until};
use crate::support::home::{Home, SECRET, simulator};
use crate::triggers::world::{api, home, ids, lines};

/// A quota that two triggers share: calls in so many seconds.
const CALLS: usize = 6;
const PERIOD: u64 = 2;

/// Sends notifications, so many at a time, and says how long that took.
async fn burst(count: usize, at_a_time: usize, pace: Option<Duration>) {
    let api = api().await;
    let home = home(&api);
    configure(&home, &by_hand("alerts", "-"));
    let serving = Arc::new(Serving::start(&home, &[], &[]).await);
    serving.ready().await;
    let began = Instant::now();
    let statuses: Vec<u16> = futures::stream::iter(0..count)
        .map(|number| {
            let serving = Arc::clone(&serving);
            async move {
                if let Some(pace) = pace {
                    let due = began + pace * u32::try_from(number).unwrap_or(u32::MAX);
                    tokio::time::sleep_until(due.into()).await;
                }
                let body = notification(&format!("alert-{number:06}"));
                serving.notify("alerts", &body).await.map_or(0, |response| response.status().as_u16())
            }
        })
        .buffer_unordered(at_a_time)
        .collect()
        .await;
    let took = began.elapsed().as_secs_f64();
    let accepted = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(accepted, count, "all are accepted: {statuses:?}");
    until("all arrive", || serving.stdout().lines().count() >= count).await;
    let mut got = ids(&lines(&serving.stdout()));
    got.sort();
    let expected: Vec<String> = (0..count).map(|number| format!("alert-{number:06}")).collect();
    assert_eq!(got, expected, "0 accepted and lost, 0 twice");
    println!(
        "{count} notifications accepted in {took:.2} s ({:.0} a second), all delivered {:.2} s later",
        count as f64 / took,
        began.elapsed().as_secs_f64() - took
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_notifications_is_taken_in() {
    burst(1000, 16, None).await;
}

#[ignore = "takes a minute"]
#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_a_second_for_a_minute() {
    burst(30_000, 64, Some(Duration::from_millis(2))).await;
}

/// A home with that many connections, each with a trigger that goes to standard output.
fn many(api: &Simulator, count: usize, pace: &str) -> Home {
    let home = home(api);
    let tables: String = (0..count).map(|number| table(api, &format!("c{number}"), pace, "")).collect();
    configure(&home, &tables);
    home
}

/// The tables of a connection and its trigger.
fn table(api: &Simulator, name: &str, pace: &str, quota: &str) -> String {
    format!(
        "[connections.{name}]\napi-url = \"{url}\"\ntenant-id = \"{tenant}\"\nallow-loopback-http = true\n\
         [connections.{name}.auth]\nkind = \"client-secret\"\nclient-id = \"{client}\"\n\
         client-secret-env = \"{SECRET}\"\nauthority = \"{url}\"\n{quota}\
         [triggers.{name}]\nconnection = \"{name}\"\ntrigger = \"new-alerts\"\nto = \"-\"\n{pace}\n",
        url = api.url(),
        tenant = api.tenant_id(),
        client = api.client_id(),
    )
}

/// Serves that many triggers, has one alert reach all of them, and says what they cost. Two more share a quota that is too
/// small for both, at an API of their own.
async fn triggers(count: usize, idle: Duration, pace: &str) {
    let (api, crowded) = (api().await, simulator(json!({ "limits": { "mode": "off" } })).await);
    let alone = {
        let home = many(&api, 1, pace);
        let serving = Serving::start(&home, &[], &[]).await;
        serving.ready().await;
        cost(serving.child.id()).0
    };
    let home = many(&api, count, pace);
    for name in ["left", "right"] {
        let quota = format!(
            "[connections.{name}.quota]\nbucket = \"both\"\ncalls = {CALLS}\nperiod-seconds = {PERIOD}\n\
             action-limits = false\n"
        );
        configure(&home, &table(&crowded, name, "interval = \"50ms\"\nquota-share = 100", &quota));
    }
    let began = Instant::now();
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    let ready = began.elapsed().as_secs_f32();
    let (memory, before) = cost(serving.child.id());
    tokio::time::sleep(idle).await;
    let (later, after) = cost(serving.child.id());
    let processor = (after - before) / idle.as_secs_f64();
    println!(
        "{count} triggers ready in {ready:.1} s; resident memory {:.0} MB, {:.0} MB after {idle:?} (one alone {:.0} MB); \
         processor {:.2} % of one core; a trigger: {:.2} ms in a second, {:.0} KB",
        memory / 1e6,
        later / 1e6,
        alone / 1e6,
        processor * 100.0,
        processor * 1e3 / count as f64,
        (later - alone) / 1e3 / count as f64,
    );
    let id = api.add_alert(Default::default());
    let shared = crowded.add_alert(Default::default());
    until("the alerts reach each callback", || serving.stdout().lines().count() >= count + 2).await;
    let got = lines(&serving.stdout());
    let sources = |wanted: &str| -> BTreeSet<String> {
        got.iter().filter(|event| event["id"] == wanted).map(|event| event["source"].to_string()).collect()
    };
    assert_eq!(sources(&id).len(), count, "each has it once");
    assert_eq!(sources(&shared).len(), 2, "both have it");
    assert_eq!(got.len(), count + 2, "nothing came twice");
    within_quota(&crowded);
}

/// Checks the shared quota as the API saw it: in no window more, and both wanted more than there was.
fn within_quota(api: &Simulator) {
    let log = api.log();
    let calls: Vec<Duration> =
        log.iter().filter(|arrival| arrival.path == "/api/alerts").map(|arrival| arrival.arrived).collect();
    let in_window = |from: &Duration| {
        calls.iter().filter(|at| *at >= from && **at < *from + Duration::from_secs(PERIOD)).count()
    };
    let most = calls.iter().map(in_window).max().unwrap_or(0);
    println!(
        "two triggers that share {CALLS} calls in {PERIOD} s: {} calls, {most} at most in a window",
        calls.len()
    );
    assert_eq!(most, CALLS, "all of the quota is used, and no more");
}

/// What a process costs: resident bytes, and seconds of processor time. Nothing where the system does not tell.
fn cost(process: u32) -> (f64, f64) {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
    let status = read("status");
    let resident =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    let stat = read("stat");
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    (resident.unwrap_or(0.0) * 1024.0, ticks / 100.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_triggers_run_in_one_process() {
    triggers(50, Duration::from_secs(1), "interval = \"500ms\"").await;
}

#[ignore = "takes some minutes"]
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_triggers_run_in_one_process() {
    triggers(1000, Duration::from_secs(180), "").await;
}
