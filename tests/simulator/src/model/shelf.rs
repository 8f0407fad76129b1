//! An ordered collection of things with ids.

use std::collections::HashMap;

/// Something with an id.
pub(crate) trait Keyed {
    fn key(&self) -> &str;
}

/// An ordered collection with an index. Nothing is ever removed.
#[derive(Clone, Debug)]
pub(crate) struct Shelf<T> {
    things: Vec<T>,
    places: HashMap<String, usize>,
}

impl<T: Keyed> Shelf<T> {
    /// Adds a thing, or replaces the one with the same id.
    pub(crate) fn put(&mut self, thing: T) {
        match self.places.get(thing.key()).and_then(|place| self.things.get_mut(*place)) {
            Some(earlier) => *earlier = thing,
            None => {
                self.places.insert(thing.key().to_owned(), self.things.len());
                self.things.push(thing);
            }
        }
    }

    pub(crate) fn find(&self, id: &str) -> Option<&T> {
        self.places.get(id).and_then(|place| self.things.get(*place))
    }

    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut T> {
        self.places.get(id).and_then(|place| self.things.get_mut(*place))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.things.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.things.len()
    }
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { things: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Keyed> Extend<T> for Shelf<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, things: I) {
        things.into_iter().for_each(|thing| self.put(thing));
    }
}
