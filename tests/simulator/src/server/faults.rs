//! Faults: what goes wrong, for which requests, and how often.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::effect::Effect;

/// A fault. Without any conditions it affects every request; without a count it stays until it is cleared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Affects only this operation: the connector's operation id (`IsolateMachine`), or `Token` or
    /// `ManagedIdentity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Affects only this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Affects only undecoded paths that contain this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How many matching requests are spared first.
    #[serde(default)]
    pub skip: u64,
    /// How many matching requests are then affected. All of them if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Whether the request takes effect before its answer goes wrong. Effects that alter a real answer imply
    /// this.
    #[serde(default)]
    pub processed: bool,
    /// What goes wrong.
    pub effect: Effect,
}

/// What goes wrong with one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) delay: Duration,
    pub(crate) effect: Option<Effect>,
    /// Whether the request is carried out nevertheless.
    pub(crate) processed: bool,
}

/// The current faults.
#[derive(Debug, Default)]
pub struct Faults {
    /// Whether there may be any faults. If not, requests need not take the lock.
    any: AtomicBool,
    list: Mutex<Vec<Fault>>,
}

impl Fault {
    /// Creates a fault that affects every request until it is cleared. The other methods narrow it down.
    pub fn new(effect: Effect) -> Self {
        Self { operation: None, method: None, path: None, skip: 0, count: None, processed: false, effect }
    }

    /// Affects only requests for this operation.
    #[must_use]
    pub fn on(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Affects only this many requests.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// Spares the first matching requests.
    #[must_use]
    pub fn after(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Lets the request take effect nevertheless.
    #[must_use]
    pub fn once_processed(mut self) -> Self {
        self.processed = true;
        self
    }

    fn concerns(&self, operation: Option<&str>, method: &str, path: &str) -> bool {
        self.operation.as_deref().is_none_or(|wanted| operation == Some(wanted))
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|wanted| path.contains(wanted))
    }

    /// Whether the fault strikes this time. Counts the request either way.
    fn strikes(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        match &mut self.count {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

impl Faults {
    /// Adds a fault.
    pub fn add(&self, fault: Fault) {
        self.lock().push(fault);
        self.any.store(true, Ordering::Release);
    }

    /// Clears all faults.
    pub fn clear(&self) {
        self.lock().clear();
        self.any.store(false, Ordering::Release);
    }

    /// The current faults, with their remaining counts.
    pub fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Returns what goes wrong with a request: the delay of all matching latencies, and the first other
    /// matching effect.
    pub(crate) fn strike(&self, operation: Option<&str>, method: &str, path: &str) -> Trouble {
        let mut trouble = Trouble::default();
        if !self.any.load(Ordering::Acquire) {
            return trouble;
        }
        let mut faults = self.lock();
        for fault in faults.iter_mut().filter(|fault| fault.concerns(operation, method, path)) {
            if let Effect::Latency { milliseconds } = fault.effect {
                if fault.strikes() {
                    trouble.delay += Duration::from_millis(milliseconds);
                }
            } else if trouble.effect.is_none() && fault.strikes() {
                trouble.processed = fault.processed || fault.effect.needs_answer();
                trouble.effect = Some(fault.effect.clone());
            }
        }
        faults.retain(|fault| fault.count != Some(0));
        self.any.store(!faults.is_empty(), Ordering::Release);
        trouble
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_as_often_as_told_and_only_what_matches() {
        let faults = Faults::default();
        faults.add(Fault::new(Effect::Drop).on("GetAlerts").after(1).times(1));
        let strike = || faults.strike(Some("GetAlerts"), "GET", "/api/alerts").effect;
        assert_eq!(faults.strike(Some("GetMachines"), "GET", "/api/machines"), Trouble::default());
        assert_eq!(strike(), None);
        assert_eq!(strike(), Some(Effect::Drop));
        assert_eq!(strike(), None);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn latency_adds_to_another_effect() {
        let faults = Faults::default();
        faults.add(Fault::new(Effect::Latency { milliseconds: 5 }));
        faults.add(Fault::new(Effect::TruncatedJson));
        let trouble = faults.strike(None, "GET", "/");
        assert_eq!(trouble.delay, Duration::from_millis(5));
        assert!(trouble.processed, "only a real answer can be truncated");
    }

    #[test]
    fn reads_as_json() {
        let text = r#"{"operation":"IsolateMachine","count":2,"effect":{"kind":"status","status":503}}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        assert_eq!(fault.count, Some(2));
        assert!(serde_json::from_str::<Fault>(r#"{"effect":{"kind":"status","status":503,"x":1}}"#).is_err());
    }
}
