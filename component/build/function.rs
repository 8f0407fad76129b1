//! The functions of the contract.

use wit_parser::{InterfaceId, Type};

use crate::doc::{Doc, Label, Tags};
use crate::lookup::Lookup;
use crate::naming;
use crate::types::{Field, Shape, Types, unique_keys};
use crate::world::Limit;

/// The name of the field and the parameter that hold the link to the next page.
const NEXT_LINK: &str = "next-link";

/// The roles of a trigger's functions, by the first word of their names.
pub(crate) const ROLES: [&str; 4] = ["poll", "subscribe", "unsubscribe", "parse"];

/// Whether callers can rely on a function.
#[derive(Debug)]
pub(crate) enum Status {
    /// The function is stable.
    Stable,
    /// The function may still change.
    Preview,
    /// The function will be removed.
    Deprecated {
        /// The date of removal (ISO 8601), if announced.
        on: Option<String>,
        /// The function to use instead, if there is one.
        successor: Option<String>,
    },
}

/// A parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// The parameter's name, type and meaning.
    pub(crate) field: Field,
    /// Whether the parameter is a record whose fields count as parameters of their own.
    pub(crate) inline: bool,
}

/// How to get the next page of a paged result.
#[derive(Debug)]
pub(crate) struct Paging {
    /// The parameter that takes the link.
    pub(crate) parameter: &'static str,
    /// The result's field that holds the items.
    pub(crate) items: String,
    /// The result's field that holds the link to the next page.
    pub(crate) next: &'static str,
}

/// What a function returns.
#[derive(Debug)]
pub(crate) struct Returns {
    /// The label of the result. A record documents itself, so its label holds at most a title.
    pub(crate) label: Option<Label>,
    /// The result's type.
    pub(crate) shape: Shape,
}

/// An exported function.
#[derive(Debug)]
pub(crate) struct Function {
    /// The function's name in WIT.
    pub(crate) name: String,
    /// The interface's full name.
    pub(crate) interface: String,
    /// The published connector's name for the operation.
    pub(crate) operation: String,
    /// The title, for people.
    pub(crate) title: String,
    /// What the function does, in one line.
    pub(crate) summary: String,
    /// Further description.
    pub(crate) description: String,
    /// `read`, `write` or `disruptive`.
    pub(crate) effect: String,
    /// The function that reverses this one.
    pub(crate) inverse: Option<String>,
    /// Application permissions, any one of which suffices.
    pub(crate) application: Vec<String>,
    /// Delegated permissions (of an application that acts for a user), any one of which suffices.
    pub(crate) delegated: Vec<String>,
    /// The API's rate limits.
    pub(crate) limits: Vec<Limit>,
    /// How to get the next page, if the result is paged.
    pub(crate) paging: Option<Paging>,
    /// The lookups by name that this function's items serve.
    pub(crate) lookups: Vec<Lookup>,
    /// Whether callers can rely on the function.
    pub(crate) status: Status,
    /// Whether the function is missing from the published reference.
    pub(crate) extension: bool,
    /// The addresses of the API's documentation.
    pub(crate) sources: Vec<String>,
    /// The trigger to which the function belongs, if any.
    pub(crate) trigger: Option<String>,
    /// The function's parameters.
    pub(crate) parameters: Vec<Parameter>,
    /// The function's result.
    pub(crate) returns: Returns,
}

