//! A person signs in with a code and with a browser.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use defender_simulator::{Consent, Options, Settings};
use reqwest::{Method, Response};
use ring::digest::{SHA256, digest};
use serde_json::Value;
use url::Url;

use crate::support::{Answer, World, answer, request_token};

const SCOPE: &str = "https://api.securitycenter.microsoft.com/.default offline_access openid profile";

struct People {
    world: World,
}

impl People {
    async fn who_say(consent: Consent) -> Self {
        let settings = Settings { consent, ..Settings::default() };
        Self { world: World::with(Options { settings, ..Options::default() }).await }
    }

    fn endpoint(&self, name: &str) -> String {
        let simulator = &self.world.simulator;
        format!("{}/{}/oauth2/v2.0/{name}", simulator.url(), simulator.tenant_id())
    }

    async fn post(&self, address: &str, form: &[(&str, &str)]) -> Response {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request =
            self.world.client.post(address).header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await.unwrap()
    }

    /// A token request of the one application, without a secret.
    async fn token(&self, form: &[(&str, &str)]) -> Answer {
        let client = [("client_id", self.world.simulator.client_id())];
        answer(self.post(&self.endpoint("token"), &[&client, form].concat()).await).await
    }

    async fn device_code(&self) -> Value {
        let form = [("client_id", self.world.simulator.client_id()), ("scope", SCOPE)];
        let (status, given) = answer(self.post(&self.endpoint("devicecode"), &form).await).await;
        assert_eq!(status, 200, "{given}");
        given
    }

    async fn poll(&self, given: &Value) -> Answer {
        let device_code = given["device_code"].as_str().unwrap();
        let grant_type = "urn:ietf:params:oauth:grant-type:device_code";
        self.token(&[("grant_type", grant_type), ("device_code", device_code)]).await
    }

    async fn decide(&self, given: &Value, decision: &str) -> u16 {
        let code = given["user_code"].as_str().unwrap();
        let form = [("user_code", code), ("decision", decision)];
        self.post(given["verification_uri"].as_str().unwrap(), &form).await.status().as_u16()
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", SCOPE)]).await
    }

    /// The address at which a browser starts, with one parameter changed.
    fn authorize(&self, (name, value): (&str, &str)) -> Url {
        let client_id = self.world.simulator.client_id();
        let usual = [
            ("client_id", client_id),
            ("response_type", "code"),
            ("redirect_uri", "http://localhost:8400/back"),
            ("scope", SCOPE),
            ("state", "s&1"),
            ("nonce", "n1"),
        ];
        let other = [(name, value)];
        let pairs = usual.iter().filter(|(usual, _)| *usual != name).chain(&other).copied();
        Url::parse_with_params(&self.endpoint("authorize"), pairs.collect::<Vec<_>>()).unwrap()
    }

    async fn browse(&self, address: Url) -> Response {
        self.world.client.get(address).send().await.unwrap()
    }
}

/// The parameters with which a browser is redirected.
fn brought(response: &Response) -> Vec<(String, String)> {
    assert_eq!(response.status(), 302);
    let address = Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
    assert_eq!((address.port(), address.path()), (Some(8400), "/back"), "{address}");
    address.query_pairs().into_owned().collect()
}

fn value(pairs: &[(String, String)], name: &str) -> String {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("no {name} in {pairs:?}")).1.clone()
}

fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn assert_refused((status, body): Answer, error: &str, code: u32) {
    assert_eq!((status, body["error"].as_str()), (400, Some(error)), "{body}");
    assert_eq!(body["error_codes"][0], code, "{body}");
}

