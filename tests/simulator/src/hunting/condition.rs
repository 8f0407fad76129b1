//! The conditions of `where`: as written, and resolved to columns.

use std::cmp::Ordering;
use std::time::Duration;

use super::error::HuntingError;
use super::table::{Cell, Column, Type};
use crate::moment::Moment;

/// A condition as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    Or(Box<Condition>, Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare { column: String, operator: Operator, constant: Constant },
    In { column: String, constants: Vec<Constant>, ignore_case: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    EqualIgnoringCase,
    NotEqual,
    NotEqualIgnoringCase,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Contains,
    ContainsNot,
    StartsWith,
    EndsWith,
    Has,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Text(String),
    Integer(i64),
    Real(f64),
    Boolean(bool),
    Time(Moment),
    /// This long before now.
    Ago(Duration),
}

/// A condition whose columns are resolved and whose types are checked.
pub(crate) enum Test {
    Or(Box<Test>, Box<Test>),
    And(Box<Test>, Box<Test>),
    Not(Box<Test>),
    Compare { place: usize, operator: Operator, cell: Cell },
}

impl Condition {
    pub(crate) fn resolve(&self, columns: &[Column], now: Moment) -> Result<Test, HuntingError> {
        Ok(match self {
            Self::Or(left, right) => {
                Test::Or(Box::new(left.resolve(columns, now)?), Box::new(right.resolve(columns, now)?))
            }
            Self::And(left, right) => {
                Test::And(Box::new(left.resolve(columns, now)?), Box::new(right.resolve(columns, now)?))
            }
            Self::Not(negated) => Test::Not(Box::new(negated.resolve(columns, now)?)),
            Self::Compare { column, operator, constant } => {
                compare(columns, column, *operator, constant, now)?
            }
            Self::In { column, constants, ignore_case } => {
                let operator = if *ignore_case { Operator::EqualIgnoringCase } else { Operator::Equal };
                let mut tests =
                    constants.iter().map(|constant| compare(columns, column, operator, constant, now));
                let first = tests.next().unwrap_or_else(|| Err(unresolved("where", column)))?;
                tests.try_fold(first, |all, test| Ok(Test::Or(Box::new(all), Box::new(test?))))?
            }
        })
    }
}

impl Test {
    pub(crate) fn passes(&self, row: &[Cell]) -> bool {
        match self {
            Self::Or(left, right) => left.passes(row) || right.passes(row),
            Self::And(left, right) => left.passes(row) && right.passes(row),
            Self::Not(negated) => !negated.passes(row),
            Self::Compare { place, operator, cell } => {
                row.get(*place).is_some_and(|value| operator.holds(value, cell))
            }
        }
    }
}

impl Operator {
    /// Applies the operator. Text is compared without regard to case, except by `==` and `!=`, as in Kusto.
    fn holds(self, value: &Cell, constant: &Cell) -> bool {
        let ordering = value.order(constant);
        match (self, value, constant) {
            (Self::NotEqual | Self::NotEqualIgnoringCase | Self::ContainsNot, Cell::Null, _) => true,
            (_, Cell::Null, _) => false,
            (Self::Equal, ..) => ordering == Ordering::Equal,
            (Self::NotEqual, ..) => ordering != Ordering::Equal,
            (Self::Greater, ..) => ordering == Ordering::Greater,
            (Self::GreaterOrEqual, ..) => ordering != Ordering::Less,
            (Self::Less, ..) => ordering == Ordering::Less,
            (Self::LessOrEqual, ..) => ordering != Ordering::Greater,
            (_, Cell::Text(value), Cell::Text(needle)) => self.holds_for_text(&lower(value), &lower(needle)),
            _ => false,
        }
    }

    fn holds_for_text(self, value: &str, needle: &str) -> bool {
        match self {
            Self::EqualIgnoringCase => value == needle,
            Self::NotEqualIgnoringCase => value != needle,
            Self::Contains => value.contains(needle),
            Self::ContainsNot => !value.contains(needle),
            Self::StartsWith => value.starts_with(needle),
            Self::EndsWith => value.ends_with(needle),
            Self::Has => has(value, needle),
            _ => false,
        }
    }

    fn is_for_text(self) -> bool {
        !matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Greater
                | Self::GreaterOrEqual
                | Self::Less
                | Self::LessOrEqual
        )
    }
}

impl Constant {
    fn cell(&self, now: Moment) -> (Cell, Type) {
        match self {
            Self::Text(text) => (Cell::text(text), Type::String),
            Self::Integer(integer) => (Cell::Integer(*integer), Type::Int64),
            Self::Real(real) => (Cell::Real(*real), Type::Double),
            Self::Boolean(boolean) => (Cell::Boolean(*boolean), Type::SByte),
            Self::Time(moment) => (Cell::Time(*moment), Type::DateTime),
            Self::Ago(span) => (Cell::Time(now.before(*span)), Type::DateTime),
        }
    }
}

fn compare(
    columns: &[Column],
    name: &str,
    operator: Operator,
    constant: &Constant,
    now: Moment,
) -> Result<Test, HuntingError> {
    let place = place(columns, name, "where")?;
    let left = columns.get(place).map_or(Type::Object, |column| column.kind);
    let (cell, right) = match (left, constant) {
        // Integers are accepted for columns of real numbers.
        (Type::Double, Constant::Integer(integer)) => (Cell::Real(*integer as f64), Type::Double),
        _ => constant.cell(now),
    };
    if left != right || (operator.is_for_text() && left != Type::String) {
        return Err(HuntingError::Types { operator: "where", left: left.keyword(), right: right.keyword() });
    }
    Ok(Test::Compare { place, operator, cell })
}

/// The index of the column with exactly this name.
pub(crate) fn place(columns: &[Column], name: &str, operator: &'static str) -> Result<usize, HuntingError> {
    columns.iter().position(|column| column.name == name).ok_or_else(|| unresolved(operator, name))
}

fn unresolved(operator: &'static str, name: &str) -> HuntingError {
    HuntingError::Column { operator, name: name.to_owned() }
}

/// Whether a text contains the needle as whole words.
pub(super) fn has(text: &str, needle: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(needle).any(|(start, found)| {
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let after = text.get(start + found.len()..).and_then(|after| after.chars().next());
        !is_word(before) && !is_word(after)
    })
}

fn lower(text: &str) -> String {
    text.to_lowercase()
}
