//! Which connections are reused, and which are not because they may be closing.

use super::*;
use crate::manifest::Limit;

async fn read(door: &Egress, server: &Server) {
    text(door.send(&purpose(Effect::Read), get(server, "/")).await.unwrap()).await.unwrap();
}

async fn change(door: &Egress, server: &Server) {
    text(door.send(&purpose(Effect::Write), post(server, "/")).await.unwrap()).await.unwrap();
}

async fn pass(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

#[tokio::test]
async fn a_change_uses_a_connection_that_was_used_a_moment_ago_or_a_new_one() {
    let server = Server::start(|_| Act::reply(200, "", "ok")).await;
    let door = door(profile(&server), &Arc::default());
    for _ in 0..3 {
        change(&door, &server).await;
    }
    assert_eq!(server.connections(), 1);
    pass(700).await;
    change(&door, &server).await;
    assert_eq!(server.connections(), 2, "a server may be closing the first");
}

#[tokio::test]
async fn a_read_uses_any_idle_connection() {
    let server = Server::start(|_| Act::reply(200, "", "ok")).await;
    let door = door(profile(&server), &Arc::default());
    read(&door, &server).await;
    pass(700).await;
    read(&door, &server).await;
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_announced_keep_alive_is_honoured() {
    for (header, connections) in [("keep-alive: timeout=1\r\n", 2), ("keep-alive: timeout=30, max=9\r\n", 1)]
    {
        let server = Server::start(move |_| Act::reply(200, header, "ok")).await;
        let door = door(profile(&server), &Arc::default());
        read(&door, &server).await;
        read(&door, &server).await;
        assert_eq!(server.connections(), 1, "{header}");
        pass(800).await;
        read(&door, &server).await;
        assert_eq!(server.connections(), connections, "{header}");
    }
}

/// A server closes idle connections just as changes are sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_do_not_race_with_a_server_that_closes_idle_connections() {
    const IDLE: u64 = 1000;
    let server = Server::start(|_| {
        Act::ReplyThenClose(
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".into(),
            Duration::from_millis(IDLE),
        )
    })
    .await;
    let door = door(profile(&server).quota(Limit { calls: 10_000, period_seconds: 60 }), &Arc::default());
    let around = |number: u64| {
        let (door, server) = (&door, &server);
        async move {
            change(door, server).await;
            pass(IDLE - 12 + number % 25).await;
            change(door, server).await;
        }
    };
    futures::future::join_all((0..100).map(around)).await;
    assert_eq!(server.seen().len(), 200);
}
