//! Turns replies into results and failures. Only this module knows status codes.

mod problem;
mod retry_after;
mod roles;

use crate::contract::Operation;
use crate::decode::{Decode, Raw, from_json, pick, plain, text_of};
use crate::failure::{Failure, InvalidInput, MissingPermission, Problem, Throttling};
use crate::instant::Instant;
use crate::prelude::*;
use problem::{Words, redacted};

/// The largest body, in bytes, that is searched for an error in a successful reply.
const LARGEST_NON_RESULT: usize = 16 << 10;

/// The member that holds a result which is a single text.
const VALUE: &str = "value";

/// The API's reply.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers as received: names in any case, values in any bytes, possibly repeated.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// The body, or the part of it that was received.
    pub(crate) body: Vec<u8>,
    /// Why the body ends early, if it does.
    pub(crate) cut_short: Option<String>,
}

impl Reply {
    /// The first value of a header that is text. `name` must be lower-case.
    fn header(&self, name: &str) -> Option<&str> {
        let named = |(key, value): &'_ &(String, Vec<u8>)| key.eq_ignore_ascii_case(name) && value.is_ascii();
        let (_, value) = self.headers.iter().find(named)?;
        core::str::from_utf8(value).ok().map(str::trim)
    }

    /// The announced length of the body in bytes, if it applies to the body as received.
    pub(crate) fn announced(&self) -> Option<u64> {
        match self.header("content-encoding") {
            None => self.header("content-length")?.parse().ok(),
            // The engine may have decoded the body.
            Some(_) => None,
        }
    }

    /// Describes what is missing from a body with this announced length, if anything.
    pub(crate) fn missing(&self, announced: u64) -> Option<String> {
        let came = self.body.len() as u64;
        (came < announced).then(|| format!("{came} of {announced} bytes came"))
    }

    /// When the API answered, by its own clock, if it says so.
    fn date(&self) -> Option<Instant> {
        Instant::parse_http(self.header("date")?)
    }
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The request did not reach the API.
    NotSent(String),
    /// The engine does not allow this request.
    Denied(String),
    /// It is unknown how far the request got.
    Unclear(String),
    /// The reply is larger than this many bytes.
    TooLarge(u64),
}

/// What is needed to judge a reply.
pub(crate) struct Judge<'call> {
    /// The function that asked.
    pub(crate) operation: Operation,
    /// The text that no message may repeat: the bearer token.
    pub(crate) secret: Option<&'call str>,
    /// The clock to use if the reply has no date.
    pub(crate) now: fn() -> Instant,
}

/// A successful reply.
#[derive(Debug)]
pub(crate) struct Accepted {
    operation: Operation,
    reply: Reply,
    secret: Option<String>,
    now: fn() -> Instant,
}

impl Judge<'_> {
    /// Returns the reply if it is successful and complete, and a failure otherwise.
    pub(crate) fn accept(&self, reply: Reply) -> Result<Accepted, Failure> {
        if !(200..300).contains(&reply.status) {
            return Err(self.refusal(&reply));
        }
        if let Some(reason) = &reply.cut_short {
            let message =
                format!("the API accepted the request ({}), but its reply broke off: {reason}", reply.status);
            return Err(self.unclear(Problem { status: Some(reply.status), ..self.problem(&message) }));
        }
        let secret = self.secret.map(str::to_owned);
        Ok(Accepted { operation: self.operation, reply, secret, now: self.now })
    }

    /// The failure when there is no reply.
    pub(crate) fn trouble(&self, trouble: &Trouble) -> Failure {
        match trouble {
            Trouble::NotSent(reason) => {
                Failure::Unavailable(self.problem(&format!("the API cannot be reached: {reason}")))
            }
            Trouble::Denied(reason) => Failure::PermanentRejected(self.problem(reason)),
            Trouble::Unclear(reason) => self.unclear(self.problem(&format!("no reply came: {reason}"))),
            Trouble::TooLarge(bound) => {
                let message = format!("the reply has more than {bound} bytes, which is the bound");
                Failure::PermanentUnexpectedReply(self.problem(&message))
            }
        }
    }

    fn refusal(&self, reply: &Reply) -> Failure {
        let Words { code, problem } = problem::read(reply, self.secret);
        let is = |known: &str| code.as_deref().is_some_and(|code| code.eq_ignore_ascii_case(known));
        match reply.status {
            400 if is("ActiveRequestAlreadyExists") => Failure::PermanentConflict(problem),
            400 if is("OsPlatformNotSupported") || is("ClientVersionNotSupported") => {
                Failure::PermanentRejected(problem)
            }
            400 => Failure::PermanentInvalidInput(InvalidInput { parameter: None, problem }),
            401 => Failure::PermanentUnauthorized(problem),
            403 => {
                let missing_roles = roles::missing(&problem.message);
                Failure::PermanentForbidden(MissingPermission { missing_roles, problem })
            }
            404 | 410 => Failure::PermanentNotFound(problem),
            408 => self.unclear(problem),
            409 => Failure::PermanentConflict(problem),
            429 => {
                let retry_after_seconds = retry_after::seconds(reply, &problem.message, self.now);
                Failure::Throttled(Throttling { retry_after_seconds, problem })
            }
            400..=499 | 501 => Failure::PermanentRejected(problem),
            // A proxy in front of the API says that it sent nothing, so that even a change may be retried.
            503 if is("RequestNotSent") => Failure::Unavailable(problem),
            500..=599 => self.unclear(problem),
            _ => Failure::PermanentUnexpectedReply(problem),
        }
    }

    /// The failure when the outcome is unknown. A read may be retried, but a change may not.
    fn unclear(&self, problem: Problem) -> Failure {
        if self.operation.is_read() {
            Failure::Unavailable(problem)
        } else {
            Failure::PermanentOutcomeUnknown(problem)
        }
    }

    fn problem(&self, message: &str) -> Problem {
        Problem { message: redacted(message, self.secret), code: None, target: None, status: None }
    }
}

