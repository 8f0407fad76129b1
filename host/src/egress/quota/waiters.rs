//! The requests that wait in this process, and the checks of the queue that let them go.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::book::{Book, latest, lock, refusal};
use super::held::{Claim, Queued};
use super::turn::Turn;
use super::{QuotaError, Throttled, Waiting};
use crate::clock::Timestamp;
use crate::store::{Place, StoreError, Ticket, Transaction};

/// The waiting requests, by ticket number.
pub(super) type Waiters = HashMap<u64, Waiter>;

/// A waiting request.
#[derive(Debug)]
pub(super) struct Waiter {
    ticket: Ticket,
    deadline: Option<Timestamp>,
    answer: oneshot::Sender<Answer>,
    announced: bool,
}

impl Waiter {
    /// Returns the action on the first call only, so that each wait is announced once.
    fn news(&mut self) -> Option<String> {
        let first = !std::mem::replace(&mut self.announced, true);
        first.then(|| self.ticket.place.action.to_string())
    }
}

/// The answer to a waiting request.
pub(super) type Answer = Result<Claim, QuotaError>;

/// Is called when a request begins to wait.
pub(super) struct Observer(pub(super) Box<dyn Fn(&Waiting) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// The decisions of a check of the queue for this process.
#[derive(Debug, Default)]
struct Decisions {
    now: Timestamp,
    go: Vec<Place>,
    refuse: Vec<(u64, Throttled)>,
    wait: Vec<(u64, Turn)>,
}

impl Book {
    /// Registers a request that has a place in the queue, to receive its answer.
    pub(super) fn listen(&self, queued: &Queued, deadline: Option<Timestamp>) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        let ticket = queued.ticket().clone();
        lock(&self.waiters)
            .insert(ticket.place.key.number, Waiter { ticket, deadline, answer, announced: false });
        receiver
    }

    /// Removes a request, which then gets no answer.
    pub(super) fn forget(&self, queued: &Queued) {
        lock(&self.waiters).remove(&queued.ticket().place.key.number);
    }

    /// Removes all waiting requests: their receivers end without a value.
    pub(super) fn forget_all(&self) {
        lock(&self.waiters).clear();
    }

    pub(super) fn anyone_waiting(&self) -> bool {
        !lock(&self.waiters).is_empty()
    }

    /// Lets the requests of this process go whose turn has come, and refuses those whose turn comes too late.
    /// Returns when to check again, if any are left.
    pub(super) fn look(self: &Arc<Self>) -> Option<Timestamp> {
        let own: HashMap<u64, (Ticket, Option<Timestamp>)> = lock(&self.waiters)
            .iter()
            .map(|(n, waiter)| (*n, (waiter.ticket.clone(), waiter.deadline)))
            .collect();
        if own.is_empty() {
            return None;
        }
        match self.store.run(&self.bucket, |transaction| self.decide(transaction, &own)) {
            Ok(decisions) => self.tell(decisions),
            Err(error) => {
                own.keys().for_each(|number| self.answer(*number, Err(error.clone().into())));
                None
            }
        }
    }

    fn decide(
        &self,
        transaction: &mut dyn Transaction,
        own: &HashMap<u64, (Ticket, Option<Timestamp>)>,
    ) -> Result<Decisions, StoreError> {
        let now = self.clock.now();
        transaction.clamp(&self.bucket, now, latest(now))?;
        self.purge_sometimes(transaction, now)?;
        let mut tickets = transaction.tickets(&self.bucket, now)?;
        self.queue_again(transaction, own, &mut tickets, now)?;
        let mut decisions = Decisions { now, ..Decisions::default() };
        for (position, turn) in self.turns(transaction, &tickets, now)? {
            let Some(Ticket { place, .. }) = tickets.get(position) else {
                continue;
            };
            let number = place.key.number;
            let Some((_, deadline)) = own.get(&number).filter(|_| place.key.owner == self.owner) else {
                continue;
            };
            if turn.at <= now {
                transaction.leave(place)?;
                transaction.take(place, self.lease(now))?;
                decisions.go.push(place.clone());
            } else if let Some(throttled) = refusal(&turn, *deadline, now) {
                transaction.leave(place)?;
                decisions.refuse.push((number, throttled));
            } else {
                decisions.wait.push((number, turn));
            }
        }
        Ok(decisions)
    }

    /// Queues requests again whose lease had ended. They were presumed dead, for example because the machine
    /// was suspended, and may have lost their places to others, but they still wait.
    fn queue_again(
        &self,
        transaction: &mut dyn Transaction,
        own: &HashMap<u64, (Ticket, Option<Timestamp>)>,
        tickets: &mut Vec<Ticket>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let there: HashSet<_> = tickets.iter().map(|ticket| ticket.place.key).collect();
        let mut lost: Vec<_> =
            own.values().filter(|(ticket, _)| !there.contains(&ticket.place.key)).collect();
        lost.sort_unstable_by_key(|(ticket, _)| ticket.place.key);
        for (ticket, _) in lost {
            transaction.leave(&ticket.place)?;
            transaction.queue(ticket, self.lease(now))?;
            tickets.push(ticket.clone());
        }
        Ok(())
    }

    fn tell(self: &Arc<Self>, decisions: Decisions) -> Option<Timestamp> {
        for place in decisions.go {
            // If the waiter has left meanwhile, the claim is dropped, which completes its slot.
            self.answer(place.key.number, Ok(Claim::new(self, place, self.lease(decisions.now))));
        }
        for (number, throttled) in decisions.refuse {
            self.answer(number, Err(throttled.into()));
        }
        let next = decisions.wait.iter().map(|(_, turn)| turn.at).min();
        for (number, turn) in decisions.wait {
            self.announce(number, &turn, decisions.now);
        }
        next
    }

    fn answer(&self, number: u64, answer: Answer) {
        let waiter = lock(&self.waiters).remove(&number);
        if let Some(waiter) = waiter {
            drop(waiter.answer.send(answer));
        }
    }

    fn announce(&self, number: u64, turn: &Turn, now: Timestamp) {
        let Some((limit, scope)) = turn.held_by.clone() else {
            return;
        };
        let action = lock(&self.waiters).get_mut(&number).and_then(Waiter::news);
        let Some(action) = action else { return };
        let waiting = Waiting { action, wait: turn.at.since(now), limit, scope };
        tracing::debug!(
            bucket = %self.bucket,
            action = waiting.action,
            seconds = waiting.wait.as_secs_f64(),
            limit = %waiting.scope,
            "waiting for the quota",
        );
        if let Some(Observer(observer)) = self.observer.get() {
            observer(&waiting);
        }
    }
}