#[tokio::test]
async fn a_code_is_typed_and_the_program_has_the_persons_tokens() {
    let people = People::who_say(Consent::Ask).await;
    let given = people.device_code().await;
    assert_eq!((&given["interval"], &given["expires_in"]), (&5.into(), &900.into()));
    assert_refused(people.poll(&given).await, "authorization_pending", 70_016);
    let page = people.browse(Url::parse(given["verification_uri"].as_str().unwrap()).unwrap()).await;
    let page = page.text().await.unwrap();
    assert!(page.contains("name=\"user_code\"") && page.contains("ana@contoso.onmicrosoft.com"), "{page}");
    assert_eq!(people.decide(&given, "perhaps").await, 400);
    assert_eq!(people.decide(&given, "accept").await, 200);
    assert_eq!(people.decide(&given, "decline").await, 400, "it was decided");

    let (status, tokens) = people.poll(&given).await;
    assert_eq!(status, 200, "{tokens}");
    let access = claims(&tokens["access_token"]);
    assert_eq!(access["upn"], "ana@contoso.onmicrosoft.com");
    assert!(access["scp"].as_str().unwrap().split(' ').any(|scope| scope == "Alert.Read"), "{access}");
    assert!(access.get("roles").is_none(), "{access}");
    assert_eq!(claims(&tokens["id_token"])["preferred_username"], "ana@contoso.onmicrosoft.com");
    let request = people.world.client.get(format!("{}/api/alerts", people.world.simulator.url()));
    let alerts = request.bearer_auth(tokens["access_token"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(alerts.status(), 200);
    assert_refused(people.poll(&given).await, "invalid_grant", 54_005);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_brings_the_next() {
    let people = People::who_say(Consent::Accept).await;
    let (_, first) = people.poll(&people.device_code().await).await;
    let first = first["refresh_token"].as_str().unwrap();
    let (status, second) = people.refresh(first).await;
    let second = second["refresh_token"].as_str().unwrap();
    assert!(status == 200 && second != first);
    assert_refused(people.refresh(first).await, "invalid_grant", 54_005);
    let (status, third) = people.refresh(second).await;
    assert_eq!(status, 200, "{third}");
    let third = third["refresh_token"].as_str().unwrap();
    people.world.simulator.clock().advance(std::time::Duration::from_secs(91 * 24 * 3600));
    assert_refused(people.refresh(third).await, "invalid_grant", 70_008);
    assert_refused(people.refresh("0.made-up").await, "invalid_grant", 9_002_313);

    let (_, last) = people.poll(&people.device_code().await).await;
    people.world.simulator.end_sign_ins();
    assert_refused(people.refresh(last["refresh_token"].as_str().unwrap()).await, "invalid_grant", 9_002_313);
}

#[tokio::test]
async fn a_code_that_is_declined_or_late_says_so() {
    let people = People::who_say(Consent::Decline).await;
    assert_refused(people.poll(&people.device_code().await).await, "authorization_declined", 65_004);
    let asked = People::who_say(Consent::Ask).await;
    let given = asked.device_code().await;
    asked.world.simulator.clock().advance(std::time::Duration::from_secs(901));
    assert_refused(asked.poll(&given).await, "expired_token", 70_020);
    assert_eq!(asked.decide(&given, "accept").await, 400);
    let unknown = serde_json::json!({ "device_code": "made-up" });
    assert_refused(asked.poll(&unknown).await, "bad_verification_code", 70_018);
}

#[tokio::test]
async fn a_browser_comes_back_with_a_code_that_only_its_program_can_use() {
    let people = People::who_say(Consent::Ask).await;
    let verifier = "a-verifier-of-at-least-forty-three-characters-000";
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let mut address = people.authorize(("code_challenge", &challenge));
    address.query_pairs_mut().append_pair("code_challenge_method", "S256");
    let page = people.browse(address.clone()).await;
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("<li>Alert.Read</li>"));
    let redeem = async |code: &str, redirect_uri: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
            ("client_info", "1"),
        ];
        people.token(&form).await
    };
    let code = async || {
        let back = brought(&people.post(address.as_str(), &[("decision", "accept")]).await);
        assert_eq!(value(&back, "state"), "s&1");
        value(&back, "code")
    };
    let back = "http://localhost:8400/back";
    let used = code().await;
    let (status, tokens) = redeem(&used, back, verifier).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(claims(&tokens["id_token"])["nonce"], "n1");
    assert!(tokens["refresh_token"].is_string() && tokens["client_info"].is_string());
    assert_refused(redeem(&used, back, verifier).await, "invalid_grant", 54_005);
    assert_refused(redeem(&code().await, back, "another").await, "invalid_grant", 501_481);
    assert_refused(redeem(&code().await, "http://localhost:8400/", verifier).await, "invalid_grant", 500_112);
    let declined = brought(&people.post(address.as_str(), &[("decision", "decline")]).await);
    assert_eq!(value(&declined, "error"), "access_denied");
    assert!(value(&declined, "error_description").starts_with("AADSTS65004: "), "{declined:?}");
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_the_applications() {
    let people = People::who_say(Consent::Accept).await;
    for redirect in ["https://evil.test/", "http://evil.test:8400/back", "http://localhost.evil.test/", "x"] {
        let page = people.browse(people.authorize(("redirect_uri", redirect))).await;
        assert_eq!(page.status(), 400, "{redirect}");
        let text = page.text().await.unwrap();
        assert!(text.contains("AADSTS50011"), "{redirect}: {text}");
    }
    let page = people.browse(people.authorize(("redirect_uri", "http://x/<script>"))).await;
    assert!(!page.text().await.unwrap().contains("<script>"));
    let stranger = people.browse(people.authorize(("client_id", "nobody"))).await;
    assert!(stranger.text().await.unwrap().contains("AADSTS700016"));
    for (parameter, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "https://x.example/.default"), "invalid_resource"),
        (
            ("scope", "https://graph.microsoft.com/.default https://api.security.microsoft.com/.default"),
            "invalid_request",
        ),
    ] {
        let back = brought(&people.browse(people.authorize(parameter)).await);
        assert_eq!(value(&back, "error"), error, "{parameter:?}");
    }
}

