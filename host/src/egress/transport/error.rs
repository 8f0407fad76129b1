//! Why a request has no reply, and whether the server may have processed it.

use std::sync::Arc;

use hyper_util::client::legacy::Error as ClientError;

use super::payload::Taken;
use super::{DialError, find, innermost};

/// Why a request has no reply.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// There was no connection, so the request was not sent.
    #[error("{0}")]
    NotSent(Arc<DialError>),
    /// The permission to send ended before there was a connection, so the request was not sent.
    #[error("the permission to send ended before there was a connection")]
    Withheld,
    /// The server said that it did not process the request ([RFC 9113, section 8.7]): it may be sent again.
    ///
    /// [RFC 9113, section 8.7]: https://www.rfc-editor.org/rfc/rfc9113#section-8.7
    #[error("the server turned the request away unprocessed: {0}")]
    Refused(Arc<str>),
    /// The server is closing the connection, and did not say whether it processed the request.
    #[error("the server closed the connection before the reply: {0}")]
    Closing(Arc<str>),
    /// The connection was lost, or the server violated the protocol, after the request may have been sent.
    #[error("the connection was lost before the reply: {0}")]
    Broken(Arc<str>),
    /// The time was up.
    #[error("no reply in time")]
    Timeout {
        /// Whether the request may have been sent.
        sent: bool,
    },
}

impl TransportError {
    pub(super) fn of(error: &ClientError, taken: &Taken) -> Self {
        if let Some(dial) = find::<DialError>(error) {
            return Self::NotSent(Arc::new(dial.clone()));
        }
        // hyper reports only requests that it hands back unwritten as "canceled".
        let unwritten = find::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled);
        if error.is_connect() || unwritten {
            return Self::NotSent(Arc::new(DialError::Closed(innermost(error))));
        }
        let message = innermost(error);
        match find::<h2::Error>(error) {
            Some(http2) if is_refusal(http2, taken) => Self::Refused(message),
            Some(http2) if http2.is_go_away() && http2.is_remote() => Self::Closing(message),
            _ => Self::Broken(message),
        }
    }

    /// Whether the server may have processed the request.
    #[must_use]
    pub fn may_have_been_processed(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Withheld | Self::Refused(_) => false,
            Self::Closing(_) | Self::Broken(_) => true,
            Self::Timeout { sent } => *sent,
        }
    }

    /// Whether anything of the request may have left this machine.
    #[must_use]
    pub fn may_have_left(&self) -> bool {
        matches!(self, Self::Refused(_)) || self.may_have_been_processed()
    }
}

/// Whether an HTTP/2 server said that it did not process the request.
///
/// `REFUSED_STREAM` says so about its stream. `GOAWAY` says so only about streams above the last one that it
/// names ([RFC 9113, section 6.8]). The error does not tell whether it applies to the request's own stream:
/// h2 reports it for the streams above the last one, but also for every later attempt to open a stream; and
/// hyper makes one such attempt right after it has opened the request's stream, which may be at or below the
/// last one. hyper takes the request's body only after that attempt. So once the body is taken, the error
/// belongs to the request's own stream, which is above the last one. For a request without a body, this
/// cannot be determined.
///
/// [RFC 9113, section 6.8]: https://www.rfc-editor.org/rfc/rfc9113#section-6.8
fn is_refusal(error: &h2::Error, taken: &Taken) -> bool {
    let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    error.is_remote() && (refused || error.is_go_away() && taken.is_set())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// A server's settings, which are first on each connection.
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    /// The kind of the frame that opens a stream.
    const HEADERS: u8 = 1;

    /// The error of a request on stream 1 to a server that sends these frames.
    async fn error_after(frames: &[u8]) -> h2::Error {
        let (client, mut server) = tokio::io::duplex(1 << 16);
        let (sender, connection) = h2::client::handshake(client).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("https://api.example.com/").body(()).unwrap();
        let (reply, _) = sender.ready().await.unwrap().send_request(request, true).unwrap();
        server.write_all(SETTINGS).await.unwrap();
        server.read_exact(&mut [0; 24]).await.unwrap();
        let mut kind = 0;
        while kind != HEADERS {
            let mut head = [0; 9];
            server.read_exact(&mut head).await.unwrap();
            kind = head[3];
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            server.read_exact(&mut vec![0; length as usize]).await.unwrap();
        }
        server.write_all(frames).await.unwrap();
        drop(server);
        reply.await.unwrap_err()
    }

    fn reset(reason: u8) -> Vec<u8> {
        vec![0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, reason]
    }

    fn go_away(last: u8) -> Vec<u8> {
        vec![0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 0]
    }

    fn taken(is_taken: bool) -> Taken {
        let taken = Taken::default();
        if is_taken {
            taken.set();
        }
        taken
    }

    #[tokio::test]
    async fn a_refused_stream_was_not_processed() {
        let refused = error_after(&reset(7)).await;
        for is_taken in [false, true] {
            assert!(is_refusal(&refused, &taken(is_taken)), "{refused}");
        }
    }

    #[tokio::test]
    async fn any_other_reset_says_nothing() {
        for reason in [0, 1, 2, 5, 8, 11] {
            let error = error_after(&reset(reason)).await;
            assert!(!is_refusal(&error, &taken(true)), "{error}");
        }
    }

    #[tokio::test]
    async fn a_goaway_below_the_stream_is_a_refusal_once_the_body_was_taken() {
        let error = error_after(&go_away(0)).await;
        assert!(is_refusal(&error, &taken(true)), "{error}");
        assert!(!is_refusal(&error, &taken(false)), "{error}");
    }

    #[tokio::test]
    async fn a_goaway_at_or_above_the_stream_is_no_refusal() {
        for last in [1, 3, 127] {
            let error = error_after(&go_away(last)).await;
            assert!(!is_refusal(&error, &taken(true)), "{error}");
        }
    }

    #[test]
    fn only_what_provably_was_not_processed_may_be_repeated() {
        let dial = TransportError::NotSent(Arc::new(DialError::Refused));
        for (error, processed, left) in [
            (dial, false, false),
            (TransportError::Withheld, false, false),
            (TransportError::Refused("x".into()), false, true),
            (TransportError::Closing("x".into()), true, true),
            (TransportError::Broken("x".into()), true, true),
            (TransportError::Timeout { sent: true }, true, true),
            (TransportError::Timeout { sent: false }, false, false),
        ] {
            assert_eq!(
                (error.may_have_been_processed(), error.may_have_left()),
                (processed, left),
                "{error:?}"
            );
        }
    }
}
