//! Pages that are larger than what is taken in.

use super::world::{alerts, answer, api, events, home, ids, receiver, watching, without_repeats};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_too_large_is_asked_for_in_parts() {
    let api = api().await;
    let home = home(&api);
    let text = std::fs::read_to_string(home.config()).expect("there is a configuration");
    home.configure(
        &text.replace("[connections.default]\n", "[connections.default]\nmax-reply-bytes = 60000\n"),
    );
    let start = api.clock().now();
    let receiver = receiver(200).await;
    let (to, since) = (receiver.origin(), start.to_string());
    let words = watching(&to, &since, "20ms");
    let mut child = home.command(&words).stderr(std::process::Stdio::piped()).spawn().expect("it starts");
    // A watch that was once answered goes on.
    let first = alerts(&api, start, 0..1);
    let mut arrived = Vec::new();
    while arrived.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        arrived.extend(ids(&events(&receiver.received())));
    }
    let expected = [first, alerts(&api, start, 1..600)].concat();
    let began = std::time::Instant::now();
    while arrived.last() != expected.last() && began.elapsed().as_secs() < 120 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        arrived.extend(ids(&events(&receiver.received())));
    }
    child.kill().expect("it can be killed");
    let said = child.wait_with_output().expect("it ends").stderr;
    assert!(String::from_utf8_lossy(&said).contains("the poll failed"), "the first page was not too large");
    let arrived = without_repeats(arrived);
    assert!(arrived == expected, "{} arrived, or not in order", arrived.len());

    answer(&receiver, 200, &[]);
    let few = ["watch", "new-alerts", "--to", &to, "--once", "--allow-loopback-http", "--page-size", "50"];
    let mut command = home.command(&few);
    let more = alerts(&api, start, 600..700);
    let status = tokio::task::spawn_blocking(move || command.status().expect("it starts")).await;
    assert!(status.expect("it ends").success());
    let mut got = ids(&events(&receiver.received()));
    // What was delivered when the first was killed, and not yet noted, comes again.
    if got.first() == arrived.last() {
        got.remove(0);
    }
    assert_eq!(got, more);
}
