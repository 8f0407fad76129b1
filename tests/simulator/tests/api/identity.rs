//! The token endpoint, and what its tokens allow.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use defender_simulator::{Settings, names};
use serde_json::{Value, json};

use crate::support::{Answer, World, answer, assert_error, form, request_token};

const SCOPE: &str = "https://api.securitycenter.microsoft.com/.default";

fn endpoint(world: &World) -> String {
    format!("{}/{}/oauth2/v2.0/token", world.simulator.url(), world.simulator.tenant_id())
}

fn claims(token: &str) -> Value {
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap()
}

fn assert_entra((status, body): Answer, expected: u16, error: &str, code: u64) {
    assert_eq!((status, body["error"].as_str()), (expected, Some(error)), "{body}");
    assert_eq!(body["error_codes"], json!([code]));
    let description = body["error_description"].as_str().unwrap();
    assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
    assert!(description.contains(body["trace_id"].as_str().unwrap()));
}

#[tokio::test]
async fn a_secret_buys_a_token() {
    let world = World::new().await;
    let simulator = &world.simulator;
    let (status, body) = request_token(&world.client, &endpoint(&world), form(simulator, SCOPE)).await;
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &json!("Bearer"), &json!(3599)));
    let claims = claims(body["access_token"].as_str().unwrap());
    assert_eq!(claims["aud"], "https://api.securitycenter.microsoft.com");
    assert_eq!(
        (&claims["tid"], &claims["appid"]),
        (&json!(simulator.tenant_id()), &json!(simulator.client_id()))
    );
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3599);
    assert!(claims["roles"].as_array().unwrap().contains(&json!("Machine.Isolate")));

    let own = form(simulator, &format!("{}/.default", simulator.url()));
    assert_eq!(request_token(&world.client, &endpoint(&world), own).await.0, 200);
    let by_domain = endpoint(&world).replace(simulator.tenant_id(), "contoso.onmicrosoft.com");
    assert_eq!(request_token(&world.client, &by_domain, form(simulator, SCOPE)).await.0, 200);

    let pair = STANDARD.encode(format!("{}:{}", simulator.client_id(), simulator.client_secret()));
    let request = world.client.post(endpoint(&world)).header("authorization", format!("Basic {pair}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let response = request.body(format!("grant_type=client_credentials&scope={SCOPE}")).send().await.unwrap();
    assert_eq!(answer(response).await.0, 200);
}

#[tokio::test]
async fn the_older_endpoint_takes_a_resource() {
    let world = World::new().await;
    let url = endpoint(&world).replace("/v2.0", "");
    let form =
        form(&world.simulator, "x").replace("scope=x", "resource=https://api.securitycenter.windows.com");
    let (status, body) = request_token(&world.client, &url, form).await;
    assert_eq!(
        (status, &body["expires_in"], &body["resource"]),
        (200, &json!("3599"), &json!("https://api.securitycenter.windows.com"))
    );
    assert_eq!(request_token(&world.client, &url, "grant_type=client_credentials".to_owned()).await.0, 400);
}

#[tokio::test]
async fn refusals_have_entras_codes() {
    let world = World::new().await;
    let simulator = &world.simulator;
    let good = form(simulator, SCOPE);
    let url = endpoint(&world);
    let ask = async |form: String| request_token(&world.client, &url, form).await;
    assert_entra(ask(good.replace("~secret", "~wrong")).await, 401, "invalid_client", 7_000_215);
    assert_entra(
        ask(good.replace(simulator.client_id(), "nobody")).await,
        400,
        "unauthorized_client",
        700_016,
    );
    assert_entra(ask(good.replace("client_secret", "x")).await, 401, "invalid_client", 7_000_216);
    assert_entra(
        ask(good.replace("client_credentials", "password")).await,
        400,
        "unsupported_grant_type",
        70_003,
    );
    assert_entra(ask(String::new()).await, 400, "invalid_request", 900_144);
    assert_entra(ask(good.replace("scope", "x")).await, 400, "invalid_request", 900_144);
    assert_entra(ask(form(simulator, "openid")).await, 400, "invalid_scope", 70_011);
    assert_entra(ask(form(simulator, "https://x.example/Alert.Read")).await, 400, "invalid_scope", 1_002_012);
    assert_entra(ask(form(simulator, "https://x.example/.default")).await, 400, "invalid_resource", 500_011);
    let elsewhere = url.replace(simulator.tenant_id(), "fabrikam.com");
    assert_entra(
        request_token(&world.client, &elsewhere, good.clone()).await,
        400,
        "invalid_request",
        90_002,
    );
    assert_entra(answer(world.client.get(&url).send().await.unwrap()).await, 400, "invalid_request", 900_561);
}

#[tokio::test]
async fn an_assertion_is_checked_but_for_its_signature() {
    let world = World::new().await;
    let url = endpoint(&world);
    let client = world.simulator.client_id();
    let ask = async |claims: Value| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": "abc"});
        let assertion = format!("{}.{}.{}", part(&header), part(&claims), URL_SAFE_NO_PAD.encode("signed"));
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let form = format!(
            "grant_type=client_credentials&client_id={client}&scope={SCOPE}\
            &client_assertion_type={kind}&client_assertion={assertion}"
        );
        request_token(&world.client, &url, form).await
    };
    let good = json!({"aud": url, "iss": client, "sub": client, "exp": 4_102_444_800_u64});
    assert_eq!(ask(good.clone()).await.0, 200);
    for (key, value) in [("aud", json!("https://elsewhere")), ("sub", json!("x")), ("exp", json!(1))] {
        let mut bad = good.clone();
        bad[key] = value;
        assert_entra(ask(bad).await, 401, "invalid_client", 700_027);
    }
}

