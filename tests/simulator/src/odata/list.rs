//! A list request: its options, and the page that answers it.

use std::borrow::Cow;
use std::io::Write as _;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::filter;
use super::order::Order;
use super::predicate::Predicate;
use super::property::Entity;
use crate::api::query::Query;
use crate::options::MAX_PAGE;
use crate::server::refusal::Refusal;
use crate::server::reply::to_json;

/// The query options of a list operation.
pub(crate) const LIST_OPTIONS: &[&str] = &["$filter", "$select", "$orderby", "$top", "$skip", "$count"];
/// The query options of a list operation that also expands.
pub(crate) const LIST_OPTIONS_WITH_EXPAND: &[&str] =
    &["$filter", "$select", "$orderby", "$top", "$skip", "$count", "$expand"];

/// The options of a list request.
pub(crate) struct ListQuery<E> {
    filter: Option<Predicate<E>>,
    order: Option<Order<E>>,
    select: Option<Vec<&'static str>>,
    top: Option<usize>,
    skip: usize,
    count: bool,
    expanded: bool,
}

/// The address to which a list's links lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'a> {
    /// The scheme and authority.
    pub(crate) origin: &'a str,
    /// The path as received.
    pub(crate) path: &'a str,
}

impl<E: Entity> ListQuery<E> {
    /// Parses the options. Refuses anything that the API would refuse, in the API's words.
    pub(crate) fn parse(query: &Query) -> Result<Self, Refusal> {
        let odata = |error: &dyn std::error::Error| {
            Refusal::OData(format!("The query specified in the URI is not valid. {error}"))
        };
        Ok(Self {
            filter: query.value("$filter").map(filter::compile).transpose().map_err(|error| odata(&error))?,
            order: query.value("$orderby").map(Order::parse).transpose().map_err(|error| odata(&error))?,
            select: query.value("$select").map(select::<E>).transpose()?,
            top: query.value("$top").map(top).transpose()?,
            skip: query.value("$skip").map(|text| number("$skip", text)).transpose()?.unwrap_or(0),
            count: query.value("$count").map(boolean).transpose()?.unwrap_or(false),
            expanded: query.value("$expand").map(expand).transpose()?.unwrap_or(false),
        })
    }

    /// The reply: one page of the matching `rows`, and a link to the next if there is one.
    pub(crate) fn page<'a>(
        &self,
        rows: impl Iterator<Item = Cow<'a, E>>,
        query: &Query,
        address: Address<'_>,
        page_size: usize,
    ) -> Bytes {
        let passes = |row: &Cow<'a, E>| self.filter.as_ref().is_none_or(|filter| filter.passes(row));
        let mut rows: Vec<_> = rows.filter(passes).collect();
        match &self.order {
            Some(order) => rows.sort_by(|left, right| order.compare(left, right)),
            None => rows.sort_by(|left, right| E::default_order(left, right)),
        }
        let wanted = self.top.unwrap_or(usize::MAX);
        let length = wanted.min(page_size);
        let page = rows.iter().skip(self.skip).take(length);

        let mut out = Vec::with_capacity(1024);
        let context = match &self.select {
            Some(names) => format!("{}({})", E::SET, names.join(",")),
            None => E::SET.to_owned(),
        };
        // Writing to a vector cannot fail.
        let _ = write!(out, "{{\"@odata.context\":\"{}/api/$metadata#{context}\",", address.origin);
        if self.count {
            let _ = write!(out, "\"@odata.count\":{},", rows.len());
        }
        out.extend_from_slice(b"\"value\":[");
        for (index, row) in page.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.write(row, &mut out);
        }
        out.push(b']');
        let end = self.skip.saturating_add(length);
        if wanted > length && end < rows.len() {
            let link = next_link(query, address, end, self.top.map(|top| top - length));
            out.extend_from_slice(b",\"@odata.nextLink\":");
            out.extend_from_slice(&to_json(&link));
        }
        out.push(b'}');
        out.into()
    }

    fn write(&self, row: &E, out: &mut Vec<u8>) {
        let Some(names) = &self.select else {
            row.write(self.expanded, out);
            return;
        };
        let mut whole = Vec::new();
        row.write(self.expanded, &mut whole);
        let mut fields: Map<String, Value> = serde_json::from_slice(&whole).unwrap_or_default();
        fields.retain(|name, _| names.contains(&name.as_str()));
        out.extend_from_slice(&to_json(&fields));
    }
}

fn select<E: Entity>(text: &str) -> Result<Vec<&'static str>, Refusal> {
    let resolve = |name: &str| {
        let property = E::PROPERTIES.iter().find(|property| property.name == name.trim());
        property.map(|property| property.name).ok_or_else(|| {
            Refusal::OData(format!(
                "The query specified in the URI is not valid. Could not find a property named '{}' on type '{}'.",
                name.trim(),
                E::TYPE
            ))
        })
    };
    text.split(',').map(resolve).collect()
}

fn top(text: &str) -> Result<usize, Refusal> {
    let top = number("$top", text)?;
    if top > MAX_PAGE {
        return Err(Refusal::OData(format!(
            "The query specified in the URI is not valid. The limit of '{MAX_PAGE}' for Top query has been exceeded. \
             The value from the incoming request is '{top}'."
        )));
    }
    Ok(top)
}

fn number(name: &str, text: &str) -> Result<usize, Refusal> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse::<u32>().ok()).flatten();
    number.and_then(|number| usize::try_from(number).ok()).ok_or_else(|| {
        Refusal::OData(format!(
            "The query specified in the URI is not valid. Invalid value '{text}' for {name} query option found. \
             The {name} query option requires a non-negative integer value."
        ))
    })
}

fn boolean(text: &str) -> Result<bool, Refusal> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Refusal::OData(format!(
            "The query specified in the URI is not valid. Invalid value '{text}' for $count query option found. \
             Valid values are 'true' and 'false'."
        ))),
    }
}

/// Reads `$expand`: whether to include the evidence. No seeded alert has domains.
pub(crate) fn expand(text: &str) -> Result<bool, Refusal> {
    let mut names = text.split(',').map(str::trim);
    if names.clone().all(|name| matches!(name, "evidence" | "domains")) {
        return Ok(names.any(|name| name == "evidence"));
    }
    Err(Refusal::OData(format!(
        "The query specified in the URI is not valid. Could not find a property named '{text}' to expand."
    )))
}

/// A link that repeats the request further on, with all other options unchanged.
fn next_link(query: &Query, address: Address<'_>, skip: usize, top: Option<usize>) -> String {
    let kept = query
        .pairs()
        .filter(|(name, _)| !matches!(*name, "$skip" | "$top"))
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, VALUE)));
    let top = top.map(|top| format!("$top={top}"));
    let all: Vec<String> = kept.chain(top).chain([format!("$skip={skip}")]).collect();
    format!("{}{}?{}", address.origin, address.path, all.join("&"))
}

const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'\'');
