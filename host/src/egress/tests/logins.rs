//! What happens after a login: with other processes, another person, or an API that asks for more claims.

use super::login::{JSON, device_code, door_with, given, log_in, refused, scripted, signing_in, vault};
use super::stepping_up::{CLAIMS, challenge};
use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::SecretString;

use super::*;
use crate::egress::credential::{Identity, Prompt, SignedIn, logout, settle};
use crate::remedy::Remedy;
use crate::vault::{Vault, VaultError, VaultLock};

#[tokio::test]
async fn processes_share_what_a_login_buys_until_it_ends() {
    let server = scripted(|server, n| match n {
        1 | 4 => device_code(server, 900),
        n => given(n),
    })
    .await;
    let (vault, clock) = (vault(), Arc::<Leaping>::default());
    let builder = || signing_in(&server).device_code("app-1");
    // Each egress stands for a separate process with the same vault.
    let token = async || {
        let door = door_with(builder(), &vault, &clock);
        let token = door.credential.as_ref().unwrap().token().await?;
        Ok::<_, CredentialError>(token.header().to_str().unwrap().to_owned())
    };
    log_in(builder(), &vault, &clock, drop).await.unwrap();
    for _ in 0..2 {
        assert_eq!(token().await.unwrap(), "Bearer canary-a3");
    }
    let address = format!("{}/contoso.com/oauth2/v2.0/token", server.origin());
    let shelf = Identity::new("login", &[&address, "contoso.com", "app-1", "api/.default"]);
    let bought = vault.read(shelf.name()).unwrap().expect("it is shared");

    // Another person.
    log_in(builder(), &vault, &clock, drop).await.unwrap();
    assert!(vault.read(shelf.name()).unwrap().is_none());
    // A slow process stores the token that the first person's login obtained.
    vault.write(shelf.name(), &bought).unwrap();
    for _ in 0..2 {
        assert_eq!(token().await.unwrap(), "Bearer canary-a6");
    }

    let system: Arc<dyn Clock> = clock.clone();
    let profile = builder().trust(Trust::Connector).build(&manifest()).unwrap();
    assert!(logout(&profile, &vault, &system).await.unwrap());
    assert!(matches!(token().await, Err(CredentialError::LoginRequired { .. })));
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn a_renewal_that_nobody_waits_for_any_more_is_kept() {
    let server = scripted(|server, n| match (n, given(n)) {
        (1, _) => device_code(server, 900),
        (3, Act::Reply(reply)) => Act::Late(Duration::from_millis(200), reply),
        (_, act) => act,
    })
    .await;
    let (vault, clock) = (vault(), Arc::<Leaping>::default());
    let builder = || signing_in(&server).device_code("app-1");
    log_in(builder(), &vault, &clock, drop).await.unwrap();
    let door = door_with(builder(), &vault, &clock);
    assert!(tokio::time::timeout(Duration::from_millis(100), door.sign_in()).await.is_err());
    drop(door);
    assert_eq!(server.seen().len(), 3, "the authority has the refresh token");
    assert!(settle(Duration::from_secs(30)).await);
    door_with(builder(), &vault, &clock).sign_in().await.unwrap();
    assert!(server.seen()[3].contains("refresh_token=canary-r3"), "{}", server.seen()[3]);
}

/// A vault whose disk is sometimes full.
#[derive(Debug)]
struct Full {
    inner: MemoryVault,
    /// How many more times it fails to store a login.
    refusals: AtomicUsize,
}

impl Vault for Full {
    fn read(&self, name: &str) -> Result<Option<SecretString>, VaultError> {
        self.inner.read(name)
    }

    fn write(&self, name: &str, secret: &SecretString) -> Result<(), VaultError> {
        let full = |left: usize| left.checked_sub(1).filter(|_| name.starts_with("login-"));
        match self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, full) {
            Ok(_) => Err(VaultError::Denied {
                location: "the vault".into(),
                source: Arc::new(std::io::ErrorKind::StorageFull.into()),
            }),
            Err(_) => self.inner.write(name, secret),
        }
    }

    fn remove(&self, name: &str) -> Result<bool, VaultError> {
        self.inner.remove(name)
    }

    fn try_lock(&self, name: &str) -> Result<Option<VaultLock>, VaultError> {
        self.inner.try_lock(name)
    }
}

#[tokio::test]
async fn a_rotated_refresh_token_that_the_vault_cannot_take_is_in_memory_until_it_can() {
    let server = scripted(|server, n| match n {
        1 => device_code(server, 900),
        n => given(n),
    })
    .await;
    let full = Arc::new(Full { inner: MemoryVault::default(), refusals: AtomicUsize::new(0) });
    let (vault, clock): (Arc<dyn Vault>, _) = (full.clone(), Arc::<Leaping>::default());
    let builder = || signing_in(&server).device_code("app-1");
    let used = |n: usize| {
        let request = &server.seen()[n - 1];
        request.split(['&', '\n']).find_map(|pair| pair.strip_prefix("refresh_token=")).unwrap().to_owned()
    };
    log_in(builder(), &vault, &clock, drop).await.unwrap();
    // It is tried again at once…
    full.refusals.store(2, Ordering::SeqCst);
    door_with(builder(), &vault, &clock).sign_in().await.unwrap();
    assert!(settle(Duration::from_secs(30)).await);
    assert_eq!(full.refusals.load(Ordering::SeqCst), 0);
    door_with(builder(), &vault, &clock).sign_in().await.unwrap();
    assert_eq!((used(3), used(4)), ("canary-r2".to_owned(), "canary-r3".to_owned()));
    // …and, if that does not help, at the next renewals, which use it nevertheless.
    full.refusals.store(usize::MAX, Ordering::SeqCst);
    door_with(builder(), &vault, &clock).sign_in().await.unwrap();
    door_with(builder(), &vault, &clock).sign_in().await.unwrap();
    assert_eq!((used(5), used(6)), ("canary-r4".to_owned(), "canary-r5".to_owned()));
    full.refusals.store(0, Ordering::SeqCst);
    door_with(builder(), &vault, &clock).sign_in().await.unwrap();
    assert!(settle(Duration::from_secs(30)).await);
    door_with(builder(), &vault, &clock).sign_in().await.unwrap();
    assert_eq!((used(7), used(8)), ("canary-r6".to_owned(), "canary-r7".to_owned()));
}

