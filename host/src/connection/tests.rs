//! Profiles built in code.

use super::*;
use crate::manifest::{self, Manifest};

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
        Profile::builder()
            .anonymous()
            .trust(Trust::Connector)
            .build(&manifest(clouds))
            .map(|profile| profile.api_url().to_string())
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
        builder
            .api_url("https://a.example")
            .anonymous()
            .trust(Trust::Connector)
            .build(&manifest("{}"))
            .unwrap()
    };
    assert_eq!(profile(Profile::builder()).quota().bucket, "test/default");
    assert_eq!(profile(Profile::builder().name("other")).quota().bucket, "test/other");
    assert_eq!(profile(Profile::builder().bucket("shared")).quota().bucket, "shared");
    assert_eq!(profile(Profile::builder()).quota().limit, None);
}

#[test]
fn a_cloud_sets_api_authority_and_scope_together_and_each_can_be_overridden() {
    let clouds = r#"{"public":{"api":"https://api.example","authority":"https://login.example","scope":"a/.default"},
        "gov":{"api":"https://api.gov.example","authority":"https://login.gov.example","scope":"b/.default"}}"#;
    let signs = |builder: ProfileBuilder| {
        let profile =
            builder.tenant("t").device_code("c").trust(Trust::Connector).build(&manifest(clouds)).unwrap();
        let Auth::DeviceCode(application) = profile.auth() else { panic!() };
        let Application { authority, scope, endpoints, .. } = application;
        assert_eq!(endpoints.token, "/{tenant}/oauth2/v2.0/token");
        format!("{} {authority} {scope}", profile.api_url())
    };
    let gov = || Profile::builder().cloud("gov");
    assert_eq!(signs(Profile::builder()), "https://api.example https://login.example a/.default");
    assert_eq!(signs(gov()), "https://api.gov.example https://login.gov.example b/.default");
    assert_eq!(signs(gov().scope("x")), "https://api.gov.example https://login.gov.example x");
    assert_eq!(
        signs(gov().authority("https://y.example")),
        "https://api.gov.example https://y.example b/.default"
    );
    assert_eq!(
        signs(gov().api_url("https://z.example")),
        "https://z.example https://login.gov.example b/.default"
    );
}

#[test]
fn a_connector_names_the_paths_of_its_own_authority() {
    let cloud = |endpoints: &str| {
        let cloud = format!(
            r#"{{"public":{{"api":"https://api.example","authority":"https://login.example","scope":"s","endpoints":{endpoints}}}}}"#
        );
        Profile::builder().device_code("c").trust(Trust::Connector).build(&manifest(&cloud))
    };
    let own = r#"{"token":"/token","authorization":"/authorize","deviceAuthorization":"/device"}"#;
    let profile = cloud(own).unwrap();
    let Auth::DeviceCode(application) = profile.auth() else { panic!() };
    assert_eq!((&*application.tenant, &*application.endpoints.device_authorization), ("", "/device"));
    assert_eq!(cloud(r#"{"token":"/token"}"#).unwrap_err(), ProfileError::Missing { key: "tenant-id" });
    for path in ["token", "//evil.example\\\\", "/a?b", "/a#b", "/a@b", ""] {
        let error = cloud(&format!(r#"{{"token":"{path}"}}"#)).unwrap_err();
        assert!(matches!(error, ProfileError::Endpoint { .. }), "{path}: {error}");
    }
}

#[test]
fn what_only_the_connector_says_is_a_proposal() {
    let clouds = r#"{"public":{"api":"https://api.example","authority":"https://login.example","scope":"a/.default",
        "endpoints":{"token":"/token","authorization":"/authorize","deviceAuthorization":"/{tenant}/oauth2/v2.0/devicecode"}}}"#;
    let manifest = manifest(clouds);
    let proposed = |builder: ProfileBuilder| match builder.tenant("t").build(&manifest) {
        Err(ProfileError::Unaccepted { proposals }) => {
            proposals.into_iter().map(|proposal| proposal.key).collect::<Vec<_>>().join(" ")
        }
        Ok(_) => String::new(),
        Err(error) => panic!("{error}"),
    };
    let to = || Profile::builder().api_url("https://b.example");
    assert_eq!(proposed(Profile::builder().anonymous()), "api-url");
    assert_eq!(proposed(Profile::builder().cloud("public").token_variable("T")), "api-url");
    assert_eq!(proposed(to().managed_identity()), "auth.scope");
    assert_eq!(proposed(to().scope("s").azure_cli()), "");
    assert_eq!(
        proposed(to().auth_code("c")),
        "auth.authority auth.scope auth.token-path auth.authorization-path"
    );
    assert_eq!(proposed(to().scope("s").device_code("c")), "auth.authority auth.token-path");
    let said = to().scope("s").authority("https://c.example").endpoints(manifest::Endpoints::default());
    let profile = said.tenant("t").device_code("c").build(&manifest).unwrap();
    let Auth::DeviceCode(application) = profile.auth() else { panic!() };
    assert_eq!(application.authority.to_string(), "https://c.example");
    assert_eq!(application.endpoints, manifest::Endpoints::default());
}

#[test]
fn a_proposal_cannot_write_lines_of_its_own() {
    let clouds = r#"{"public":{"api":"https://a.example\" authority = \"https://e.example","authority":"x","scope":"s"}}"#;
    let error = Profile::builder().azure_cli().build(&manifest(clouds)).unwrap_err();
    let ProfileError::Unaccepted { proposals } = &error else { panic!("{error}") };
    let lines = Proposal::lines(proposals, "default");
    assert_eq!(lines.lines().count(), 4, "{lines}");
    assert!(lines.contains(r#"\" authority"#) && !error.to_string().contains('\n'), "{lines}");
}
