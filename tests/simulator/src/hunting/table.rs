//! Tables of typed columns and rows of cells.

use std::cmp::Ordering;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::moment::Moment;

/// A named table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Column {
    pub(crate) name: String,
    #[serde(rename = "Type")]
    pub(crate) kind: Type,
}

/// The column types, named as hunting replies name them. A Kusto bool is an `SByte`, a dynamic an `Object`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Type {
    DateTime,
    String,
    Int64,
    Double,
    SByte,
    Object,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Time(Moment),
    Text(String),
    Integer(i64),
    Real(f64),
    Boolean(bool),
    Dynamic(Value),
}

impl Table {
    pub(crate) fn new(name: &'static str, columns: &[(&str, Type)], rows: Vec<Vec<Cell>>) -> Self {
        let column = |(name, kind): &(&str, Type)| Column { name: (*name).to_owned(), kind: *kind };
        Self { name, columns: columns.iter().map(column).collect(), rows }
    }
}

impl Type {
    /// The name in the query language.
    pub(crate) fn keyword(self) -> &'static str {
        match self {
            Self::DateTime => "datetime",
            Self::String => "string",
            Self::Int64 => "long",
            Self::Double => "real",
            Self::SByte => "bool",
            Self::Object => "dynamic",
        }
    }

    /// The .NET type that `getschema` names.
    pub(crate) fn dotnet(self) -> &'static str {
        match self {
            Self::DateTime => "System.DateTime",
            Self::String => "System.String",
            Self::Int64 => "System.Int64",
            Self::Double => "System.Double",
            Self::SByte => "System.SByte",
            Self::Object => "System.Object",
        }
    }

    /// The type in a JSON schema.
    pub(crate) fn json(self) -> &'static str {
        match self {
            Self::DateTime | Self::String => "string",
            Self::Int64 => "integer",
            Self::Double => "number",
            Self::SByte => "boolean",
            Self::Object => "object",
        }
    }
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn opt_text(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    /// Compares two cells of a column. Nulls come first.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Time(left), Self::Time(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Integer(left), Self::Integer(right)) => left.cmp(right),
            (Self::Real(left), Self::Real(right)) => left.total_cmp(right),
            (Self::Boolean(left), Self::Boolean(right)) => left.cmp(right),
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            _ => Ordering::Equal,
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Time(moment) => moment.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(integer) => serializer.serialize_i64(*integer),
            Self::Real(real) => serializer.serialize_f64(*real),
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Self::Dynamic(value) => value.serialize(serializer),
        }
    }
}
