//! One request, from its arrival to its answer.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt as _;
use http::header::DATE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Either, Full, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::connection::{Closed, LastBytes};
use super::log::Arrival;
use super::refusal::Refusal;
use super::spoil::{Outcome, spoil};
use crate::admin::{self, Administration};
use crate::api::{self, Target};
use crate::identity;
use crate::moment::Moment;
use crate::simulation::Simulation;

/// The answer that the HTTP library sends.
pub(crate) type Answer = Response<Either<Full<Bytes>, Body>>;

/// The largest request body in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// The part of the simulator for which a request is meant.
#[derive(Debug)]
enum Destination {
    Identity(identity::Endpoint),
    Api(Target),
}

pub(crate) async fn exchange(
    simulation: Arc<Simulation>,
    administration: Administration,
    last: LastBytes,
    request: Request<Incoming>,
) -> Result<Answer, Closed> {
    if admin::is_admin(request.uri().path()) {
        return Ok(administration.answer(request).await?.map(Either::Right));
    }
    let (parts, body) = request.into_parts();
    let destination = Destination::of(&parts);
    let arrived = simulation.clock.elapsed();
    let arrival = simulation.log.open(&parts, destination.name(), &simulation.clock);

    let outcome = outcome(&simulation, &parts, body, destination, arrived, arrival.as_deref()).await;
    let status = match &outcome {
        Ok(Outcome::Reply(reply) | Outcome::Drip { reply, .. }) => Some(reply.status.as_u16()),
        Ok(Outcome::Raw(_)) | Err(Closed) => None,
    };
    if let Some(arrival) = arrival {
        arrival.complete(simulation.clock.real_elapsed(), status);
    }
    let dated = |headers| dated(headers, simulation.clock.now());
    match outcome? {
        Outcome::Reply(reply) => {
            Ok(response(reply.status, dated(reply.headers), Either::Left(Full::new(reply.body))))
        }
        Outcome::Drip { reply, bytes, pause } => {
            Ok(response(reply.status, dated(reply.headers), Either::Right(drip(reply.body, bytes, pause))))
        }
        Outcome::Raw(bytes) => {
            *last.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
            Err(Closed)
        }
    }
}

async fn outcome(
    simulation: &Arc<Simulation>,
    parts: &Parts,
    body: Incoming,
    destination: Destination,
    arrived: Duration,
    arrival: Option<&Arrival>,
) -> Result<Outcome, Closed> {
    let trouble = simulation.faults.strike(destination.name(), parts.method.as_str(), parts.uri.path());
    let body = match read(body).await? {
        Ok(body) => body,
        Err(refusal) => return Ok(Outcome::Reply(refusal.reply(&simulation.identity.tenant_id))),
    };
    if let Some(arrival) = arrival {
        arrival.receive(body.clone());
        if let Destination::Api(target) = &destination {
            arrival.let_pass(api::notes(target, parts, &body));
        }
    }
    let delay = trouble.delay + simulation.latency();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let answer = || match &destination {
        Destination::Identity(endpoint) => identity::answer(simulation, endpoint, parts, &body),
        Destination::Api(target) => api::answer(simulation, target, parts, &body, arrived),
    };
    Ok(match trouble.effect {
        None => Outcome::Reply(answer()),
        Some(effect) => spoil(effect, trouble.processed.then(answer)),
    })
}

/// Reads the whole body unless it is too large. The outer error means that the client went away.
async fn read(body: Incoming) -> Result<Result<Bytes, Refusal>, Closed> {
    if body.is_end_stream() {
        return Ok(Ok(Bytes::new()));
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => Ok(Ok(collected.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(Err(Refusal::TooLarge)),
        Err(_) => Err(Closed),
    }
}

fn response(status: StatusCode, headers: HeaderMap, body: Either<Full<Bytes>, Body>) -> Answer {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Dates the headers by the simulator's clock unless they have a date: hyper would use the machine's clock.
fn dated(mut headers: HeaderMap, now: Moment) -> HeaderMap {
    let since = Duration::from_secs(u64::try_from(now.unix_seconds()).unwrap_or_default());
    if let Some(time) = SystemTime::UNIX_EPOCH.checked_add(since)
        && let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(time))
    {
        headers.entry(DATE).or_insert(date);
    }
    headers
}

/// A body that arrives `bytes` at a time with a pause before each.
fn drip(body: Bytes, bytes: usize, pause: Duration) -> Body {
    let pieces = futures::stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let piece = rest.split_to(bytes.min(rest.len()));
        Some((piece, rest))
    });
    Body::from_stream(pieces.map(Ok::<_, Closed>))
}

impl Destination {
    fn of(parts: &Parts) -> Self {
        match identity::Endpoint::of(parts.uri.path()) {
            Some(endpoint) => Self::Identity(endpoint),
            None => Self::Api(Target::of(&parts.method, parts.uri.path())),
        }
    }

    /// The name that the log and the faults use.
    fn name(&self) -> Option<&'static str> {
        match self {
            Self::Identity(endpoint) => Some(endpoint.name()),
            Self::Api(target) => target.name(),
        }
    }
}
