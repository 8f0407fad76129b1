//! What there is to ask about a new connection, in which order. Nothing here asks.

use std::collections::BTreeMap;

use connector_host::manifest::Manifest;

use super::file::{Draft, Setting};

/// What is known of the new connection: keys of the configuration file, and what they are set to.
pub(super) type Answers = BTreeMap<&'static str, Setting>;

/// A kind of sign-in, as the configuration file has it.
pub(super) struct Kind {
    pub(super) name: &'static str,
    title: &'static str,
    /// Whether there is a tenant to sign in to.
    tenant: bool,
    asks: &'static [Ask],
}

/// What a kind of sign-in has to know.
enum Ask {
    /// A key's text.
    Text { key: &'static str, prompt: &'static str },
    /// One of several places where something secret is: a variable, a file, a command.
    Place { prompt: &'static str, places: &'static [Place] },
}

struct Place {
    key: &'static str,
    title: &'static str,
    prompt: &'static str,
    what: What,
}

/// What is to be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Text,
    Variable,
    File,
    Command,
}

/// The kinds, the most common first.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "client-secret",
        title: "an application with a secret",
        tenant: true,
        asks: &[
            CLIENT_ID,
            Ask::Place {
                prompt: "Where the application's secret is",
                places: &[
                    Place {
                        key: "client-secret-env",
                        title: "in an environment variable",
                        prompt: "The variable's name",
                        what: What::Variable,
                    },
                    Place {
                        key: "client-secret-file",
                        title: "in a file",
                        prompt: "The file's path",
                        what: What::File,
                    },
                ],
            },
        ],
    },
    Kind {
        name: "token",
        title: "a token that something else obtains",
        tenant: false,
        asks: &[Ask::Place {
            prompt: "Where the token comes from",
            places: &[
                Place {
                    key: "token-env",
                    title: "from an environment variable",
                    prompt: "The variable's name",
                    what: What::Variable,
                },
                Place {
                    key: "token-command",
                    title: "from a command that prints it",
                    prompt: "The command and its arguments; no shell reads it",
                    what: What::Command,
                },
            ],
        }],
    },
    Kind { name: "none", title: "nobody: the API asks for no token", tenant: false, asks: &[] },
];

const CLIENT_ID: Ask = Ask::Text { key: "client-id", prompt: "The application's (client) id" };

/// The keys that stand in the table `auth`; the others stand in the connection's own.
const AUTH: &[&str] = &[
    "kind",
    "client-id",
    "client-secret-env",
    "client-secret-file",
    "token-env",
    "token-command",
    "authority",
];

/// The keys in the order in which they are written.
const ORDER: &[&str] = &["cloud", "api-url", "tenant-id", "allow-loopback-http"];

/// The next thing to ask.
#[derive(Debug, PartialEq)]
pub(super) struct Question {
    pub(super) prompt: String,
    /// The flags by which the answer can be given, for who cannot be asked.
    pub(super) flags: String,
    pub(super) answer: Wanted,
}

