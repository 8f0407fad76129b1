//! A filter as a tree.

use crate::moment::Moment;

/// A filter as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Or(Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Compare {
        property: String,
        operator: Operator,
        literal: Literal,
    },
    In {
        property: String,
        literals: Vec<Literal>,
    },
    /// `contains(property,'needle')` and similar calls.
    Call {
        function: Function,
        property: String,
        needle: String,
    },
    /// `property/any(variable: body)`. Without a body, tests whether there are any elements.
    Any {
        property: String,
        body: Option<(String, Box<Expression>)>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(String),
    Time(Moment),
}