#[tokio::test]
async fn discovery_leads_to_the_token_endpoint() {
    let world = World::new().await;
    let base = format!("{}/{}", world.simulator.url(), world.simulator.tenant_id());
    let response =
        world.client.get(format!("{base}/v2.0/.well-known/openid-configuration")).send().await.unwrap();
    let (status, document) = answer(response).await;
    assert_eq!((status, &document["token_endpoint"]), (200, &json!(endpoint(&world))));
    assert_eq!(document["issuer"], format!("{base}/v2.0"));
}

#[tokio::test]
async fn no_token_no_answer() {
    let world = World::new().await;
    let url = format!("{}/api/alerts", world.simulator.url());
    for header in ["Bearer nonsense", "Basic abc", "Bearer", ""] {
        let response = world.client.get(&url).header("authorization", header).send().await.unwrap();
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        assert_error(answer(response).await, 401, "Unauthorized");
    }
    let response = world.client.get(format!("{}/api/nothing", world.simulator.url())).send().await.unwrap();
    assert_eq!(response.status(), 401, "what exists is not told to strangers");
}

#[tokio::test]
async fn tokens_expire() {
    let mut world = World::new().await;
    world.simulator.clock().stop();
    world.advance(3_600_000);
    let response = world.send(reqwest::Method::GET, "/api/alerts", None).await;
    let expected = "Bearer error=\"invalid_token\", error_description=\"The token is expired\"";
    assert_eq!(response.headers()["www-authenticate"], expected);
    assert_error(answer(response).await, 401, "Unauthorized");
    world.renew().await;
    assert_eq!(world.get("/api/alerts").await.0, 200);
    world.simulator.expire_tokens();
    assert_eq!(world.get("/api/alerts").await.0, 401);
    world.simulator.set_settings(Settings { token_lifetime_seconds: 2, ..Settings::default() });
    world.renew().await;
    assert_eq!(world.get("/api/alerts").await.0, 200);
    world.advance(2_000);
    assert_eq!(world.get("/api/alerts").await.0, 401);
}

#[tokio::test]
async fn roles_decide() {
    let mut world = World::new().await;
    for role in world.simulator.roles() {
        world.simulator.revoke_role(&role);
    }
    world.simulator.grant_role("Machine.Isolate");
    assert_eq!(world.get("/api/machines").await.0, 200, "the old token keeps its roles");
    world.renew().await;
    let message = assert_error(world.get("/api/machines").await, 403, "Forbidden");
    let expected = "Missing application roles. API required roles: Machine.Read.All,Machine.ReadWrite.All, \
                    application roles: Machine.Isolate.";
    assert_eq!(message, expected);
    let body = json!({"Comment": "c", "IsolationType": "Full"});
    let isolate = format!("/api/machines/{}/isolate", names::DESKTOP.id);
    assert_eq!(world.post(&isolate, &body).await.0, 201);
    let foreign = form(&world.simulator, "https://graph.microsoft.com/.default");
    let (_, body) = request_token(&world.client, &endpoint(&world), foreign).await;
    world.token = body["access_token"].as_str().unwrap().to_owned();
    assert_error(world.get("/api/machines").await, 403, "Forbidden");
}
