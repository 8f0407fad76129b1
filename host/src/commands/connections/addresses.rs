//! Questions about where requests and the credential go: the API, the token authority and the scope.
//!
//! One of the connector's clouds settles all three. An API at another address settles nothing: someone who
//! signs in there, for example at a stand-in on this machine, does not mean the public authority, which would
//! receive the secret.

use std::collections::BTreeSet;

use connector_host::Manifest;
use connector_host::egress::destination::Origin;

use super::file::Setting;
use super::kinds::{Kind, What};
use super::questions::{Answers, Choice, Question, Wanted, text};
use crate::terminal::printable;

/// The cloud that most users mean, if there is one with this name.
const USUAL: &str = "public";

/// Returns what to ask about the API, if anything.
pub(super) fn api(known: &Answers, manifest: &Manifest) -> Option<Question> {
    if known.contains_key("cloud") || known.contains_key("api-url") {
        return None;
    }
    let address = text("api-url", "The API's address, such as https://api.example.com", What::Address, None);
    if manifest.clouds.is_empty() {
        return Some(address);
    }
    let mut names: Vec<&String> = manifest.clouds.keys().collect();
    names.sort_by_key(|name| *name != USUAL);
    let clouds = names.iter().map(|name| Choice {
        value: (*name).clone(),
        title: manifest
            .clouds
            .get(*name)
            .map_or_else(String::new, |cloud| printable(&format!("{name}  {}", cloud.api))),
        then: None,
    });
    let other = Choice { title: "another address of the API, such as a stand-in's".into(), ..then(address) };
    Some(Question {
        prompt: "The cloud".into(),
        flags: "--cloud or --api-url".into(),
        // If there is only one, it need not be named.
        left_out: (names.len() == 1).then_some("cloud"),
        answer: Wanted::Choice { key: "cloud", choices: clouds.chain([other]).collect() },
    })
}

/// Returns what to ask about the token authority and the scope, for a kind that uses them.
pub(super) fn authority(known: &Answers, manifest: &Manifest, kind: &Kind) -> Option<Question> {
    let api = match (known.get("api-url"), known.contains_key("cloud")) {
        (Some(Setting::Text(api)), false) if !is_a_clouds(api, manifest) => api,
        _ => return None,
    };
    if kind.speaks_to_authority && !known.contains_key("authority") {
        return Some(authorities(api, manifest));
    }
    if !kind.asks_for_scope || known.contains_key("scope") {
        return None;
    }
    let cloud = manifest.clouds.get(USUAL).or_else(|| manifest.clouds.values().next());
    let scope =
        text("scope", "The scope to ask a token for", What::Text, cloud.map(|cloud| cloud.scope.clone()));
    Some(Question { left_out: Some("scope"), ..scope })
}

/// Offers the API's own address, those of the connector's authorities, and any other.
fn authorities(api: &str, manifest: &Manifest) -> Question {
    let own = Choice {
        value: api.to_owned(),
        title: format!("at the API's own address  {}", printable(api)),
        then: None,
    };
    let others: BTreeSet<&String> = manifest.clouds.values().map(|cloud| &cloud.authority).collect();
    let others = others.into_iter().map(|authority| Choice {
        value: authority.clone(),
        title: printable(authority),
        then: None,
    });
    let address = text("authority", "The token authority's address", What::Address, None);
    let another = Choice { title: "another address".into(), ..then(address) };
    Question {
        prompt: "Where the token authority is, which gets the secret or the login".into(),
        flags: "--authority".into(),
        left_out: None,
        answer: Wanted::Choice {
            key: "authority",
            choices: [own].into_iter().chain(others).chain([another]).collect(),
        },
    }
}

fn then(question: Question) -> Choice {
    Choice { value: String::new(), title: String::new(), then: Some(Box::new(question)) }
}

/// Whether the address is the API of one of the connector's clouds.
fn is_a_clouds(api: &str, manifest: &Manifest) -> bool {
    let Ok(origin) = api.parse::<Origin>() else { return false };
    manifest.clouds.values().any(|cloud| cloud.api.parse::<Origin>().is_ok_and(|own| own == origin))
}
