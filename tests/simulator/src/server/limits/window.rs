//! One sliding window and its statistics.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

/// The statistics of one window.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowReport {
    /// `all`, or the operation to which the limit applies.
    pub name: String,
    /// The calls allowed per period.
    pub limit: usize,
    /// The period in milliseconds.
    pub period_milliseconds: u64,
    /// The most calls that arrived in any period, including refused ones.
    pub most_arrivals: usize,
    /// The most calls that passed in any period.
    pub most_admitted: usize,
    /// The number of calls that this window refused.
    pub refused: u64,
}

#[derive(Debug)]
pub(super) struct Window {
    pub(super) name: &'static str,
    pub(super) limit: usize,
    pub(super) period: Duration,
    admitted: VecDeque<Duration>,
    arrived: VecDeque<Duration>,
    most_admitted: usize,
    most_arrivals: usize,
    pub(super) refused: u64,
}

impl Window {
    pub(super) fn new(name: &'static str, limit: usize, period: Duration) -> Self {
        Self {
            name,
            limit,
            period,
            admitted: VecDeque::new(),
            arrived: VecDeque::new(),
            most_admitted: 0,
            most_arrivals: 0,
            refused: 0,
        }
    }

    pub(super) fn arrive(&mut self, at: Duration) {
        forget(&mut self.arrived, at, self.period);
        self.arrived.push_back(at);
        self.most_arrivals = self.most_arrivals.max(self.arrived.len());
    }

    pub(super) fn admit(&mut self, at: Duration) {
        self.admitted.push_back(at);
        self.most_admitted = self.most_admitted.max(self.admitted.len());
    }

    /// The time until one more call would pass; `None` if it passes now.
    pub(super) fn wait(&mut self, at: Duration) -> Option<Duration> {
        forget(&mut self.admitted, at, self.period);
        if self.admitted.len() < self.limit {
            return None;
        }
        let leaving = self.admitted.len() - self.limit;
        let first = self.admitted.get(leaving).copied().unwrap_or(at);
        Some(first.saturating_add(self.period).saturating_sub(at))
    }

    pub(super) fn report(&self) -> WindowReport {
        WindowReport {
            name: self.name.to_owned(),
            limit: self.limit,
            period_milliseconds: u64::try_from(self.period.as_millis()).unwrap_or(u64::MAX),
            most_arrivals: self.most_arrivals,
            most_admitted: self.most_admitted,
            refused: self.refused,
        }
    }
}

/// Forgets the times that are at least a full period ago.
fn forget(times: &mut VecDeque<Duration>, now: Duration, period: Duration) {
    while times.front().is_some_and(|first| first.saturating_add(period) <= now) {
        times.pop_front();
    }
}
