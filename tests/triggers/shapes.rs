//! Triggers of a connector that the host has never heard of, whose manifest does not name them either.

use connector_host::Host;

use super::world::{ids, lines};
use crate::serve::world::{Serving, by_hand, configure, until};
use crate::support::guests;
use crate::support::home::{Home, Outcome};
use crate::support::server::{Answer, Server};

fn home(server: &Server) -> Home {
    let home = Home::empty();
    home.configure(&format!(
        "[connections.default]\napi-url = \"{}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"none\"\n",
        server.origin()
    ));
    home
}

fn run(home: &Home, words: &[&str]) -> Outcome {
    let echo = guests::build("echo-connector").display().to_string();
    tokio::task::block_in_place(|| home.run(&[&["--component", &echo], words].concat()))
}

#[test]
fn triggers_are_found_by_the_shape_of_their_functions() {
    let host = Host::builder().concurrency(1).build().expect("the engine starts");
    let connector = host.load_file(guests::build("echo-connector")).expect("it is a connector");
    assert!(connector.manifest().triggers.is_empty(), "the manifest tells none");
    let polled = connector.triggers();
    let polled: Vec<_> = polled.iter().map(|trigger| (&*trigger.name, &*trigger.function)).collect();
    assert_eq!(polled, [("news", "poll-news")]);
    let pushed = connector.pushed_triggers();
    let pushed: Vec<_> = pushed.iter().map(|trigger| (&*trigger.name, trigger.subscribes())).collect();
    assert_eq!(pushed, [("news", false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_is_found_by_its_shape_is_watched() {
    let server = Server::start().await.expect("loopback has a free port");
    let say = |news: &str| server.answer(Answer { status: 200, body: news.into(), ..Answer::default() });
    let home = home(&server);
    let watch = ["watch", "news", "--to", "-", "--once"];

    say("one\ntwo\nthree\nfour\nfive");
    let got = lines(&run(&home, &watch).done().stdout);
    assert_eq!(ids(&got), ["one", "two", "three", "four", "five"]);
    assert_eq!((&got[0]["type"], &got[0]["data"]), (&"echo.news".into(), &"ONE".into()));
    assert_eq!(server.received().len(), 3, "it went on for as long as there was more");

    say("one\ntwo\nthree\nfour\nfive\nsix");
    assert_eq!(ids(&lines(&run(&home, &watch).done().stdout)), ["six"], "it goes on where it left off");
    run(&home, &["watch", "opinions", "--to", "-", "--once"]).usage("no trigger `opinions`");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_is_read_by_its_shape_is_delivered() {
    let server = Server::start().await.expect("loopback has a free port");
    let home = home(&server);
    configure(&home, &by_hand("pushed", "-").replace("new-alerts", "news"));
    let echo = guests::build("echo-connector").display().to_string();
    let serving = Serving::start(&home, &["--component", &echo], &[]).await;
    serving.ready().await;
    let status = serving.notify("pushed", "\"seven eight\"").await.expect("it answers").status();
    assert_eq!(status, 200);
    until("both arrive", || serving.stdout().lines().count() >= 2).await;
    assert_eq!(ids(&lines(&serving.stdout())), ["seven", "eight"]);
}
