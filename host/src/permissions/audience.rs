//! Whether a token is meant for the API that it is sent to.

use super::Statement;
use crate::connection::Profile;
use crate::manifest::Manifest;

/// What a token's audience says about the API that accepts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// It is for the API.
    Own,
    /// It is for the resource of the connection's scope, which may or may not be the API.
    Asked,
    /// It is for another API.
    Foreign,
    /// The token does not say, or the connector does not know its API's audiences.
    Unknown,
}

impl Audience {
    /// Compares the token's audiences with the connection's API and scope.
    #[must_use]
    pub fn of(statement: &Statement, profile: &Profile, manifest: &Manifest) -> Self {
        if statement.audiences.is_empty() || manifest.audiences.is_empty() {
            return Self::Unknown;
        }
        let is_among = |names: &[&str]| {
            statement.audiences.iter().any(|audience| names.iter().any(|name| same(name, audience)))
        };
        let api = profile.api_url().to_string();
        let of_clouds = manifest.clouds.values().flat_map(|cloud| resources(&cloud.scope));
        let own: Vec<&str> =
            manifest.audiences.iter().map(String::as_str).chain(of_clouds).chain([&*api]).collect();
        if is_among(&own) {
            Self::Own
        } else if profile.auth().scope().is_some_and(|scope| is_among(&resources(scope).collect::<Vec<_>>()))
        {
            Self::Asked
        } else {
            Self::Foreign
        }
    }
}

/// The resources that the scopes may belong to: each scope itself, and the scope without its last part, such
/// as `https://api.example.com` for `https://api.example.com/.default`.
fn resources(scopes: &str) -> impl Iterator<Item = &str> {
    scopes.split(' ').flat_map(|scope| {
        let resource = scope.rsplit_once('/').map(|(resource, _)| resource);
        // The remainder of an address without a path is not a resource.
        [Some(scope), resource.filter(|resource| !resource.ends_with(":/"))].into_iter().flatten()
    })
}

fn same(one: &str, other: &str) -> bool {
    // A double slash before `.default` leaves one slash at the end, for APIs that were registered that way.
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::super::Grants;
    use super::*;

    #[test]
    fn an_audience_is_the_apis_the_scopes_or_anothers() {
        let manifest = |audiences: &str| {
            let text = format!(
                r#"{{"contract":"c","name":"n","version":"1","title":"t","actions":[],"audiences":{audiences},
                "clouds":{{"public":{{"api":"https://api.example","authority":"https://login.example",
                "scope":"https://old.example//.default"}}}}}}"#
            );
            Manifest::parse(text.as_bytes()).unwrap()
        };
        let known = manifest(r#"["6E74172B"]"#);
        let profile = Profile::builder()
            .api_url("https://api.example")
            .authority("https://login.example")
            .tenant("t")
            .scope("https://other.example/Read offline_access")
            .device_code("c")
            .build(&known)
            .unwrap();
        let of = |audiences: &[&str], manifest: &Manifest| {
            let audiences = audiences.iter().map(|&audience| audience.to_owned()).collect();
            Audience::of(&Statement { grants: Grants::Opaque, audiences, expires: None }, &profile, manifest)
        };
        for own in ["6e74172b", "https://old.example", "https://old.example/", "https://api.example"] {
            assert_eq!(of(&[own], &known), Audience::Own, "{own}");
        }
        assert_eq!(of(&["x", "https://API.example/"], &known), Audience::Own);
        assert_eq!(of(&["https://other.example"], &known), Audience::Asked);
        for foreign in ["https://graph.example", "https://api.example.evil.example", "", "https:"] {
            assert_eq!(of(&[foreign], &known), Audience::Foreign, "{foreign}");
        }
        assert_eq!(of(&[], &known), Audience::Unknown);
        assert_eq!(of(&["https://graph.example"], &manifest("[]")), Audience::Unknown);
    }
}
