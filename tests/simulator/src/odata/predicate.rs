//! A compiled filter: all names are resolved and all types checked.

use std::cmp::Ordering;

use super::expression::{Function, Literal, Operator};
use super::property::Reader;

/// Decides whether an `E` passes the filter.
pub(crate) enum Predicate<E: ?Sized> {
    Or(Box<Predicate<E>>, Box<Predicate<E>>),
    And(Box<Predicate<E>>, Box<Predicate<E>>),
    Not(Box<Predicate<E>>),
    Compare { reader: Reader<E>, operator: Operator, literal: Literal },
    In { reader: Reader<E>, literals: Vec<Literal> },
    Call { read: fn(&E) -> Option<&str>, function: Function, needle: String },
    Any { read: fn(&E) -> &[String], element: Option<Box<Predicate<str>>> },
}

impl<E: ?Sized> Predicate<E> {
    pub(crate) fn passes(&self, entity: &E) -> bool {
        match self {
            Self::Or(left, right) => left.passes(entity) || right.passes(entity),
            Self::And(left, right) => left.passes(entity) && right.passes(entity),
            Self::Not(negated) => !negated.passes(entity),
            Self::Compare { reader, operator, literal } => holds(*operator, order(reader, entity, literal)),
            Self::In { reader, literals } => {
                literals.iter().any(|literal| holds(Operator::Equal, order(reader, entity, literal)))
            }
            Self::Call { read, function, needle } => read(entity).is_some_and(|text| match function {
                Function::Contains => text.contains(needle.as_str()),
                Function::StartsWith => text.starts_with(needle.as_str()),
                Function::EndsWith => text.ends_with(needle.as_str()),
            }),
            Self::Any { read, element } => {
                let elements = read(entity);
                match element {
                    None => !elements.is_empty(),
                    Some(predicate) => elements.iter().any(|element| predicate.passes(element)),
                }
            }
        }
    }
}

/// The result of comparing a property with a literal.
enum Standing {
    Ordered(Ordering),
    /// Both are null.
    BothNull,
    /// One of them is null: they are unequal, and neither is greater or less.
    OneNull,
}

fn order<E: ?Sized>(reader: &Reader<E>, entity: &E, literal: &Literal) -> Standing {
    match (reader, literal) {
        (Reader::Text(read), Literal::Text(text)) => stand(read(entity), &text.as_str()),
        (Reader::Integer(read), Literal::Integer(integer)) => stand(read(entity), integer),
        (Reader::Boolean(read), Literal::Boolean(boolean)) => stand(read(entity), boolean),
        (Reader::Time(read), Literal::Time(moment)) => stand(read(entity), moment),
        (Reader::Text(read), Literal::Null) => nullness(read(entity).is_none()),
        (Reader::Integer(read), Literal::Null) => nullness(read(entity).is_none()),
        (Reader::Boolean(read), Literal::Null) => nullness(read(entity).is_none()),
        (Reader::Time(read), Literal::Null) => nullness(read(entity).is_none()),
        // The compiler refuses all other pairs.
        _ => Standing::OneNull,
    }
}

fn stand<T: Ord>(value: Option<T>, literal: &T) -> Standing {
    value.map_or(Standing::OneNull, |value| Standing::Ordered(value.cmp(literal)))
}

fn nullness(null: bool) -> Standing {
    if null { Standing::BothNull } else { Standing::OneNull }
}

fn holds(operator: Operator, standing: Standing) -> bool {
    match (operator, standing) {
        (Operator::Equal, Standing::BothNull) | (Operator::NotEqual, Standing::OneNull) => true,
        (_, Standing::BothNull | Standing::OneNull) => false,
        (Operator::Equal, Standing::Ordered(ordering)) => ordering.is_eq(),
        (Operator::NotEqual, Standing::Ordered(ordering)) => ordering.is_ne(),
        (Operator::Greater, Standing::Ordered(ordering)) => ordering.is_gt(),
        (Operator::GreaterOrEqual, Standing::Ordered(ordering)) => ordering.is_ge(),
        (Operator::Less, Standing::Ordered(ordering)) => ordering.is_lt(),
        (Operator::LessOrEqual, Standing::Ordered(ordering)) => ordering.is_le(),
    }
}
