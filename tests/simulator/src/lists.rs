//! Finished list replies, kept while nothing they show has changed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::moment::Moment;
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;

/// What a list reply depends on besides the state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ListKey {
    /// Raw path and query.
    pub(crate) address: String,
    pub(crate) page_size: usize,
}

/// A few recent list replies.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    kept: Mutex<HashMap<ListKey, Kept>>,
}

#[derive(Debug)]
struct Kept {
    reply: Reply,
    generation: u64,
    made: Moment,
    /// When time alone changes the list.
    until: Option<Moment>,
}

/// Lists of 10,000 entities have megabytes: few are kept.
const MAX_LISTS: usize = 16;

impl Lists {
    /// The reply kept under `key` if it is still true, or the one that `make` makes, with the moment at which time
    /// alone will change it.
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
