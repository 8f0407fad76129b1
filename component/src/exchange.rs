//! Sends a request and receives its reply over `wasi:http`. No other module uses WASI's HTTP.
//!
//! Some steps are as they are because engines differ. A request without a body does not touch the body. A
//! body is written after the request was handed over, in small pieces. Errors in writing it are ignored,
//! since the reply says more. A refused time-out setting is ignored too. The engine sets the body's length.

use core::time::Duration;

use wasip2::http::outgoing_handler::{RequestOptions, handle};
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method as HttpMethod,
    OutgoingBody, OutgoingRequest, Scheme, http_error_code,
};
use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, StreamError};

use crate::leftovers;
use crate::prelude::*;
use crate::reply::{Reply, Trouble};
use crate::request::{Method, Request};

/// How long to wait for the first byte of the reply. A hunting query may take 200 seconds.
const FIRST_BYTE: Duration = Duration::from_secs(230);
/// How long to wait for the next byte of the reply.
const NEXT_BYTE: Duration = Duration::from_secs(60);
/// The most bytes that a stream accepts at once, by its contract.
const WRITE: usize = 4096;
/// The most bytes to ask of a stream at once.
const READ: u64 = 1 << 20;
/// The most memory to reserve for the length that a reply announces.
const MOST_RESERVED: u64 = 32 << 20;

/// Sends a request, and reads at most `bound` bytes of the reply's body.
///
/// # Errors
/// Says why no reply was received.
pub(crate) fn send(request: Request, bound: u64) -> Result<Reply, Trouble> {
    let refused = || Trouble::Denied("the engine does not take this request for one".to_owned());
    let body = request.body.as_deref();
    let outgoing = outgoing(&request).ok_or_else(refused)?;
    let writer = match body {
        Some(bytes) => Some((outgoing.body().map_err(|()| refused())?, bytes)),
        None => None,
    };
    let place = || origin(&request);
    let pending = handle(outgoing, Some(options())).map_err(|code| trouble(&code, &place()))?;
    if let Some((body, bytes)) = writer {
        write(body, bytes);
    }
    let (response, wait) = response(&pending).map_err(|code| trouble(&code, &place()))?;
    let fields = response.headers();
    let reply = Reply { status: response.status(), headers: fields.entries(), ..Reply::default() };
    let (reply, body) = read(&response, reply, bound)?;
    // Each resource comes before its parent, since engines insist on that order.
    leftovers::keep((body, fields, response, wait, pending));
    Ok(reply)
}

fn outgoing(request: &Request) -> Option<OutgoingRequest> {
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes()))
        .collect();
    let outgoing = OutgoingRequest::new(Fields::from_list(&headers).ok()?);
    let method = match request.method {
        // GET is the default method.
        Method::Get => None,
        Method::Post => Some(HttpMethod::Post),
        Method::Patch => Some(HttpMethod::Patch),
        Method::Delete => Some(HttpMethod::Delete),
    };
    if let Some(method) = method {
        outgoing.set_method(&method).ok()?;
    }
    outgoing.set_scheme(Some(if request.secure { &Scheme::Https } else { &Scheme::Http })).ok()?;
    outgoing.set_authority(Some(&request.authority)).ok()?;
    outgoing.set_path_with_query(Some(&request.path_with_query)).ok()?;
    Some(outgoing)
}

fn options() -> RequestOptions {
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).ok();
    let options = RequestOptions::new();
    // The connect time-out is left to the engine, since one engine includes the wait for the first byte in
    // it.
    let _ = options.set_first_byte_timeout(nanoseconds(FIRST_BYTE));
    let _ = options.set_between_bytes_timeout(nanoseconds(NEXT_BYTE));
    options
}

/// Writes the body as far as the API reads it: an API may answer before it has read everything.
fn write(body: OutgoingBody, bytes: &[u8]) {
    let Ok(stream) = body.write() else { return };
    let written = bytes.chunks(WRITE).try_for_each(|piece| stream.blocking_write_and_flush(piece));
    drop(stream);
    if written.is_ok() {
        let _ = OutgoingBody::finish(body, None);
    }
}

