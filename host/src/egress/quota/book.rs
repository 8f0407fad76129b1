//! The operations of the quota, as transactions in the store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::held::{Claim, Queued};
use super::renewals::Renewals;
use super::turn::{Gate, Lane, Turn, turns};
use super::waiters::{Observer, Waiters};
use super::{QuotaError, QuotaSettings, Scope, Throttled, WhenExceeded};
use crate::clock::{Clock, Timestamp};
use crate::manifest::Limit;
use crate::store::{Key, Place, Store, StoreError, Ticket, Transaction};

/// How long a slot in flight or a ticket counts without a heartbeat from its owner, and how long an abandoned
/// request counts as in flight.
pub(super) const LEASE: Duration = Duration::from_secs(10);
/// How often an owner sends a heartbeat.
pub(super) const BEAT: Duration = Duration::from_secs(3);
/// How often old rows are purged.
const PURGE: Duration = Duration::from_secs(10);

/// One quota's view of its bucket in the store, and the requests that wait in this process.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) bucket: Arc<str>,
    pub(super) limit: Option<Limit>,
    when_exceeded: WhenExceeded,
    pub(super) observer: OnceLock<Observer>,
    pub(super) owner: u64,
    numbers: AtomicU64,
    pub(super) waiters: Mutex<Waiters>,
    /// The number of slots that this process has in flight.
    pub(super) in_flight: AtomicUsize,
    /// Places that were given up but could not be written to the store, with the time of completion if they
    /// were slots. Writing is tried again, so that they are not renewed forever.
    pub(super) owed: Mutex<Vec<(Place, Option<Timestamp>)>>,
    /// Whether the last write to the store failed.
    pub(super) failing: AtomicBool,
    pub(super) renewals: Mutex<Renewals>,
    /// The longest period for which this process has asked the store to keep slots.
    kept: Mutex<Duration>,
    purged: Mutex<Option<Timestamp>>,
}

/// The result of a request for a slot.
#[derive(Debug)]
pub(super) enum Entry {
    Claimed(Claim),
    Queued(Queued),
}

