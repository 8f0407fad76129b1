//! A long time on a clock that the test turns: all that goes wrong in a month at an API and at a receiver.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_host::clock::{Clock, TestClock, Timestamp};
use connector_host::triggers::{Ended, Event};
use defender_simulator::{Effect, Fault, Moment, NewAlert, Simulator};
use serde_json::json;

use super::library::{FREE, connect_by, on_disk};
use super::world::without_repeats;
use crate::support::home::simulator;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const TICKS_PER_SECOND: i64 = 10_000_000;
const DAY: Duration = Duration::from_secs(86_400);

/// The longest time from an alert's creation to when it can be found.
const LATEST: Duration = Duration::from_secs(6 * 3600);
/// How far the trigger looks back: as long, and over two polls.
const OVERLAP: Duration = Duration::from_secs(7 * 3600);

/// What the test goes through: all of it, or a day.
struct Extent {
    days: u32,
    /// How many alerts the flood has, and how many a page has.
    flood: usize,
    page: u32,
    /// How often is polled: at least, and at most.
    interval: (Duration, Duration),
}

impl Extent {
    fn chosen() -> Self {
        match std::env::var("CONNECTOR_MONTH").as_deref() {
            Ok("whole") => Self { days: 30, flood: 50_000, page: 500, interval: (MINUTE, MINUTE * 5) },
            _ => Self { days: 1, flood: 400, page: 50, interval: (MINUTE * 10, MINUTE * 20) },
        }
    }

    /// A part of the whole time.
    fn part(&self, of_thirty: u32) -> Duration {
        DAY * self.days * of_thirty / 30
    }
}

/// Something that happens at a time after the start.
type Happening = (Duration, What);

enum What {
    /// An alert is created, which can be found so much later.
    Alert(Duration),
    /// Several are created at the same time.
    AlertsAtOnce(usize),
    Fault(Fault),
    /// The receiver fails, or no longer.
    ReceiverDown(bool),
    /// The API's clock is set so many minutes ahead of ours, or behind it.
    Skew(i64),
}

fn script(extent: &Extent, random: &mut fastrand::Rng) -> Vec<Happening> {
    let mut script: Vec<Happening> = Vec::new();
    let end = extent.part(30);
    // Not at once: what was created before the start does not count.
    let mut at = MINUTE;
    while at < end {
        // Most are found at once; some late, up to the latest.
        let late = random.f64().powi(4);
        script.push((at, What::Alert(LATEST.mul_f64(late))));
        at += MINUTE.mul_f64(20.0 * random.f64());
    }
    for _ in 0..20 {
        script.push((end.mul_f64(random.f64()), What::AlertsAtOnce(random.usize(2..30))));
    }
    script.push((extent.part(12), What::AlertsAtOnce(extent.flood)));
    let status = |status: u16, retry_after: Option<&str>| Effect::Status {
        status,
        body: None,
        content_type: None,
        retry_after: retry_after.map(str::to_owned),
    };
    // Storms, and replies that break off, each while alerts come.
    let troubles = [
        (status(429, Some("30")), 40),
        (status(500, None), 40),
        (Effect::Drop, 10),
        (Effect::CutOff, 7),
        (Effect::TruncatedJson, 7),
        (Effect::Html { status: 503 }, 7),
        (Effect::NoContent, 3),
    ];
    for (number, (effect, times)) in troubles.into_iter().enumerate() {
        let on = |operation: &str| Fault::new(effect.clone()).on(operation).times(times);
        script.push((extent.part(2 + 4 * number as u32), What::Fault(on("GetAlerts"))));
        // In the middle of the flood's pages.
        script.push((extent.part(12), What::Fault(on("GetAlerts").times(1).after(2 + number as u64))));
    }
    script.push((extent.part(9), What::Fault(Fault::new(status(503, None)).on("Token").times(5))));
    script.push((extent.part(15), What::ReceiverDown(true)));
    script.push((extent.part(15) + DAY.min(extent.part(6)), What::ReceiverDown(false)));
    for (part, minutes) in [(5, 7), (11, 0), (13, -7), (20, 0), (24, 7), (26, -7)] {
        script.push((extent.part(part), What::Skew(minutes)));
    }
    script.sort_by_key(|(at, _)| *at);
    script
}

/// The API, and all that the test knows of it.
struct World {
    api: Arc<Simulator>,
    clock: Arc<TestClock>,
    random: fastrand::Rng,
    expected: Vec<String>,
    /// When the newest alert was created.
    newest: Moment,
    /// How many minutes the API's clock is ahead of ours.
    skew: i64,
    receiver_down: Arc<AtomicBool>,
}

impl World {
    fn alert(&mut self, created: Moment, late: Duration) {
        let id = format!("alert-{:06}", self.expected.len());
        self.api.add_alert(NewAlert {
            id: Some(id.clone()),
            alert_creation_time: Some(created),
            visible_from: Some(created.after(late)),
            ..NewAlert::default()
        });
        self.expected.push(id);
        self.newest = self.newest.max(created);
    }

