//! A minimal GET over `wasi:http`.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

/// Fetches `path` from `origin` and returns the body as text.
pub(crate) fn get(origin: &str, path: &str, headers: &[(&str, &str)]) -> Result<String, String> {
    let (scheme, authority) = origin.split_once("://").ok_or("the origin has no scheme")?;
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    let headers = Fields::from_list(&headers).map_err(|error| error.to_string())?;
    let request = OutgoingRequest::new(headers);
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    request.set_scheme(Some(&scheme)).map_err(|()| "the scheme is refused")?;
    request.set_authority(Some(authority)).map_err(|()| "the authority is refused")?;
    request.set_path_with_query(Some(path)).map_err(|()| "the path is refused")?;
    let pending = handle(request, None).map_err(|code| format!("{code:?}"))?;
    let response = loop {
        match pending.get() {
            Some(Ok(response)) => break response.map_err(|code| format!("{code:?}"))?,
            Some(Err(())) => return Err("the reply was taken already".to_owned()),
            None => pending.subscribe().block(),
        }
    };
    let body = response.consume().map_err(|()| "the body was taken already")?;
    let stream = body.stream().map_err(|()| "the body was taken already")?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(1 << 16) {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