impl Function {
    /// Reads a function. If it has no limits of its own, the `world_limits` apply.
    pub(crate) fn read(
        types: &mut Types,
        interface: InterfaceId,
        function: &wit_parser::Function,
        world_limits: &[Limit],
    ) -> Result<Self, String> {
        let name = function.name.clone();
        let interface = types.wit().interface(interface);
        let Doc { summary, description, mut tags } = Doc::parse(&name, function.docs.contents.as_deref())?;
        let parameters = parameters(types, function, &mut tags)?;
        let success = types.success(&name, function.result)?;
        let function = Self {
            operation: tags.required("operation")?,
            title: tags.required("title")?,
            effect: effect(&mut tags)?,
            inverse: tags.optional("inverse")?,
            application: permissions(&mut tags, "application"),
            delegated: permissions(&mut tags, "delegated"),
            limits: limits(&mut tags, world_limits)?,
            paging: paging(types, &parameters, function, success),
            lookups: tags
                .all("finds")
                .iter()
                .map(|tag| Lookup::parse(&name, tag))
                .collect::<Result<_, _>>()?,
            status: status(&mut tags)?,
            extension: tags.flag("extension")?,
            sources: tags.all("source"),
            trigger: tags.optional("trigger")?,
            returns: returns(types, &name, success, &mut tags)?,
            parameters,
            name,
            interface,
            summary,
            description,
        };
        if let Some(permission) = tags.all("permission").first() {
            return Err(
                tags.broken(&format!("@permission `{permission}` is neither application nor delegated"))
            );
        }
        if function.trigger.is_some() && function.role().is_none() {
            return Err(tags.broken(
                "is part of a trigger, so its name begins with poll-, subscribe-, unsubscribe- or parse-",
            ));
        }
        tags.finish()?;
        Ok(function)
    }

    /// The function's role in its trigger, if it belongs to one.
    pub(crate) fn role(&self) -> Option<&'static str> {
        let (first, _) = self.name.split_once('-')?;
        ROLES.into_iter().find(|role| *role == first && self.trigger.is_some())
    }
}

fn parameters(
    types: &mut Types,
    function: &wit_parser::Function,
    tags: &mut Tags,
) -> Result<Vec<Parameter>, String> {
    let mut labels = Vec::new();
    for text in tags.all("param") {
        let (name, label) = text.split_once(' ').ok_or_else(|| tags.broken("@param says nothing"))?;
        let item = format!("{}.{name}", function.name);
        labels.push((name.to_owned(), Label::parse(&item, label)?));
    }
    let mut parameters = Vec::new();
    for param in &function.params {
        let item = format!("{}.{}", function.name, param.name);
        let (shape, required) = types.shape(&item, param.ty)?;
        let inline = types
            .record(param.ty)
            .is_some_and(|record| record.fields.iter().all(|field| types.is_option(field.ty)));
        let label = match labels.iter().position(|(name, _)| *name == param.name) {
            Some(place) => labels.remove(place).1,
            // The record's fields are parameters with their own labels.
            None if inline => inline_label(&item, &param.name, types.docs(param.ty))?,
            None => return Err(format!("{item}: @param is missing")),
        };
        let key = label.key.ok_or_else(|| format!("{item}: its @param has no [key]"))?;
        let (title, description, extension) = (label.title, label.description, label.extension);
        let (name, absent_is_empty) = (param.name.clone(), false);
        let field = Field { name, key, title, description, shape, required, extension, absent_is_empty };
        parameters.push(Parameter { field, inline });
    }
    if let Some((name, _)) = labels.first() {
        return Err(tags.broken(&format!("@param {name} names no parameter")));
    }
    unique_keys(&function.name, parameters.iter().map(|parameter| parameter.field.key.as_str()))?;
    Ok(parameters)
}

fn inline_label(item: &str, name: &str, docs: Option<&str>) -> Result<Label, String> {
    let description = Doc::parse(item, docs)?.summary;
    Ok(Label { title: naming::sentence(name), key: Some(naming::camel(name)), extension: false, description })
}

fn effect(tags: &mut Tags) -> Result<String, String> {
    let effect = tags.required("effect")?;
    match effect.as_str() {
        "read" | "write" | "disruptive" => Ok(effect),
        _ => Err(tags.broken(&format!("@effect `{effect}` is neither read, write nor disruptive"))),
    }
}

