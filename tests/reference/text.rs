//! The published reference as text: how it is laid out, and what of it is facts.
//!
//! [`Document::parse`] reads the published text as well as its reduction; [`Document::reduced`] writes the latter: the
//! same layout without the sentences that describe.

use std::fmt::Write as _;

pub(super) const PARAMETERS: &str = "Name Key Required Type Description";
pub(super) const RESULTS: &str = "Name Path Type Description";
pub(super) const LIMITS: &str = "Name Calls Renewal Period";
pub(super) const DYNAMIC: &str = "The outputs of this operation are dynamic.";

/// The reference.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) title: String,
    /// The line of its throttling limit.
    pub(crate) limit: String,
    pub(crate) actions: Vec<Operation>,
    pub(crate) triggers: Vec<Operation>,
    pub(crate) definitions: Vec<Definition>,
}

/// An action or a trigger.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) title: String,
    pub(crate) summary: String,
    /// Whether its details begin with its title, as they should.
    pub(crate) has_heading: bool,
    pub(crate) parameters: Vec<Row>,
    pub(crate) returns: Returns,
}

/// What an operation returns.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Returns {
    /// The reference does not say.
    #[default]
    Unsaid,
    /// Whatever was asked for.
    Dynamic,
    /// Values by path.
    Table(Vec<Row>),
    /// One of the definitions.
    Entity { summary: String, title: String, type_name: String },
}

/// A definition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) summary: Option<String>,
    pub(crate) fields: Vec<Row>,
}

/// A parameter, a result or a field.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) title: String,
    /// The key or path.
    pub(crate) key: String,
    pub(crate) required: bool,
    pub(crate) type_name: String,
}

impl Document {
    /// Writes the facts in the layout of the published text.
    pub(crate) fn reduced(&self) -> String {
        let Self { title, limit, actions, triggers, definitions } = self;
        let mut text = format!("{title}\n\nThrottling Limits\n\n{LIMITS}\n{limit}\n\n");
        for (heading, operations) in [("Actions", actions), ("Triggers", triggers)] {
            let _ = write!(text, "{heading}\n\n");
            for Operation { title, summary, .. } in operations {
                let _ = write!(text, "{title}\n\n{summary}\n\n");
            }
            operations.iter().for_each(|operation| write_operation(&mut text, operation));
        }
        text.push_str("Definitions\n");
        for Definition { name, summary, fields } in definitions {
            let summary = summary.as_ref().map(|summary| format!("{summary}\n\n")).unwrap_or_default();
            let _ = write!(text, "\n{name}\n\n{summary}{RESULTS}\n");
            write_rows(&mut text, fields);
        }
        text
    }
}

fn write_operation(text: &mut String, operation: &Operation) {
    let Operation { title, summary, has_heading, parameters, returns } = operation;
    if *has_heading {
        let _ = write!(text, "{title}\n\n");
    }
    let _ = write!(text, "{summary}\n\n");
    if !parameters.is_empty() {
        let _ = write!(text, "Parameters\n\n{PARAMETERS}\n");
        write_rows(text, parameters);
        text.push('\n');
    }
    text.push_str("Returns\n\n");
    match returns {
        Returns::Unsaid => {}
        Returns::Dynamic => {
            let _ = write!(text, "{DYNAMIC}\n\n");
        }
        Returns::Table(rows) => {
            let _ = writeln!(text, "{RESULTS}");
            write_rows(text, rows);
            text.push('\n');
        }
        Returns::Entity { summary, title, type_name } => {
            let _ = write!(text, "{summary}\n\n{title}\n{type_name}\n\n");
        }
    }
}

fn write_rows(text: &mut String, rows: &[Row]) {
    for Row { title, key, required, type_name } in rows {
        let required = if *required { "True " } else { "" };
        let _ = writeln!(text, "{title}\n{key} {required}{type_name}");
    }
}
