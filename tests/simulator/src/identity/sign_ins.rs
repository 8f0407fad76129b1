//! The results of a person's sign-in that can be redeemed: a device code, an authorization code, a refresh
//! token.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::error::EntraError;
use super::scopes::Wanted;
use crate::moment::Moment;

/// How long an authorization code is valid.
const CODE_LIFE: Duration = Duration::from_secs(600);
/// The most entries of each kind. Beyond that, expired entries are forgotten first, and then all.
const MOST: usize = 10_000;
/// The letters of a code that a person types. No two look alike.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// All sign-ins.
#[derive(Debug, Default)]
pub(crate) struct SignIns(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    devices: HashMap<String, Entry<Device>>,
    codes: HashMap<String, Entry<Authorized>>,
    refresh_tokens: HashMap<String, Entry<Wanted>>,
}

/// Something that can be redeemed once, until it expires.
#[derive(Debug)]
struct Entry<T> {
    value: T,
    expires: Moment,
    is_redeemed: bool,
}

#[derive(Debug)]
struct Device {
    user_code: String,
    wanted: Wanted,
    /// The person's decision, once made.
    accepted: Option<bool>,
}

/// The authorization that a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Authorized {
    pub(super) wanted: Wanted,
    pub(super) redirect_uri: String,
    /// The PKCE challenge, and whether it is a digest.
    pub(super) challenge: Option<(String, bool)>,
}

impl SignIns {
    /// Starts a sign-in with a code. Returns the program's code and the person's code.
    pub(super) fn begin_device(&self, wanted: Wanted, life: Duration, now: Moment) -> (String, String) {
        let (device_code, user_code) = (secret(), user_code());
        let device = Device { user_code: user_code.clone(), wanted, accepted: None };
        put(&mut self.state().devices, device_code.clone(), device, now.after(life), now);
        (device_code, user_code)
    }

    /// Records the decision of the person with this code. Returns whether a sign-in was waiting for it.
    pub(super) fn decide(&self, user_code: &str, accepted: bool, now: Moment) -> bool {
        let mut state = self.state();
        waiting(&mut state, user_code, now).map(|device| device.accepted = Some(accepted)).is_some()
    }

    pub(super) fn redeem_device(&self, device_code: &str, now: Moment) -> Result<Wanted, EntraError> {
        let mut state = self.state();
        let entry = state.devices.get_mut(device_code).ok_or(EntraError::UnknownDeviceCode)?;
        match entry.value.accepted {
            _ if entry.is_redeemed => Err(EntraError::Redeemed),
            _ if entry.expires <= now => Err(EntraError::DeviceCodeExpired),
            None => Err(EntraError::Pending),
            Some(false) => Err(EntraError::Declined("authorization_declined")),
            Some(true) => {
                entry.is_redeemed = true;
                Ok(entry.value.wanted.clone())
            }
        }
    }

    pub(super) fn begin_code(&self, authorized: Authorized, now: Moment) -> String {
        let code = secret();
        put(&mut self.state().codes, code.clone(), authorized, now.after(CODE_LIFE), now);
        code
    }

    pub(super) fn redeem_code(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now: Moment,
    ) -> Result<Wanted, EntraError> {
        let authorized = redeem(&mut self.state().codes, code, now)?;
        if authorized.redirect_uri != redirect_uri {
            return Err(EntraError::OtherRedirect);
        }
        let proved = match (&authorized.challenge, verifier) {
            (None, _) => true,
            (Some((challenge, true)), Some(verifier)) => *challenge == digested(verifier),
            (Some((challenge, false)), Some(verifier)) => challenge == verifier,
            (Some(_), None) => false,
        };
        if proved { Ok(authorized.wanted) } else { Err(EntraError::Verifier) }
    }

    pub(super) fn begin_refresh(&self, wanted: Wanted, life: Duration, now: Moment) -> String {
        let token = secret();
        // Only the first token of a sign-in contains the nonce.
        let wanted = wanted.with_nonce(None);
        put(&mut self.state().refresh_tokens, token.clone(), wanted, now.after(life), now);
        token
    }

    /// Redeems a refresh token. It is valid once; the reply contains the next one.
    pub(super) fn redeem_refresh(&self, token: &str, now: Moment) -> Result<Wanted, EntraError> {
        redeem(&mut self.state().refresh_tokens, token, now)
    }

    /// Ends all sign-ins.
    pub(crate) fn end_all(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn waiting<'a>(state: &'a mut State, user_code: &str, now: Moment) -> Option<&'a mut Device> {
    let plain = |code: &str| code.trim().replace('-', "").to_ascii_uppercase();
    let typed = plain(user_code);
    let mut open = state.devices.values_mut().filter(|entry| entry.expires > now && !entry.is_redeemed);
    let entry = open.find(|entry| entry.value.accepted.is_none() && entry.value.user_code == typed)?;
    Some(&mut entry.value)
}

fn redeem<T: Clone>(
    entries: &mut HashMap<String, Entry<T>>,
    key: &str,
    now: Moment,
) -> Result<T, EntraError> {
    let entry = entries.get_mut(key).ok_or(EntraError::UnknownGrant)?;
    if std::mem::replace(&mut entry.is_redeemed, true) {
        return Err(EntraError::Redeemed);
    }
    if entry.expires <= now { Err(EntraError::GrantExpired) } else { Ok(entry.value.clone()) }
}

fn put<T>(entries: &mut HashMap<String, Entry<T>>, key: String, value: T, expires: Moment, now: Moment) {
    if entries.len() >= MOST {
        entries.retain(|_, entry| entry.expires > now);
    }
    if entries.len() >= MOST {
        entries.clear();
    }
    entries.insert(key, Entry { value, expires, is_redeemed: false });
}

/// A text that nobody can guess.
fn secret() -> String {
    let bytes: Vec<u8> = (0..3).flat_map(|_| Uuid::new_v4().into_bytes()).collect();
    format!("0.{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn user_code() -> String {
    let bytes = Uuid::new_v4().into_bytes();
    let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
    // Two bytes of a UUID are not entirely random.
    bytes.iter().take(6).chain(bytes.iter().skip(9)).take(9).map(letter).collect()
}

/// The method S256 ([RFC 7636, section 4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2)).
fn digested(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}