/// The response, and the pollable that was used to wait for it.
fn response(pending: &FutureIncomingResponse) -> Result<(IncomingResponse, Pollable), ErrorCode> {
    loop {
        // The response is never there at once, so asking for it before waiting would be a wasted call.
        let wait = pending.subscribe();
        wait.block();
        match pending.get() {
            Some(Ok(response)) => return response.map(|response| (response, wait)),
            Some(Err(())) => return Err(ErrorCode::InternalError(None)),
            None => {}
        }
    }
}

/// Reads the body to its very end, since some engines reuse a connection only after that. A body that breaks
/// off or has fewer bytes than announced is marked as cut short.
fn read(
    response: &IncomingResponse,
    mut reply: Reply,
    bound: u64,
) -> Result<(Reply, Option<(InputStream, IncomingBody)>), Trouble> {
    let announced = reply.announced();
    if announced.is_some_and(|bytes| bytes > bound) {
        return Err(Trouble::TooLarge(bound));
    }
    let Ok(body) = response.consume() else {
        return Ok((reply, None));
    };
    let Ok(stream) = body.stream() else {
        return Ok((reply, None));
    };
    reply.body.reserve_exact(usize::try_from(announced.unwrap_or(0).min(MOST_RESERVED)).unwrap_or(0));
    reply.cut_short = loop {
        match stream.blocking_read(READ) {
            Ok(piece) => reply.body.extend_from_slice(&piece),
            Err(StreamError::Closed) => break announced.and_then(|bytes| reply.missing(bytes)),
            Err(StreamError::LastOperationFailed(error)) => match http_error_code(&error) {
                Some(ErrorCode::HttpResponseBodySize(_)) => return Err(Trouble::TooLarge(bound)),
                Some(code) => break Some(word(&code)),
                None => break Some(error.to_debug_string()),
            },
        }
        if reply.body.len() as u64 > bound {
            return Err(Trouble::TooLarge(bound));
        }
    };
    Ok((reply, Some((stream, body))))
}

/// Translates an engine's error into what it means for the request.
fn trouble(code: &ErrorCode, origin: &str) -> Trouble {
    match code {
        ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::TlsCertificateError => Trouble::NotSent(format!("{} ({origin})", word(code))),
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
            Trouble::Denied(format!("the engine does not allow requests to {origin}"))
        }
        _ => Trouble::Unclear(format!("{} ({origin})", word(code))),
    }
}

fn origin(request: &Request) -> String {
    format!("{}://{}", if request.secure { "https" } else { "http" }, request.authority)
}

/// An engine's error in its own words.
fn word(code: &ErrorCode) -> String {
    format!("{code:?}").replace("ErrorCode::", "")
}

#[cfg(test)]
mod tests {
    use wasip2::http::types::{DnsErrorPayload, ErrorCode};

    use super::{Trouble, trouble};

    #[test]
    fn an_engines_error_says_how_far_the_request_came() {
        let dns = DnsErrorPayload { rcode: Some("NXDOMAIN".to_owned()), info_code: None };
        for code in [
            ErrorCode::ConnectionRefused,
            ErrorCode::ConnectionLimitReached,
            ErrorCode::DnsTimeout,
            ErrorCode::DnsError(dns),
            ErrorCode::DestinationNotFound,
            ErrorCode::DestinationUnavailable,
            ErrorCode::DestinationIpUnroutable,
            ErrorCode::TlsCertificateError,
        ] {
            let trouble = trouble(&code, "https://a");
            assert!(
                matches!(&trouble, Trouble::NotSent(reason) if reason.ends_with("(https://a)")),
                "{trouble:?}"
            );
        }
        for code in [ErrorCode::HttpRequestDenied, ErrorCode::DestinationIpProhibited] {
            let expected = "the engine does not allow requests to https://a".to_owned();
            assert_eq!(trouble(&code, "https://a"), Trouble::Denied(expected));
        }
        for code in [
            ErrorCode::ConnectionTerminated,
            ErrorCode::ConnectionReadTimeout,
            ErrorCode::HttpResponseIncomplete,
            ErrorCode::HttpProtocolError,
            ErrorCode::InternalError(Some("why".to_owned())),
        ] {
            let trouble = trouble(&code, "https://a");
            assert!(
                matches!(&trouble, Trouble::Unclear(reason) if !reason.contains("ErrorCode")),
                "{trouble:?}"
            );
        }
    }
}
