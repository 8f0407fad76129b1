//! Compiles a filter for the properties of an entity.

use std::borrow::Cow;

use super::expression::{Expression, Literal, Operator};
use super::predicate::Predicate;
use super::property::{Entity, Property, Reader};
use super::syntax::{self, SyntaxError};

/// The reasons for refusing a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterError {
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    #[error("Could not find a property named '{name}' on type '{on}'.")]
    UnknownProperty { name: String, on: &'static str },
    #[error("The property '{0}' cannot be used in the $filter query option.")]
    NotFilterable(String),
    #[error(
        "A binary operator with incompatible types was detected. Found operand types '{left}' and '{right}' \
         for operator kind '{operator:?}'."
    )]
    Incompatible { left: &'static str, right: &'static str, operator: Operator },
    #[error("The function requires a single-valued string; '{0}' is not one.")]
    NotText(String),
    #[error("'{0}' is not a collection: any() does not apply.")]
    NotCollection(String),
}

/// Parses `filter` and compiles it for entities of type `E`.
pub(crate) fn compile<E: Entity>(filter: &str) -> Result<Predicate<E>, FilterError> {
    let scope = Scope { properties: E::PROPERTIES, on: E::TYPE, variable: None };
    scope.compile(syntax::parse(&meant(filter))?)
}

/// Returns the filter that a client meant: a client that encoded its spaces twice (`%2B`) sends plus signs
/// instead.
pub(crate) fn meant(filter: &str) -> Cow<'_, str> {
    let spaced = filter.replace('+', " ");
    match syntax::parse(filter).is_err() && spaced != filter && syntax::parse(&spaced).is_ok() {
        true => spaced.into(),
        false => filter.into(),
    }
}

/// The meanings of a name: an entity's properties, or the variable of a lambda.
struct Scope<'a, E: ?Sized + 'static> {
    properties: &'a [Property<E>],
    on: &'static str,
    /// The variable inside a lambda, which stands for the element itself.
    variable: Option<(&'a str, Reader<E>)>,
}

impl<E: ?Sized + 'static> Scope<'_, E> {
    fn compile(&self, expression: Expression) -> Result<Predicate<E>, FilterError> {
        Ok(match expression {
            Expression::Or(left, right) => {
                Predicate::Or(Box::new(self.compile(*left)?), Box::new(self.compile(*right)?))
            }
            Expression::And(left, right) => {
                Predicate::And(Box::new(self.compile(*left)?), Box::new(self.compile(*right)?))
            }
            Expression::Not(negated) => Predicate::Not(Box::new(self.compile(*negated)?)),
            Expression::Compare { property, operator, literal } => {
                let reader = self.resolve(&property)?;
                comparable(&reader, operator, &literal)?;
                Predicate::Compare { reader, operator, literal }
            }
            Expression::In { property, literals } => {
                let reader = self.resolve(&property)?;
                literals.iter().try_for_each(|literal| comparable(&reader, Operator::Equal, literal))?;
                Predicate::In { reader, literals }
            }
            Expression::Call { function, property, needle } => match self.resolve(&property)? {
                Reader::Text(read) => Predicate::Call { read, function, needle },
                _ => return Err(FilterError::NotText(property)),
            },
            Expression::Any { property, body } => {
                let Reader::Texts(read) = self.resolve(&property)? else {
                    return Err(FilterError::NotCollection(property));
                };
                let element = body.map(|(variable, body)| element(&variable, *body)).transpose()?;
                Predicate::Any { read, element: element.map(Box::new) }
            }
        })
    }

    fn resolve(&self, name: &str) -> Result<Reader<E>, FilterError> {
        if let Some((variable, reader)) = &self.variable
            && *variable == name
        {
            return Ok(*reader);
        }
        match self.properties.iter().find(|property| property.is_named(name)) {
            None => Err(FilterError::UnknownProperty { name: name.to_owned(), on: self.on }),
            Some(property) if property.filterable => Ok(property.reader),
            Some(property) => Err(FilterError::NotFilterable(property.name.to_owned())),
        }
    }
}

/// The body of a lambda over texts.
fn element(variable: &str, body: Expression) -> Result<Predicate<str>, FilterError> {
    let reader: Reader<str> = Reader::Text(|element| Some(element));
    Scope { properties: &[], on: "Edm.String", variable: Some((variable, reader)) }.compile(body)
}

fn comparable<E: ?Sized>(
    reader: &Reader<E>,
    operator: Operator,
    literal: &Literal,
) -> Result<(), FilterError> {
    let right = match literal {
        Literal::Null => "Edm.Null",
        Literal::Boolean(_) => "Edm.Boolean",
        Literal::Integer(_) => "Edm.Int64",
        Literal::Text(_) => "Edm.String",
        Literal::Time(_) => "Edm.DateTimeOffset",
    };
    let left = reader.edm();
    let single = !matches!(reader, Reader::Texts(_) | Reader::Opaque);
    if left == right || (single && *literal == Literal::Null) {
        return Ok(());
    }
    Err(FilterError::Incompatible { left, right, operator })
}
