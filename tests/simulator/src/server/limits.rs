//! The API's call limits: sliding windows over arrival times, with statistics.

mod exceeded;
mod options;
mod window;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use self::exceeded::Exceeded;
pub use self::options::{LimitMode, LimitOptions, RetryAfter, Wording};
use self::window::Window;
pub use self::window::WindowReport;

/// A limit of a single operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnLimit {
    pub(crate) calls: usize,
    pub(crate) minutes: u32,
}

/// The call limits of the one application, with their windows.
#[derive(Debug)]
pub struct Limits {
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    options: LimitOptions,
    windows: Vec<Window>,
}

impl Limits {
    pub(crate) fn new(options: LimitOptions) -> Self {
        Self { book: Mutex::new(Book::new(options)) }
    }

    /// The current limits.
    pub fn options(&self) -> LimitOptions {
        self.book().options.clone()
    }

    /// Replaces the limits and forgets all calls so far.
    pub fn configure(&self, options: LimitOptions) {
        *self.book() = Book::new(options);
    }

    /// The statistics of each window since the limits were last configured.
    pub fn report(&self) -> Vec<WindowReport> {
        self.book().windows.iter().map(Window::report).collect()
    }

    /// Counts a call that arrived at `at`. Returns whether a limit refuses it.
    pub(crate) fn admit(
        &self,
        operation: &'static str,
        own: &[OwnLimit],
        at: Duration,
    ) -> Result<(), Exceeded> {
        let mut book = self.book();
        match book.options.mode {
            LimitMode::Off => Ok(()),
            LimitMode::Observe => {
                let _ = book.admit(operation, own, at, false);
                Ok(())
            }
            LimitMode::Enforce => book.admit(operation, own, at, true),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn new(options: LimitOptions) -> Self {
        let minute = Duration::from_millis(options.minute_milliseconds.max(1));
        let windows = vec![
            Window::new(ALL, options.per_minute, minute),
            Window::new(ALL, options.per_hour, minute.saturating_mul(60)),
        ];
        Self { options, windows }
    }

    fn admit(
        &mut self,
        operation: &'static str,
        own: &[OwnLimit],
        at: Duration,
        enforced: bool,
    ) -> Result<(), Exceeded> {
        if self.options.per_operation && self.windows.iter().all(|window| window.name != operation) {
            let minute = Duration::from_millis(self.options.minute_milliseconds.max(1));
            self.windows.extend(
                own.iter().map(|own| Window::new(operation, own.calls, minute.saturating_mul(own.minutes))),
            );
        }
        let concerned = |window: &&mut Window| window.name == ALL || window.name == operation;
        let mut full: Option<(usize, Duration, Duration)> = None;
        for window in self.windows.iter_mut().filter(concerned) {
            window.arrive(at);
            if let Some(wait) = window.wait(at) {
                window.refused += 1;
                if full.is_none_or(|(_, _, longest)| wait > longest) {
                    full = Some((window.limit, window.period, wait));
                }
            }
        }
        if let (true, Some((limit, period, wait))) = (enforced, full) {
            let LimitOptions { retry_after, wording, .. } = self.options;
            return Err(Exceeded { limit, period, wait, retry_after, wording });
        }
        self.windows.iter_mut().filter(concerned).for_each(|window| window.admit(at));
        Ok(())
    }
}

const ALL: &str = "all";

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_minute: usize) -> Limits {
        Limits::new(LimitOptions { per_minute, per_hour: 5, ..LimitOptions::default() })
    }

    #[test]
    fn slides_over_the_minute() {
        let limits = limits(2);
        let second = Duration::from_secs;
        assert!(limits.admit("A", &[], second(0)).is_ok());
        assert!(limits.admit("A", &[], second(50)).is_ok());
        let refused = limits.admit("A", &[], second(59)).unwrap_err();
        assert_eq!(refused.seconds(), 1);
        assert!(limits.admit("A", &[], second(60)).is_ok());
        assert!(limits.admit("A", &[], second(61)).is_err(), "the call at 50 s still counts");
        let report = limits.report();
        assert_eq!((report[0].most_admitted, report[0].most_arrivals, report[0].refused), (2, 4, 2));
    }

    #[test]
    fn the_hour_outlasts_the_minute() {
        let limits = limits(5);
        for minute in 0..5 {
            assert!(limits.admit("A", &[], Duration::from_secs(minute * 60)).is_ok());
        }
        let refused = limits.admit("A", &[], Duration::from_secs(300)).unwrap_err();
        assert_eq!(refused.seconds(), 3300);
        assert!(refused.to_string().contains("5 per 01:00:00"));
    }

    #[test]
    fn an_operation_has_its_own_window() {
        let limits = Limits::new(LimitOptions::default());
        let own = [OwnLimit { calls: 2, minutes: 1 }];
        let at = Duration::from_secs(1);
        assert!(limits.admit("P", &own, at).is_ok());
        assert!(limits.admit("P", &own, at).is_ok());
        assert!(limits.admit("P", &own, at).is_err());
        assert!(limits.admit("Q", &[], at).is_ok());
    }
}
