//! What the sandbox costs: the same work by a native client and by the component through the whole host, side by side.
//!
//! `cargo bench` prints pairs with their ratios, measured in one run, alternating, against a server on loopback that
//! answers from memory. The numbers depend on the machine; the ratios are what to look at.

#![allow(clippy::disallowed_macros, reason = "its figures are for who runs it")]

mod api;
mod native;
mod sandboxed;
mod startup;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio::runtime::Runtime;

/// The allocator of the program that is shipped, for both sides.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often each pair is measured. The middle of each side counts: on few cores, now and then a round is twice as fast
/// because client and server happen to share one, and no round like it follows.
const ROUNDS: usize = 7;

fn main() {
    let api = api::Api::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("the machine has threads");
    let native = Arc::new(native::Client::new(api.origin()));
    let sandboxed = Arc::new(sandboxed::Client::new(api.origin()));
    let (native, sandboxed) = (&native, &sandboxed);

    println!("{:<34} {:>14} {:>14} {:>8}  mark", "", "native", "component", "ratio");
    let one = pair(
        || per_call(&runtime, 2_000, native, |client| Box::pin(client.alert())),
        || per_call(&runtime, 2_000, sandboxed, |client| Box::pin(client.alert())),
    );
    row("one GET after another", one, |seconds| format!("{:.0} µs", seconds * 1e6), "<= 3x");

    let many = pair(
        || per_second(&runtime, 64, 100_000, native, |client| Box::pin(client.alert())),
        || per_second(&runtime, 64, 40_000, sandboxed, |client| Box::pin(client.alert())),
    );
    row("64 in flight", many, |rate| format!("{rate:.0} /s"), ">= 0.25x");

    let large = pair(
        || per_call(&runtime, 5, native, |client| Box::pin(client.alerts())),
        || per_call(&runtime, 5, sandboxed, |client| Box::pin(client.alerts())),
    );
    row(
        &format!("10,000 alerts ({} MB) in, JSON out", api.alerts_len() / 1_000_000),
        large,
        |seconds| format!("{:.0} ms", seconds * 1e3),
        "<= 2x",
    );

    let start = startup::to_first_request();
    println!("{:<34} {:>14} {:>14} {:>8}  <= 50 ms", "process start to first request", "", millis(start), "");
}

/// Both sides in turn, so that what disturbs one disturbs the other.
fn pair(mut native: impl FnMut() -> f64, mut component: impl FnMut() -> f64) -> (f64, f64) {
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (native(), component())).collect();
    (middle(rounds.iter().map(|round| round.0)), middle(rounds.iter().map(|round| round.1)))
}

fn middle(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Seconds for each of so many calls, one after another, in a task as a server would have it.
fn per_call<C: Send + Sync + 'static>(
    runtime: &Runtime,
    calls: u32,
    client: &Arc<C>,
    call: for<'a> fn(&'a C) -> BoxFuture<'a, usize>,
) -> f64 {
    let client = client.clone();
    let measured = runtime.spawn(async move {
        assert!(call(&client).await > 0, "the reply is empty");
        let began = Instant::now();
        for _ in 0..calls {
            call(&client).await;
        }
        began.elapsed().as_secs_f64() / f64::from(calls)
    });
    runtime.block_on(measured).expect("no call panics")
}

/// Calls in a second, so many at a time, each lane a task of its own.
fn per_second<C: Send + Sync + 'static>(
    runtime: &Runtime,
    lanes: u32,
    calls: u32,
    client: &Arc<C>,
    call: for<'a> fn(&'a C) -> BoxFuture<'a, usize>,
) -> f64 {
    runtime.block_on(async {
        let began = Instant::now();
        let lanes: Vec<_> = (0..lanes)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move {
                    for _ in 0..calls / lanes {
                        call(&client).await;
                    }
                })
            })
            .collect();
        for lane in lanes {
            lane.await.expect("no call panics");
        }
        f64::from(calls) / began.elapsed().as_secs_f64()
    })
}

fn row(what: &str, (native, component): (f64, f64), shown: impl Fn(f64) -> String, mark: &str) {
    let ratio = component / native;
    println!("{what:<34} {:>14} {:>14} {ratio:>7.2}x  {mark}", shown(native), shown(component));
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
