//! How the thing that a parameter names by id can be found by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The placeholder for the name in [`Lookup::input`].
const NAME: &str = "{name}";

/// How the thing that a parameter names by id can be found by name: which action lists the candidates, and
/// which field holds their names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lookup {
    /// The parameter, in every action that has it, such as `machine-id`.
    pub parameter: String,
    /// The action that lists the candidates, such as `list-machines`. It must only read, and return pages.
    pub action: String,
    /// The input of that action: parameters and their texts, in which `{name}` stands for the name as in a
    /// string literal of [OData], with its quotes doubled.
    ///
    /// [OData]: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html
    pub input: BTreeMap<String, String>,
    /// The JSON key of the field that holds the id.
    pub id: String,
    /// The JSON key of the field that holds the name, which is a DNS name.
    pub name: String,
    /// The JSON keys of further fields, by which a person can tell apart things with the same name.
    #[serde(default)]
    pub shown: Vec<String>,
}

impl Lookup {
    /// Returns the input for looking up this name.
    pub(crate) fn input_for(&self, name: &str) -> BTreeMap<String, String> {
        let literal = name.replace('\'', "''");
        self.input.iter().map(|(key, text)| (key.clone(), text.replace(NAME, &literal))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_cannot_end_the_literal_of_a_filter() {
        let lookup = Lookup {
            parameter: "machine-id".into(),
            action: "list-machines".into(),
            input: [("filter".to_owned(), "name eq '{name}' or startswith(name,'{name}.')".to_owned())]
                .into(),
            id: "id".into(),
            name: "name".into(),
            shown: Vec::new(),
        };
        let input = lookup.input_for("x' or true or name eq 'y");
        assert_eq!(
            input["filter"],
            "name eq 'x'' or true or name eq ''y' or startswith(name,'x'' or true or name eq ''y.')"
        );
    }
}
