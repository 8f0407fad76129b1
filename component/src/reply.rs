//! Types what came of a request. The only place that knows status codes.

mod problem;
mod retry_after;
mod roles;

use crate::contract::Operation;
use crate::decode::{Decode, Raw, from_json, pick, plain, text_of};
use crate::failure::{Failure, InvalidInput, MissingPermission, Problem, Throttling};
use crate::instant::Instant;
use crate::prelude::*;
use problem::{Words, redacted};

/// The largest body that is looked at for an error that came with success, in bytes.
const LARGEST_NON_RESULT: usize = 16 << 10;

/// The member that holds a result which is a single text.
const VALUE: &str = "value";

/// What the API answered.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// The headers as they came: in any case, in any bytes, some of them more than once.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// The body, or as much of it as came.
    pub(crate) body: Vec<u8>,
    /// Why the body ends early, if it does.
    pub(crate) cut_short: Option<String>,
}

impl Reply {
    /// The first value of a header that is text. The name is in lower case.
    fn header(&self, name: &str) -> Option<&str> {
        let named = |(key, value): &'_ &(String, Vec<u8>)| key.eq_ignore_ascii_case(name) && value.is_ascii();
        let (_, value) = self.headers.iter().find(named)?;
        core::str::from_utf8(value).ok().map(str::trim)
    }

    /// How many bytes the body is to have, where that is said of the body as it is.
    pub(crate) fn announced(&self) -> Option<u64> {
        match self.header("content-encoding") {
            None => self.header("content-length")?.parse().ok(),
            // The engine may have decoded the body.
            Some(_) => None,
        }
    }

    /// What is wrong with a body that was to have so many bytes.
    pub(crate) fn missing(&self, announced: u64) -> Option<String> {
        let came = self.body.len() as u64;
        (came < announced).then(|| format!("{came} of {announced} bytes came"))
    }

    /// When the API answered, by its own clock.
    fn date(&self) -> Option<Instant> {
        Instant::parse_http(self.header("date")?)
    }
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing reached the API.
    NotSent(String),
    /// The engine does not let this component ask.
    Denied(String),
    /// It is not known how far the request came.
    Unclear(String),
    /// The reply has more bytes than this.
    TooLarge(u64),
}

/// What it takes to judge a reply.
pub(crate) struct Judge<'call> {
    /// The function that asked.
    pub(crate) operation: Operation,
    /// What no message may repeat.
    pub(crate) secret: Option<&'call str>,
    /// The clock, for want of the API's.
    pub(crate) now: fn() -> Instant,
}

/// A reply of success.
#[derive(Debug)]
pub(crate) struct Accepted {
    operation: Operation,
    reply: Reply,
    secret: Option<String>,
    now: fn() -> Instant,
}

impl Judge<'_> {
    /// Tells success from failure.
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

    /// What it means that there is no reply.
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
            // A proxy in front of the API: it knows that nothing went on, so that even a change may be asked again.
            503 if is("RequestNotSent") => Failure::Unavailable(problem),
            500..=599 => self.unclear(problem),
            _ => Failure::PermanentUnexpectedReply(problem),
        }
    }

    /// Without a clear answer, what changes nothing may be asked again; what changes something may not.
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

    /// When the API answered: by its own clock, or for want of that by ours.
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

    /// The body, if it may be a result: gateways answer 200 with an error, or with an empty object, and neither is an
    /// entity of which all was left out.
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

    /// A reply of success that is of no use. What it was asked to change, it has changed.
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
