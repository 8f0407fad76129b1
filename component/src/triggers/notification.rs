//! Reads the notifications of new alerts that an engine receives.

use crate::bindings::exports::defender::atp::triggers::AlertNotification;
use crate::decode::{from_json, pick, plain};
use crate::failure::{Failure, invalid};
use crate::prelude::*;

/// The name of the parameter in the contract.
const PARAMETER: &str = "body";
/// The largest notification, in bytes.
const LONGEST: usize = 1 << 20;
/// How many layers of wrapping are removed: `body`, JSON in a string, and both again.
const MOST_WRAPPINGS: usize = 4;

/// Reads a notification or a list of them, bare or wrapped in `body`, which may be a string of JSON.
pub(super) fn parse(body: &str) -> Result<Vec<AlertNotification>, Failure> {
    if body.len() > LONGEST {
        return Err(invalid(PARAMETER, format!("has more than {LONGEST} bytes")));
    }
    let notifications = unwrapped(body, MOST_WRAPPINGS).map_err(|reason| invalid(PARAMETER, reason))?;
    match notifications.iter().all(|notification| !notification.id.is_empty()) {
        true => Ok(notifications),
        false => Err(invalid(PARAMETER, "is a notification whose id is empty")),
    }
}

fn unwrapped(text: &str, wrappings: usize) -> Result<Vec<AlertNotification>, String> {
    let unreadable = |error: serde_json::Error| format!("is not a notification: {error}");
    let text = text.trim_start_matches('\u{feff}').trim();
    let inner = match text.as_bytes().first() {
        Some(b'[') => return from_json(text.as_bytes()).map_err(unreadable),
        Some(b'"') => plain(text).ok_or("is not a notification: a string that is not well-formed")?,
        _ => match pick(text.as_bytes(), &["body", "id"]).map_err(unreadable)?.as_slice() {
            [Some(body), None] => (*body).to_owned(),
            _ => {
                return from_json(text.as_bytes()).map(|notification| vec![notification]).map_err(unreadable);
            }
        },
    };
    match wrappings.checked_sub(1) {
        Some(wrappings) => unwrapped(&inner, wrappings),
        None => Err("is wrapped too many times".to_owned()),
    }
}
