//! Which questions to ask about a new connection, and in which order. Nothing here asks them.

use std::collections::BTreeMap;

use connector_host::manifest::Manifest;

use super::addresses;
use super::file::{Draft, Setting};
use super::kinds::{Ask, KINDS, Place, What};

/// The known settings of the new connection: keys of the configuration file, and their values.
pub(super) type Answers = BTreeMap<&'static str, Setting>;

/// The key that allows addresses on this machine.
pub(super) const LOOPBACK: &str = "allow-loopback-http";

/// The keys that belong in the table `auth`; the others belong in the connection's own table.
const AUTH: &[&str] = &[
    "kind",
    "client-id",
    "client-secret-env",
    "client-secret-file",
    "certificate-file",
    "key-file",
    "certificate-password-env",
    "certificate-password-file",
    "signing-algorithm",
    "redirect-uri",
    "token-file",
    "metadata-endpoint",
    "token-env",
    "token-command",
    "authority",
    "token-path",
    "authorization-path",
    "device-authorization-path",
    "scope",
];

/// The keys in the order in which they are written.
const ORDER: &[&str] = &["cloud", "api-url", "tenant-id", LOOPBACK];

/// A question to ask.
#[derive(Debug, PartialEq)]
pub(super) struct Question {
    pub(super) prompt: String,
    /// The flags that give the answer, for users who cannot be asked.
    pub(super) flags: String,
    /// The key that may be left out, if the answer is optional for users who cannot be asked and give no
    /// flag.
    pub(super) left_out: Option<&'static str>,
    pub(super) answer: Wanted,
}

