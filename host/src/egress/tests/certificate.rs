//! Certificates: what is signed and how, and which errors unusable ones give.
//!
//! The files beside this one were made with OpenSSL, only for these tests.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;

use super::*;
use crate::connection::{CertificateProfile, SigningAlgorithm};
use crate::egress::credential::SecretSource;

/// Made with `openssl x509 -outform der | openssl dgst -sha256 -binary | basenc --base64url`.
const THUMBPRINT: &str = "9eYF57X-3s89ItUzqilW-iICZiEdA0pxyEtFyZq07k0";

const BOUGHT: &str = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"canary-bought"}"#;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/egress/tests/certificates").join(name)
}

fn password() -> SecretSource {
    SecretSource::Given("canary-password".to_owned().into())
}

async fn authority() -> Server {
    Server::start(|_| Act::reply(200, "content-type: application/json\r\n", BOUGHT)).await
}

async fn sign_in(server: &Server, certificate: CertificateProfile) -> Result<(), CredentialError> {
    let builder = profile(server).authority(server.origin()).tenant("contoso.com");
    let outcome = door(builder.certificate("app-1", certificate), &Arc::default()).sign_in().await;
    if let Err(error) = &outcome {
        let shown = format!("{error} {error:?} {}", error.hint());
        assert!(!shown.contains("canary") && !shown.contains("PRIVATE"), "{shown}");
    }
    outcome.map(drop)
}