impl Book {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: QuotaSettings) -> Self {
        Self {
            store,
            clock,
            bucket: settings.bucket.into(),
            limit: settings.limit,
            when_exceeded: settings.when_exceeded,
            observer: OnceLock::new(),
            owner: uuid::Uuid::new_v4().as_u64_pair().0,
            numbers: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            waiters: Mutex::default(),
            owed: Mutex::default(),
            failing: AtomicBool::new(false),
            renewals: Mutex::default(),
            kept: Mutex::default(),
            purged: Mutex::default(),
        }
    }

    /// Creates a ticket, a request for a slot. It is not yet entered.
    pub(super) fn ticket(&self, action: &str, limits: &[Limit]) -> Ticket {
        let key = Key { owner: self.owner, number: self.numbers.fetch_add(1, Ordering::Relaxed) };
        let keep = limits.iter().chain(&self.limit).map(|limit| limit.period()).max().unwrap_or_default();
        let place = Place { key, bucket: Arc::clone(&self.bucket), action: action.into(), keep };
        Ticket { place, limits: limits.into() }
    }

    /// Takes a slot, or a place in the queue.
    pub(super) fn enter(
        self: &Arc<Self>,
        ticket: Ticket,
        deadline: Option<Timestamp>,
    ) -> Result<Entry, QuotaError> {
        enum Verdict {
            Go { lease: Timestamp },
            Wait,
            Refuse(Throttled),
        }
        let keep = ticket.place.keep;
        let longer = keep > *lock(&self.kept);
        let verdict = self.store.run(&self.bucket, |transaction| {
            let now = self.clock.now();
            if longer {
                transaction.keep(&self.bucket, keep)?;
            }
            self.purge_sometimes(transaction, now)?;
            let go = if !transaction.anyone_waiting(&self.bucket, now)?
                && self.has_room(transaction, &ticket, now)?
            {
                true
            } else if self.when_exceeded == WhenExceeded::Wait && deadline.is_none() {
                // Its turn is computed together with those of all others that arrive meanwhile.
                false
            } else {
                transaction.clamp(&self.bucket, now, latest(now))?;
                let mut tickets = transaction.tickets(&self.bucket, now)?;
                tickets.push(ticket.clone());
                let turns = self.turns(transaction, &tickets, now)?;
                let own = turns.into_iter().find(|(position, _)| position + 1 == tickets.len());
                let turn = own.map_or(Turn { at: now, held_by: None }, |(_, turn)| turn);
                let patience = if self.when_exceeded == WhenExceeded::Wait { deadline } else { Some(now) };
                if let Some(throttled) = refusal(&turn, patience, now) {
                    let waits = self.when_exceeded == WhenExceeded::Wait;
                    return Ok(Verdict::Refuse(Throttled { waits, ..throttled }));
                }
                turn.at <= now
            };
            let lease = self.lease(now);
            if go {
                transaction.take(&ticket.place, lease)?;
                Ok(Verdict::Go { lease })
            } else {
                transaction.queue(&ticket, lease)?;
                Ok(Verdict::Wait)
            }
        })?;
        if longer {
            let mut kept = lock(&self.kept);
            *kept = kept.max(keep);
        }
        match verdict {
            Verdict::Go { lease } => Ok(Entry::Claimed(Claim::new(self, ticket.place, lease))),
            Verdict::Wait => Ok(Entry::Queued(Queued::new(self, ticket))),
            Verdict::Refuse(throttled) => Err(throttled.into()),
        }
    }

    /// Whether one more request may go now, provided that no other is waiting.
    fn has_room(
        &self,
        transaction: &mut dyn Transaction,
        ticket: &Ticket,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let shared = self.limit.iter().map(|limit| (limit, None));
        let own = ticket.limits.iter().map(|limit| (limit, Some(&*ticket.place.action)));
        for (limit, action) in shared.chain(own) {
            let used = transaction.used(&self.bucket, action, now.saturating_sub(limit.period()))?;
            if used >= u64::from(limit.calls) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Computes the turns of the tickets, which must be in order of arrival.
    pub(super) fn turns(
        &self,
        transaction: &mut dyn Transaction,
        tickets: &[Ticket],
        now: Timestamp,
    ) -> Result<Vec<(usize, Turn)>, StoreError> {
        let mut gate = |limit: Limit, action: Option<&str>| -> Result<Gate, StoreError> {
            let slots = transaction.slots(&self.bucket, action, now.saturating_sub(limit.period()))?;
            let scope = action.map_or_else(
                || Scope::Bucket(self.bucket.to_string()),
                |action| Scope::Action(action.to_owned()),
            );
            Ok(Gate::new(limit, scope, now, &slots))
        };
        let shared = self.limit.map(|limit| gate(limit, None)).transpose()?;
        let mut lanes: Vec<Lane> = Vec::new();
        let mut lane_of: HashMap<(&str, &[Limit]), usize> = HashMap::new();
        for (position, ticket) in tickets.iter().enumerate() {
            let action = &*ticket.place.action;
            // Actions without limits share a lane.
            let name = (if ticket.limits.is_empty() { "" } else { action }, &*ticket.limits);
            if let Some(lane) = lane_of.get(&name).and_then(|lane| lanes.get_mut(*lane)) {
                lane.tickets.push_back(position);
            } else {
                let gates: Result<_, _> =
                    ticket.limits.iter().map(|limit| gate(*limit, Some(action))).collect();
                lane_of.insert(name, lanes.len());
                lanes.push(Lane { tickets: [position].into(), gates: gates? });
            }
        }
        Ok(turns(now, shared, lanes))
    }

    /// The end of a lease that is given now. A store in memory ends with its process, so leases there never
    /// have to be renewed.
    pub(super) fn lease(&self, now: Timestamp) -> Timestamp {
        if self.store.is_local() { Timestamp::MAX } else { now.saturating_add(LEASE) }
    }

    pub(super) fn purge_sometimes(
        &self,
        transaction: &mut dyn Transaction,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut purged = lock(&self.purged);
        if purged.is_none_or(|at| now < at || now.since(at) >= PURGE) {
            transaction.purge(&self.bucket, now)?;
            *purged = Some(now);
        }
        Ok(())
    }
}

/// The latest time that may be stored, apart from leases that never end.
pub(super) fn latest(now: Timestamp) -> Timestamp {
    now.saturating_add(LEASE)
}

/// Why a turn comes too late for a request with this deadline, if it does.
pub(super) fn refusal(turn: &Turn, deadline: Option<Timestamp>, now: Timestamp) -> Option<Throttled> {
    let never = turn.at == Timestamp::MAX;
    let (limit, scope) = turn.held_by.clone().filter(|_| never || deadline.is_some_and(|at| turn.at > at))?;
    let wait = if never { limit.period() } else { turn.at.since(now) };
    let seconds = wait.as_micros().div_ceil(1_000_000);
    let retry_after = Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX));
    Some(Throttled { retry_after, limit, scope, waits: true })
}

/// Locks a mutex, even a poisoned one: a panic leaves none of those used here in an inconsistent state.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
