//! Environment variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

/// Environment variables: the process's own, or a fixed set for programs and tests.
#[derive(Clone, Default)]
pub struct Variables(Option<Arc<BTreeMap<String, OsString>>>);

impl Variables {
    /// The environment variables of this process, looked up at each use.
    #[must_use]
    pub fn process() -> Self {
        Self(None)
    }

    /// A fixed set of variables, and no others.
    #[must_use]
    pub fn fixed<K: Into<String>, V: Into<OsString>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(Some(Arc::new(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())))
    }

    /// Returns the variable's value, if it is set.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<OsString> {
        match &self.0 {
            Some(variables) => variables.get(name).cloned(),
            // The standard library may panic on names that no variable can have.
            None if name.is_empty() || name.contains(['=', '\0']) => None,
            None => std::env::var_os(name),
        }
    }
}

/// Whether the text can be the name of an environment variable: letters, digits and underscores, not starting
/// with a digit.
///
/// Platforms allow other names too. But people sometimes enter the secret itself where a name is expected,
/// and secrets made by authorities contain other characters.
#[must_use]
pub fn is_variable_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_NAME
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The longest name, in bytes.
const LONGEST_NAME: usize = 128;

/// Whether a variable's name looks like the secret itself: random letters and digits instead of words. Ask
/// this only of variables that are not set: a variable that is set has that name, whatever it looks like.
#[must_use]
pub fn looks_secret(name: &str) -> bool {
    // Issuers put a prefix before their secrets, as in `whsec_…`.
    name.split('_').any(|part| {
        let any = |is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
        part.len() >= 16 && any(u8::is_ascii_digit) && any(u8::is_ascii_lowercase)
    })
}

/// Leaves out the values, which may be secrets.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(variables) => f.debug_set().entries(variables.keys()).finish(),
            None => f.write_str("the process's"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_the_name_of_a_variable() {
        for name in ["MY_SECRET_2", "_x", "a", &"A".repeat(128)] {
            assert!(is_variable_name(name), "{name}");
        }
        for secret in ["", "8Q~abc", "a b", "0a1b2c", "ab.cd-ef", "a=b", "é", &"A".repeat(129)] {
            assert!(!is_variable_name(secret), "{secret}");
        }
        for (name, looks) in [
            ("MY_OTHER_SECRET_2", false),
            ("my_secret", false),
            ("clientsecretvariable", false),
            ("x8QabcDEF0123456789hijkl", true),
            ("whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0", true),
            ("a1b2c3d4e5f60718293a4b5c6d7e8f90", true),
        ] {
            assert_eq!(looks_secret(name), looks, "{name}");
        }
    }
}