/// Takes the permissions of one kind and leaves the others.
fn permissions(tags: &mut Tags, kind: &str) -> Vec<String> {
    let mut taken = Vec::new();
    for text in tags.all("permission") {
        match text.strip_prefix(kind).and_then(|rest| rest.strip_prefix(' ')) {
            Some(names) => taken.extend(names.split('|').map(|name| name.trim().to_owned())),
            None => tags.put_back("permission", text),
        }
    }
    taken
}

fn limits(tags: &mut Tags, world_limits: &[Limit]) -> Result<Vec<Limit>, String> {
    let own = tags.all("limit");
    match own.as_slice() {
        [] => Ok(world_limits.to_vec()),
        [none] if none == "undocumented" => Ok(Vec::new()),
        limits => limits.iter().map(|text| Limit::parse(tags, text)).collect(),
    }
}

/// Reads `@preview` and `@deprecated [date] [use successor]`.
fn status(tags: &mut Tags) -> Result<Status, String> {
    let preview = tags.flag("preview")?;
    let deprecated = tags.all("deprecated");
    let text = match (deprecated.as_slice(), preview) {
        ([], false) => return Ok(Status::Stable),
        ([], true) => return Ok(Status::Preview),
        ([text], false) => text,
        _ => return Err(tags.broken("is deprecated twice, or deprecated and in preview")),
    };
    let mut words = text.split(' ').filter(|word| !word.is_empty()).peekable();
    let on = words.next_if(|word| word.starts_with(|letter: char| letter.is_ascii_digit()));
    match (words.next(), words.next(), words.next()) {
        (None, _, _) => Ok(Status::Deprecated { on: on.map(str::to_owned), successor: None }),
        (Some("use"), Some(successor), None) => {
            Ok(Status::Deprecated { on: on.map(str::to_owned), successor: Some(successor.to_owned()) })
        }
        _ => Err(tags.broken(&format!("@deprecated `{text}` is not of the form `[date] [use successor]`"))),
    }
}

fn returns(types: &mut Types, name: &str, success: Type, tags: &mut Tags) -> Result<Returns, String> {
    let (shape, required) = types.shape(name, success)?;
    if !required {
        return Err(format!("{name}: what it returns may be absent"));
    }
    let label = match (types.record(success), tags.optional("returns")?) {
        (Some(_), None) => None,
        (Some(_), Some(title)) if title.contains(['[', ':']) => {
            return Err(format!(
                "{name}: returns a record, which documents itself: its @returns is a title alone"
            ));
        }
        (Some(_), Some(title)) => {
            Some(Label { title, key: None, extension: false, description: String::new() })
        }
        (None, None) => return Err(format!("{name}: @returns is missing")),
        (None, Some(text)) => {
            let label = Label::parse(&format!("{name} @returns"), &text)?;
            if label.key.is_none() {
                return Err(format!("{name}: its @returns has no [key]"));
            }
            Some(label)
        }
    };
    Ok(Returns { label, shape })
}

/// Returns how a function pages. It does if it takes a link, directly or in an inlined record, and its result
/// has a link and exactly one list.
fn paging(
    types: &Types,
    parameters: &[Parameter],
    function: &wit_parser::Function,
    success: Type,
) -> Option<Paging> {
    let takes_link = function.params.iter().zip(parameters).any(|(param, parameter)| {
        let record = types.record(param.ty).filter(|_| parameter.inline);
        param.name == NEXT_LINK
            || record.is_some_and(|record| record.fields.iter().any(|field| field.name == NEXT_LINK))
    });
    let fields = &types.record(success)?.fields;
    let mut lists = fields.iter().filter(|field| types.is_list(field.ty));
    let items = lists.next().filter(|_| lists.next().is_none())?.name.clone();
    let gives_link = fields.iter().any(|field| field.name == NEXT_LINK);
    (takes_link && gives_link).then_some(Paging { parameter: NEXT_LINK, items, next: NEXT_LINK })
}
