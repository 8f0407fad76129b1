//! Checks a manifest: it comes from a stranger, and is printed, completed by shells and written into files.

use serde_json::Value;

use super::{Action, Manifest, TypeDefinition};

/// Why a text is not a manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It is not JSON, or lacks a required field.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A name has characters that are not allowed in names.
    #[error("{what} {name:?} is not a valid name: expected {expected}")]
    Name {
        /// What it names, such as `the action`.
        what: &'static str,
        /// The invalid name.
        name: String,
        /// What a name of that kind looks like.
        expected: &'static str,
    },
    /// A text has a character that is invisible, or that controls a terminal or the direction of writing.
    #[error("{at} has the character U+{:04X}, which can change how the text around it is shown", u32::from(*letter))]
    Letter {
        /// Where the text is: the keys that lead to it.
        at: String,
        /// The character.
        letter: char,
    },
}

const KEBAB_CASE: &str = "words of letters and digits, joined by hyphens";
const VARIABLE: &str = "letters, digits and underscores";
const HOST: &str = "a host in lower case, in which one `*` may stand before a domain";

/// Refuses names that could mean something to a shell or a file system.
pub(super) fn names(manifest: &Manifest) -> Result<(), ManifestError> {
    name("the connector", &manifest.name, is_kebab_case, KEBAB_CASE)?;
    for cloud in manifest.clouds.keys() {
        name("the cloud", cloud, is_kebab_case, KEBAB_CASE)?;
    }
    let environment = &manifest.environment;
    for variable in environment.api_url.iter().chain(&environment.access_token) {
        name("the variable", variable, is_variable, VARIABLE)?;
    }
    if let Some(host) = manifest.hosts.broken() {
        return Err(ManifestError::Name { what: "the host", name: host.to_owned(), expected: HOST });
    }
    for trigger in &manifest.triggers {
        name("the trigger", &trigger.name, is_kebab_case, KEBAB_CASE)?;
    }
    manifest.actions.iter().chain(manifest.trigger_functions()).try_for_each(names_of)?;
    for (type_name, definition) in &manifest.types {
        name("the type", type_name, is_kebab_case, KEBAB_CASE)?;
        let members: Vec<&str> = match definition {
            TypeDefinition::Record { fields, .. } => fields.iter().map(|field| &*field.name).collect(),
            TypeDefinition::Enum { cases, .. } => cases.iter().map(|case| &*case.name).collect(),
        };
        for member in members {
            name("the field or case", member, is_kebab_case, KEBAB_CASE)?;
        }
    }
    Ok(())
}

fn names_of(action: &Action) -> Result<(), ManifestError> {
    name("the action", &action.name, is_kebab_case, KEBAB_CASE)?;
    if let Some(inverse) = &action.inverse {
        name("the inverse action", inverse, is_kebab_case, KEBAB_CASE)?;
    }
    let mut parameters = action.parameters.iter();
    parameters.try_for_each(|parameter| name("the parameter", &parameter.name, is_kebab_case, KEBAB_CASE))
}

fn name(
    what: &'static str,
    name: &str,
    is_name: fn(&str) -> bool,
    expected: &'static str,
) -> Result<(), ManifestError> {
    match is_name(name) {
        true => Ok(()),
        false => Err(ManifestError::Name { what, name: name.to_owned(), expected }),
    }
}

