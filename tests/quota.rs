//! Many processes, one quota: what the API sees, by its own clock.

use std::process::Stdio;
use std::time::Duration;

use defender_simulator::{Effect, Fault};
use serde_json::json;

use crate::support::home::{Home, Outcome, simulator};

/// How many processes share the connection.
const PROCESSES: usize = 8;
/// How many calls each makes: one for each page of a list.
const CALLS: usize = 125;
/// The quota, with a minute made short.
const LIMIT: usize = 100;
const PERIOD: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_keep_to_one_quota_and_use_it() {
    let machines = CALLS - 12;
    let simulator = simulator(json!({
        "limits": { "perMinute": LIMIT, "minuteMilliseconds": PERIOD.as_millis() as u64, "perOperation": false },
        "settings": { "nextLinkAfter": 1 },
        "generate": { "machines": machines },
    }))
    .await;
    let quota = format!(
        "[connections.default.quota]\ncalls = {LIMIT}\nperiod-seconds = {}\naction-limits = false\n",
        PERIOD.as_secs()
    );
    let home = Home::with(&simulator, &quota);
    let children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            home.command(&["call", "list-machines", "--all", "--output", "ndjson"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the command starts")
        })
        .collect();
    for child in children {
        let outcome: Outcome = child.wait_with_output().expect("the command ends").into();
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert_eq!(outcome.stdout.lines().count(), CALLS, "a page is missing");
    }

    let arrivals: Vec<Duration> = simulator
        .log()
        .iter()
        .filter(|arrival| arrival.path == "/api/machines")
        .map(|arrival| arrival.arrived)
        .collect();
    assert_eq!(arrivals.len(), PROCESSES * CALLS, "each page is one request");
    let report = simulator.limits().report();
    assert!(report.iter().all(|window| window.refused == 0), "{report:?}");

    // Each slot is used again by the request a hundred later: never before a period is over, and hardly after.
    let rounds = arrivals.windows(LIMIT + 1).map(|window| window[LIMIT] - window[0]);
    let rounds: Vec<Duration> = rounds.collect();
    let shortest = rounds.iter().min().expect("there are many rounds");
    assert!(*shortest >= PERIOD, "{LIMIT} requests and one more within {shortest:?}");
    let mean = rounds.iter().sum::<Duration>() / u32::try_from(rounds.len()).expect("there are few rounds");
    let used = PERIOD.as_secs_f64() / mean.as_secs_f64();
    println!("{:.2} % of the quota was used; the shortest round took {shortest:?}", used * 100.0);
    // By itself it uses more than 99 %, which `CONNECTOR_LONG_TESTS` asks for; beside other tests the cores are not its own.
    let least = if std::env::var_os("CONNECTOR_LONG_TESTS").is_some() { 0.99 } else { 0.95 };
    assert!(used >= least, "only {:.2} % of the quota was used", used * 100.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_gives_its_slots_back() {
    let simulator = simulator(json!({ "limits": { "mode": "off" } })).await;
    let quota = "[connections.default.quota]\ncalls = 1\nperiod-seconds = 1\naction-limits = false\n";
    let home = Home::with(&simulator, quota);
    simulator.faults().add(Fault::new(Effect::Latency { milliseconds: 60_000 }).on("GetMachines").times(1));
    let mut child =
        home.command(&["call", "list-machines", "--top", "1"]).spawn().expect("the command starts");
    while !simulator.log().iter().any(|arrival| arrival.path == "/api/machines") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().and_then(|()| child.wait()).expect("it can be killed");
    // Its slot was in flight: it frees when its lease is over, and a period later.
    home.run(&["call", "list-machines", "--top", "1", "--deadline", "60s"]).done();
}