/// `CLAIMS`, encoded as in a form.
fn encoded(claims: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair("claims", claims).finish()
}

#[tokio::test]
async fn a_login_passes_claims_on_and_the_request_is_sent_again() {
    let server = scripted(|server, n| match n {
        1 => device_code(server, 900),
        4 => Act::reply(401, &challenge(CLAIMS), ""),
        6 => Act::reply(200, "", "ok"),
        n => given(n),
    })
    .await;
    let (vault, clock) = (vault(), Arc::<Leaping>::default());
    let builder = || signing_in(&server).device_code("app-1");
    log_in(builder(), &vault, &clock, drop).await.unwrap();
    let door = door_with(builder(), &vault, &clock);
    let reply = door.send(&purpose(Effect::Disruptive), post(&server, "/x")).await.unwrap();
    assert_eq!(reply.status().as_u16(), 200);
    let seen = server.seen();
    assert!(!seen[2].contains("claims="), "{}", seen[2]);
    assert!(seen[4].contains("refresh_token=canary-r3") && seen[4].contains(&encoded(CLAIMS)), "{}", seen[4]);
    assert!(seen[5].contains("authorization: Bearer canary-a5\r\n"), "{}", seen[5]);
}

#[tokio::test]
async fn what_only_a_person_can_bring_is_asked_for_at_the_next_login() {
    const DEMANDED: &str = r#"{"access_token":{"capolids":{"essential":true,"values":["p1"]}}}"#;
    let own = format!(
        r#"{{"error":"interaction_required","error_description":"AADSTS50076: x","claims":{}}}"#,
        serde_json::Value::from(DEMANDED)
    );
    for (refusal, claims) in [
        (refused("interaction_required", ""), CLAIMS),
        (refused("invalid_grant", "AADSTS50076: multi-factor"), CLAIMS),
        (Act::reply(400, JSON, &own), DEMANDED),
    ] {
        let server = scripted(move |server, n| match n {
            1 | 6 | 9 => device_code(server, 900),
            4 => Act::reply(401, &challenge(CLAIMS), ""),
            5 => refusal.clone(),
            n => given(n),
        })
        .await;
        let (vault, clock) = (vault(), Arc::<Leaping>::default());
        let builder = || signing_in(&server).device_code("app-1");
        log_in(builder(), &vault, &clock, drop).await.unwrap();
        let door = door_with(builder(), &vault, &clock);
        let error = door.send(&purpose(Effect::Read), get(&server, "/x")).await.unwrap_err();
        assert!(matches!(error, EgressError::Credential(CredentialError::LoginRequired { .. })), "{error:?}");
        assert!(error.to_string().contains("policy of the tenant"), "{error}");
        assert_eq!(error.hint(), Some(Remedy::LogIn { connection: "default".into() }));

        log_in(builder(), &vault, &clock, drop).await.unwrap();
        let seen = server.seen();
        for request in [&seen[5], &seen[6]] {
            assert!(request.contains(&encoded(claims)), "{request}");
        }
        door_with(builder(), &vault, &clock).sign_in().await.unwrap();
        log_in(builder(), &vault, &clock, drop).await.unwrap();
        let seen = server.seen();
        assert!(seen[7..].iter().all(|request| !request.contains("claims=")), "asked for once: {seen:?}");
    }
}

#[tokio::test]
async fn a_browser_is_sent_with_what_the_last_login_lacked() {
    let server = scripted(|server, n| match n {
        1 => device_code(server, 900),
        4 => Act::reply(401, &challenge(CLAIMS), ""),
        5 => refused("interaction_required", ""),
        n => given(n),
    })
    .await;
    let (vault, clock) = (vault(), Arc::<Leaping>::default());
    log_in(signing_in(&server).device_code("app-1"), &vault, &clock, drop).await.unwrap();
    let door = door_with(signing_in(&server).device_code("app-1"), &vault, &clock);
    door.send(&purpose(Effect::Read), get(&server, "/x")).await.unwrap_err();
    // The same application, with a browser.
    let mut shown = None;
    let signing_in = log_in(signing_in(&server).auth_code("app-1"), &vault, &clock, |prompt| {
        let Prompt::Browser { address } = prompt else { panic!("{prompt:?}") };
        shown = Some(address);
    });
    let outcome: Result<Result<SignedIn, _>, _> =
        tokio::time::timeout(Duration::from_millis(200), signing_in).await;
    assert!(outcome.is_err(), "nobody comes back");
    let address = shown.unwrap();
    assert!(address.contains(&encoded(CLAIMS)), "{address}");
}
