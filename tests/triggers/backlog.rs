//! Events that wait are on disk, and not in memory.

#![cfg(target_os = "linux")]

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::world::{alerts, answer, api, events, home, ids, receiver, watching, without_repeats};
use crate::support::home::Home;

/// How much more memory a process may have taken for a long backlog than for a short one, in KiB.
const MORE: u64 = 48 << 10;

/// How long no event may arrive: longer than the longest wait after a failure.
const PATIENCE: Duration = Duration::from_secs(360);

/// The most memory that a process has taken so far, in KiB.
fn peak(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel says it");
    line.trim().trim_end_matches("kB").trim().parse().expect("it is a number")
}

async fn until_waiting(home: &Home, count: usize) {
    loop {
        let mut command = home.command(&["events", "list", "--output", "json"]);
        let list = tokio::task::spawn_blocking(move || command.output().expect("the command starts"));
        let list: crate::support::home::Outcome = list.await.expect("it ends").into();
        if list.done().json()[0]["waiting"] == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_backlog_takes_no_more_memory_than_a_short_one() {
    // The whole of it: CONNECTOR_BACKLOG=50000.
    let whole = std::env::var("CONNECTOR_BACKLOG").ok().and_then(|count| count.parse().ok()).unwrap_or(4_000);
    let first = 1_000;
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let receiver = receiver(503).await;
    let (to, since) = (receiver.origin(), start.to_string());
    let words = watching(&to, &since, "50ms");
    let mut expected = alerts(&api, start, 0..first);
    let mut child =
        home.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
    until_waiting(&home, first).await;
    let short = peak(&child);
    expected.extend(alerts(&api, start, first..whole));
    until_waiting(&home, whole).await;
    let long = peak(&child);
    println!("{first} events wait: {} MiB at most; {whole}: {} MiB", short >> 10, long >> 10);
    assert!(long < short + MORE, "{short} KiB have become {long} KiB");

    receiver.received();
    answer(&receiver, 200, &[]);
    let (mut arrived, mut news) = (Vec::new(), Instant::now());
    while arrived.last() != expected.last() && news.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let more = ids(&events(&receiver.received()));
        if !more.is_empty() {
            news = Instant::now();
        }
        arrived.extend(more);
    }
    child.kill().and_then(|()| child.wait()).expect("it can be killed");
    let arrived = without_repeats(arrived);
    assert!(arrived == expected, "{} of {} events arrived, or not in order", arrived.len(), expected.len());
}
