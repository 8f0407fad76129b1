//! The side of the door that faces the component: its requests go in, error codes or replies come out, and the
//! real reason of a refusal is kept for the caller.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;

use crate::egress::quota::QuotaError;
use crate::egress::{Egress, EgressError, MAX_REQUEST_BYTES, Purpose};
use crate::failure::{Failure, FailureCase};
use crate::manifest::Effect;

/// A call's way out. Clones are the same door.
#[derive(Debug, Clone)]
pub(crate) struct Door(Arc<Passage>);

#[derive(Debug)]
struct Passage {
    egress: Arc<Egress>,
    purpose: Purpose,
    knocked: AtomicBool,
    /// The status of the last reply; 0 while there is none.
    answered: AtomicU16,
    refusal: Mutex<Option<Failure>>,
}

impl Door {
    pub(crate) fn new(egress: Arc<Egress>, purpose: Purpose) -> Self {
        Self(Arc::new(Passage {
            egress,
            purpose,
            knocked: AtomicBool::default(),
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
        self.0.knocked.store(true, Ordering::SeqCst);
        let body = match body {
            None => Bytes::new(),
            Some(body) => match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) if error.is::<LengthLimitError>() => {
                    return Err(self.refuse(&EgressError::RequestTooLarge { limit: MAX_REQUEST_BYTES }));
                }
                // The component gave up on its own request: nothing was sent.
                Err(_) => return Err(ErrorCode::HttpProtocolError),
            },
        };
        match self.0.egress.send(&self.0.purpose, request.map(|()| body)).await {
            Ok(reply) => {
                self.0.answered.store(reply.status().as_u16(), Ordering::SeqCst);
                let door = self.clone();
                let spoiled = move |error: EgressError| door.spoiled(&error).into();
                Ok(reply.map(|body| BodyExt::boxed_unsync(body.map_err(spoiled))))
            }
            Err(error) => Err(self.refuse(&error)),
        }
    }

    /// Why the last request was refused, if it was.
    pub(crate) fn explain(&self) -> Option<Failure> {
        self.0.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a read has a reply: what then goes wrong is the reply's doing.
    pub(crate) fn has_read(&self) -> bool {
        self.0.purpose.effect.is_read() && self.0.answered.load(Ordering::SeqCst) != 0
    }

    /// What a failure comes to when the component could not say how its request ended: a change that may have
    /// been made must not be made again.
    pub(crate) fn uncertain(&self, failure: Failure) -> Failure {
        if self.0.purpose.effect.is_read() || !self.0.knocked.load(Ordering::SeqCst) {
            return failure;
        }
        let message = format!("{}; a request was on its way, and may have been carried out", failure.message);
        let mut failure = Failure { case: FailureCase::PermanentOutcomeUnknown, message, ..failure };
        failure.hint = Some("look at what has changed before calling again".into());
        failure
    }

    /// A reply that broke off. What its status says still counts, and that is for the component to judge; only the
    /// bound on its size is the host's own.
    fn spoiled(&self, error: &EgressError) -> ErrorCode {
        match error {
            EgressError::ReplyTooLarge { .. } => {
                let mut failure = error.failure(self.0.purpose.effect);
                let status = self.0.answered.load(Ordering::SeqCst);
                if !self.0.purpose.effect.is_read() && (200..300).contains(&status) {
                    failure.message =
                        format!("the API accepted the change ({status}), but {}", failure.message);
                    failure.hint = Some("look at what has changed before calling again".into());
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
    /// The failure that it makes of a call with that effect.
    #[must_use]
    pub fn failure(&self, effect: Effect) -> Failure {
        let mut failure = Failure::new(self.case(effect), self.to_string());
        failure.retry_after_seconds = self.retry_after_seconds();
        failure.hint = match self {
            Self::Timeout { .. } if effect.is_read() => {
                Some("allow it more time, with a higher `timeout-seconds` or a later `--deadline`, or ask for less".into())
            }
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

    /// What the component is told: the nearest of the error codes that `wasi:http` has.
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
