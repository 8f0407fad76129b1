//! Case files, as they are written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::support;
use crate::support::server::{Answer, End};

/// The cases of one action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseFile {
    /// Interface and action, such as `machines/get-machine`.
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) action: String,
    pub(crate) cases: Vec<Case>,
}

/// One call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) input: Value,
    /// What the API must see; `null` when nothing may be sent.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) request: Option<Request>,
    pub(crate) reply: Option<Reply>,
    pub(crate) output: Option<Value>,
    pub(crate) failure: Option<Failure>,
}

/// A request that the API must see.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path as it is on the wire.
    pub(crate) path: String,
    /// The query as it is on the wire, without its `?`.
    #[serde(default)]
    pub(crate) query: String,
    /// All headers but `host` and `content-length`, which follow from the rest. `*` at a value's end is anything.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body to the byte.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) body: Option<String>,
}

/// What the API answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Text as it is, anything else as JSON.
    #[serde(default)]
    body: Value,
    /// Instead of a body: so many lists in one another.
    #[serde(default)]
    nesting: usize,
    #[serde(default, deserialize_with = "end")]
    end: End,
}

/// A failure that the caller must get.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Failure {
    pub(crate) case: String,
    pub(crate) code: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) retry_after_seconds: Option<u32>,
    #[serde(default)]
    pub(crate) missing_roles: Vec<String>,
    pub(crate) parameter: Option<String>,
    /// Something that the message must say.
    pub(crate) message: Option<String>,
}

/// The case files, in order.
pub(crate) fn paths() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = entries(&support::path("cases"))
        .into_iter()
        .filter(|path| path.is_dir())
        .flat_map(|folder| entries(&folder))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    paths
}

/// Interface and action, such as `machines/get-machine`.
pub(crate) fn name(path: &Path) -> String {
    let interface = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let action = path.file_stem().unwrap_or_default().to_string_lossy();
    format!("{interface}/{action}")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("the folder can be read").path()).collect()
}

/// Reads a file of cases. `origin` is what it calls `{origin}`.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(path: &Path, origin: &str) -> T {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = text.replace("{origin}", origin).replace("{long}", &"a".repeat(5000));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl CaseFile {
    pub(crate) fn read(path: &Path, origin: &str) -> Self {
        Self { name: name(path), ..parse(path, origin) }
    }

    /// The first case in which the action succeeds.
    pub(crate) fn first_success(&self) -> Option<&Case> {
        self.cases.iter().find(|case| case.output.is_some())
    }

    /// Whether the action sends anything.
    pub(crate) fn sends(&self) -> bool {
        self.cases.iter().any(|case| case.request.is_some())
    }
}

impl Reply {
    pub(crate) fn answer(&self) -> Answer {
        let body = match &self.body {
            _ if self.nesting > 0 => "[".repeat(self.nesting) + &"]".repeat(self.nesting),
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        let mut headers = self.headers.clone();
        if !body.is_empty() {
            headers
                .entry("content-type".to_owned())
                .or_insert_with(|| "application/json; charset=utf-8".to_owned());
        }
        Answer {
            status: self.status,
            headers: headers.into_iter().collect(),
            body: body.into_bytes(),
            end: self.end,
        }
    }
}

fn end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<End, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "before-reply" => Ok(End::BeforeReply),
        "amid-body" => Ok(End::AmidBody),
        other => Err(serde::de::Error::custom(format!("`{other}` is no end of a reply"))),
    }
}
