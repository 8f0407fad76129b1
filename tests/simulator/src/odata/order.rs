//! `$orderby`: several keys, each ascending or descending.

use std::cmp::Ordering;

use super::property::{Entity, Reader};

/// An order of entities with resolved keys.
pub(crate) struct Order<E>(Vec<Key<E>>);

struct Key<E> {
    reader: Reader<E>,
    descending: bool,
}

/// The reasons for refusing an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("Could not find a property named '{name}' on type '{on}'.")]
    UnknownProperty { name: String, on: &'static str },
    #[error("The property '{0}' cannot be used in the $orderby query option.")]
    NotSortable(&'static str),
    #[error("Syntax error in '{0}'.")]
    Syntax(String),
}

impl<E: Entity> Order<E> {
    /// Parses a list of keys such as `alertCreationTime desc,severity`.
    pub(crate) fn parse(text: &str) -> Result<Self, OrderError> {
        text.split(',').map(|key| Key::parse(key, text)).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn compare(&self, left: &E, right: &E) -> Ordering {
        let keys = self.0.iter().map(|key| key.compare(left, right));
        keys.fold(Ordering::Equal, Ordering::then)
    }
}

impl<E: Entity> Key<E> {
    fn parse(key: &str, whole: &str) -> Result<Self, OrderError> {
        let mut words = key.split_whitespace();
        let syntax = || OrderError::Syntax(whole.to_owned());
        let name = words.next().ok_or_else(syntax)?;
        let descending = match words.next() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(syntax()),
        };
        if words.next().is_some() {
            return Err(syntax());
        }
        let unknown = || OrderError::UnknownProperty { name: name.to_owned(), on: E::TYPE };
        let property = E::PROPERTIES.iter().find(|property| property.is_named(name)).ok_or_else(unknown)?;
        match property.reader {
            Reader::Texts(_) | Reader::Opaque => Err(OrderError::NotSortable(property.name)),
            reader => Ok(Self { reader, descending }),
        }
    }

    /// Compares two entities. Nulls come first in ascending order, as OData requires.
    fn compare(&self, left: &E, right: &E) -> Ordering {
        let ordering = match &self.reader {
            Reader::Text(read) => read(left).cmp(&read(right)),
            Reader::Integer(read) => read(left).cmp(&read(right)),
            Reader::Boolean(read) => read(left).cmp(&read(right)),
            Reader::Time(read) => read(left).cmp(&read(right)),
            Reader::Texts(_) | Reader::Opaque => Ordering::Equal,
        };
        if self.descending { ordering.reverse() } else { ordering }
    }
}
