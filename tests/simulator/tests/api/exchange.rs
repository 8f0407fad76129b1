//! Paths, methods and bodies that no well-meaning client sends, and the log of what was sent.

use std::io::{Read as _, Write as _};

use defender_simulator::names;
use reqwest::Method;
use serde_json::json;

use crate::support::{World, answer, assert_error};

#[tokio::test]
async fn unknown_paths_and_methods() {
    let world = World::new().await;
    for path in [
        "/",
        "/api",
        "/api/",
        "/api/alerts//",
        "/api/v2.0/alerts",
        "/api/alerts/a/b",
        "/alerts",
        "/api/machines//isolate",
    ] {
        assert_error(world.get(path).await, 404, "ResourceNotFound");
    }
    for (method, path, allowed) in [
        (Method::DELETE, "/api/alerts/x", "GET, PATCH"),
        (Method::GET, "/api/machines/x/isolate", "POST"),
        (Method::POST, "/api/alerts", "GET"),
    ] {
        let response = world.send(method, path, None).await;
        assert_eq!(response.headers()["allow"], allowed);
        assert_error(answer(response).await, 405, "BadRequest");
    }
    assert_eq!(world.send(Method::GET, "/API/ALERTS", None).await.status(), 200);
}

#[tokio::test]
async fn bodies_where_none_belong_and_bodies_too_large() {
    let world = World::new().await;
    let response = world.send(Method::GET, "/api/alerts", Some(&json!({}))).await;
    assert_error(answer(response).await, 400, "BadRequest");
    let url = format!("{}/api/machines/x/isolate", world.simulator.url());
    let huge = vec![b' '; 16 * 1024 * 1024 + 1];
    let request = world.client.post(url).bearer_auth(&world.token).header("content-type", "application/json");
    if let Ok(response) = request.body(huge).send().await {
        assert_eq!(response.status(), 413);
    }
}

#[tokio::test]
async fn broken_encodings() {
    let world = World::new().await;
    for path in [
        "/api/alerts/%zz",
        "/api/alerts/%ff",
        "/api/machines/a%",
        "/api/alerts?$filter=%ff",
        "/api/alerts?$top=%4",
    ] {
        assert_error(world.get(path).await, 400, "BadRequest");
    }
    assert_error(world.get("/api/alerts/%00%0a").await, 404, "ResourceNotFound");
}

#[tokio::test]
async fn the_log_keeps_what_arrived_as_it_arrived() {
    let world = World::new().await;
    world.simulator.clear_log();
    world.get("/api/Machines?$filter=computerDnsName+eq+'a%20b'&$top=1").await;
    let body = json!({"Comment": "ü", "IsolationType": "Full"});
    world.post(&format!("/api/machines/{}%2F..%2Fx/isolate", names::DESKTOP.id), &body).await;
    let log = world.simulator.log();
    assert_eq!(log.len(), 2);
    assert_eq!((log[0].path.as_str(), log[0].operation), ("/api/Machines", Some("GetMachines")));
    // The client's own encoding is kept, not decoded.
    assert!(log[0].query.as_deref().unwrap().contains("%20b"), "{:?}", log[0].query);
    assert!(log[1].path.ends_with("%2F..%2Fx/isolate"), "{}", log[1].path);
    assert_eq!(log[1].body(), body.to_string().as_bytes());
    assert_eq!((log[0].status(), log[1].status()), (Some(200), Some(404)));
    assert_eq!(log[1].header("content-type"), Some("application/json"));
    assert_eq!(log[0].header("authorization"), Some(format!("Bearer {}", world.token).as_str()));
    assert!(log[0].sequence < log[1].sequence && log[0].arrived <= log[1].arrived);
}

/// Bytes that are hardly HTTP do not stop the simulator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn junk_on_the_wire() {
    let world = World::new().await;
    let address = world.simulator.url().trim_start_matches("http://").to_owned();
    for junk in [
        b"\0\0\0\0".as_slice(),
        b"GET /api/alerts\r\n\r\n",
        b"POST /api/advancedqueries/run HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab",
        b"GET /api/alerts/\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET http://elsewhere/api/alerts HTTP/1.1\r\nhost: x\r\nauthorization: \xff\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let address = address.clone();
        let sent = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address)?;
            stream.write_all(junk)?;
            stream.shutdown(std::net::Shutdown::Write)?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)
        });
        let _ = sent.await.unwrap();
    }
    assert_eq!(world.get("/api/alerts").await.0, 200);
}

#[tokio::test]
async fn it_stops_and_frees_its_port() {
    let world = World::new().await;
    let (url, handle) = (world.simulator.url().to_owned(), world.simulator.handle().clone());
    world.simulator.shutdown().await;
    assert!(world.client.get(format!("{url}/api/alerts")).send().await.is_err());
    assert_eq!(handle.url(), url);
}
