//! Who goes when: simulates the queue of one bucket.
//!
//! Nothing here depends on stores or clocks. [`turns`] takes what is known now and computes when each
//! ticket's turn comes if everything goes as fast as possible: requests in flight complete now, and admitted
//! requests take no time. So a computed turn is never too late. It may be too early; then the waiter that
//! wakes for it asks again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::Scope;
use crate::clock::Timestamp;
use crate::manifest::Limit;
use crate::store::Slot;

/// The state of one limit: how many requests may go now, and when further ones may.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    limit: Limit,
    scope: Scope,
    free: u64,
    /// When each taken slot becomes free.
    releases: BinaryHeap<Reverse<Timestamp>>,
}

impl Gate {
    /// The state of a limit at the time `now`, from the slots that count towards it, and perhaps older ones.
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
        // If more slots are taken than the limit allows (it was higher before), the first releases free
        // nothing.
        if let Some(excess) = releases.len().checked_sub(limit.calls as usize) {
            releases.sort_unstable();
            releases.drain(..excess);
        }
        Self { limit, scope, free, releases: releases.into_iter().map(Reverse).collect() }
    }

    /// When the next request may go: [`Timestamp::MIN`] if immediately, [`Timestamp::MAX`] if never.
    fn next(&self) -> Timestamp {
        match self.releases.peek() {
            _ if self.free > 0 => Timestamp::MIN,
            Some(Reverse(at)) => *at,
            None => Timestamp::MAX,
        }
    }

    /// Lets one request go at the time `at`, which must not be before [`Gate::next`].
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
    /// The earliest possible time, never before now. [`Timestamp::MAX`] if it never comes.
    pub(super) at: Timestamp,
    /// The limit that it waits for last, unless it may go now.
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

/// Computes the turns of the tickets in all lanes. Returns positions and turns, ordered by time.
///
/// At any time, the next to go is the earliest ticket that its action's own limits allow. So a ticket held up
/// by its action's limit takes nothing from the others, and gets its place back as soon as that limit allows
/// it.
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = at(100);

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn completed(seconds: i64) -> Slot {
        Slot { until: at(seconds), in_flight: false }
    }

    fn in_flight(seconds: i64) -> Slot {
        Slot { until: at(seconds), in_flight: true }
    }

    fn bucket() -> Scope {
        Scope::Bucket("bucket".to_owned())
    }

    fn action() -> Scope {
        Scope::Action("action".to_owned())
    }

    /// A gate that lets `calls` requests go in 10 s.
    fn gate(calls: u32, scope: Scope, slots: &[Slot]) -> Gate {
        Gate::new(Limit { calls, period_seconds: 10 }, scope, NOW, slots)
    }

    fn lane(tickets: &[usize], gates: Vec<Gate>) -> Lane {
        Lane { tickets: tickets.iter().copied().collect(), gates }
    }

    /// The turns as positions, seconds from now, and whether the bucket or the action holds them up.
    fn played(shared: Option<Gate>, lanes: Vec<Lane>) -> Vec<(usize, u64, &'static str)> {
        let held = |turn: &Turn| match &turn.held_by {
            None => "",
            Some((_, Scope::Bucket(_))) => "bucket",
            Some((_, Scope::Action(_))) => "action",
        };
        let turns = turns(NOW, shared, lanes);
        turns.iter().map(|(position, turn)| (*position, turn.at.since(NOW).as_secs(), held(turn))).collect()
    }

    #[test]
    fn a_gate_is_open_while_a_slot_is_free() {
        assert_eq!(gate(1, bucket(), &[]).next(), Timestamp::MIN);
        assert_eq!(gate(1, bucket(), &[completed(90)]).next(), Timestamp::MIN, "it frees right now");
        assert_eq!(gate(2, bucket(), &[completed(91)]).next(), Timestamp::MIN);
        assert_eq!(gate(1, bucket(), &[completed(91)]).next(), at(101));
        assert_eq!(gate(0, bucket(), &[]).next(), Timestamp::MAX);
    }

    #[test]
    fn a_slot_in_flight_frees_a_period_from_now_at_the_soonest() {
        assert_eq!(gate(1, bucket(), &[in_flight(105)]).next(), at(110));
        assert_eq!(gate(1, bucket(), &[in_flight(95)]).next(), at(105), "its lease has ended");
        assert_eq!(gate(1, bucket(), &[completed(105)]).next(), at(115), "it was given up on its way");
    }

    #[test]
    fn of_more_than_the_limit_the_first_to_free_open_nothing() {
        let mut gate = gate(2, bucket(), &[completed(95), completed(92), completed(94), completed(93)]);
        assert_eq!(gate.next(), at(104));
        gate.pass(at(104));
        assert_eq!(gate.next(), at(105));
        gate.pass(at(105));
        assert_eq!(gate.next(), at(114));
    }

    #[test]
    fn those_who_wait_go_in_order_of_arrival() {
        let shared = gate(2, bucket(), &[completed(95)]);
        let turns = played(Some(shared), vec![lane(&[0, 2], vec![]), lane(&[1, 3], vec![])]);
        assert_eq!(turns, [(0, 0, ""), (1, 5, "bucket"), (2, 10, "bucket"), (3, 15, "bucket")]);
    }

    #[test]
    fn a_ticket_that_its_action_holds_up_lets_others_pass_and_keeps_its_place() {
        let shared = gate(1, bucket(), &[]);
        let own = gate(1, action(), &[completed(95)]);
        let turns = played(Some(shared), vec![lane(&[0], vec![own]), lane(&[1, 2], vec![])]);
        assert_eq!(turns, [(1, 0, ""), (0, 10, "bucket"), (2, 20, "bucket")]);
    }

    #[test]
    fn a_ticket_waits_for_the_last_of_its_gates() {
        let early = gate(1, action(), &[completed(92)]);
        let late = gate(1, action(), &[completed(97)]);
        for gates in [vec![early.clone(), late.clone()], vec![late, early]] {
            assert_eq!(played(None, vec![lane(&[0], gates)]), [(0, 7, "action")]);
        }
        let shared = gate(1, bucket(), &[completed(93)]);
        let own = gate(1, action(), &[completed(97)]);
        assert_eq!(played(Some(shared), vec![lane(&[0], vec![own])]), [(0, 7, "action")]);
        let (shared, own) = (gate(1, bucket(), &[completed(97)]), gate(1, action(), &[completed(97)]));
        assert_eq!(
            played(Some(shared), vec![lane(&[0], vec![own])]),
            [(0, 7, "bucket")],
            "of two the shared one"
        );
    }

    #[test]
    fn each_who_goes_passes_all_gates() {
        let own = || gate(1, action(), &[]);
        let turns = played(Some(gate(9, bucket(), &[])), vec![lane(&[0, 1, 2], vec![own()])]);
        assert_eq!(turns, [(0, 0, ""), (1, 10, "action"), (2, 20, "action")]);
        assert_eq!(played(None, vec![]), []);
    }
}
