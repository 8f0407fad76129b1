//! How what a parameter names by id is found by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What stands for the name in [`Lookup::input`].
const NAME: &str = "{name}";

/// How what a parameter names by id is found by name: which action lists it, and by which of its fields it is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lookup {
    /// The parameter, in whichever action has it, such as `machine-id`.
    pub parameter: String,
    /// The action that lists what there is, such as `list-machines`: one that reads, and returns pages.
    pub action: String,
    /// The input of that action: parameters with their texts, in which `{name}` stands for the name, as in a string
    /// literal of [OData]: a quote in the name is doubled.
    ///
    /// [OData]: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html
    pub input: BTreeMap<String, String>,
    /// The key in JSON of the field that holds the id.
    pub id: String,
    /// The key in JSON of the field that holds the name: a DNS name.
    pub name: String,
    /// The keys in JSON of further fields by which a person tells those of one name apart.
    #[serde(default)]
    pub shown: Vec<String>,
}

impl Lookup {
    /// The input with that name.
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
