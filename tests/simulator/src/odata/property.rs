//! What an entity shows to the query options: its typed properties.

use std::cmp::Ordering;

use crate::moment::Moment;

/// A kind of thing that the API lists.
pub(crate) trait Entity: Sized + Clone + 'static {
    /// The entity set in `@odata.context`.
    const SET: &'static str;
    /// The type's name in error messages.
    const TYPE: &'static str;
    /// Every property, in the order in which the API writes them.
    const PROPERTIES: &'static [Property<Self>];

    /// The order of a list that asked for none.
    fn default_order(left: &Self, right: &Self) -> Ordering;

    /// Appends the entity as JSON; `expanded` includes what `$expand` asks for.
    fn write(&self, expanded: bool, out: &mut Vec<u8>);
}

/// A property: its name, how to read it, and whether the API filters by it.
pub(crate) struct Property<E: ?Sized> {
    pub(crate) name: &'static str,
    pub(crate) reader: Reader<E>,
    pub(crate) filterable: bool,
    /// Another spelling that the API's documentation gives.
    alias: Option<&'static str>,
}

/// How to read a property, which also says its type.
pub(crate) enum Reader<E: ?Sized> {
    Text(fn(&E) -> Option<&str>),
    Integer(fn(&E) -> Option<i64>),
    Boolean(fn(&E) -> Option<bool>),
    Time(fn(&E) -> Option<Moment>),
    Texts(fn(&E) -> &[String]),
    /// Can be selected, not compared.
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

    /// The API's documentation lists it among the filterable properties.
    pub(crate) const fn filterable(mut self) -> Self {
        self.filterable = true;
        self
    }

    /// The documentation also spells it so.
    pub(crate) const fn also(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    const fn new(name: &'static str, reader: Reader<E>) -> Self {
        Self { name, reader, filterable: false, alias: None }
    }

    /// The documentation writes one property now `computerDnsName`, now `ComputerDnsName`: letter case is free.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
            || self.alias.is_some_and(|alias| alias.eq_ignore_ascii_case(name))
    }
}

impl<E: ?Sized> Reader<E> {
    /// The type in error messages.
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
