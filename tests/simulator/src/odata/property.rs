//! Entities and their typed properties, to which the query options apply.

use std::cmp::Ordering;

use crate::moment::Moment;

/// A kind of entity that the API lists.
pub(crate) trait Entity: Sized + Clone + 'static {
    /// The entity set in `@odata.context`.
    const SET: &'static str;
    /// The type's name in error messages.
    const TYPE: &'static str;
    /// All properties, in the order in which the API writes them.
    const PROPERTIES: &'static [Property<Self>];

    /// The default order of a list.
    fn default_order(left: &Self, right: &Self) -> Ordering;

    /// Appends the entity as JSON. `expanded` includes what `$expand` adds.
    fn write(&self, expanded: bool, out: &mut Vec<u8>);
}

/// A property: its name, its reader, and whether the API can filter by it.
pub(crate) struct Property<E: ?Sized> {
    pub(crate) name: &'static str,
    pub(crate) reader: Reader<E>,
    pub(crate) filterable: bool,
    /// An alternative spelling in the API's documentation.
    alias: Option<&'static str>,
}

/// Reads a property, and determines its type.
pub(crate) enum Reader<E: ?Sized> {
    Text(fn(&E) -> Option<&str>),
    Integer(fn(&E) -> Option<i64>),
    Boolean(fn(&E) -> Option<bool>),
    Time(fn(&E) -> Option<Moment>),
    Texts(fn(&E) -> &[String]),
    /// Can be selected, but not compared.
    Opaque,
}

impl<E: ?Sized> Property<E> {
    pub(crate) const fn text(name: &'static str, read: fn(&E) -> Option<&str>) -> Self {
        Self::new(name, Reader::Text(read))
    }

    pub(crate) const fn integer(name: &'static str, read: fn(&E) -> Option<i64>) -> Self {
        Self::new(name, Reader::Integer(read))
    }

    pub(crate) const fn boolean(name: &'static str, read: fn(&E) -> Option<bool>) -> Self {
        Self::new(name, Reader::Boolean(read))
    }

    pub(crate) const fn time(name: &'static str, read: fn(&E) -> Option<Moment>) -> Self {
        Self::new(name, Reader::Time(read))
    }

    pub(crate) const fn texts(name: &'static str, read: fn(&E) -> &[String]) -> Self {
        Self::new(name, Reader::Texts(read))
    }

    pub(crate) const fn opaque(name: &'static str) -> Self {
        Self::new(name, Reader::Opaque)
    }

    /// Marks the property as one that the API's documentation lists as filterable.
    pub(crate) const fn filterable(mut self) -> Self {
        self.filterable = true;
        self
    }

    /// Adds a spelling that the documentation also uses.
    pub(crate) const fn also(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    const fn new(name: &'static str, reader: Reader<E>) -> Self {
        Self { name, reader, filterable: false, alias: None }
    }

    /// Whether the property has this name. Case is ignored, since the documentation writes both
    /// `computerDnsName` and `ComputerDnsName`.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
            || self.alias.is_some_and(|alias| alias.eq_ignore_ascii_case(name))
    }
}

impl<E: ?Sized> Reader<E> {
    /// The type as error messages name it.
    pub(crate) fn edm(&self) -> &'static str {
        match self {
            Self::Text(_) => "Edm.String",
            Self::Integer(_) => "Edm.Int64",
            Self::Boolean(_) => "Edm.Boolean",
            Self::Time(_) => "Edm.DateTimeOffset",
            Self::Texts(_) => "Collection(Edm.String)",
            Self::Opaque => "Edm.ComplexType",
        }
    }
}

impl<E: ?Sized> Clone for Reader<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: ?Sized> Copy for Reader<E> {}
