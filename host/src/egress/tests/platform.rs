//! Identities that the platform vouches for: instance metadata, an app's endpoint, a federated token.

use super::*;
use crate::config::Variables;
use crate::connection::ProfileBuilder;
use crate::egress::credential::Refusal;

const JSON: &str = "content-type: application/json\r\n";

/// A reply as the instance metadata service gives it: times are strings.
const GIVEN: &str = r#"{"access_token":"canary-given","client_id":"x","expires_in":"86399","expires_on":"1700000000",
    "ext_expires_in":"86399","not_before":"1","resource":"api","token_type":"Bearer"}"#;

/// An egress with this credential and no API.
fn signing_in(builder: ProfileBuilder, clock: &Arc<Leaping>) -> Egress {
    door(builder.api_url("https://api.example.com").allow_loopback_http(true), clock)
}

fn machine(server: &Server) -> ProfileBuilder {
    Profile::builder()
        .variables(Variables::fixed([("A", "B")]))
        .managed_identity()
        .metadata_endpoint(server.origin())
}

fn app(server: &Server) -> ProfileBuilder {
    let endpoint = format!("{}/msi/token", server.origin());
    let variables = [("IDENTITY_ENDPOINT", endpoint), ("IDENTITY_HEADER", "canary-key".to_owned())];
    Profile::builder().variables(Variables::fixed(variables)).managed_identity_of("id-1")
}

async fn failure(builder: ProfileBuilder, clock: &Arc<Leaping>) -> CredentialError {
    let error = signing_in(builder, clock).sign_in().await.unwrap_err();
    let shown = format!("{error} {error:?} {}", error.hint());
    assert!(!shown.contains("canary"), "{shown}");
    error
}

#[tokio::test]
async fn a_machine_asks_the_metadata_service() {
    let server = Server::start(|_| Act::reply(200, JSON, GIVEN)).await;
    let clock = Arc::default();
    let token = signing_in(machine(&server), &clock).sign_in().await.unwrap().unwrap();
    assert_eq!(token.header(), "Bearer canary-given");
    let life = token.expires().unwrap().since(clock.now());
    assert!(life > Duration::from_secs(86_000), "the life counts, not the service's clock: {life:?}");
    let seen = server.seen().concat();
    let first = "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=api HTTP/1.1\r\n";
    assert!(seen.starts_with(first) && seen.contains("metadata: true\r\n"), "{seen}");

    let other = machine(&server).managed_identity_of("id-1").metadata_endpoint(server.origin());
    signing_in(other.scope("api://x/.default"), &clock).sign_in().await.unwrap();
    let second = "?api-version=2018-02-01&resource=api%3A%2F%2Fx&client_id=id-1 HTTP/1.1";
    assert!(server.seen()[1].contains(second), "{}", server.seen()[1]);
}

#[tokio::test]
async fn an_app_asks_its_own_endpoint_with_its_key() {
    let given =
        r#"{"access_token":"canary-given","expires_on":4102444800,"resource":"api","token_type":"Bearer"}"#;
    let server = Server::start(move |_| Act::reply(200, JSON, given)).await;
    let token = signing_in(app(&server), &Arc::default()).sign_in().await.unwrap().unwrap();
    assert_eq!(token.expires(), Some(Timestamp::from_micros(4_102_444_800_000_000)));
    let seen = server.seen().concat();
    let first = "GET /msi/token?api-version=2019-08-01&resource=api&client_id=id-1 HTTP/1.1\r\n";
    assert!(seen.starts_with(first) && seen.contains("x-identity-header: canary-key\r\n"), "{seen}");
    assert!(!seen.contains("metadata:"), "{seen}");
}

#[tokio::test]
async fn an_endpoint_elsewhere_is_not_asked() {
    for endpoint in [
        "https://127.0.0.1:1/msi/token",
        "http://evil.example/msi/token",
        "http://10.0.0.1/msi/token",
        "http://168.63.129.16/",
        "http://127.0.0.1@evil.example/",
        "http://0x7f.1/",
        "canary",
    ] {
        let variables = [("IDENTITY_ENDPOINT", endpoint), ("IDENTITY_HEADER", "canary-key")];
        let builder = Profile::builder().variables(Variables::fixed(variables)).managed_identity();
        let error = failure(builder, &Arc::default()).await;
        assert!(matches!(error, CredentialError::BadVariable { .. }), "{endpoint}: {error:?}");
    }
    for (endpoint, loopback) in [
        ("http://127.0.0.1:1", false),
        ("http://metadata.example", true),
        ("http://8.8.8.8", true),
        ("http://10.0.0.1", true),
    ] {
        let builder = Profile::builder().managed_identity().metadata_endpoint(endpoint);
        let error =
            builder.allow_loopback_http(loopback).trust(Trust::Connector).build(&manifest()).unwrap_err();
        assert_eq!(error.key(), "auth.metadata-endpoint", "{error}");
    }
}

const BUSY: &str = r#"{"error":"busy"}"#;