/// Whether text is in kebab-case as WIT defines it: each word has letters of one case, and the first
/// character is a letter.
fn is_kebab_case(name: &str) -> bool {
    name.split('-').all(|word| {
        let upper = word.starts_with(|first: char| first.is_ascii_uppercase());
        let letter =
            |letter: u8| if upper { letter.is_ascii_uppercase() } else { letter.is_ascii_lowercase() };
        word.bytes().next().is_some_and(letter)
            && word.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
    })
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Refuses texts that could drive a terminal, or mislead people about what is there.
pub(super) fn texts(manifest: &Value) -> Result<(), ManifestError> {
    check(manifest, &mut Vec::new())
}

fn check<'value>(value: &'value Value, path: &mut Vec<&'value str>) -> Result<(), ManifestError> {
    match value {
        Value::String(text) => {
            // A description's paragraphs are on separate lines.
            let breaks = path.last() == Some(&"description");
            plain(text, breaks, path)
        }
        Value::Array(items) => items.iter().try_for_each(|item| check(item, path)),
        Value::Object(fields) => {
            for (key, value) in fields {
                plain(key, false, path)?;
                path.push(key);
                check(value, path)?;
                path.pop();
            }
            Ok(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn plain(text: &str, breaks: bool, path: &[&str]) -> Result<(), ManifestError> {
    match text.chars().find(|letter| is_unsafe(*letter) && !(breaks && *letter == '\n')) {
        None => Ok(()),
        Some(letter) => Err(ManifestError::Letter { at: format!("`{}`", path.join(".")), letter }),
    }
}

/// Whether a character controls a terminal, breaks a line, or reorders or hides the text beside it.
fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Value {
        let parameter =
            json!({ "name": "machine-id", "key": "Machine ID", "title": "The machine", "type": "string" });
        json!({
            "contract": "workflow:connector@0.1.0", "name": "sample", "version": "1.0.0", "title": "Sample – ÄÖ 漢字",
            "environment": { "apiUrl": "SAMPLE_URL" },
            "clouds": { "public": { "api": "https://a.test", "authority": "https://b.test", "scope": "s" } },
            "hosts": ["api.example.com", "api-*.example.com"],
            "actions": [{
                "name": "isolate-machine", "interface": "a:b/c@0.1.0", "title": "Isolate", "effect": "write",
                "description": "One.\n\nTwo.", "parameters": [parameter],
            }],
            "triggers": [{ "name": "new-alerts", "title": "New alerts" }],
            "types": { "alert": { "kind": "record", "fields": [{ "name": "id", "key": "id" }] } },
        })
    }

    fn parsed(manifest: &Value) -> Result<Manifest, ManifestError> {
        Manifest::parse(manifest.to_string().as_bytes())
    }

    #[test]
    fn a_manifest_in_plain_characters_is_read() {
        parsed(&sample()).expect("it is sound");
    }

    #[test]
    fn a_manifest_that_could_drive_a_terminal_is_refused() {
        let places = [
            "/title",
            "/version",
            "/summary",
            "/actions/0/title",
            "/actions/0/summary",
            "/actions/0/description",
            "/actions/0/parameters/0/key",
            "/actions/0/parameters/0/title",
            "/triggers/0/title",
            "/types/alert/fields/0/key",
            "/clouds/public/scope",
        ];
        for place in places {
            for letter in
                ['\u{1b}', '\u{9b}', '\r', '\u{7f}', '\0', '\u{202e}', '\u{2066}', '\u{200b}', '\u{2028}']
            {
                let mut manifest = sample();
                let (parent, key) = place.rsplit_once('/').expect("it is a pointer");
                let at = manifest.pointer_mut(parent).expect("it is there");
                at[key] = json!(format!("a{letter}[2Jb"));
                let error = parsed(&manifest).expect_err(place);
                let expected =
                    matches!(error, ManifestError::Letter { letter: found, .. } if found == letter);
                let words = error.to_string();
                assert!(expected && words.contains(key) && !words.contains(letter), "{place}: {words}");
            }
        }
        let mut manifest = sample();
        manifest["title"] = json!("a\nb");
        assert!(parsed(&manifest).is_err(), "only a description has paragraphs");
        let mut manifest = sample();
        manifest["x\u{1b}[2J"] = json!(1);
        assert!(parsed(&manifest).is_err(), "keys are printed too");
    }

    #[test]
    fn names_that_are_not_in_kebab_case_are_refused() {
        let names = ["$(id)", "a b", "a;b", "-a", "a-", "a--b", "1a", "aB", "", "../a", "a\u{e9}", "a_b"];
        for place in ["/name", "/actions/0/name", "/actions/0/parameters/0/name", "/triggers/0/name"] {
            for name in names {
                let mut manifest = sample();
                *manifest.pointer_mut(place).expect("it is there") = json!(name);
                let error = parsed(&manifest).expect_err(name);
                assert!(matches!(error, ManifestError::Name { .. }), "{place} {name}: {error}");
            }
        }
        let mut manifest = sample();
        manifest["environment"]["apiUrl"] = json!("A B");
        assert!(parsed(&manifest).is_err());
        let mut manifest = sample();
        manifest["hosts"] = json!(["*"]);
        assert!(parsed(&manifest).is_err());
        let mut manifest = sample();
        manifest["actions"][0]["name"] = json!("get-URL2");
        parsed(&manifest).expect("acronyms are words of WIT");
    }
}
