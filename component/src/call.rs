//! One call: sends a request and reads its reply. Tests replace the API here.

use crate::decode::Decode;
use crate::failure::Failure;
use crate::reply::{Accepted, Judge};
use crate::request::{Connection, Draft};

#[cfg(test)]
use crate::testing::{now, send, variables};
#[cfg(not(test))]
use crate::{
    engine::{now, variables},
    exchange::send,
};

/// Sends a request and reads the value of its reply.
#[inline(never)]
pub(crate) fn call<T: for<'json> Decode<'json>>(draft: Draft) -> Result<T, Failure> {
    accepted(draft)?.value()
}

/// Sends a request and returns the reply if the API accepted the request.
#[inline(never)]
pub(crate) fn accepted(draft: Draft) -> Result<Accepted, Failure> {
    let connection = Connection::from(&variables())?;
    let request = draft.on(&connection)?;
    let judge = Judge { operation: request.operation, secret: connection.secret(), now };
    match send(request, connection.max_reply_bytes) {
        Ok(reply) => judge.accept(reply),
        Err(trouble) => Err(judge.trouble(&trouble)),
    }
}
