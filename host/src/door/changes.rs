//! What became of the changes that one call made. The outcome of a call is what the door saw, not only what
//! the component says.
//!
//! A component may send several requests. Whatever comes later, a change that the API accepted was made, and
//! one that left without an answer may have been made. So such a call never ends with a failure that invites
//! a repeat, for example because the quota refused a later request.

use std::sync::{Mutex, PoisonError};

use http::StatusCode;

use crate::egress::Stage;
use crate::failure::{Failure, FailureCase};

/// What to do if something may have been changed.
pub(super) const LOOK: &str = "look at what has changed before calling again";

const UNANSWERED: &str = "a change was sent without a clear answer, and may have been made";

/// The changes of one call.
#[derive(Debug, Default)]
pub(super) struct Changes(Mutex<Record>);

#[derive(Debug, Default, Clone, Copy)]
struct Record {
    /// The status with which the API accepted a change.
    accepted: Option<StatusCode>,
    /// How many changes are under way, or were sent and never answered.
    unanswered: usize,
    /// Whether the API's answer to a change left its outcome open: a time-out or a server error.
    unclear: bool,
    /// How many changes are being sent at the moment, or wait to be sent.
    pending: usize,
}

/// A request that changes something. If it is dropped while it is under way, it stays unanswered.
#[derive(Debug)]
pub(super) struct Change<'a> {
    changes: &'a Changes,
    under_way: Mutex<bool>,
}

impl Changes {
    /// Records that a change is about to be sent.
    pub(super) fn begin(&self) -> Change<'_> {
        self.update(|record| record.pending += 1);
        Change { changes: self, under_way: Mutex::default() }
    }

    /// Judges a failure that the door or the component reported, in view of the changes.
    pub(super) fn judge(&self, failure: Failure) -> Failure {
        let record = self.record();
        match (failure.case, record) {
            (FailureCase::PermanentOutcomeUnknown, _) => failure,
            (_, Record { unanswered: 1.., .. }) => unknown(failure, UNANSWERED),
            // This case already says that the API answered, and with which status.
            (FailureCase::PermanentUnexpectedReply, _) => failure,
            (_, Record { accepted: Some(status), .. }) => {
                let status = status.as_u16();
                unknown(failure, &format!("the API had accepted a change of this call ({status})"))
            }
            _ => failure,
        }
    }

    /// Like [`Self::judge`], when the component broke off and could not judge any answer.
    pub(super) fn judge_alone(&self, failure: Failure) -> Failure {
        let record = self.record();
        if record.unclear || record.pending > 0 {
            return unknown(failure, UNANSWERED);
        }
        self.judge(failure)
    }

    /// Returns what contradicts a success, if anything does.
    pub(super) fn doubts(&self) -> Option<Failure> {
        if self.record().unanswered == 0 {
            return None;
        }
        let failure = Failure::new(FailureCase::default(), "the connector reported success");
        Some(unknown(failure, UNANSWERED))
    }

    fn record(&self) -> Record {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, update: impl FnOnce(&mut Record)) {
        update(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Change<'_> {
    /// Records the stage that the attempt to send it has reached.
    pub(super) fn comes_to(&self, stage: Stage) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        match (stage, *under_way) {
            (Stage::Leaving, false) => self.changes.update(|record| record.unanswered += 1),
            (Stage::Settled, true) => self.changes.update(|record| record.unanswered -= 1),
            _ => {}
        }
        *under_way = stage == Stage::Leaving;
    }

    /// Records the API's answer.
    pub(super) fn answered(self, status: StatusCode) {
        self.comes_to(Stage::Settled);
        self.changes.update(|record| {
            if status.is_success() {
                record.accepted = Some(status);
            }
            record.unclear |= status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT;
        });
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.changes.update(|record| record.pending -= 1);
    }
}