/// The parts of the assertion in a request: header, claims, signed text, signature.
fn assertion(request: &str) -> (Value, Value, String, Vec<u8>) {
    let body = request.split_once("\r\n\r\n").unwrap().1;
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let find = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(find("grant_type"), Some("client_credentials"));
    assert_eq!(find("client_id"), Some("app-1"));
    assert_eq!(find("scope"), Some("api/.default"));
    assert_eq!(find("client_assertion_type"), Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    assert!(find("client_secret").is_none());
    let jwt = find("client_assertion").unwrap();
    let (content, signature) = jwt.rsplit_once('.').unwrap();
    let (header, claims) = content.split_once('.').unwrap();
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let json = |text: &str| serde_json::from_slice(&decode(text)).unwrap();
    (json(header), json(claims), content.to_owned(), decode(signature))
}

#[tokio::test]
async fn a_certificate_signs_a_short_lived_statement() {
    let server = authority().await;
    let builder = profile(&server).authority(server.origin()).tenant("contoso.com");
    let certificate = CertificateProfile::new(file("certificate.pem")).key_file(file("key.pem"));
    let door = door(builder.certificate("app-1", certificate), &Arc::default());
    let token = door.sign_in().await.unwrap().unwrap();
    assert_eq!(token.header(), "Bearer canary-bought");
    door.credential.as_ref().unwrap().invalidate(&token);
    door.sign_in().await.unwrap();

    let seen = server.seen();
    assert!(seen[0].starts_with("POST /contoso.com/oauth2/v2.0/token HTTP/1.1\r\n"), "{}", seen[0]);
    let (header, claims, content, signature) = assertion(&seen[0]);
    assert_eq!(header, serde_json::json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": THUMBPRINT }));
    assert_eq!(claims["aud"], format!("{}/contoso.com/oauth2/v2.0/token", server.origin()));
    assert_eq!((&claims["iss"], &claims["sub"]), (&"app-1".into(), &"app-1".into()));
    let time = |name: &str| claims[name].as_i64().unwrap();
    let now = SystemClock.now().as_micros() / 1_000_000;
    assert!(time("nbf") < time("iat") && (now - 60..=now).contains(&time("iat")), "{claims}");
    assert_eq!(time("exp") - time("iat"), 300);
    assert_ne!(claims["jti"], assertion(&seen[1]).1["jti"], "each is used once");

    let der = CertificateDer::from_pem_file(file("certificate.pem")).unwrap();
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
    let public = &parsed.public_key().subject_public_key.data;
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public).verify(content.as_bytes(), &signature).unwrap();

    let certificate = CertificateProfile::new(file("modern.p12")).password(password());
    sign_in(&server, certificate.algorithm(SigningAlgorithm::Rs256)).await.unwrap();
    let (header, _, content, signature) = assertion(&server.seen()[2]);
    assert_eq!(header["alg"], "RS256");
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
        .verify(content.as_bytes(), &signature)
        .unwrap();
}

#[tokio::test]
async fn processes_share_a_token_if_they_could_sign_for_it() {
    let server = authority().await;
    let vault: Arc<dyn Vault> = Arc::new(MemoryVault::default());
    let token = async |certificate: CertificateProfile| {
        let builder = profile(&server).authority(server.origin()).tenant("contoso.com");
        let profile =
            builder.certificate("app-1", certificate).trust(Trust::Connector).build(&manifest()).unwrap();
        let clock = Arc::<Leaping>::default();
        let door = Egress::new(&profile, Arc::new(MemoryStore::default()), vault.clone(), clock).unwrap();
        door.credential.as_ref().unwrap().token().await.map(drop)
    };
    let protected = || CertificateProfile::new(file("modern.p12")).password(password());
    token(protected()).await.unwrap();
    token(protected()).await.unwrap();
    assert_eq!(server.seen().len(), 1);
    assert!(
        token(CertificateProfile::new(file("modern.p12"))).await.is_err(),
        "the file alone is not enough"
    );
    assert!(token(CertificateProfile::new(file("certificate.pem"))).await.is_err());
    assert_eq!(server.seen().len(), 1);
    token(CertificateProfile::new(file("certificate.pem")).key_file(file("key.pem"))).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_certificate_is_read_from_any_usual_file() {
    let server = authority().await;
    let folder = tempfile::tempdir().unwrap();
    let join = |name: &str, parts: &[&str]| {
        let path = folder.path().join(name);
        let parts: Vec<String> =
            parts.iter().map(|part| std::fs::read_to_string(file(part)).unwrap()).collect();
        std::fs::write(&path, parts.join("a comment\n")).unwrap();
        path
    };
    let secret = folder.path().join("password");
    std::fs::write(&secret, "canary-password\n").unwrap();
    for certificate in [
        CertificateProfile::new(join("both.pem", &["key.pem", "certificate.pem"])),
        CertificateProfile::new(join("chain.pem", &["other.pem", "certificate.pem", "key-pkcs1.pem"])),
        CertificateProfile::new(file("certificate.pem"))
            .key_file(file("key-protected.pem"))
            .password(password()),
        CertificateProfile::new(join("locked.pem", &["certificate.pem", "key-protected.pem"]))
            .password(SecretSource::File(secret)),
        CertificateProfile::new(file("legacy.p12")).password(password()),
        CertificateProfile::new(file("open.p12")),
    ] {
        sign_in(&server, certificate.clone())
            .await
            .unwrap_or_else(|error| panic!("{certificate:?}: {error}"));
        assert_eq!(assertion(server.seen().last().unwrap()).0["x5t#S256"], THUMBPRINT, "{certificate:?}");
    }
}

#[tokio::test]
async fn a_der_certificate_is_used_with_a_key_in_pem_or_der() {
    let server = authority().await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let der = CertificateDer::from_pem_file(file("certificate.pem")).unwrap();
    let certificate = || CertificateProfile::new(write("certificate.cer", &der));
    let protected = std::fs::read_to_string(file("key-protected.pem")).unwrap();
    let protected: String = protected.lines().filter(|line| !line.starts_with('-')).collect();
    let protected = base64::prelude::BASE64_STANDARD.decode(protected).unwrap();
    let key = |name: &str| {
        let key = PrivateKeyDer::from_pem_file(file(name)).unwrap();
        write(&format!("{name}.der"), key.secret_der())
    };
    for certificate in [
        certificate().key_file(file("key.pem")),
        certificate().key_file(key("key.pem")),
        certificate().key_file(key("key-pkcs1.pem")),
        certificate().key_file(file("key-protected.pem")).password(password()),
        certificate().key_file(write("protected.der", &protected)).password(password()),
    ] {
        sign_in(&server, certificate.clone())
            .await
            .unwrap_or_else(|error| panic!("{certificate:?}: {error}"));
        assert_eq!(assertion(server.seen().last().unwrap()).0["x5t#S256"], THUMBPRINT, "{certificate:?}");
    }
}

#[tokio::test]
async fn files_from_windows_are_read_as_any_others() {
    let server = authority().await;
    let folder = tempfile::tempdir().unwrap();
    let from_windows = |name: &str| {
        let text = std::fs::read_to_string(file(name)).unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
        path
    };
    let secret = folder.path().join("password");
    std::fs::write(&secret, "\u{feff}canary-password\r\n").unwrap();
    for key in ["key.pem", "key-pkcs1.pem", "key-protected.pem"] {
        let certificate = CertificateProfile::new(from_windows("certificate.pem"))
            .key_file(from_windows(key))
            .password(SecretSource::File(secret.clone()));
        sign_in(&server, certificate).await.unwrap_or_else(|error| panic!("{key}: {error}"));
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_said_to_be_before_anything_is_sent() {
    let server = authority().await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let of = |name: &str| CertificateProfile::new(file(name));
    let wrong = || SecretSource::Given("canary".to_owned().into());
    let modern = std::fs::read(file("modern.p12")).unwrap();
    let der = CertificateDer::from_pem_file(file("certificate.pem")).unwrap();
    for (certificate, expected) in [
        (of("none.pem"), "none.pem: No such file"),
        (of("certificate.pem"), "has no private key; name the file that has it in `key-file`"),
        (of("key.pem"), "it has no certificate"),
        (of("other.pem").key_file(file("key.pem")), "its key is another certificate's"),
        (of("certificate.pem").key_file(file("key-ec.pem")), "not an RSA key"),
        (of("certificate.pem").key_file(file("key-protected.pem")), "it is protected; name where"),
        (
            of("certificate.pem").key_file(file("key-protected.pem")).password(wrong()),
            "its password is another",
        ),
        (of("modern.p12"), "it is protected; name where"),
        (of("modern.p12").password(wrong()), "its password is another"),
        (of("legacy.p12").password(wrong()), "its password is another"),
        (of("modern.p12").key_file(file("key.pem")), "holds its key itself, without `key-file`"),
        (of("certificate.pem").key_file(file("modern.p12")), "it is not PEM"),
        (CertificateProfile::new(write("bare.cer", &der)), "in DER, without its key; name the file"),
        (CertificateProfile::new(write("junk", b"canary")), "neither PEM, DER nor PKCS#12"),
        (CertificateProfile::new(write("cut.p12", &modern[..1000])), "neither PEM, DER nor PKCS#12"),
        (CertificateProfile::new(write("large", &vec![b'x'; (1 << 20) + 1])), "larger than 1048576 bytes"),
        (of("expired.pem").key_file(file("key.pem")), "expired on 2021-01-02"),
        (of("future.pem").key_file(file("key.pem")), "it is valid from 2099-01-01 only"),
    ] {
        let shown = format!("{certificate:?}");
        assert!(!shown.contains("canary"), "{shown}");
        let error = sign_in(&server, certificate).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{shown}: {error}");
        assert!(!error.is_transient());
    }
    assert_eq!(server.seen().len(), 0);
    let unset = SecretSource::Variable("UNSET".into());
    let error = sign_in(&server, of("modern.p12").password(unset)).await.unwrap_err();
    assert!(matches!(error, CredentialError::MissingVariable { .. }), "{error:?}");
}
