//! Who goes when: the queue of one bucket, played forward.
//!
//! Nothing here knows of stores or clocks. [`turns`] takes what is known now and says at what time each ticket's turn
//! comes, if from now on everything goes as fast as it can: requests in flight complete now, and those admitted take
//! no time. So a turn is never too late. It may prove too early, and whoever wakes for it asks again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::Scope;
use crate::clock::Timestamp;
use crate::manifest::Limit;
use crate::store::Slot;

/// The state of one limit: how many may go at once, and when further ones may.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    limit: Limit,
    scope: Scope,
    free: u64,
    /// When each slot that is not free will be.
    releases: BinaryHeap<Reverse<Timestamp>>,
}

impl Gate {
    /// The state of a limit at a time, from the slots that count towards it (and perhaps older ones).
    pub(super) fn new(limit: Limit, scope: Scope, now: Timestamp, slots: &[Slot]) -> Self {
        let soonest = |slot: &Slot| {
            if slot.in_flight { slot.until.min(now) } else { slot.until }
        };
        let mut releases: Vec<_> = slots
            .iter()
            .map(|slot| soonest(slot).saturating_add(limit.period()))
            .filter(|at| *at > now)
            .collect();
        let free = u64::from(limit.calls).saturating_sub(releases.len() as u64);
        // If more is taken than the limit allows (it was higher before), the first releases free nothing.
        if let Some(excess) = releases.len().checked_sub(limit.calls as usize) {
            releases.sort_unstable();
            releases.drain(..excess);
        }
        Self { limit, scope, free, releases: releases.into_iter().map(Reverse).collect() }
    }

    /// When the next may go: [`Timestamp::MIN`] if at once, [`Timestamp::MAX`] if never.
    fn next(&self) -> Timestamp {
        match self.releases.peek() {
            _ if self.free > 0 => Timestamp::MIN,
            Some(Reverse(at)) => *at,
            None => Timestamp::MAX,
        }
    }

    /// Lets one go at a time, which is not before [`Gate::next`].
    fn pass(&mut self, at: Timestamp) {
        if self.free > 0 {
            self.free -= 1;
        } else {
            self.releases.pop();
        }
        self.releases.push(Reverse(at.saturating_add(self.limit.period())));
    }
}

/// When a ticket's turn comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    /// The earliest possible time: not before now. [`Timestamp::MAX`] if it never comes.
    pub(super) at: Timestamp,
    /// What it waits for last, unless it may go now.
    pub(super) held_by: Option<(Limit, Scope)>,
}

/// The tickets of one action, in order of arrival, and the gates of its limits.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    /// The tickets' positions in the bucket's queue.
    pub(super) tickets: VecDeque<usize>,
    /// The gates of the action's limits.
    pub(super) gates: Vec<Gate>,
}

impl Lane {
    fn latest(&self) -> Option<&Gate> {
        self.gates.iter().max_by_key(|gate| gate.next())
    }

    fn next(&self) -> Timestamp {
        self.latest().map_or(Timestamp::MIN, Gate::next)
    }
}

/// The turns of the tickets in all lanes, as positions and turns in order of time.
///
/// At any time, of the tickets that their action's own limits let go, the first to arrive goes. So a ticket held by
/// its action's limit takes nothing from the others, and gets its place back as soon as that limit lets it go.
pub(super) fn turns(now: Timestamp, mut shared: Option<Gate>, mut lanes: Vec<Lane>) -> Vec<(usize, Turn)> {
    let mut turns = Vec::with_capacity(lanes.iter().map(|lane| lane.tickets.len()).sum());
    loop {
        lanes.retain(|lane| !lane.tickets.is_empty());
        let Some(soonest) = lanes.iter().map(Lane::next).min() else {
            return turns;
        };
        let shared_next = shared.as_ref().map_or(Timestamp::MIN, Gate::next);
        let at = now.max(shared_next).max(soonest);
        let ready = lanes.iter_mut().filter(|lane| lane.next() <= at);
        let Some(lane) = ready.min_by_key(|lane| lane.tickets.front().copied()) else {
            return turns;
        };
        let Some(position) = lane.tickets.pop_front() else {
            return turns;
        };
        let last = if shared_next >= lane.next() { shared.as_ref() } else { lane.latest() };
        let held_by = last.filter(|_| at > now).map(|gate| (gate.limit, gate.scope.clone()));
        lane.gates.iter_mut().chain(shared.as_mut()).for_each(|gate| gate.pass(at));
        turns.push((position, Turn { at, held_by }));
    }
}
