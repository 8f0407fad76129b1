//! `--all`: where it ends, and what it says of that.

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde_json::{Value, json};

use crate::support::home::{Home, Outcome, simulator};

/// How an API links its pages, of which each has one machine: from a page to the next, if there is one.
type Links = fn(page: u64) -> Option<u64>;

/// A home whose connection is to an API that links its pages so, and answers each after that time.
async fn linked(links: Links, delay: Duration) -> Home {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback is there");
    let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
    let home = Home::with_secret("token");
    home.configure(&format!(
        "[connections.default]\napi-url = \"{origin}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"token\"\ntoken-env = \"{}\"\n",
        crate::support::home::SECRET
    ));
    let router = Router::new().route("/api/machines", get(page)).with_state((origin, links, delay));
    tokio::spawn(async move { axum::serve(listener, router).await });
    home
}

async fn page(
    State((origin, links, delay)): State<(String, Links, Duration)>,
    Query(query): Query<Vec<(String, String)>>,
) -> axum::Json<Value> {
    tokio::time::sleep(delay).await;
    let page =
        query.iter().find(|(name, _)| name == "$skip").map_or(0, |(_, page)| page.parse().unwrap_or(0));
    let mut reply = json!({ "value": [{ "id": format!("m{page}") }] });
    if let Some(next) = links(page) {
        reply["@odata.nextLink"] = json!(format!("{origin}/api/machines?$skip={next}"));
    }
    axum::Json(reply)
}

async fn call(home: &Home, words: &[&str]) -> Outcome {
    let mut command = home.command(&[&["call", "list-machines", "--all"], words].concat());
    let run = move || command.output().expect("the command starts").into();
    tokio::task::spawn_blocking(run).await.expect("it ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn next_links_in_a_circle_are_an_unexpected_reply() {
    let circles: [Links; 3] = [|page| Some(if page == 2 { 1 } else { page + 1 }), |_| Some(0), |_| Some(1)];
    for links in circles {
        let home = linked(links, Duration::ZERO).await;
        let outcome = call(&home, &["--output", "json"]).await;
        assert_eq!((outcome.code, &*outcome.stdout), (9, ""), "{outcome:?}");
        let error = &outcome.error()["error"];
        assert_eq!(error["case"], "permanent-unexpected-reply");
        assert!(error["message"].as_str().is_some_and(|text| text.contains("was there before")), "{error}");
    }
    let home = linked(|page| (page < 5).then_some(page + 1), Duration::ZERO).await;
    let whole = call(&home, &["--output", "json"]).await.done().json();
    assert_eq!(whole["value"].as_array().map(Vec::len), Some(6), "a list that ends is whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_holds_for_all_pages_together() {
    let home = linked(|page| (page < 40).then_some(page + 1), Duration::from_millis(500)).await;
    let began = Instant::now();
    let outcome = call(&home, &["--deadline", "3s", "--output", "ndjson"]).await;
    let took = began.elapsed();
    assert_eq!(outcome.code, 7, "{outcome:?}");
    assert!(
        outcome.stderr.contains("within the deadline of 3 s") && outcome.stderr.contains("hint: "),
        "{outcome:?}"
    );
    let pages = outcome.stdout.lines().count();
    assert!((1..=6).contains(&pages), "{pages} pages came");
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(15), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_says_that_top_ended_the_list() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let call = |words: &[&str]| home.run(&[&["call", "list-machines", "--all"], words].concat()).done();
    let said = "--top 2 ended the list: there may be more\nhint: --all without --top fetches all\n";
    for format in ["json", "ndjson", "csv"] {
        let outcome = call(&["--top", "2", "--output", format]);
        assert_eq!(outcome.stderr, said);
    }
    let input = call(&["--input", r#"{"$top": 2}"#]);
    assert_eq!((input.json()["value"].as_array().map(Vec::len), &*input.stderr), (Some(2), said));
    assert_eq!(call(&["--top", "500", "--output", "json"]).stderr, "", "the list ended by itself");
    let one = home.run(&["call", "list-machines", "--top", "2", "--output", "json"]).done();
    assert_eq!(one.stderr, "", "who does not ask for all gets what was asked for");
}
