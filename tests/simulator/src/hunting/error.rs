//! The reasons for refusing a query, worded like the real engine's.

/// A refused query. The API answers 400 with this text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HuntingError {
    #[error("Query could not be parsed at '{near}' on line [{line},{column}]")]
    Syntax { near: String, line: usize, column: usize },
    #[error("The name '{0}' does not refer to any known table, tabular variable or function.")]
    Table(String),
    #[error("'{operator}' operator: Failed to resolve column or scalar expression named '{name}'")]
    Column { operator: &'static str, name: String },
    #[error("'{operator}' operator: Cannot compare values of types {left} and {right}")]
    Types { operator: &'static str, left: &'static str, right: &'static str },
}
