//! One token for several processes. Here each process is a separate cache, and they share the vault.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use secrecy::SecretString;

use super::*;
use crate::egress::credential::{Cached, Claims, Identity, Source};
use crate::vault::{FileVault, KeyPlace, VaultError, VaultLock};

/// Issues `token-1`, `token-2`, …, valid for an hour, to anyone.
#[derive(Debug, Default)]
pub(super) struct Mint {
    pub(super) clock: Arc<Leaping>,
    given: AtomicUsize,
    failing: AtomicBool,
}

impl Mint {
    pub(super) fn given(&self) -> usize {
        self.given.load(Ordering::SeqCst)
    }

    pub(super) fn process(self: &Arc<Self>, vault: &Arc<dyn Vault>) -> Arc<Cached<Customer>> {
        self.process_with(vault, "tenant", "right")
    }

    fn process_with(
        self: &Arc<Self>,
        vault: &Arc<dyn Vault>,
        tenant: &str,
        secret: &str,
    ) -> Arc<Cached<Customer>> {
        let identity = Identity::new("test", &[tenant, "client"]).bound_to(&SecretString::from(secret));
        let customer = Customer { mint: self.clone(), identity };
        Arc::new(Cached::shared(customer, vault.clone(), self.clock.clone()))
    }
}

#[derive(Debug)]
pub(super) struct Customer {
    mint: Arc<Mint>,
    identity: Identity,
}

impl Customer {
    async fn buy(&self, kind: &str) -> Result<AccessToken, CredentialError> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let number = self.mint.given.fetch_add(1, Ordering::SeqCst) + 1;
        if self.mint.failing.load(Ordering::SeqCst) {
            return Err(CredentialError::Interrupted);
        }
        let expires = self.mint.clock.now().saturating_add(Duration::from_secs(3600));
        AccessToken::new(&format!("{kind}-{number}").into(), Some(expires))
    }
}

impl Source for Customer {
    fn identity(&self) -> Option<Identity> {
        Some(self.identity.clone())
    }

    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.buy("token").boxed()
    }

    fn step_up<'a>(&'a self, _: &'a Claims) -> BoxFuture<'a, Result<AccessToken, CredentialError>> {
        self.buy("stepped").boxed()
    }
}

pub(super) async fn said(credential: &impl Credential) -> String {
    credential.token().await.unwrap().header().to_str().unwrap().replace("Bearer ", "")
}

pub(super) fn memory() -> Arc<dyn Vault> {
    Arc::new(MemoryVault::default())
}

async fn settle() {
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_share_one_request() {
    let home = tempfile::tempdir().unwrap();
    let mint = Arc::new(Mint::default());
    let callers = (0..8).flat_map(|_| {
        // As in reality, each has its own vault object, and all use the same directory.
        let vault: Arc<dyn Vault> = Arc::new(FileVault::new(home.path().join("vault"), KeyPlace::File));
        let process = mint.process(&vault);
        (0..125).map(move |_| process.clone())
    });
    let callers: Vec<_> = callers.map(|process| tokio::spawn(async move { said(&process).await })).collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "token-1");
    }
    assert_eq!(mint.given(), 1);
}

#[tokio::test]
async fn a_token_is_for_those_alone_who_would_have_bought_the_same() {
    let (mint, vault) = (Arc::new(Mint::default()), memory());
    assert_eq!(said(&mint.process(&vault)).await, "token-1");
    assert_eq!(said(&mint.process_with(&vault, "tenant", "wrong")).await, "token-2");
    assert_eq!(said(&mint.process_with(&vault, "another", "right")).await, "token-3");
    let unbound = Customer { mint: mint.clone(), identity: Identity::new("test", &["tenant", "client"]) };
    assert_eq!(said(&Cached::shared(unbound, vault.clone(), mint.clock.clone())).await, "token-4");
    assert_ne!(
        Identity::new("a", &["b\",\"c"]).name(),
        Identity::new("a", &["b", "c"]).name(),
        "no two identities have one name"
    );
}

#[tokio::test]
async fn a_renewal_by_one_process_is_one_for_all() {
    let (mint, vault) = (Arc::new(Mint::default()), memory());
    let [first, second] = [mint.process(&vault), mint.process(&vault)];
    assert_eq!((said(&first).await, said(&second).await), ("token-1".into(), "token-1".into()));
    mint.clock.advance(Duration::from_secs(3400));
    assert_eq!((said(&first).await, said(&second).await), ("token-1".into(), "token-1".into()));
    settle().await;
    assert_eq!((said(&first).await, said(&second).await), ("token-2".into(), "token-2".into()));
    assert_eq!(mint.given(), 2);
    mint.clock.advance(Duration::from_secs(3595));
    assert_eq!(said(&mint.process(&vault)).await, "token-3", "an old token is not taken over");
}

#[tokio::test]
async fn a_process_begins_with_a_token_that_is_good_though_the_authority_is_down() {
    let (mint, vault) = (Arc::new(Mint::default()), memory());
    said(&mint.process(&vault)).await;
    mint.failing.store(true, Ordering::SeqCst);
    mint.clock.advance(Duration::from_secs(3500));
    let process = mint.process(&vault);
    for _ in 0..5 {
        assert_eq!(said(&process).await, "token-1");
        settle().await;
    }
    assert_eq!(mint.given(), 2, "a failed renewal is not repeated at every call");
    mint.clock.advance(Duration::from_secs(100));
    assert!(process.token().await.is_err());
}

