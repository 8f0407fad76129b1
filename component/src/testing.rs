//! Stands in for the engine and the API in tests.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::instant::Instant;
use crate::reply::{Reply, Trouble};
use crate::request::{Method, Request};

/// The replies that a test's API will give, and the requests that it has received.
#[derive(Default)]
struct Api {
    variables: Vec<(String, String)>,
    replies: VecDeque<Result<Reply, Trouble>>,
    requests: Vec<Asked>,
}

thread_local! {
    static API: RefCell<Api> = RefCell::default();
}

/// A request, in the form in which tests look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The HTTP method.
    pub(crate) method: &'static str,
    /// Scheme and authority.
    pub(crate) origin: String,
    /// The path and the query.
    pub(crate) target: String,
    /// The headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) body: Option<String>,
}

/// Stands in for [`crate::exchange::send`].
pub(crate) fn send(request: Request, _bound: u64) -> Result<Reply, Trouble> {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    let scheme = if request.secure { "https" } else { "http" };
    let asked = Asked {
        method,
        origin: format!("{scheme}://{}", request.authority),
        target: request.path_with_query,
        headers: request.headers,
        body: request.body.map(|body| String::from_utf8(body).expect("bodies are UTF-8")),
    };
    API.with_borrow_mut(|api| {
        api.requests.push(asked);
        api.replies.pop_front().unwrap_or_else(|| Ok(reply(200, "{}")))
    })
}

/// Stands in for [`crate::engine::variables`].
pub(crate) fn variables() -> Vec<(String, String)> {
    API.with_borrow(|api| api.variables.clone())
}

/// Stands in for [`crate::engine::now`].
pub(crate) fn now() -> Instant {
    Instant::parse("2026-01-31T12:00:00Z").expect("it is a time")
}

/// Builds a reply with this status and body.
pub(crate) fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.as_bytes().to_vec(), ..Reply::default() }
}

/// Sets an environment variable for this test.
pub(crate) fn set(variable: &str, value: &str) {
    API.with_borrow_mut(|api| api.variables.push((variable.to_owned(), value.to_owned())));
}

/// Queues the API's answer to the next request.
pub(crate) fn answer(reply: Result<Reply, Trouble>) {
    API.with_borrow_mut(|api| api.replies.push_back(reply));
}

/// Takes the requests that the API has received since the last call.
pub(crate) fn asked() -> Vec<Asked> {
    API.with_borrow_mut(|api| std::mem::take(&mut api.requests))
}