#[tokio::test]
async fn answers_travel_as_the_program_asks() {
    let people = People::who_say(Consent::Accept).await;
    let plain = brought(&people.browse(people.authorize(("prompt", "select_account"))).await);
    assert!(!value(&plain, "code").is_empty());
    let fragment = people.browse(people.authorize(("response_mode", "fragment"))).await;
    let location = fragment.headers()["location"].to_str().unwrap();
    assert!(location.starts_with("http://localhost:8400/back#code="), "{location}");
    let posted = people.browse(people.authorize(("response_mode", "form_post"))).await;
    let page = posted.text().await.unwrap();
    assert!(
        page.contains("action=\"http://localhost:8400/back\"") && page.contains("value=\"s&amp;1\""),
        "{page}"
    );
}

#[tokio::test]
async fn a_person_gives_what_was_asked_for_and_the_application_has() {
    let people = People::who_say(Consent::Accept).await;
    let client = people.world.simulator.client_id();
    let scope = "https://api.securitycenter.microsoft.com/Alert.Read https://api.securitycenter.microsoft.com/Made.Up";
    let form = [("client_id", client), ("scope", scope)];
    let (_, given) = answer(people.post(&people.endpoint("devicecode"), &form).await).await;
    let (_, tokens) = people.poll(&given).await;
    assert_eq!(claims(&tokens["access_token"])["scp"], "Alert.Read");
    assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none(), "{tokens}");
    let url = people.world.simulator.url();
    let get = async |path: &str| {
        let request = people.world.client.request(Method::GET, format!("{url}{path}"));
        request.bearer_auth(tokens["access_token"].as_str().unwrap()).send().await.unwrap().status().as_u16()
    };
    assert_eq!((get("/api/alerts").await, get("/api/machines").await), (200, 403));
}

#[tokio::test]
async fn a_form_without_a_content_type_is_taken_for_one() {
    let world = World::new().await;
    let form = crate::support::form(&world.simulator, "https://api.securitycenter.microsoft.com/.default");
    let url = format!("{}/{}/oauth2/v2.0/token", world.simulator.url(), world.simulator.tenant_id());
    let bare = world.client.post(&url).body(form.clone()).send().await.unwrap();
    assert_eq!(answer(bare).await.0, 200);
    let json =
        world.client.post(&url).header("content-type", "application/json").body(form).send().await.unwrap();
    assert_eq!(answer(json).await.0, 400);
    assert_eq!(request_token(&world.client, &url, String::new()).await.0, 400);
}