#[tokio::test]
async fn a_refused_token_is_not_taken_over_again() {
    let (mint, vault) = (Arc::new(Mint::default()), memory());
    let [first, second] = [mint.process(&vault), mint.process(&vault)];
    let refused = first.token().await.unwrap();
    second.token().await.unwrap();
    first.invalidate(&refused);
    assert_eq!(said(&first).await, "token-2");
    second.invalidate(&refused);
    assert_eq!(said(&second).await, "token-2", "which another has renewed");
    assert_eq!(mint.given(), 2);
}

#[tokio::test]
async fn a_doubtful_token_is_shared_no_more_and_kept() {
    let (mint, vault) = (Arc::new(Mint::default()), memory());
    let first = mint.process(&vault);
    let token = first.token().await.unwrap();
    first.doubt(&token).await;
    assert_eq!(said(&first).await, "token-1");
    assert_eq!(said(&mint.process(&vault)).await, "token-2");
    first.doubt(&token).await;
    assert_eq!(said(&mint.process(&vault)).await, "token-2", "another's token is left alone");
}

#[tokio::test]
async fn a_fresh_token_is_bought_whatever_is_at_hand_and_shared() {
    let (mint, vault) = (Arc::new(Mint::default()), memory());
    let first = mint.process(&vault);
    assert_eq!(said(&first).await, "token-1");
    assert_eq!(first.fresh().await.unwrap().header(), "Bearer token-2");
    assert_eq!((said(&first).await, said(&mint.process(&vault)).await), ("token-2".into(), "token-2".into()));
    assert_eq!(mint.given(), 2);
}

#[tokio::test]
async fn a_door_that_is_refused_lets_no_other_process_go_on_with_the_token() {
    for (status, body, bought) in
        [(403, "{}", 2), (401, "{\"error\":{\"message\":\"No license\"}}", 2), (404, "{}", 1), (200, "", 1)]
    {
        let server = Server::start(move |_| Act::reply(status, "", body)).await;
        let (mint, vault) = (Arc::new(Mint::default()), memory());
        let door = door(profile(&server).credential(mint.process(&vault)), &mint.clock);
        for _ in 0..3 {
            let reply = door.send(&purpose(Effect::Read), get(&server, "/")).await.unwrap();
            assert_eq!(reply.status().as_u16(), status);
        }
        assert_eq!(mint.given(), 1, "{status}: this process keeps its token");
        said(&mint.process(&vault)).await;
        assert_eq!(mint.given(), bought, "{status}");
    }
}

#[tokio::test]
async fn what_is_not_an_entry_is_replaced() {
    let (mint, vault) = (Arc::new(Mint::default()), memory());
    let name = Identity::new("test", &["tenant", "client"]).name().to_owned();
    let far = i64::MAX;
    for junk in [
        String::new(),
        "{}".into(),
        "[1]".into(),
        "{\"token\":\"a b\",\"obtained\":0,\"expires\":9}".into(),
        format!("{{\"token\":\"stolen\",\"obtained\":0,\"expires\":{far}}}"),
        format!("{{\"token\":\"stolen\",\"obtained\":0,\"expires\":{far},\"proof\":[\"\",\"\"]}}"),
        format!("{{\"token\":\"stolen\",\"obtained\":0,\"expires\":{far},\"proof\":[\"!\",\"AA\"]}}"),
    ] {
        vault.write(&name, &junk.clone().into()).unwrap();
        let given = mint.given();
        assert_eq!(said(&mint.process(&vault)).await, format!("token-{}", given + 1), "{junk}");
        assert_eq!(said(&mint.process(&vault)).await, format!("token-{}", given + 1), "{junk}");
    }
}

#[tokio::test]
async fn the_secret_is_not_kept() {
    use secrecy::ExposeSecret;
    let (mint, vault) = (Arc::new(Mint::default()), memory());
    said(&mint.process_with(&vault, "tenant", "canary-secret")).await;
    let name = Identity::new("test", &["tenant", "client"]).name().to_owned();
    let entry = vault.read(&name).unwrap().unwrap();
    assert!(!entry.expose_secret().contains("canary"), "{}", entry.expose_secret());
    assert!(entry.expose_secret().contains("token-1"));
}

/// A vault on which every operation fails.
#[derive(Debug)]
struct Broken;

impl Broken {
    fn error<T>() -> Result<T, VaultError> {
        Err(VaultError::Keyring { message: "it is broken".into() })
    }
}

impl Vault for Broken {
    fn read(&self, _: &str) -> Result<Option<SecretString>, VaultError> {
        Self::error()
    }

    fn write(&self, _: &str, _: &SecretString) -> Result<(), VaultError> {
        Self::error()
    }

    fn remove(&self, _: &str) -> Result<bool, VaultError> {
        Self::error()
    }

    fn try_lock(&self, _: &str) -> Result<Option<VaultLock>, VaultError> {
        Self::error()
    }
}

#[tokio::test]
async fn without_a_vault_that_works_each_process_has_its_own_token() {
    let (mint, vault) = (Arc::new(Mint::default()), Arc::new(Broken) as Arc<dyn Vault>);
    assert_eq!(said(&mint.process(&vault)).await, "token-1");
    assert_eq!(said(&mint.process(&vault)).await, "token-2");
}

#[tokio::test]
async fn whoever_dies_or_gives_up_in_its_turn_leaves_it_to_the_next() {
    let (mint, vault) = (Arc::new(Mint::default()), memory());
    let name = Identity::new("test", &["tenant", "client"]).name().to_owned();
    let turn = vault.try_lock(&name).unwrap().expect("nobody has it");
    let waiting = tokio::spawn({
        let process = mint.process(&vault);
        async move { said(&process).await }
    });
    settle().await;
    assert_eq!(mint.given(), 0, "it waits for its turn");
    drop(turn);
    assert_eq!(waiting.await.unwrap(), "token-1");
}
