//! `kill -9` at every point: nothing is lost, what comes twice comes with the same id, and the order is kept.

#![cfg(debug_assertions)]

use std::process::{Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use defender_simulator::{Moment, Simulator};

use super::world::{alerts, answer, api, events, home, ids, receiver, watching, without_repeats};
use crate::support::home::Home;
use crate::support::server::Server;

/// Where the process is made to die.
const POINTS: [&str; 14] = [
    "before-open",
    "after-open",
    "before-store",
    "amid-store",
    "before-commit",
    "after-store",
    "before-delivery",
    "after-delivery",
    "before-acknowledge",
    "after-acknowledge",
    "before-trouble",
    "after-trouble",
    "before-bury",
    "after-bury",
];

/// How long a process that ends by itself may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A watch that is killed, and the receiver of its events.
struct Target {
    api: Arc<Simulator>,
    home: Home,
    receiver: Server,
    start: Moment,
    arrived: Vec<String>,
}

impl Target {
    async fn new() -> Self {
        let api = api().await;
        let (home, start) = (home(&api), api.clock().now());
        Self { home, start, receiver: receiver(200).await, api, arrived: Vec::new() }
    }

    fn run(&self, more: &[&str], point: &str) -> Child {
        let (to, since) = (self.receiver.origin(), self.start.to_string());
        let words = watching(&to, &since, "20ms");
        self.home
            .command(&[&words[..], more].concat())
            .env("CONNECTOR_FAIL_POINT", point)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts")
    }

    /// Takes what has arrived so far.
    fn take(&mut self) {
        self.arrived.extend(ids(&events(&self.receiver.received())));
    }

    /// Delivers what is left.
    async fn drain(&mut self) {
        let status = self.end(self.run(&["--once"], "")).await;
        assert!(status.success(), "{status}");
        self.take();
    }

    /// Waits for the end of a process.
    async fn end(&self, mut child: Child) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("it is a child") {
                return status;
            }
            if began.elapsed() > PATIENCE {
                child.kill().and_then(|()| child.wait()).expect("it can be killed");
                panic!("it did not end");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_anywhere_loses_nothing() {
    let mut target = Target::new().await;
    let mut expected = Vec::new();
    for (round, point) in POINTS.iter().enumerate() {
        expected.extend(alerts(&target.api, target.start, round * 4..round * 4 + 4));
        // Those points are only passed by a process whose deliveries fail.
        let failing = point.contains("trouble") || point.contains("bury");
        // Deliveries are many, and the other points are passed once.
        let times = if point.contains("deliver") || point.contains("acknowledge") { 2 } else { 1 };
        let give_up = if point.contains("bury") { "1ms" } else { "3d" };
        answer(&target.receiver, if failing { 503 } else { 200 }, &[]);
        let child = target.run(&["--give-up", give_up], &format!("{point}:{times}"));
        let status = target.end(child).await;
        assert!(!status.success(), "{point} was not passed: {status}");
        #[cfg(unix)]
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{point}: {status}");
        if failing {
            target.receiver.received();
        } else {
            target.take();
        }
        answer(&target.receiver, 200, &[]);
        target.drain().await;
        if *point == "after-bury" {
            // What was declared dead comes when it is replayed, behind the others.
            let replayed = target.home.run(&["events", "replay", "new-alerts", "--all"]);
            assert_eq!(replayed.code, 0, "{replayed:?}");
            target.drain().await;
            let dead = expected.remove(round * 4);
            assert_eq!(target.arrived.last(), Some(&dead));
            expected.push(dead);
        }
        assert_eq!(without_repeats(target.arrived.clone()), expected, "{point}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_and_what_is_done_by_hand_survive_a_death() {
    let mut target = Target::new().await;
    let expected = alerts(&target.api, target.start, 0..2);
    answer(&target.receiver, 410, &[]);
    let status = target.end(target.run(&[], "before-stop")).await;
    assert!(!status.success(), "it died before it noted the stop");
    let status = target.end(target.run(&[], "after-stop")).await;
    assert!(!status.success(), "it died after that");
    answer(&target.receiver, 200, &[]);
    target.receiver.received();
    let status = target.end(target.run(&["--once"], "")).await;
    assert_eq!(status.code(), Some(6), "it is stopped");
    let by_hand = |target: &Target, words: &[&str], point: &str| {
        let status =
            target.home.command(words).env("CONNECTOR_FAIL_POINT", point).status().expect("it starts");
        assert!(!status.success(), "{point} was not passed");
    };
    by_hand(&target, &["events", "resume", "new-alerts"], "before-resume");
    assert_eq!(target.end(target.run(&["--once"], "")).await.code(), Some(6), "it is still stopped");
    by_hand(&target, &["events", "resume", "new-alerts"], "after-resume");
    target.drain().await;
    assert_eq!(without_repeats(target.arrived.clone()), expected);

    let expected = alerts(&target.api, target.start, 2..4);
    answer(&target.receiver, 503, &[]);
    target.end(target.run(&["--once", "--give-up", "1ms"], "")).await;
    answer(&target.receiver, 200, &[]);
    target.receiver.received();
    target.arrived.clear();
    let replay = ["events", "replay", "new-alerts", "--all"];
    by_hand(&target, &replay, "before-replay");
    target.drain().await;
    assert!(target.arrived.is_empty(), "they are still dead");
    by_hand(&target, &replay, "after-replay");
    target.drain().await;
    assert_eq!(without_repeats(target.arrived.clone()), expected);

    let watched = |target: &Target| {
        let list = target.home.run(&["events", "list", "--output", "json"]).done().json();
        list.as_array().map(Vec::len)
    };
    for (point, left) in [("before-forget", 1), ("amid-forget", 1), ("after-forget", 0)] {
        by_hand(&target, &["events", "forget", "new-alerts"], point);
        assert_eq!(watched(&target), Some(left), "{point}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_kills_lose_nothing() {
    // The whole of it: CONNECTOR_KILL_ROUNDS=200 and 100 events in each.
    let rounds =
        std::env::var("CONNECTOR_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(12);
    let each = 100;
    let mut target = Target::new().await;
    let mut expected = Vec::new();
    let began = Instant::now();
    for round in 0..rounds {
        expected.extend(alerts(&target.api, target.start, round * each..(round + 1) * each));
        let mut child = target.run(&[], "");
        // From before the first poll to after the last delivery.
        let life = Duration::from_millis(fastrand::u64(..400));
        tokio::time::sleep(life).await;
        child.kill().expect("it can be killed");
        target.end(child).await;
        target.take();
    }
    target.drain().await;
    let doubles = target.arrived.len() - expected.len();
    assert_eq!(without_repeats(target.arrived.clone()), expected);
    println!(
        "{rounds} kills, {} events, {doubles} delivered twice, none lost, in {:.1} s",
        expected.len(),
        began.elapsed().as_secs_f32()
    );
}
