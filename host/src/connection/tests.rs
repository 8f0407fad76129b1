//! Profiles from code.

use super::*;
use crate::manifest::Manifest;

fn manifest(clouds: &str) -> Manifest {
    let text = format!(
        r#"{{"contract":"c","name":"test","version":"1","title":"T","actions":[],"clouds":{clouds}}}"#
    );
    Manifest::parse(text.as_bytes()).unwrap()
}

#[test]
fn the_cloud_is_the_public_one_or_the_only_one() {
    let cloud =
        |api: &str| format!(r#"{{"api":"https://{api}","authority":"https://login.example","scope":"s"}}"#);
    let api = |clouds: &str| {
        Profile::builder().anonymous().build(&manifest(clouds)).map(|profile| profile.api_url().to_string())
    };
    assert_eq!(api(&format!(r#"{{"a":{}}}"#, cloud("a.example"))).unwrap(), "https://a.example");
    let two = format!(r#"{{"a":{},"public":{}}}"#, cloud("a.example"), cloud("public.example"));
    assert_eq!(api(&two).unwrap(), "https://public.example");
    let neither = format!(r#"{{"a":{},"b":{}}}"#, cloud("a.example"), cloud("b.example"));
    assert_eq!(api(&neither).unwrap_err(), ProfileError::Missing { key: "api-url" });
    assert_eq!(api("{}").unwrap_err(), ProfileError::Missing { key: "api-url" });
}

#[test]
fn quotas_of_the_same_name_are_shared_only_when_asked() {
    let profile = |builder: ProfileBuilder| {
        builder.api_url("https://a.example").anonymous().build(&manifest("{}")).unwrap()
    };
    assert_eq!(profile(Profile::builder()).quota().bucket, "test/default");
    assert_eq!(profile(Profile::builder().name("other")).quota().bucket, "test/other");
    assert_eq!(profile(Profile::builder().bucket("shared")).quota().bucket, "shared");
    assert_eq!(profile(Profile::builder()).quota().limit, None);
}
