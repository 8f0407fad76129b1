//! An index that is late, a clock of the API's that was ahead, and a process that is stopped for a while.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_host::clock::{TestClock, Timestamp};
use connector_host::triggers::{Event, News, Watch};
use defender_simulator::{Moment, NewAlert, Simulator};
use serde_json::json;

use super::library::{FREE, connect_by, on_disk};
use crate::support::home::simulator;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// An API and a watch whose clocks a test turns.
struct World {
    api: Arc<Simulator>,
    clock: Arc<TestClock>,
    watch: Watch,
    arrived: Arc<Mutex<Vec<String>>>,
    told: Arc<Mutex<Vec<News>>>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new(page_size: u32) -> Self {
        let options = json!({ "limits": { "mode": "off" }, "log": { "capacity": 100 } });
        let api = Arc::new(simulator(options).await);
        api.clock().stop();
        api.clock().set(Moment::parse("2030-01-01T00:00:00Z").expect("it is a time"));
        let clock = Arc::new(TestClock::new(Timestamp::from_micros(1_893_456_000_000_000)));
        let (folder, store) = on_disk();
        let connection = connect_by(clock.clone(), &api, store, "default", FREE);
        let (arrived, told) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<Vec<News>>>::default());
        let (seen, heard) = (arrived.clone(), told.clone());
        let watch = connection
            .trigger("new-alerts")
            .expect("the connector has it")
            .watch()
            .overlap(MINUTE * 30)
            .page_size(page_size)
            .to(move |event: Event| {
                seen.lock().expect("no test panics while it has it").push(event.id);
                std::future::ready(())
            })
            .observe(move |news| heard.lock().expect("no test panics while it has it").push(news.clone()))
            .build()
            .expect("all is said");
        Self { api, clock, watch, arrived, told, _folder: folder }
    }

    fn advance(&self, by: Duration) {
        self.api.clock().advance(by);
        self.clock.advance(by);
    }

    fn alert(&self, number: usize, created: Moment, late: Duration) {
        self.api.add_alert(NewAlert {
            id: Some(format!("alert-{number:03}")),
            alert_creation_time: Some(created),
            visible_from: Some(created.after(late)),
            ..NewAlert::default()
        });
    }

    async fn poll(&self) {
        self.watch.drain_once().await.expect("it is polled");
    }

    fn arrived(&self) -> Vec<String> {
        self.arrived.lock().expect("no test panics while it has it").clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_six_hours_behind_with_a_flood_loses_nothing_and_is_told() {
    let world = World::new(10).await;
    world.poll().await;
    let start = world.api.clock().now();
    for number in 0..120 {
        world.alert(number, start.after(MINUTE * 2 * (number as u32 + 1)), HOUR * 6);
    }
    for _ in 0..11 * 12 {
        world.advance(MINUTE * 5);
        world.poll().await;
    }
    let mut arrived = world.arrived();
    arrived.dedup();
    let expected: Vec<String> = (0..120).map(|number| format!("alert-{number:03}")).collect();
    assert_eq!(arrived, expected);
    let told = world.told.lock().expect("no test panics while it has it");
    let late: Vec<_> = told
        .iter()
        .filter_map(|news| match news {
            News::Late { events, by, .. } => Some((*events, *by)),
            _ => None,
        })
        .collect();
    assert_eq!(late.iter().map(|(events, _)| events).sum::<u64>(), 120, "{late:?}");
    assert!(late.iter().all(|(_, by)| *by > HOUR * 5 && *by <= HOUR * 6), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_of_the_apis_that_was_ahead_and_is_set_right_loses_no_alert() {
    let world = World::new(100).await;
    let right = world.api.clock().now();
    world.api.clock().set(right.after(HOUR));
    world.poll().await;
    world.advance(MINUTE);
    world.alert(0, world.api.clock().now(), Duration::ZERO);
    world.poll().await;
    // It is set right, and two more are created.
    world.api.clock().set(right.after(MINUTE * 2));
    world.alert(1, right.after(MINUTE), Duration::ZERO);
    world.alert(2, right.after(MINUTE * 2), Duration::ZERO);
    world.poll().await;
    assert_eq!(world.arrived(), ["alert-000", "alert-001", "alert-002"]);
    let told = world.told.lock().expect("no test panics while it has it");
    let back = told.iter().find_map(|news| match news {
        News::ApiClockSetBack { by } => Some(*by),
        _ => None,
    });
    assert!(back.is_some_and(|by| by > MINUTE * 55), "{back:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_stopped_for_a_while_gives_up_no_event() {
    use rustix::process::{Pid, Signal, kill_process};

    use super::world::{self, alerts, api, events, home, ids, receiver};
    use crate::support::server::Server;

    let api = api().await;
    let (home, receiver): (_, Server) = (home(&api), receiver(503).await);
    let start = api.clock().now();
    let expected = alerts(&api, start, 0..5);
    let (to, since) = (receiver.origin(), start.to_string());
    let words = ["watch", "new-alerts", "--to", &to, "--since", &since, "--allow-loopback-http"];
    let mut child = home
        .command(&[&words[..], &["--give-up", "15s"]].concat())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the command starts");
    let tried = async || {
        while receiver.received().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tried().await;
    let process = Pid::from_child(&child);
    kill_process(process, Signal::STOP).expect("it runs");
    tokio::time::sleep(Duration::from_secs(16)).await;
    kill_process(process, Signal::CONT).expect("it is there");
    // It is tried again, and not given up.
    tried().await;
    world::answer(&receiver, 200, &[]);
    let mut got = Vec::new();
    while got.len() < expected.len() {
        got.extend(ids(&events(&receiver.received())));
        got.dedup();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill().and_then(|()| child.wait()).expect("it can be killed");
    assert_eq!(got, expected);
}