impl Accepted {
    /// Reads the body as a value of the contract.
    ///
    /// # Errors
    /// [`Failure::PermanentUnexpectedReply`] says what does not fit, and where.
    pub(crate) fn value<T: for<'json> Decode<'json>>(&self) -> Result<T, Failure> {
        from_json(self.result(<T as Decode<'static>>::is_key)?).map_err(|error| self.unfit(&error))
    }

    /// When the API answered, by its own clock or, if it gives no date, by ours.
    pub(crate) fn at(&self) -> Instant {
        self.reply.date().unwrap_or_else(self.now)
    }

    /// The body without its byte order mark.
    fn json_text(&self) -> Result<&[u8], Failure> {
        let body = &self.reply.body;
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        if body.iter().all(u8::is_ascii_whitespace) {
            Err(self.unexpected("without a body"))
        } else {
            Ok(body)
        }
    }

    /// Returns the body if it can be a result. Gateways answer 200 with an error or an empty object; neither
    /// counts as an entity without properties.
    fn result(&self, is_asked_for: fn(&str) -> bool) -> Result<&[u8], Failure> {
        let json = self.json_text()?;
        if json.len() > LARGEST_NON_RESULT || !json.trim_ascii_start().starts_with(b"{") {
            return Ok(json);
        }
        if let Some(Words { code, problem }) =
            problem::beside_success(self.reply.status, json, self.secret.as_deref(), is_asked_for)
        {
            return Err(Failure::PermanentUnexpectedReply(Problem { code, ..problem }));
        }
        let inside = json.trim_ascii().strip_prefix(b"{").and_then(|json| json.strip_suffix(b"}"));
        match inside.is_some_and(|inside| inside.trim_ascii().is_empty()) {
            true => Err(self.unexpected("with an empty object")),
            false => Ok(json),
        }
    }

    #[cold]
    fn unfit(&self, error: &serde_json::Error) -> Failure {
        self.unexpected(&format!("with a body that does not fit the contract: {error}"))
    }

    /// Reads the text that the body holds under `value`. The API wraps some texts in a second pair of quotes.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub(crate) fn single(&self) -> Result<String, Failure> {
        let values = pick(self.result(|key| key == VALUE)?, &[VALUE]).map_err(|error| self.unfit(&error))?;
        let text = values.first().copied().flatten().and_then(plain);
        let text = text.ok_or_else(|| {
            self.unexpected("with a body that does not fit the contract: value: expected text")
        })?;
        let unquoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        Ok(unquoted.map_or_else(|| text.clone(), str::to_owned))
    }

    /// Passes the body on as JSON.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub(crate) fn json(&self) -> Result<String, Failure> {
        self.value::<Raw>().map(text_of)
    }

    /// The failure for a successful reply that is unusable. A requested change has been made nevertheless.
    pub(crate) fn unexpected(&self, how: &str) -> Failure {
        let accepted = if self.operation.is_read() { "" } else { "accepted the change, but " };
        let message = format!("the API {accepted}answered {} {how}", self.reply.status);
        let message = redacted(&message, self.secret.as_deref());
        let status = Some(self.reply.status);
        Failure::PermanentUnexpectedReply(Problem { message, code: None, target: None, status })
    }
}

#[cfg(test)]
mod tests;
