//! The progress and the events of watches, in memory.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Contents;
use crate::clock::Timestamp;
use crate::store::{Backlog, Checkpoints, Found, Outbox, Page, Progress, StoreError, Stored, Trouble};

/// The state of watches, by name.
pub(super) type Watches = BTreeMap<String, Watch>;

/// The state of one watch.
#[derive(Debug, Default)]
pub(super) struct Watch {
    progress: Option<Progress>,
    waiting: BTreeMap<u64, Stored>,
    dead: BTreeMap<u64, Stored>,
    /// The ids of the waiting and dead events.
    here: HashSet<String>,
    /// The ids of delivered events, with the times of delivery.
    delivered: HashMap<String, Timestamp>,
    /// The highest number assigned so far.
    last: u64,
}

impl Watch {
    fn append(&mut self, event: Found, at: Timestamp) {
        self.last += 1;
        let stored = Stored { number: self.last, event, found_at: at, trouble: None, dead_since: None };
        self.waiting.insert(self.last, stored);
    }
}

impl Contents {
    fn watch(&mut self, name: &str) -> &mut Watch {
        self.watches.entry(name.to_owned()).or_default()
    }
}

impl Checkpoints for Contents {
    fn progress(&mut self, watch: &str) -> Result<Option<Progress>, StoreError> {
        Ok(self.watches.get(watch).and_then(|watch| watch.progress.clone()))
    }

    fn set_progress(&mut self, watch: &str, progress: &Progress) -> Result<(), StoreError> {
        self.watch(watch).progress = Some(progress.clone());
        Ok(())
    }

    fn watches(&mut self) -> Result<Vec<String>, StoreError> {
        let begun = self.watches.iter().filter(|(_, watch)| watch.progress.is_some());
        Ok(begun.map(|(name, _)| name.clone()).collect())
    }

    fn forget(&mut self, watch: &str) -> Result<(), StoreError> {
        self.watches.remove(watch);
        Ok(())
    }
}

impl Outbox for Contents {
    fn add(&mut self, watch: &str, found: &Found, at: Timestamp) -> Result<bool, StoreError> {
        let watch = self.watch(watch);
        if let Some(known_since) = watch.delivered.get_mut(&found.id) {
            *known_since = at.max(*known_since);
            return Ok(false);
        }
        if !watch.here.insert(found.id.clone()) {
            return Ok(false);
        }
        watch.append(found.clone(), at);
        Ok(true)
    }

    fn waiting(&mut self, watch: &str, page: Page) -> Result<Vec<Stored>, StoreError> {
        Ok(read(&self.watch(watch).waiting, page))
    }

    fn dead(&mut self, watch: &str, page: Page) -> Result<Vec<Stored>, StoreError> {
        Ok(read(&self.watch(watch).dead, page))
    }

    fn acknowledge(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<(), StoreError> {
        let watch = self.watch(watch);
        if let Some(stored) = watch.waiting.remove(&number) {
            watch.here.remove(&stored.event.id);
            watch.delivered.insert(stored.event.id, at);
        }
        Ok(())
    }

    fn note_trouble(&mut self, watch: &str, number: u64, trouble: &Trouble) -> Result<(), StoreError> {
        if let Some(stored) = self.watch(watch).waiting.get_mut(&number) {
            stored.trouble = Some(trouble.clone());
        }
        Ok(())
    }

    fn bury(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<(), StoreError> {
        let watch = self.watch(watch);
        if let Some(stored) = watch.waiting.remove(&number) {
            watch.dead.insert(number, Stored { dead_since: Some(at), ..stored });
        }
        Ok(())
    }

    fn revive(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<bool, StoreError> {
        let watch = self.watch(watch);
        let Some(stored) = watch.dead.remove(&number) else {
            return Ok(false);
        };
        watch.append(stored.event, at);
        Ok(true)
    }

    fn backlog(&mut self, watch: &str) -> Result<Backlog, StoreError> {
        let watch = self.watch(watch);
        let oldest = watch.waiting.values().next().map(|stored| stored.found_at);
        Ok(Backlog { waiting: watch.waiting.len() as u64, oldest, dead: watch.dead.len() as u64 })
    }

    fn forget_delivered(&mut self, watch: &str, before: Timestamp) -> Result<(), StoreError> {
        self.watch(watch).delivered.retain(|_, at| *at >= before);
        Ok(())
    }
}

fn read(events: &BTreeMap<u64, Stored>, page: Page) -> Vec<Stored> {
    let mut bytes = 0;
    let later = events.range(page.after.saturating_add(1)..).map(|(_, stored)| stored);
    let fitting = later.take(page.events).take_while(|stored| {
        let fits = bytes < page.bytes;
        bytes += stored.event.data.len();
        fits
    });
    fitting.cloned().collect()
}
