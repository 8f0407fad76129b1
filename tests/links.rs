//! Links to a next page, as the API gives them: followed at the connection's own origin, or not at all.

use std::time::Duration;

use connector_host::FailureCase;
use serde_json::json;

use crate::support::connect;
use crate::support::home::{Home, SECRET};
use crate::support::server::{Answer, Server};

const TIME: Duration = Duration::from_secs(30);

fn page(id: &str, link: Option<&str>) -> Answer {
    let mut body = json!({ "value": [{ "id": id }] });
    if let Some(link) = link {
        body["@odata.nextLink"] = link.into();
    }
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Answer { status: 200, headers, body: body.to_string().into_bytes(), ..Answer::default() }
}

#[tokio::test]
async fn a_next_link_of_a_newer_region_is_followed_on_the_connections_own_origin() {
    let server = Server::start().await.expect("loopback is there");
    let connection = connect(&server.origin(), "token");
    for host in [
        "api-eu3.securitycenter.microsoft.com",
        "api-us3.securitycenter.windows.com",
        "api-au.securitycenter.microsoft.com",
        "swb2.api.security.microsoft.com",
        "api-gov.securitycenter.microsoft.us",
    ] {
        let link = format!("https://{host}/api/machines?$skip=10000");
        server.answer(page("m1", Some(&link)));
        let mut pages = connection.pages(TIME, "list-machines", json!({})).expect("there is such an action");
        let first = pages.next().await.expect("there is a page").expect("the server answers");
        assert_eq!(first.next_link(), Some(&*link));
        server.answer(page("m2", None));
        let second = pages.next().await.expect("there is another").expect("the server answers");
        assert_eq!(second.value()["value"], json!([{ "id": "m2" }]), "{host}");
        assert!(pages.next().await.is_none());
        let targets: Vec<String> = server.received().into_iter().map(|request| request.target).collect();
        assert_eq!(targets, ["/api/machines", "/api/machines?$skip=10000"], "{host}");
    }
}

#[tokio::test]
async fn a_link_of_the_apis_that_leads_elsewhere_is_an_unexpected_reply() {
    let server = Server::start().await.expect("loopback is there");
    let elsewhere = Server::start().await.expect("loopback is there");
    let connection = connect(&server.origin(), "token");
    for link in [
        &*format!("{}/api/machines?$skip=1", elsewhere.origin()),
        "https://elsewhere.test/api/machines?$skip=1",
        "https://api-eu3.securitycenter.microsoft.com.elsewhere.test/api/machines",
        "/api/machines?$skip=1",
        "machines?$skip=1",
        "?$skip=1",
        "",
        "https://",
        "javascript:alert(1)",
        &*format!("{}/api/alerts", server.origin()),
    ] {
        server.answer(page("m1", Some(link)));
        let mut pages = connection.pages(TIME, "list-machines", json!({})).expect("there is such an action");
        pages.next().await.expect("there is a page").expect("the page itself is sound");
        let failure = pages.next().await.expect("it is not the end").expect_err(link).failure();
        assert_eq!(failure.case, FailureCase::PermanentUnexpectedReply, "{link}: {failure:?}");
        assert!(failure.message.starts_with("the API's link to the next page "), "{}", failure.message);
        assert_eq!(failure.parameter, None, "the caller is not to blame");
        assert!(pages.next().await.is_none());
        assert_eq!((server.received().len(), elsewhere.received().len()), (1, 0), "{link}");

        let by_hand = connection.call("list-machines", json!({ "nextLink": link })).await;
        let failure = by_hand.expect_err("the caller gave it").failure();
        assert_eq!(failure.case, FailureCase::PermanentInvalidInput, "{link}: {failure:?}");
        assert_eq!(failure.parameter.as_deref(), Some("nextLink"));
        assert!(server.received().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_link_ends_a_listing_with_exit_code_9() {
    let server = Server::start().await.expect("loopback is there");
    let home = Home::with_secret("token");
    home.configure(&format!(
        "[connections.default]\napi-url = \"{}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"token\"\ntoken-env = \"{SECRET}\"\n",
        server.origin()
    ));
    server.answer(page("m1", Some("https://elsewhere.test/api/machines?$skip=1")));
    let listed = home.run(&["call", "list-machines", "--all", "--output", "json"]);
    assert_eq!(listed.code, 9, "{listed:?}");
    assert_eq!(listed.error()["error"]["case"], "permanent-unexpected-reply");
    assert_eq!(server.received().len(), 1);
}
