//! `wasi:http/outgoing-handler`: how a component's request gets to the door, and the reply back.
//!
//! Wasmtime's own handler starts two tasks for each request, and the component waits for the first. Here a
//! request without a body runs where the component waits for it, since nothing else takes part in it: each
//! task that a reply passes through costs a wake-up, often of another thread. A request with a body has a
//! task, because the component writes the body while it is sent.
//!
//! Everything else in `wasi:http` is Wasmtime's.

use futures::FutureExt;
use futures::future::BoxFuture;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, Method, Request, Response, Uri, header};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::runtime::spawn;
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode};
use wasmtime_wasi_http::p2::body::HostIncomingBody;
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{FieldMap, RequestOptions, WasiBody, WasiHttp, WasiHttpView};

use crate::instance::State;

/// The interfaces, in the version that Wasmtime implements.
const HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";
const TYPES: &str = "wasi:http/types@0.2.12";
/// What a component holds while its request is under way.
const FUTURE: &str = "future-incoming-response";

/// A request that is under way.
enum Exchange {
    Pending(BoxFuture<'static, Outcome>),
    Done(Outcome),
    /// The component has taken the outcome.
    Taken,
}

type Outcome = Result<Response<WasiBody>, ErrorCode>;
/// Wasmtime's name for an [`Exchange`]. Only the functions in this file look behind it.
type Future = HostFutureIncomingResponse;

/// Links `wasi:http`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, WasiHttp>(linker, &(&LinkOptions::default()).into(), State::http)?;
    linker.instance(HANDLER)?.func_wrap("handle", handle)?;
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.resource(FUTURE, ResourceType::host::<Future>(), forget)?;
    types.func_wrap(&format!("[method]{FUTURE}.subscribe"), watch)?;
    types.func_wrap(&format!("[method]{FUTURE}.get"), get)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// `handle`
fn handle(
    mut store: StoreContextMut<'_, State>,
    (request, options): (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>),
) -> wasmtime::Result<(Result<Resource<Future>, ErrorCode>,)> {
    let state = store.data_mut();
    let request = state.table.delete(request)?;
    if let Some(options) = options {
        // The connection decides on all time-outs.
        state.table.delete(options)?;
    }
    let (request, body) = match head(request) {
        Ok(parts) => parts,
        Err(code) => return Ok((Err(code),)),
    };
    let door = state.door.clone();
    let mut pending = match body {
        None => async move { door.send(request, None).await }.boxed(),
        Some(body) => spawn(async move { door.send(request, Some(body)).await }).boxed(),
    };
    // The request begins now, not when the component waits for it.
    let exchange = match (&mut pending).now_or_never() {
        Some(outcome) => Exchange::Done(outcome),
        None => Exchange::Pending(pending),
    };
    let exchange = state.table.push(exchange)?;
    Ok((Ok(Resource::new_own(exchange.rep())),))
}

/// Returns the request as a Rust type, and its body; or the error code that tells the component what is wrong
/// with it.
fn head(request: HostOutgoingRequest) -> Result<(Request<()>, Option<WasiBody>), ErrorCode> {
    let HostOutgoingRequest { method, scheme, authority, path_with_query, headers, body } = request;
    let method: Method = method.try_into().map_err(|_| ErrorCode::HttpRequestMethodInvalid)?;
    let scheme = match scheme {
        Some(types::Scheme::Http) => Scheme::HTTP,
        Some(types::Scheme::Https) | None => Scheme::HTTPS,
        Some(types::Scheme::Other(_)) => return Err(ErrorCode::HttpProtocolError),
    };
    let path = match path_with_query {
        Some(path) => PathAndQuery::try_from(path).map_err(|_| ErrorCode::HttpRequestUriInvalid)?,
        None => PathAndQuery::from_static("/"),
    };
    let uri = Uri::builder().scheme(scheme).authority(authority.unwrap_or_default()).path_and_query(path);
    let headers = HeaderMap::from(headers);
    if body.is_none() && headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0") {
        return Err(ErrorCode::HttpRequestBodySize(Some(0)));
    }
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = uri.build().map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    *request.headers_mut() = headers;
    Ok((request, body))
}

/// `future-incoming-response.subscribe`
fn watch(
    mut store: StoreContextMut<'_, State>,
    (future,): (Resource<Future>,),
) -> wasmtime::Result<(Resource<DynPollable>,)> {
    Ok((subscribe(&mut store.data_mut().table, Resource::<Exchange>::new_borrow(future.rep()))?,))
}

/// `future-incoming-response.get`
#[expect(clippy::type_complexity, reason = "it is the interface's")]
fn get(
    mut store: StoreContextMut<'_, State>,
    (future,): (Resource<Future>,),
) -> wasmtime::Result<(Option<Result<Result<Resource<HostIncomingResponse>, ErrorCode>, ()>>,)> {
    let state = store.data_mut();
    let exchange = state.table.get_mut(&Resource::<Exchange>::new_borrow(future.rep()))?;
    let outcome = match std::mem::replace(exchange, Exchange::Taken) {
        Exchange::Done(outcome) => outcome,
        Exchange::Taken => return Ok((Some(Err(())),)),
        pending @ Exchange::Pending(_) => {
            *exchange = pending;
            return Ok((None,));
        }
    };
    let response = match outcome {
        Ok(response) => {
            let (parts, body) = response.into_parts();
            let headers = FieldMap::new_immutable(&mut state.door, parts.headers);
            let body = Some(HostIncomingBody::new(body));
            let response = HostIncomingResponse { status: parts.status.as_u16(), headers, body };
            Ok(state.table.push(response)?)
        }
        Err(code) => Err(code),
    };
    Ok((Some(Ok(response)),))
}

/// The component drops a request, which is cancelled if it is still under way.
fn forget(mut store: StoreContextMut<'_, State>, future: u32) -> wasmtime::Result<()> {
    store.data_mut().table.delete(Resource::<Exchange>::new_own(future))?;
    Ok(())
}

#[wasmtime_wasi::async_trait]
impl Pollable for Exchange {
    async fn ready(&mut self) {
        if let Self::Pending(pending) = self {
            *self = Self::Done(pending.await);
        }
    }
}
