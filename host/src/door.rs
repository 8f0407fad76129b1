//! The side of the door that faces the component: its requests go in, and replies or error codes come out.
//! The door keeps for the caller the real reason of a refusal, and the outcome of the call's changes.

mod changes;

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;

use self::changes::Changes;
use crate::egress::quota::QuotaError;
use crate::egress::{Egress, EgressError, MAX_REQUEST_BYTES, Purpose};
use crate::failure::{Failure, FailureCase};
use crate::manifest::Effect;
use crate::remedy::Remedy;

/// A call's way to the network. Clones share the same door.
#[derive(Debug, Clone)]
pub(crate) struct Door(Arc<Passage>);

#[derive(Debug)]
struct Passage {
    egress: Arc<Egress>,
    purpose: Purpose,
    changes: Changes,
    /// The status of the last reply; 0 before there is one.
    answered: AtomicU16,
    refusal: Mutex<Option<Failure>>,
}

impl Door {
    pub(crate) fn new(egress: Arc<Egress>, purpose: Purpose) -> Self {
        Self(Arc::new(Passage {
            egress,
            purpose,
            changes: Changes::default(),
            answered: AtomicU16::default(),
            refusal: Mutex::default(),
        }))
    }

    /// Sends a component's request.
    pub(crate) async fn send(
        &self,
        request: http::Request<()>,
        body: Option<WasiBody>,
    ) -> Result<http::Response<WasiBody>, ErrorCode> {
        self.keep(None);
        self.0.answered.store(0, Ordering::SeqCst);
        let body = match body {
            None => Bytes::new(),
            Some(body) => match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) if error.is::<LengthLimitError>() => {
                    return Err(self.refuse(&EgressError::RequestTooLarge { limit: MAX_REQUEST_BYTES }));
                }
                // The component gave up its own request: nothing was sent.
                Err(_) => return Err(ErrorCode::HttpProtocolError),
            },
        };
        let effect = self.0.purpose.effect_of(request.method());
        let change = (!effect.is_read()).then(|| self.0.changes.begin());
        let observer = |stage| {
            if let Some(change) = &change {
                change.comes_to(stage);
            }
        };
        let reply = self.0.egress.send_observed(&self.0.purpose, request.map(|()| body), &observer).await;
        match reply {
            Ok(reply) => {
                if let Some(change) = change {
                    change.answered(reply.status());
                }
                self.0.answered.store(reply.status().as_u16(), Ordering::SeqCst);
                let door = self.clone();
                let spoiled = move |error: EgressError| door.spoiled(&error).into();
                Ok(reply.map(|body| BodyExt::boxed_unsync(body.map_err(spoiled))))
            }
            Err(error) => {
                self.keep(Some(error.failure(effect)));
                Err(error.to_wasi())
            }
        }
    }

    /// Returns how the call failed, when the component says that it did. The door can explain its own
    /// refusals better than a component, which saw only an error code. And whatever the component says, a
    /// call that may have changed something did not merely fail.
    pub(crate) fn failed(&self, failure: Failure) -> Failure {
        self.0.changes.judge(self.refusal().unwrap_or(failure))
    }

    /// Returns how the call failed, when the component crashed.
    pub(crate) fn broke(&self, failure: Failure) -> Failure {
        self.0.changes.judge_alone(failure)
    }

    /// Returns how the call failed, when it did not end in time.
    pub(crate) fn overdue(&self, failure: Failure) -> Failure {
        self.0.changes.judge_alone(self.refusal().unwrap_or(failure))
    }

    fn refusal(&self) -> Option<Failure> {
        self.0.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns what contradicts the component's claim that the call succeeded, if anything does.
    pub(crate) fn doubts(&self) -> Option<Failure> {
        self.0.changes.doubts()
    }

    /// Whether a read got a reply: if so, the reply causes whatever goes wrong afterwards.
    pub(crate) fn has_read(&self) -> bool {
        self.0.purpose.effect.is_read() && self.0.answered.load(Ordering::SeqCst) != 0
    }

    /// Handles a reply that broke off. Its status still counts, and is for the component to judge; only the
    /// bound on its size is the host's own.
    fn spoiled(&self, error: &EgressError) -> ErrorCode {
        match error {
            EgressError::ReplyTooLarge { .. } => {
                let mut failure = error.failure(self.0.purpose.effect);
                let status = self.0.answered.load(Ordering::SeqCst);
                if !self.0.purpose.effect.is_read() && (200..300).contains(&status) {
                    failure.message =
                        format!("the API accepted the change ({status}), but {}", failure.message);
                    failure.hint = Some(changes::LOOK.into());
                }
                failure.status = Some(status);
                self.keep(Some(failure));
                error.to_wasi()
            }
            _ => error.to_wasi(),
        }
    }

    fn refuse(&self, error: &EgressError) -> ErrorCode {
        self.keep(Some(error.failure(self.0.purpose.effect)));
        error.to_wasi()
    }

    fn keep(&self, failure: Option<Failure>) {
        *self.0.refusal.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }
}

impl EgressError {
    /// Returns the failure of a call with that effect.
    #[must_use]
    pub fn failure(&self, effect: Effect) -> Failure {
        let mut failure = Failure::new(self.case(effect), self.to_string());
        failure.retry_after_seconds = self.retry_after_seconds();
        failure.hint = match self {
            Self::Timeout { .. } if effect.is_read() => Some(Remedy::RaiseTimeout),
            _ => self.hint(),
        };
        failure
    }

    fn case(&self, effect: Effect) -> FailureCase {
        match self {
            Self::DestinationDenied(_) | Self::AddressDenied { .. } => FailureCase::PermanentRejected,
            Self::Credential(error) if error.is_transient() => FailureCase::Unavailable,
            Self::Credential(_) => FailureCase::PermanentUnauthorized,
            Self::Quota(QuotaError::Throttled(_)) => FailureCase::Throttled,
            Self::Quota(_) | Self::NotSent { .. } => FailureCase::Unavailable,
            Self::RequestTooLarge { .. } => FailureCase::PermanentInvalidInput,
            Self::ReplyTooLarge { .. } => FailureCase::PermanentUnexpectedReply,
            error if error.may_have_been_processed() && !effect.is_read() => {
                FailureCase::PermanentOutcomeUnknown
            }
            _ => FailureCase::Unavailable,
        }
    }

    /// Returns what the component is told: the nearest error code that `wasi:http` has.
    fn to_wasi(&self) -> ErrorCode {
        match self {
            Self::DestinationDenied(_) => ErrorCode::HttpRequestDenied,
            Self::AddressDenied { .. } => ErrorCode::DestinationIpProhibited,
            Self::Credential(_) => ErrorCode::ConfigurationError,
            Self::Quota(_) => ErrorCode::ConnectionLimitReached,
            Self::NotSent { .. } => ErrorCode::ConnectionRefused,
            Self::Timeout { sent: false, .. } => ErrorCode::ConnectionTimeout,
            Self::Timeout { .. } => ErrorCode::HttpResponseTimeout,
            Self::ReplyTooLarge { limit, .. } => ErrorCode::HttpResponseBodySize(Some(*limit)),
            Self::RequestTooLarge { limit } => ErrorCode::HttpRequestBodySize(u64::try_from(*limit).ok()),
            _ => ErrorCode::ConnectionTerminated,
        }
    }
}
