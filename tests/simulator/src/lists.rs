//! A cache of finished list replies, which are kept until something in them changes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::moment::Moment;
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;

/// The parts of a list request on which the reply depends, apart from the state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ListKey {
    /// The undecoded path and query.
    pub(crate) address: String,
    pub(crate) page_size: usize,
}

/// The most recent list replies.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    kept: Mutex<HashMap<ListKey, Kept>>,
}

#[derive(Debug)]
struct Kept {
    reply: Reply,
    generation: u64,
    made: Moment,
    /// When the passing of time alone changes the list, if it does.
    until: Option<Moment>,
}

/// The most lists kept. Lists of 10,000 entities are megabytes large, so there are few.
const MAX_LISTS: usize = 16;

impl Lists {
    /// Returns the reply kept under `key` if it is still valid. Otherwise calls `make`, which also returns
    /// the time at which the passing of time alone changes the reply.
    pub(crate) fn serve(
        &self,
        key: ListKey,
        generation: u64,
        now: Moment,
        make: impl FnOnce() -> Result<(Reply, Option<Moment>), Refusal>,
    ) -> Result<Reply, Refusal> {
        if let Some(kept) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key)
            && kept.generation == generation
            && kept.made <= now
            && kept.until.is_none_or(|until| now < until)
        {
            return Ok(kept.reply.clone());
        }
        let (reply, until) = make()?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_LISTS {
            kept.clear();
        }
        kept.insert(key, Kept { reply: reply.clone(), generation, made: now, until });
        Ok(reply)
    }
}