/// What an answer is.
#[derive(Debug, PartialEq)]
pub(super) enum Wanted {
    /// One of these, for that key.
    Choice { key: &'static str, choices: Vec<Choice> },
    /// A text for that key.
    Text { key: &'static str, what: What, default: Option<String> },
    /// One of these, which says what to ask for.
    Place(Vec<(&'static str, Question)>),
}

#[derive(Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) title: String,
}

/// What to ask next; nothing when all is known.
pub(super) fn next(known: &Answers, manifest: &Manifest) -> Option<Question> {
    let has = |key: &str| known.contains_key(key);
    if !has("cloud") && !has("api-url") && manifest.clouds.len() > 1 {
        return Some(cloud(manifest));
    }
    if !has("api-url") && manifest.clouds.is_empty() {
        return Some(text("api-url", "The API's address, such as https://api.example.com", What::Text, None));
    }
    let Some(Setting::Text(kind)) = known.get("kind") else {
        return Some(kinds());
    };
    // A kind that is not known shows when the file is checked.
    let kind = KINDS.iter().find(|known| known.name == kind)?;
    if kind.tenant && !has("tenant-id") {
        return Some(text("tenant-id", "The tenant: its id or one of its domains", What::Text, None));
    }
    kind.asks.iter().find_map(|ask| match ask {
        Ask::Text { key, prompt } => (!has(key)).then(|| text(key, prompt, What::Text, None)),
        Ask::Place { prompt, places } => {
            let answered = places.iter().any(|place| has(place.key));
            (!answered).then(|| self::places(prompt, places, manifest))
        }
    })
}

/// What is known, as the configuration file has it.
pub(super) fn draft(known: &Answers) -> Draft {
    let pick =
        |keys: &[&'static str]| keys.iter().filter_map(|key| Some((*key, known.get(key)?.clone()))).collect();
    Draft { connection: pick(ORDER), auth: pick(AUTH) }
}

/// Whether a text can be the answer; if not, why. The text itself is never repeated: it may be a secret.
pub(super) fn check(what: What, text: &str) -> Result<(), &'static str> {
    let visible = !text.is_empty() && !text.chars().any(char::is_control);
    let name = |text: &str| {
        text.len() <= 64
            && !text.starts_with(|first: char| first.is_ascii_digit())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match what {
        _ if !visible => Err("it is empty, or has characters that cannot be seen"),
        What::Variable if !name(text) => Err(
            "that is no name of a variable. Name the variable that holds the secret; the secret itself does not belong \
             here",
        ),
        What::Command if shlex::split(text).is_none_or(|words| words.is_empty()) => {
            Err("a quotation in it does not end")
        }
        _ => Ok(()),
    }
}

fn cloud(manifest: &Manifest) -> Question {
    // The public cloud, where there is one, is what most mean.
    let mut names: Vec<&String> = manifest.clouds.keys().collect();
    names.sort_by_key(|name| *name != "public");
    let choices = names.into_iter().map(|name| Choice {
        value: name.clone(),
        title: manifest.clouds.get(name).map_or_else(String::new, |cloud| format!("{name}  {}", cloud.api)),
    });
    Question {
        prompt: "The cloud".into(),
        flags: "--cloud".into(),
        answer: Wanted::Choice { key: "cloud", choices: choices.collect() },
    }
}

fn kinds() -> Question {
    let choices = KINDS
        .iter()
        .map(|kind| Choice { value: kind.name.into(), title: format!("{}  {}", kind.name, kind.title) });
    Question {
        prompt: "Sign in as".into(),
        flags: "--kind".into(),
        answer: Wanted::Choice { key: "kind", choices: choices.collect() },
    }
}

fn text(key: &'static str, prompt: &str, what: What, default: Option<String>) -> Question {
    Question { prompt: prompt.into(), flags: format!("--{key}"), answer: Wanted::Text { key, what, default } }
}

fn places(prompt: &str, places: &[Place], manifest: &Manifest) -> Question {
    let flags: Vec<String> = places.iter().map(|place| format!("--{}", place.key)).collect();
    let questions = places.iter().map(|place| {
        let default = (place.what == What::Variable).then(|| variable(manifest, place.key));
        (place.title, text(place.key, place.prompt, place.what, default))
    });
    Question { prompt: prompt.into(), flags: flags.join(" or "), answer: Wanted::Place(questions.collect()) }
}

/// A likely name: the connector's, and what it is, such as `EXAMPLE_CLIENT_SECRET`.
fn variable(manifest: &Manifest, key: &str) -> String {
    let name = format!("{}_{}", manifest.name, key.trim_end_matches("-env"));
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

    /// Answers each question with the first choice or with `x`, and tells which keys were asked for.
    fn asked(mut known: Answers, manifest: &Manifest) -> (Vec<&'static str>, Answers) {
        let mut keys = Vec::new();
        while let Some(mut question) = next(&known, manifest) {
            loop {
                assert!(question.flags.starts_with("--"));
                let (key, value) = match question.answer {
                    Wanted::Place(places) => {
                        question = places.into_iter().next().unwrap().1;
                        continue;
                    }
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
        assert_eq!(asked(token.clone(), &manifest(&["only"])).0, ["token-env"]);
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
    fn a_secret_is_not_taken_for_a_variables_name() {
        assert!(check(What::Variable, "MY_SECRET_2").is_ok());
        for secret in ["", "8Q~abc", "a b", "0a1b2c", "ab.cd-ef", &"A".repeat(65)] {
            assert!(check(What::Variable, secret).is_err(), "{secret}");
        }
        assert!(check(What::Text, "a\u{7}").is_err() && check(What::File, "/a b").is_ok());
    }
}