#[tokio::test]
async fn a_service_that_is_busy_or_updated_is_asked_again() {
    for (status, waits) in
        [(404, [2, 6, 14, 30]), (410, [10, 20, 20, 25]), (429, [2, 6, 14, 30]), (503, [2, 6, 14, 30])]
    {
        let server = Server::start(move |n| match n {
            5 => Act::reply(200, JSON, GIVEN),
            _ => Act::reply(status, "", BUSY),
        })
        .await;
        let clock = Arc::<Leaping>::default();
        signing_in(machine(&server), &clock).sign_in().await.unwrap();
        assert_eq!(server.seen().len(), 5, "{status}");
        let slept: Vec<u64> = clock.slept().iter().map(|wait| wait.as_secs_f64().round() as u64).collect();
        assert_eq!(slept, waits, "{status}");

        let server = Server::start(move |_| Act::reply(status, "", BUSY)).await;
        let error = failure(machine(&server), &Arc::default()).await;
        assert!(matches!(error, CredentialError::Refused { refusal: Refusal::Unavailable, .. }), "{error:?}");
        assert!(error.is_transient() && server.seen().len() == 5);
    }
}

#[tokio::test]
async fn a_machine_without_the_identity_is_told_so_at_once() {
    let body = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;
    for (act, expected) in [
        (
            Act::reply(400, JSON, body),
            "this machine or app has no such identity (invalid_request: Identity not found)",
        ),
        (Act::reply(403, JSON, "{\"error\":{\"canary\":1}}"), "(status 403)"),
    ] {
        let server = Server::start(move |_| act.clone()).await;
        let error = failure(machine(&server), &Arc::default()).await;
        assert!(matches!(error, CredentialError::Refused { refusal: Refusal::NoIdentity, .. }), "{error:?}");
        assert!(error.to_string().contains(expected) && !error.is_transient(), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
    let body = r#"{"statusCode":400,"message":"No User Assigned Identity for canary-key"}"#;
    let server = Server::start(move |_| Act::reply(400, JSON, body)).await;
    let error = failure(app(&server), &Arc::default()).await;
    assert!(error.to_string().contains("No User Assigned Identity for (secret)"), "{error}");
}

#[tokio::test]
async fn another_clouds_metadata_service_is_told_from_azures() {
    for (status, body) in [(400, "canary"), (401, ""), (403, "{}"), (404, "<html>canary"), (405, "[]")] {
        let server = Server::start(move |_| Act::reply(status, "", body)).await;
        let error = failure(machine(&server), &Arc::default()).await;
        assert!(matches!(error, CredentialError::ForeignMetadata { .. }), "{error:?}");
        assert!(error.to_string().contains(&server.origin()) && !error.is_transient(), "{error}");
        assert!(error.hint().to_string().contains("may not be an Azure machine"), "{}", error.hint());
    }
}

#[tokio::test]
async fn a_machine_elsewhere_has_no_metadata_service() {
    let server = Server::start(|_| Act::CloseAtOnce).await;
    for endpoint in ["http://127.0.0.1:1".to_owned(), server.origin()] {
        let builder = Profile::builder().managed_identity().metadata_endpoint(endpoint);
        let error = failure(builder, &Arc::default()).await;
        assert!(matches!(error, CredentialError::NoManagedIdentity { .. }), "{error:?}");
        assert!(error.hint().to_string().contains("only Azure's machines"), "{}", error.hint());
    }
}

#[tokio::test]
async fn a_metadata_reply_that_is_no_token_is_said_to_be_one() {
    for (act, expected) in [
        (Act::reply(200, JSON, ""), "not the JSON"),
        (Act::reply(200, "", "<html>canary"), "a web page"),
        (Act::reply(200, JSON, "{\"access_token\":[\"canary\"]}"), "not the JSON"),
        (Act::reply(302, "location: http://evil.example/\r\n", ""), "redirects"),
        (Act::reply(200, JSON, &" ".repeat((1 << 20) + 1)), "larger than 1048576 bytes"),
    ] {
        let server = Server::start(move |_| act.clone()).await;
        let error = failure(machine(&server), &Arc::default()).await;
        assert!(matches!(error, CredentialError::JunkReply { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

const BOUGHT: &str = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"canary-bought"}"#;

#[tokio::test]
async fn a_federated_token_is_read_anew_and_buys_a_token() {
    let server = Server::start(|_| Act::reply(200, JSON, BOUGHT)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let variables = Variables::fixed([
        ("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap()),
        ("AZURE_CLIENT_ID", "app-1"),
        ("AZURE_TENANT_ID", "tenant-1"),
        ("AZURE_AUTHORITY_HOST", &format!("{}/", server.origin())),
    ]);
    let door = signing_in(Profile::builder().workload_identity().variables(variables), &Arc::default());
    let missing = door.sign_in().await.unwrap_err();
    assert!(matches!(missing, CredentialError::SecretFile { .. }), "{missing:?}");
    std::fs::write(&file, "canary.one.sig\n").unwrap();
    let token = door.sign_in().await.unwrap().unwrap();
    assert_eq!(token.header(), "Bearer canary-bought");
    std::fs::write(&file, "canary.two.sig").unwrap();
    door.credential.as_ref().unwrap().invalidate(&token);
    door.sign_in().await.unwrap();

    let seen = server.seen();
    assert!(seen[0].starts_with("POST /tenant-1/oauth2/v2.0/token HTTP/1.1\r\n"), "{}", seen[0]);
    for part in [
        "grant_type=client_credentials",
        "client_id=app-1",
        "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
        "client_assertion=canary.one.sig",
        "scope=api%2F.default",
    ] {
        assert!(seen[0].contains(part), "{part}: {}", seen[0]);
    }
    assert!(!seen[0].contains("client_secret") && !seen[0].to_lowercase().contains("authorization:"));
    assert!(seen[1].contains("client_assertion=canary.two.sig"), "{}", seen[1]);
}

#[tokio::test]
async fn what_is_configured_comes_before_the_platforms_variables() {
    let server = Server::start(|_| Act::reply(200, JSON, BOUGHT)).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "canary.one.sig").unwrap();
    let variables = Variables::fixed([
        ("AZURE_FEDERATED_TOKEN_FILE", "/no/such/file"),
        ("AZURE_CLIENT_ID", "other"),
        ("AZURE_TENANT_ID", "other"),
        ("AZURE_AUTHORITY_HOST", "http://127.0.0.1:1/"),
    ]);
    let builder = Profile::builder()
        .variables(variables)
        .authority(server.origin())
        .tenant("contoso.com")
        .workload_identity_of("app-2", file.path());
    signing_in(builder, &Arc::default()).sign_in().await.unwrap();
    let seen = server.seen().concat();
    assert!(seen.starts_with("POST /contoso.com/oauth2") && seen.contains("client_id=app-2"), "{seen}");
}

#[tokio::test]
async fn a_workload_without_an_identity_is_told_what_is_missing() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let all = [("AZURE_FEDERATED_TOKEN_FILE", path), ("AZURE_CLIENT_ID", "a"), ("AZURE_TENANT_ID", "b")];
    for (missing, _) in all {
        let rest = all.into_iter().filter(|(name, _)| *name != missing);
        let builder = Profile::builder().workload_identity().variables(Variables::fixed(rest));
        let error = failure(builder, &Arc::default()).await;
        assert!(matches!(error, CredentialError::NoWorkloadIdentity { .. }), "{error:?}");
        assert!(error.to_string().contains(missing) && error.hint().to_string().contains(missing), "{error}");
    }
    for (name, value) in [
        ("AZURE_TENANT_ID", "../canary"),
        ("AZURE_CLIENT_ID", "a canary"),
        ("AZURE_AUTHORITY_HOST", "canary"),
    ] {
        let variables = Variables::fixed(all.into_iter().chain([(name, value)]));
        let error =
            failure(Profile::builder().workload_identity().variables(variables), &Arc::default()).await;
        assert!(
            matches!(&error, CredentialError::BadVariable { variable, .. } if **variable == *name),
            "{error:?}"
        );
    }
    // An explicitly named cloud is not overridden, and no variable may cause an assertion to be sent
    // unencrypted.
    let insecure = [("AZURE_AUTHORITY_HOST", "http://login.example.com/")];
    std::fs::write(&file, "canary").unwrap();
    let variables = Variables::fixed(all.into_iter().chain(insecure));
    let error = failure(Profile::builder().workload_identity().variables(variables), &Arc::default()).await;
    assert!(matches!(error, CredentialError::AuthorityDenied { .. }), "{error:?}");
}

#[tokio::test]
async fn a_refused_assertion_says_what_to_do() {
    for (code, error, expected) in [
        (70_021, "invalid_request", Refusal::NoFederation),
        (700_213, "invalid_client", Refusal::NoFederation),
        (700_024, "invalid_client", Refusal::WrongTime),
        (700_027, "invalid_client", Refusal::UnknownCertificate),
        (1_000_502, "invalid_client", Refusal::ExpiredCertificate),
        (700_016, "unauthorized_client", Refusal::UnknownClient),
        (0, "invalid_client", Refusal::WrongAssertion),
    ] {
        let said = if code == 0 { String::new() } else { format!("AADSTS{code}: canary.one.sig") };
        let body = format!("{{\"error\":\"{error}\",\"error_description\":\"{said}\"}}");
        let server = Server::start(move |_| Act::reply(400, JSON, &body)).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "canary.one.sig").unwrap();
        let builder = Profile::builder()
            .authority(server.origin())
            .tenant("contoso.com")
            .workload_identity_of("app-1", file.path());
        let error = failure(builder, &Arc::default()).await;
        assert!(
            matches!(error, CredentialError::Refused { refusal, .. } if refusal == expected),
            "{error:?}"
        );
    }
}