/// The form of an answer.
#[derive(Debug, PartialEq)]
pub(super) enum Wanted {
    /// One of these values, for that key.
    Choice { key: &'static str, choices: Vec<Choice> },
    /// A text for that key.
    Text { key: &'static str, what: What, default: Option<String> },
    /// One of these, each of which leads to a further question or names a key to leave out.
    Place(Vec<(&'static str, Result<Question, &'static str>)>),
}

#[derive(Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) title: String,
    /// What to ask next, if this choice is not an answer in itself.
    pub(super) then: Option<Box<Question>>,
}

/// Returns what to ask next; `None` if everything is known.
pub(super) fn next(known: &Answers, manifest: &Manifest) -> Option<Question> {
    if let Some(question) = addresses::api(known, manifest) {
        return Some(question);
    }
    let has = |key: &str| known.contains_key(key);
    let Some(Setting::Text(kind)) = known.get("kind") else {
        return Some(kinds());
    };
    // An unknown kind is reported when the file is checked.
    let kind = KINDS.iter().find(|known| known.name == kind)?;
    if let Some(question) = addresses::authority(known, manifest, kind) {
        return Some(question);
    }
    kind.asks.iter().find_map(|ask| match ask {
        Ask::Text { key, prompt, what } => (!has(key)).then(|| text(key, prompt, *what, None)),
        Ask::Place { prompt, places } => {
            let answered = places.iter().any(|place| has(place.key));
            (!answered).then(|| self::places(prompt, places, manifest))
        }
    })
}

/// Returns the question for a key that only the connector had a value for.
pub(super) fn own(key: &'static str) -> Question {
    match key {
        "api-url" => text(key, "The API's address", What::Address, None),
        "authority" => text(key, "The token authority's address", What::Address, None),
        "scope" => text(key, "The scope to ask a token for", What::Text, None),
        _ => text(key, &format!("The authority's {}", key.replace('-', " ")), What::Path, None),
    }
}

/// Returns the known settings as the configuration file has them.
pub(super) fn draft(known: &Answers) -> Draft {
    let said = |key: &str| known.get(key).filter(|setting| **setting != Setting::Nothing).cloned();
    let pick = |keys: &[&'static str]| keys.iter().filter_map(|key| Some((*key, said(key)?))).collect();
    Draft { connection: pick(ORDER), auth: pick(AUTH) }
}

fn kinds() -> Question {
    let choices = KINDS.iter().map(|kind| Choice {
        value: kind.name.into(),
        title: format!("{}  {}", kind.name, kind.title),
        then: None,
    });
    Question {
        prompt: "Sign in as".into(),
        flags: "--kind".into(),
        left_out: None,
        answer: Wanted::Choice { key: "kind", choices: choices.collect() },
    }
}

pub(super) fn text(key: &'static str, prompt: &str, what: What, default: Option<String>) -> Question {
    Question {
        prompt: prompt.into(),
        flags: format!("--{key}"),
        left_out: None,
        answer: Wanted::Text { key, what, default },
    }
}

fn places(prompt: &str, places: &[Place], manifest: &Manifest) -> Question {
    let said = places.iter().filter(|place| place.what != What::Nothing);
    let flags: Vec<String> = said.map(|place| format!("--{}", place.key)).collect();
    let left_out = places.iter().find(|place| place.what == What::Nothing).map(|place| place.key);
    let questions = places.iter().map(|place| {
        let default = (place.what == What::Variable).then(|| variable(manifest, place.key));
        let question = match place.what {
            What::Nothing => Err(place.key),
            what => Ok(text(place.key, place.prompt, what, default)),
        };
        (place.title, question)
    });
    let answer = Wanted::Place(questions.collect());
    Question { prompt: prompt.into(), flags: flags.join(" or "), left_out, answer }
}

/// Suggests a variable name that begins like the connector's own variables and says what it holds, such as
/// `EXAMPLE_CLIENT_SECRET`.
fn variable(manifest: &Manifest, key: &str) -> String {
    let own = manifest.environment.api_url.as_deref().and_then(|name| name.strip_suffix("_API_URL"));
    let prefix: String = own.unwrap_or(&manifest.name).chars().take(40).collect();
    let name = format!("{prefix}_{}", key.trim_end_matches("-env"));
    name.to_ascii_uppercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(clouds: &[&str]) -> Manifest {
        let cloud = |name: &&str| {
            let cloud = json!({ "api": format!("https://{name}.example.com"), "authority": "https://a", "scope": "s" });
            ((*name).to_owned(), cloud)
        };
        let clouds: serde_json::Map<_, _> = clouds.iter().map(cloud).collect();
        let manifest = json!({
            "contract": "c", "name": "an-example", "version": "1", "title": "t", "actions": [], "clouds": clouds
        });
        Manifest::parse(manifest.to_string().as_bytes()).unwrap()
    }

    /// Answers each question with the first choice or with `x`, and returns which keys were asked for.
    fn asked(mut known: Answers, manifest: &Manifest) -> (Vec<&'static str>, Answers) {
        let mut keys = Vec::new();
        while let Some(mut question) = next(&known, manifest) {
            loop {
                assert!(question.flags.starts_with("--"));
                let (key, value) = match question.answer {
                    Wanted::Place(places) => match places.into_iter().next().unwrap().1 {
                        Ok(inner) => {
                            question = inner;
                            continue;
                        }
                        Err(key) => {
                            keys.push(key);
                            known.insert(key, Setting::Nothing);
                            break;
                        }
                    },
                    Wanted::Choice { key, choices } => (key, choices[0].value.clone()),
                    Wanted::Text { key, default, .. } => (key, default.unwrap_or_else(|| "x".into())),
                };
                keys.push(key);
                known.insert(key, Setting::Text(value));
                break;
            }
        }
        (keys, known)
    }

    #[test]
    fn it_asks_from_the_outside_to_the_inside_and_for_what_is_needed_only() {
        let clouds = manifest(&["eu", "public"]);
        let (keys, known) = asked(Answers::new(), &clouds);
        assert_eq!(keys, ["cloud", "kind", "tenant-id", "client-id", "client-secret-env"]);
        assert_eq!(known["cloud"], Setting::Text("public".into()));
        assert_eq!(known["client-secret-env"], Setting::Text("AN_EXAMPLE_CLIENT_SECRET".into()));
        let names: Vec<&str> = draft(&known).connection.iter().map(|(key, _)| *key).collect();
        assert_eq!(names, ["cloud", "tenant-id"]);
        let names: Vec<&str> = draft(&known).auth.iter().map(|(key, _)| *key).collect();
        assert_eq!(names, ["kind", "client-id", "client-secret-env"]);

        let token: Answers = [("kind", Setting::Text("token".into()))].into();
        assert_eq!(asked(token.clone(), &clouds).0, ["cloud", "token-env"]);
        assert_eq!(asked(token.clone(), &manifest(&["only"])).0, ["cloud", "token-env"]);
        assert_eq!(asked(token, &manifest(&[])).0, ["api-url", "token-env"]);
        let given: Answers = [
            ("api-url", Setting::Text("https://x".into())),
            ("kind", Setting::Text("token".into())),
            ("token-command", Setting::Words(vec!["x".into()])),
        ]
        .into();
        assert_eq!(asked(given, &clouds).0, [""; 0]);
    }

    #[test]
    fn with_an_api_of_its_own_the_authority_is_asked_for_too() {
        let clouds = manifest(&["eu", "public"]);
        let given = |api: &str, kind: &str| -> Answers {
            [("api-url", Setting::Text(api.into())), ("kind", Setting::Text(kind.into()))].into()
        };
        let keys = |api: &str, kind: &str| asked(given(api, kind), &clouds).0.join(" ");
        let stand_in = "http://127.0.0.1:9000";
        for kind in ["client-secret", "certificate", "device-code", "auth-code", "workload-identity"] {
            assert!(keys(stand_in, kind).starts_with("authority scope "), "{kind}");
        }
        assert!(keys(stand_in, "managed-identity").starts_with("scope "));
        assert_eq!(keys(stand_in, "token"), "token-env");
        assert_eq!(keys(stand_in, "none"), "");
        assert_eq!(keys("https://eu.example.com", "device-code"), "tenant-id client-id", "it is a cloud's");

        let known = given(stand_in, "client-secret");
        let question = next(&known, &clouds).unwrap();
        assert_eq!((&*question.flags, question.left_out), ("--authority", None), "it must be said");
        let Wanted::Choice { choices, .. } = question.answer else { panic!() };
        let values: Vec<&str> = choices.iter().map(|choice| &*choice.value).collect();
        assert_eq!(values, [stand_in, "https://a", ""]);
        assert!(choices[2].then.is_some(), "another can be typed");
        let named = [("cloud", Setting::Text("eu".into()))].into_iter().chain(known).collect();
        assert_eq!(next(&named, &clouds).unwrap().flags, "--tenant-id", "the cloud says it");
    }

    #[test]
    fn an_api_that_is_no_clouds_can_be_entered() {
        for names in [&["eu", "public"][..], &["only"]] {
            let question = next(&Answers::new(), &manifest(names)).unwrap();
            assert_eq!(question.left_out.is_some(), names.len() == 1);
            let Wanted::Choice { choices, .. } = question.answer else { panic!() };
            let then = choices.last().unwrap().then.as_ref().unwrap();
            assert!(matches!(then.answer, Wanted::Text { key: "api-url", .. }), "{then:?}");
        }
    }

    #[test]
    fn each_kind_asks_for_what_it_needs_and_writes_no_more() {
        let only = manifest(&["only"]);
        for (kind, asks, writes) in [
            (
                "certificate",
                "tenant-id client-id certificate-file key-file certificate-password-env",
                "kind client-id certificate-file",
            ),
            ("device-code", "tenant-id client-id", "kind client-id"),
            ("auth-code", "tenant-id client-id redirect-uri", "kind client-id"),
            ("managed-identity", "client-id", "kind"),
            ("workload-identity", "tenant-id client-id token-file", "kind"),
            ("azure-cli", "tenant-id", "kind"),
            ("none", "", "kind"),
        ] {
            let cloud = ("cloud", Setting::Text("only".into()));
            let (keys, known) = asked([cloud, ("kind", Setting::Text(kind.into()))].into(), &only);
            assert_eq!(keys.join(" "), asks, "{kind}");
            let names: Vec<&str> = draft(&known).auth.iter().map(|(key, _)| *key).collect();
            assert_eq!(names.join(" "), writes, "{kind}");
        }
    }

    #[test]
    fn a_variable_is_named_like_the_connectors_own() {
        let mut named = manifest(&[]);
        named.environment.api_url = Some("OTHER_API_URL".into());
        assert_eq!(variable(&named, "client-secret-env"), "OTHER_CLIENT_SECRET");
        assert_eq!(variable(&named, "token-env"), "OTHER_TOKEN");
    }
}
