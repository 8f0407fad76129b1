//! Results that come in pages: one call for each page, all within one deadline, and never the same page
//! twice.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{CallError, Connection, Reply};
use crate::connector::Function;
use crate::failure::{Failure, FailureCase};
use crate::remedy::Remedy;

/// The pages of a result, fetched one at a time.
#[derive(Debug)]
pub struct Pages<'a> {
    connection: &'a Connection,
    function: &'a Function,
    input: Option<Map<String, Value>>,
    /// Whether the input is a link that the API gave.
    follows: bool,
    time: Duration,
    /// When the first page was requested.
    began: Option<Instant>,
    /// The links that have been followed.
    seen: HashSet<String>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        function: &'a Function,
        input: Map<String, Value>,
        time: Duration,
    ) -> Self {
        let (input, seen) = (Some(input), HashSet::new());
        Self { connection, function, input, follows: false, time, began: None, seen }
    }

    /// Fetches the next page; returns `None` if the last one had no link to another.
    ///
    /// # Errors
    /// As [`Connection::call`]; [`FailureCase::Unavailable`] if the time for all pages is over, and
    /// [`FailureCase::PermanentUnexpectedReply`] if a page links to one that was fetched before. There are no
    /// more pages after an error.
    pub async fn next(&mut self) -> Option<Result<Reply, CallError>> {
        let input = self.input.take()?;
        Some(self.page(&input).await)
    }

    async fn page(&mut self, input: &Map<String, Value>) -> Result<Reply, CallError> {
        let (began, is_first) = (*self.began.get_or_insert_with(Instant::now), self.seen.is_empty());
        let left = self.time.saturating_sub(began.elapsed());
        if left.is_zero() && !is_first {
            return Err(self.overdue());
        }
        let reply = self.connection.run(self.function, input, left).await.map_err(|error| match error {
            // The time left for this page means nothing to a caller who set the time for all pages.
            CallError::Failed(failure)
                if failure.case == FailureCase::Unavailable && !is_first && began.elapsed() >= self.time =>
            {
                self.overdue()
            }
            error => self.blamed(error),
        })?;
        self.input = self.following(&reply, input)?;
        self.follows = self.input.is_some();
        Ok(reply)
    }

    fn overdue(&self) -> CallError {
        let pages = self.seen.len();
        let message =
            format!("not all pages came within the deadline of {} s: {pages} came", self.time.as_secs_f32());
        let mut failure = Failure::new(FailureCase::Unavailable, message);
        failure.hint = Some(Remedy::RaiseDeadline);
        CallError::Failed(Box::new(failure))
    }

    /// Adjusts the error of a page whose link the API gave: if the connector refuses the link, the API is to
    /// blame, not the caller.
    fn blamed(&self, error: CallError) -> CallError {
        let Some(paging) = self.function.action.paging.as_ref().filter(|_| self.follows) else {
            return error;
        };
        let mut parameters = self.function.signature.parameters();
        let Some(link) = parameters.find(|parameter| *parameter.name == *paging.parameter) else {
            return error;
        };
        match error {
            CallError::Failed(failure)
                if failure.case == FailureCase::PermanentInvalidInput
                    && failure.parameter.as_deref() == Some(&*link.key) =>
            {
                let named = format!("{}: {} ", self.function.name, link.key);
                let what = failure.message.strip_prefix(&named).unwrap_or(&failure.message);
                let message = format!("the API's link to the next page {what}");
                CallError::Failed(Box::new(Failure::new(FailureCase::PermanentUnexpectedReply, message)))
            }
            error => error,
        }
    }

    /// Returns the input for the next page: the link, and the required parameters.
    fn following(
        &mut self,
        reply: &Reply,
        input: &Map<String, Value>,
    ) -> Result<Option<Map<String, Value>>, CallError> {
        let Some(paging) = &self.function.action.paging else {
            return Ok(None);
        };
        let Some(link) = reply.next_link() else {
            return Ok(None);
        };
        let mut following = Map::new();
        for parameter in self.function.signature.parameters().filter(|parameter| parameter.required()) {
            if let Some((key, value)) = self.function.signature.given(parameter, input).next() {
                following.insert(key.clone(), value.clone());
            }
        }
        // A caller may begin with a link from an earlier result.
        let begun = input.get(&paging.parameter).and_then(Value::as_str);
        if begun == Some(link) || !self.seen.insert(link.to_owned()) {
            let message = "the API's link to the next page leads to a page that was there before";
            let failure = Failure::new(FailureCase::PermanentUnexpectedReply, message);
            return Err(CallError::Failed(Box::new(failure)));
        }
        following.insert(paging.parameter.clone(), Value::String(link.to_owned()));
        Ok(Some(following))
    }
}
