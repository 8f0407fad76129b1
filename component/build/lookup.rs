//! Lookups: how to find by name the thing that a parameter names by id.

use crate::contract::Contract;
use crate::function::Function;
use crate::types::{Body, Field, Shape};

/// The placeholder for the name in the text of an input.
const NAME: &str = "{name}";

/// States, on a paged function, that its items include what a parameter names by id.
///
/// The tag reads `@finds PARAMETER ID-FIELD NAME-FIELD SHOWN-FIELD…: INPUT TEXT`: to find an item, pass TEXT
/// as the function's parameter INPUT, with the name in place of `{name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookup {
    /// The parameter, in any function that has it.
    pub(crate) parameter: String,
    /// The item's field that holds the id: its WIT name, or its JSON key once the types are known.
    pub(crate) id: String,
    /// The item's field that holds the name.
    pub(crate) name: String,
    /// Further fields of the item, shown to distinguish items with the same name.
    pub(crate) shown: Vec<String>,
    /// The function's parameter that receives the text.
    pub(crate) input: String,
    /// The text, with a placeholder for the name.
    pub(crate) text: String,
}

impl Lookup {
    /// Parses a function's tag.
    ///
    /// # Errors
    /// The tag does not follow the grammar.
    pub(crate) fn parse(function: &str, tag: &str) -> Result<Self, String> {
        let broken = || {
            format!(
                "{function}: @finds is not `PARAMETER ID-FIELD NAME-FIELD SHOWN-FIELD…: INPUT TEXT with {NAME}`"
            )
        };
        let (fields, text) = tag.split_once(':').ok_or_else(broken)?;
        let (input, text) = text.trim().split_once(' ').ok_or_else(broken)?;
        let mut fields = fields.split_whitespace().map(str::to_owned);
        let (Some(parameter), Some(id), Some(name)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(broken());
        };
        if !text.contains(NAME) {
            return Err(broken());
        }
        let (input, text) = (input.to_owned(), text.trim().to_owned());
        Ok(Self { parameter, id, name, shown: fields.collect(), input, text })
    }

    /// Returns the lookup with its fields' JSON keys in place of their WIT names.
    ///
    /// # Errors
    /// The function does not page or lacks the parameter, its items lack a field, or no function has the
    /// parameter.
    pub(crate) fn with_keys(&self, function: &Function, contract: &Contract) -> Result<Self, String> {
        let broken = |rule: String| format!("{}: its @finds {rule}", function.name);
        if function.effect != "read" {
            return Err(broken("stands on a function that changes something".into()));
        }
        let items = items(function, contract).ok_or_else(|| broken("needs a function that pages".into()))?;
        let key = |name: &String| {
            let field = items.iter().find(|field| field.name == *name);
            field.map(|field| field.key.clone()).ok_or_else(|| broken(format!("names no field `{name}`")))
        };
        let mut functions = contract.functions.iter();
        if !functions.any(|function| takes(function, &self.parameter, contract)) {
            return Err(broken(format!("finds `{}`, which no function takes", self.parameter)));
        }
        if !takes(function, &self.input, contract) {
            return Err(broken(format!("gives `{}`, which the function does not take", self.input)));
        }
        Ok(Self {
            id: key(&self.id)?,
            name: key(&self.name)?,
            shown: self.shown.iter().map(key).collect::<Result<_, _>>()?,
            ..self.clone()
        })
    }
}

/// The fields of the items that a function lists.
fn items<'a>(function: &Function, contract: &'a Contract) -> Option<&'a [Field]> {
    let Shape::Named(page) = &function.returns.shape else { return None };
    let items = &function.paging.as_ref()?.items;
    let list = fields(contract, page)?.iter().find(|field| field.name == *items)?;
    let Shape::List(item) = &list.shape else { return None };
    let Shape::Named(item) = &**item else { return None };
    fields(contract, item)
}

fn fields<'a>(contract: &'a Contract, name: &str) -> Option<&'a [Field]> {
    match &contract.definition(name)?.body {
        Body::Record(fields, _) => Some(fields),
        Body::Enum(_) => None,
    }
}

/// Whether a function has the parameter, directly or as a field of an inlined record.
fn takes(function: &Function, name: &str, contract: &Contract) -> bool {
    function.parameters.iter().any(|parameter| {
        let inlined = match &parameter.field.shape {
            Shape::Named(record) if parameter.inline => fields(contract, record).unwrap_or_default(),
            _ => &[],
        };
        inlined.iter().chain([&parameter.field]).any(|field| field.name == name)
    })
}
