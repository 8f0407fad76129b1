//! A vault that ends with the process.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;

use super::{Vault, VaultError, VaultLock};

/// Keeps secrets in memory, and wipes them when they are removed. Clones share their contents.
#[derive(Debug, Clone, Default)]
pub struct MemoryVault {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    kept: HashMap<String, SecretString>,
    locked: HashSet<String>,
}

impl MemoryVault {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault for MemoryVault {
    fn read(&self, name: &str) -> Result<Option<SecretString>, VaultError> {
        Ok(self.state().kept.get(name).cloned())
    }

    fn write(&self, name: &str, secret: &SecretString) -> Result<(), VaultError> {
        self.state().kept.insert(name.to_owned(), secret.clone());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool, VaultError> {
        Ok(self.state().kept.remove(name).is_some())
    }

    fn try_lock(&self, name: &str) -> Result<Option<VaultLock>, VaultError> {
        let free = self.state().locked.insert(name.to_owned());
        Ok(free.then(|| VaultLock::new(Guard { vault: self.clone(), name: name.to_owned() })))
    }
}

/// A held lock; dropping it releases the name.
struct Guard {
    vault: MemoryVault,
    name: String,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.vault.state().locked.remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::keeps_what_it_is_given;

    #[test]
    fn it_is_a_vault() {
        keeps_what_it_is_given(&MemoryVault::default());
    }
}
