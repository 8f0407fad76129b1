//! The promise itself: whenever the API sees the requests, no window contains more than the limit.

use super::*;

/// A request: when it comes, how long it is in flight, when within that time the API sees it (in thousandths), and
/// whether it has an action limit, or leaves after a while.
#[derive(Debug, Clone)]
struct Request {
    comes_ms: u64,
    takes_ms: u64,
    seen: u64,
    action: Option<usize>,
    patience_ms: Option<u64>,
}

const ACTIONS: [(&str, [Limit; 2]); 2] = [
    ("hunt", [Limit { calls: 2, period_seconds: 7 }, Limit { calls: 3, period_seconds: 11 }]),
    ("fetch", [Limit { calls: 1, period_seconds: 3 }, Limit { calls: 9, period_seconds: 20 }]),
];

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let request = (
        0..30_000_u64,
        prop_oneof![0..50_u64, 0..20_000_u64],
        0..=1000_u64,
        prop::option::weighted(0.4, 0..ACTIONS.len()),
        prop::option::weighted(0.2, 0..20_000_u64),
    );
    let request = request.prop_map(|(comes_ms, takes_ms, seen, action, patience_ms)| Request {
        comes_ms,
        takes_ms,
        seen,
        action,
        patience_ms,
    });
    prop::collection::vec(request, 1..40)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What the API saw: when, and for which action.
type Seen = Arc<Mutex<Vec<(Timestamp, Option<usize>)>>>;

async fn send(quota: Quota, clock: Arc<TestClock>, request: Request, seen: Seen) {
    clock.sleep_until(start().saturating_add(ms(request.comes_ms))).await;
    let (action, limits): (_, &[Limit]) = match request.action {
        Some(index) => (ACTIONS[index].0, &ACTIONS[index].1),
        None => ("list", &[]),
    };
    let admission = quota.admit(action, limits, None);
    let permit = match request.patience_ms {
        None => admission.await.unwrap(),
        Some(patience) => {
            let leaves = clock.sleep_until(clock.now().saturating_add(ms(patience)));
            match futures::future::select(Box::pin(admission), leaves).await {
                futures::future::Either::Left((permit, _)) => permit.unwrap(),
                futures::future::Either::Right(_) => return,
            }
        }
    };
    let admitted = clock.now();
    let at = admitted.saturating_add(ms(request.takes_ms * request.seen / 1000));
    seen.lock().unwrap().push((at, request.action));
    clock.sleep_until(admitted.saturating_add(ms(request.takes_ms))).await;
    drop(permit);
}

/// Steps from one event to the next until all is done.
async fn play(world: &World, tasks: Vec<tokio::task::JoinHandle<()>>) {
    world.settle().await;
    while tasks.iter().any(|task| !task.is_finished()) {
        let next = world.clock.next_wake().expect("somebody waits, and nobody is going to wake");
        world.clock.set(next);
        world.settle().await;
    }
    for task in tasks {
        task.await.unwrap();
    }
}

fn most_in_a_window(mut times: Vec<Timestamp>, period: Duration) -> usize {
    times.sort_unstable();
    let within = |from: &Timestamp| times.iter().filter(|at| *at >= from && at.since(*from) < period).count();
    times.iter().map(within).max().unwrap_or_default()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

proptest! {
    #[test]
    fn no_window_holds_more_than_the_limit(
        requests in requests(),
        calls in 1..5_u32,
        period in 1..10_u32,
        doors in 1..3_usize,
    ) {
        let times = runtime().block_on(async {
            let world = World::new();
            let quotas: Vec<_> = (0..doors).map(|_| world.quota(calls, period)).collect();
            let seen = Seen::default();
            let tasks = requests.iter().enumerate().map(|(index, request)| {
                let quota = quotas[index % doors].clone();
                tokio::spawn(send(quota, Arc::clone(&world.clock), request.clone(), Arc::clone(&seen)))
            });
            play(&world, tasks.collect()).await;
            let usage = quotas[0].usage().await.unwrap();
            assert_eq!(usage.waiting, 0);
            seen.lock().unwrap().clone()
        });
        let period = Duration::from_secs(period.into());
        let most = most_in_a_window(times.iter().map(|(at, _)| *at).collect(), period);
        prop_assert!(most <= calls as usize, "{most} in a window");
        for (index, (action, limits)) in ACTIONS.iter().enumerate() {
            let own: Vec<_> = times.iter().filter(|(_, of)| *of == Some(index)).map(|(at, _)| *at).collect();
            for limit in limits {
                let most = most_in_a_window(own.clone(), limit.period());
                prop_assert!(most <= limit.calls as usize, "{most} in a window of {action}");
            }
        }
    }

    /// If requests take no time, none of the quota is lost.
    #[test]
    fn nothing_is_lost(count in 1..60_u64, calls in 1..8_u32, period in 1..10_u32) {
        let took = runtime().block_on(async {
            let world = World::new();
            let quota = world.quota(calls, period);
            let request = Request { comes_ms: 0, takes_ms: 0, seen: 0, action: None, patience_ms: None };
            let seen = Seen::default();
            let tasks = (0..count)
                .map(|_| tokio::spawn(send(quota.clone(), Arc::clone(&world.clock), request.clone(), Arc::clone(&seen))));
            play(&world, tasks.collect()).await;
            world.clock.now().since(start())
        });
        let rounds = (count - 1) / u64::from(calls);
        prop_assert_eq!(took, Duration::from_secs(rounds * u64::from(period)));
    }
}
