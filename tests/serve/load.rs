//! Many notifications, and many triggers.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;

use super::world::{Serving, by_hand, configure, notification, until};
use crate::support::home::{Home, SECRET};
use crate::triggers::world::{api, home, ids, lines};

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
fn many(api: &defender_simulator::Simulator, count: usize, pace: &str) -> Home {
    let home = home(api);
    let mut tables = String::new();
    for number in 0..count {
        let _ = write!(
            tables,
            "[connections.c{number}]\napi-url = \"{url}\"\ntenant-id = \"{tenant}\"\nallow-loopback-http = true\n\
             [connections.c{number}.auth]\nkind = \"client-secret\"\nclient-id = \"{client}\"\n\
             client-secret-env = \"{SECRET}\"\nauthority = \"{url}\"\n\
             [triggers.t{number}]\nconnection = \"c{number}\"\ntrigger = \"new-alerts\"\nto = \"-\"\n{pace}\n",
            url = api.url(),
            tenant = api.tenant_id(),
            client = api.client_id(),
        );
    }
    configure(&home, &tables);
    home
}

/// Serves that many triggers, has one alert reach all of them, and says what they cost.
async fn triggers(count: usize, idle: Duration, pace: &str) {
    let api = api().await;
    let home = many(&api, count, pace);
    let began = Instant::now();
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    let ready = began.elapsed().as_secs_f32();
    let (memory, before) = cost(serving.child.id());
    tokio::time::sleep(idle).await;
    let (later, after) = cost(serving.child.id());
    println!(
        "{count} triggers ready in {ready:.1} s; resident memory {:.0} MB, {:.0} MB after {idle:?}; processor {:.2} % \
         of one core",
        memory / 1e6,
        later / 1e6,
        (after - before) / idle.as_secs_f64() * 100.0
    );
    let id = api.add_alert(Default::default());
    until("the alert reaches each callback", || serving.stdout().lines().count() >= count).await;
    let got = lines(&serving.stdout());
    assert!(ids(&got).iter().all(|got| *got == id));
    let sources: std::collections::BTreeSet<_> =
        got.iter().map(|event| event["source"].to_string()).collect();
    assert_eq!(sources.len(), count, "each has it once");
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