fn unknown(failure: Failure, why: &str) -> Failure {
    let message = format!("{}; {why}", failure.message);
    let hint = Some(LOOK.into());
    let case = FailureCase::PermanentOutcomeUnknown;
    Failure { case, message, hint, retry_after_seconds: None, ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(case: FailureCase) -> Failure {
        Failure { retry_after_seconds: Some(5), ..Failure::new(case, "it failed") }
    }

    fn judged(changes: &Changes, case: FailureCase) -> FailureCase {
        changes.judge(failure(case)).case
    }

    #[test]
    fn an_accepted_change_is_not_a_call_that_failed() {
        let changes = Changes::default();
        changes.begin().answered(StatusCode::CREATED);
        for case in [
            FailureCase::Throttled,
            FailureCase::Unavailable,
            FailureCase::ExecutionFailed,
            FailureCase::PermanentNotFound,
            FailureCase::PermanentUnauthorized,
        ] {
            let judged = changes.judge(failure(case));
            assert_eq!(judged.case, FailureCase::PermanentOutcomeUnknown, "{case}");
            assert_eq!(judged.message, "it failed; the API had accepted a change of this call (201)");
            assert_eq!((judged.hint, judged.retry_after_seconds), (Some(LOOK.into()), None));
        }
        assert_eq!(
            judged(&changes, FailureCase::PermanentUnexpectedReply),
            FailureCase::PermanentUnexpectedReply
        );
        assert!(changes.doubts().is_none());
    }

    #[test]
    fn a_change_that_was_not_answered_stays_unknown() {
        let changes = Changes::default();
        let change = changes.begin();
        change.comes_to(Stage::Leaving);
        drop(change);
        changes.begin().answered(StatusCode::CREATED);
        changes.begin().answered(StatusCode::TOO_MANY_REQUESTS);
        let judged = changes.judge(failure(FailureCase::Throttled));
        assert_eq!(judged.case, FailureCase::PermanentOutcomeUnknown);
        assert!(judged.message.contains("may have been made"), "{judged}");
        assert_eq!(
            changes.judge(failure(FailureCase::PermanentUnexpectedReply)).case,
            FailureCase::PermanentOutcomeUnknown
        );
        assert_eq!(changes.doubts().unwrap().case, FailureCase::PermanentOutcomeUnknown);
    }

    #[test]
    fn a_change_that_never_left_or_was_refused_changes_nothing() {
        let changes = Changes::default();
        drop(changes.begin());
        let change = changes.begin();
        for stage in [Stage::Settled, Stage::Leaving, Stage::Leaving, Stage::Settled, Stage::Leaving] {
            change.comes_to(stage);
        }
        change.answered(StatusCode::FORBIDDEN);
        assert_eq!(judged(&changes, FailureCase::PermanentForbidden), FailureCase::PermanentForbidden);
        assert_eq!(judged(&changes, FailureCase::Throttled), FailureCase::Throttled);
        assert!(changes.doubts().is_none());
    }

    #[test]
    fn a_component_that_breaks_cannot_judge_an_unclear_answer() {
        for (status, expected) in [
            (500, FailureCase::PermanentOutcomeUnknown),
            (503, FailureCase::PermanentOutcomeUnknown),
            (408, FailureCase::PermanentOutcomeUnknown),
            (200, FailureCase::PermanentOutcomeUnknown),
            (404, FailureCase::ExecutionFailed),
            (429, FailureCase::ExecutionFailed),
        ] {
            let changes = Changes::default();
            changes.begin().answered(StatusCode::from_u16(status).unwrap());
            assert_eq!(changes.judge_alone(failure(FailureCase::ExecutionFailed)).case, expected, "{status}");
            if status != 200 {
                assert_eq!(judged(&changes, FailureCase::Unavailable), FailureCase::Unavailable, "{status}");
            }
        }
        let changes = Changes::default();
        let change = changes.begin();
        let alone = |changes: &Changes| changes.judge_alone(failure(FailureCase::Unavailable)).case;
        assert_eq!(
            alone(&changes),
            FailureCase::PermanentOutcomeUnknown,
            "somebody may be sending it right now"
        );
        drop(change);
        assert_eq!(alone(&changes), FailureCase::Unavailable);
    }
}
