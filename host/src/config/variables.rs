//! Environment variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

/// Environment variables: the process's, or others, for programs and tests that have their own.
#[derive(Clone, Default)]
pub struct Variables(Option<Arc<BTreeMap<String, OsString>>>);

impl Variables {
    /// The process's.
    #[must_use]
    pub fn process() -> Self {
        Self(None)
    }

    /// Those, and no others.
    #[must_use]
    pub fn fixed<K: Into<String>, V: Into<OsString>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(Some(Arc::new(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())))
    }

    /// The variable's value, if it is set.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<OsString> {
        match &self.0 {
            Some(variables) => variables.get(name).cloned(),
            // The standard library panics on names that no variable can have.
            None if name.is_empty() || name.contains(['=', '\0']) => None,
            None => std::env::var_os(name),
        }
    }
}

/// The values may be secrets.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(variables) => f.debug_set().entries(variables.keys()).finish(),
            None => f.write_str("the process's"),
        }
    }
}
