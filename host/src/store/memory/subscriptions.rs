//! The subscriptions of watches, in memory.

use super::Contents;
use crate::store::{StoreError, Subscription, Subscriptions};

impl Subscriptions for Contents {
    fn subscription(&mut self, watch: &str) -> Result<Option<Subscription>, StoreError> {
        Ok(self.subscriptions.get(watch).cloned())
    }

    fn set_subscription(
        &mut self,
        watch: &str,
        subscription: Option<&Subscription>,
    ) -> Result<(), StoreError> {
        match subscription {
            Some(subscription) => self.subscriptions.insert(watch.to_owned(), subscription.clone()),
            None => self.subscriptions.remove(watch),
        };
        Ok(())
    }

    fn subscribed(&mut self) -> Result<Vec<String>, StoreError> {
        let mut watches: Vec<String> = self.subscriptions.keys().cloned().collect();
        watches.sort_unstable();
        Ok(watches)
    }
}
