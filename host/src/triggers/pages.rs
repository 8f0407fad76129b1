//! Chooses how many events to ask for with one request.

use crate::failure::FailureCase;

/// The first size to ask for when none was configured and the connector's own default proved too large.
const FEWER: u32 = 500;

/// The size of pages: as configured, or smaller while replies are too large.
#[derive(Debug, Clone)]
pub(super) struct Pages {
    wanted: Option<u32>,
    current: Option<u32>,
}

impl Pages {
    /// Starts with the wanted size, or with the connector's own default.
    pub(super) fn new(wanted: Option<u32>) -> Self {
        Self { wanted, current: wanted }
    }

    /// Returns how many events to ask for; `None` stands for the connector's own default.
    pub(super) fn size(&self) -> Option<u32> {
        self.current
    }

    /// After a successful poll, moves halfway back to the wanted size, but not while there is more, since the
    /// next page is likely to be as large.
    pub(super) fn after_poll(&mut self, more: bool) {
        if more {
            return;
        }
        let most = self.wanted.unwrap_or(FEWER);
        self.current = match self.current.map(|size| size.saturating_mul(2)) {
            Some(size) if size < most => Some(size),
            _ => self.wanted,
        };
    }

    /// Halves the size if a poll failed in the way that one with too large a reply does.
    pub(super) fn after_failure(&mut self, case: FailureCase) {
        if matches!(case, FailureCase::PermanentUnexpectedReply | FailureCase::ExecutionFailed) {
            self.current = Some(self.current.map_or(FEWER, |size| size / 2).max(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_shrink_until_they_fit_and_grow_again() {
        let sizes = |wanted: Option<u32>| {
            let mut pages = Pages::new(wanted);
            let mut sizes = vec![pages.size()];
            for case in [
                FailureCase::Unavailable,
                FailureCase::PermanentUnexpectedReply,
                FailureCase::ExecutionFailed,
            ] {
                pages.after_failure(case);
                sizes.push(pages.size());
            }
            for _ in 0..2 {
                pages.after_poll(true);
                pages.after_poll(false);
                sizes.push(pages.size());
            }
            sizes
        };
        assert_eq!(sizes(None), [None, None, Some(500), Some(250), None, None]);
        assert_eq!(sizes(Some(80)), [80, 80, 40, 20, 40, 80].map(Some));
        assert_eq!(sizes(Some(1)), [1; 6].map(Some));
    }
}
