//! How long a server keeps an idle HTTP/1.1 connection, if it says so: `Keep-Alive: timeout=5`
//! ([RFC 2068, section 19.7.1.1], still in wide use).
//!
//! If we close an idle connection before the server does, no request is written to a dead one. So shortly
//! before the server's time is up, the connection is no longer used. HTTP/2 has no such header; there the
//! server sends `GOAWAY`.
//!
//! [RFC 2068, section 19.7.1.1]: https://www.rfc-editor.org/rfc/rfc2068#section-19.7.1.1

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::{HeaderMap, Response, Version};
use tokio::time::Instant;

/// How much earlier than the server we close a connection: the longest time that a request may take to
/// arrive.
const MARGIN: Duration = Duration::from_secs(1);

/// The time until which a connection may be used, if its server has given one.
#[derive(Debug, Clone, Default)]
pub(super) struct Usable(Arc<Mutex<Option<Instant>>>);

/// Records what a reply says about its connection. Once the time is up, `retire` is called, and the
/// connection must not be used again.
pub(super) fn note<B>(reply: &Response<B>, retire: impl Fn() + Send + 'static) {
    if reply.version() >= Version::HTTP_2 {
        return;
    }
    let Some(timeout) = timeout(reply.headers()) else { return };
    let Some(usable) = reply.extensions().get::<Usable>() else { return };
    // The server counts from the end of its reply, so it will close later than this.
    if usable.prolong(Instant::now() + within(timeout)) {
        tokio::spawn(watch(Arc::downgrade(&usable.0), retire));
    }
}

impl Usable {
    /// Returns whether this is the first time that the server has given a time.
    fn prolong(&self, until: Instant) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(until).is_none()
    }
}

/// Runs until the connection is gone or its time is up.
async fn watch(usable: Weak<Mutex<Option<Instant>>>, retire: impl Fn()) {
    while let Some(usable) = usable.upgrade() {
        let until = *usable.lock().unwrap_or_else(PoisonError::into_inner);
        drop(usable);
        match until {
            Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
            _ => return retire(),
        }
    }
}

/// How long a connection may be used if the server keeps it for `timeout`.
fn within(timeout: Duration) -> Duration {
    timeout - MARGIN.min(timeout / 2)
}

/// The timeout that the header gives.
fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all("keep-alive").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let seconds = value.trim().trim_matches('"').parse::<u32>().ok()?;
        name.trim().eq_ignore_ascii_case("timeout").then(|| Duration::from_secs(seconds.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(values: &[&str]) -> Option<u64> {
        let mut reply = Response::new(());
        for value in values {
            reply.headers_mut().append("keep-alive", value.parse().unwrap());
        }
        timeout(reply.headers()).map(|timeout| timeout.as_secs())
    }

    #[test]
    fn the_header_is_read_in_the_forms_of_the_field() {
        assert_eq!(said(&["timeout=5"]), Some(5));
        assert_eq!(said(&["timeout=5, max=100"]), Some(5));
        assert_eq!(said(&["max=100,Timeout = \"7\""]), Some(7));
        assert_eq!(said(&["max=100", "timeout=9"]), Some(9));
        assert_eq!(said(&["timeout=0"]), Some(0));
        for nonsense in
            ["", "timeout", "timeout=", "timeout=-1", "timeout=soon", "timeout=99999999999", "max=5"]
        {
            assert_eq!(said(&[nonsense]), None, "{nonsense}");
        }
    }

    #[test]
    fn a_connection_is_given_up_before_the_server_does() {
        for (seconds, milliseconds) in [(0, 0), (1, 500), (2, 1000), (5, 4000), (120, 119_000)] {
            assert_eq!(within(Duration::from_secs(seconds)), Duration::from_millis(milliseconds));
        }
    }

    #[tokio::test]
    async fn each_reply_prolongs_the_time() {
        let retired = Arc::new(Mutex::new(0));
        let usable = Usable::default();
        let reply = |value: &str| {
            let mut reply = Response::new(());
            reply.headers_mut().insert("keep-alive", value.parse().unwrap());
            reply.extensions_mut().insert(usable.clone());
            let retired = retired.clone();
            note(&reply, move || *retired.lock().unwrap() += 1);
        };
        let pass = |milliseconds| tokio::time::sleep(Duration::from_millis(milliseconds));
        reply("timeout=1");
        pass(300).await;
        reply("timeout=1");
        pass(300).await;
        assert_eq!(*retired.lock().unwrap(), 0);
        pass(400).await;
        assert_eq!(*retired.lock().unwrap(), 1);
    }

    #[tokio::test]
    async fn nobody_watches_a_connection_that_is_gone_or_speaks_http2() {
        let retired = Arc::new(Mutex::new(0));
        for version in [Version::HTTP_11, Version::HTTP_2] {
            let mut reply = Response::new(());
            *reply.version_mut() = version;
            reply.headers_mut().insert("keep-alive", "timeout=1".parse().unwrap());
            let kept = Usable::default();
            let gone = version == Version::HTTP_11;
            reply.extensions_mut().insert(if gone { Usable::default() } else { kept.clone() });
            let counted = retired.clone();
            note(&reply, move || *counted.lock().unwrap() += 1);
            drop(reply);
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        assert_eq!(*retired.lock().unwrap(), 0);
    }
}
