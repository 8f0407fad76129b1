//! The token services of Azure's machines: what they require, and what they refuse.

use serde_json::{Value, json};

use crate::support::{Answer, World, answer};

const RESOURCE: &str = "https%3A%2F%2Fapi.securitycenter.microsoft.com";

async fn ask(world: &World, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = world.client.get(format!("{}{path}", world.simulator.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request.send().await.unwrap()).await
}

async fn good_for(world: &mut World, (status, body): Answer) -> u16 {
    assert_eq!(status, 200, "{body}");
    assert!(body["expires_on"].is_string(), "numbers are strings: {body}");
    world.token = body["access_token"].as_str().unwrap().to_owned();
    world.get("/api/machines").await.0
}

#[tokio::test]
async fn a_machine_is_given_a_token_if_it_asks_rightly() {
    let mut world = World::new().await;
    let path = format!("/metadata/identity/oauth2/token?api-version=2018-02-01&resource={RESOURCE}");
    let metadata = [("metadata", "true")];
    let reply = ask(&world, &path, &metadata).await;
    assert_eq!(good_for(&mut world, reply).await, 200);
    let named = format!("{path}&client_id={}", world.simulator.managed_identity().client_id);
    assert_eq!(ask(&world, &named, &metadata).await.0, 200);

    let refused: [(String, &[(&str, &str)]); 8] = [
        (path.clone(), &[]),
        (path.clone(), &[("metadata", "false")]),
        (path.clone(), &[("metadata", "true"), ("x-forwarded-for", "10.0.0.1")]),
        (path.replace("2018-02-01", "2017-01-01"), &metadata),
        (path.replace("api-version", "version"), &metadata),
        (path.replace("resource", "scope"), &metadata),
        (format!("{path}&client_id=nobody"), &metadata),
        (format!("{named}&object_id={}", world.simulator.managed_identity().object_id), &metadata),
    ];
    for (path, headers) in refused {
        let (status, body) = ask(&world, &path, headers).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "{path}");
        assert_eq!(body["access_token"], Value::Null);
    }
    let unknown = path.replace("securitycenter", "nothing");
    assert_eq!(ask(&world, &unknown, &metadata).await.1["error"], "invalid_resource");
}

#[tokio::test]
async fn an_app_is_given_a_token_if_it_knows_the_header() {
    let mut world = World::new().await;
    let header = world.simulator.managed_identity().header.clone();
    let path = format!("/msi/token?api-version=2019-08-01&resource={RESOURCE}");
    let reply = ask(&world, &path, &[("x-identity-header", &header)]).await;
    assert_eq!(good_for(&mut world, reply).await, 200);
    assert_eq!(ask(&world, &path, &[("x-identity-header", "other")]).await.0, 401);
    assert_eq!(ask(&world, &path, &[("metadata", "true")]).await.0, 401);
}