    fn happen(&mut self, what: What) {
        let now = self.api.clock().now();
        match what {
            What::Alert(late) => {
                let a_little = Duration::from_nanos(100 * self.random.u64(..10_000_000));
                self.alert(now.before(a_little), late);
            }
            What::AlertsAtOnce(count) => (0..count).for_each(|_| self.alert(now, Duration::ZERO)),
            What::Fault(fault) => self.api.faults().add(fault),
            What::ReceiverDown(down) => self.receiver_down.store(down, Ordering::SeqCst),
            What::Skew(skew) => {
                let ticks = (skew - self.skew) * 60 * TICKS_PER_SECOND;
                self.api.clock().set(Moment::from_ticks(now.ticks() + ticks));
                self.skew = skew;
            }
        }
    }

    /// Turns both clocks.
    fn advance(&self, by: Duration) {
        self.api.clock().advance(by);
        self.clock.advance(by);
    }

    /// Lets the watch do all that it has to do until then, and turns the clocks there, from one wake-up to the next.
    async fn pass(&self, until: Timestamp, activity: &AtomicU64) {
        loop {
            self.settle(activity).await;
            let now = self.clock.now();
            let wake = self.clock.next_wake().map_or(until, |wake| wake.min(until));
            self.advance(wake.since(now));
            if wake >= until {
                return;
            }
        }
    }

    /// Waits, in real time, until nothing moves and somebody sleeps. If the clocks are turned too early nevertheless,
    /// the API was slow, which has to be survived too.
    async fn settle(&self, activity: &AtomicU64) {
        let mut still = 0;
        let mut last = activity.load(Ordering::SeqCst);
        while still < 2 || self.clock.next_wake().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let now = activity.load(Ordering::SeqCst);
            still = if now == last { still + 1 } else { 0 };
            last = now;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_in_a_long_time() {
    let extent = Extent::chosen();
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let few = json!({ "limits": { "mode": "off" }, "log": { "capacity": 100 } });
    let api = Arc::new(simulator(few).await);
    let start = Moment::parse("2030-01-01T00:00:00Z").expect("it is a time");
    api.clock().stop();
    api.clock().set(start);
    let begin = Timestamp::from_micros(1_893_456_000_000_000);
    let clock = Arc::new(TestClock::new(begin));
    let (_folder, store) = on_disk();
    let connection = connect_by(clock.clone(), &api, store, "default", FREE);
    let (activity, arrived) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Vec::new())));
    let receiver_down = Arc::new(AtomicBool::new(false));
    let (seen, news, deliveries, down) =
        (arrived.clone(), activity.clone(), activity.clone(), receiver_down.clone());
    let watch = connection
        .trigger("new-alerts")
        .expect("the connector has it")
        .watch()
        .since(start.to_string())
        .overlap(OVERLAP)
        .page_size(extent.page)
        .interval(extent.interval.0, extent.interval.1)
        .to(move |event: Event| {
            deliveries.fetch_add(1, Ordering::SeqCst);
            let down = down.load(Ordering::SeqCst);
            if !down {
                let created = event.time.as_deref().and_then(|time| Moment::parse(time).ok());
                seen.lock().unwrap().push((event.id, event.found_at, created));
            }
            async move { if down { Err("the receiver is down") } else { Ok(()) } }
        })
        .observe(move |_| {
            news.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .expect("all is said");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(async move { watch.run_until(async { drop(stopped.await) }).await });

    let script = script(&extent, &mut random);
    let mut world = World { api, clock, random, expected: Vec::new(), newest: start, skew: 0, receiver_down };
    for (at, what) in script {
        world.pass(begin.saturating_add(at), &activity).await;
        world.happen(what);
    }
    // What is late and what waits gets the time that it needs.
    let mut end = begin.saturating_add(extent.part(30));
    for _ in 0..48 {
        end = end.saturating_add(HOUR);
        world.pass(end, &activity).await;
        if end.since(begin) > extent.part(30) + LATEST
            && arrived.lock().unwrap().len() >= world.expected.len()
        {
            break;
        }
    }
    stop.send(()).expect("it runs");
    assert_eq!(running.await.expect("it ends").expect("it ends well"), Ended::Asked);

    let arrived = arrived.lock().unwrap().clone();
    let doubles = arrived.len() - world.expected.len().min(arrived.len());
    // What one sweep finds comes in the order of its creation, and what a later one finds comes later.
    let disorder = arrived.windows(2).find(|two| (two[0].1, two[0].2) > (two[1].1, two[1].2));
    assert_eq!(disorder, None, "seed {seed}");
    let from = last_asked(&world.api);
    assert!(from >= world.newest.before(OVERLAP), "the last poll looked back to {from}, seed {seed}");
    let arrived = arrived.into_iter().map(|(id, ..)| id).collect();
    let mut once = without_repeats(arrived);
    once.sort_unstable();
    let lost: Vec<&String> = world.expected.iter().filter(|id| once.binary_search(id).is_err()).collect();
    assert!(lost.is_empty(), "lost {lost:?}, seed {seed}");
    assert_eq!(once, world.expected, "doubled out of order, seed {seed}");
    println!("{} days, {} alerts, {doubles} delivered twice, none lost", extent.days, once.len());
}

/// From when on rows were asked for last.
fn last_asked(api: &Simulator) -> Moment {
    let log = api.log();
    let queries = log.iter().rev().filter(|arrival| arrival.operation == Some("GetAlerts"));
    let query = queries.filter_map(|arrival| arrival.query.clone()).next().expect("it was asked");
    let from = query.split("alertCreationTime%20ge%20").nth(1).and_then(|rest| rest.split('&').next());
    Moment::parse(&from.expect("it asks from a time on").replace("%3A", ":")).expect("it is a time")
}
