//! Builds requests. Nothing here sends one.
//!
//! An action drafts its request, and the [`Connection`] completes it. The draft notes anything that cannot be
//! sent and is refused at the end, so that drafting reads as one chain.

mod address;
mod connection;
mod link;

use core::fmt::{Display, Write as _};

use serde::Serialize;

use crate::bindings::exports::defender::atp::types::OdataOptions;
use crate::contract::Operation;
use crate::encoding::push_encoded;
use crate::failure::{Failure, invalid, invalid_together};

use crate::prelude::*;
pub(crate) use connection::Connection;

/// The longest id that is sent, in bytes. Known ids have fewer than 100.
const LONGEST_ID: usize = 2048;

/// The HTTP methods that the API uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Read.
    Get,
    /// Add or act.
    Post,
    /// Change.
    Patch,
    /// Remove.
    Delete,
}

/// A request, ready to be sent. It holds the bearer token, so it has no `Debug`.
pub(crate) struct Request {
    /// The function that sends the request.
    pub(crate) operation: Operation,
    /// The method.
    pub(crate) method: Method,
    /// Whether the request uses TLS.
    pub(crate) secure: bool,
    /// The host and, if given, the port.
    pub(crate) authority: String,
    /// The path and the query.
    pub(crate) path_with_query: String,
    /// The headers. Names are lower-case.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body, if there is one.
    pub(crate) body: Option<Vec<u8>>,
}

/// A request under construction.
#[must_use]
pub(crate) struct Draft {
    operation: Operation,
    method: Method,
    /// The path, unencoded.
    segments: Vec<String>,
    /// The path, encoded.
    path: String,
    query: String,
    /// A JSON object without its closing brace.
    body: Option<String>,
    next_link: Option<String>,
    refused: Option<Failure>,
}

/// Drafts a request that reads. The path is literal.
pub(crate) fn get(operation: Operation, path: &str) -> Draft {
    Draft::new(operation, Method::Get, path)
}

/// Drafts a request that adds or acts. The path is literal.
pub(crate) fn post(operation: Operation, path: &str) -> Draft {
    Draft::new(operation, Method::Post, path)
}

/// Drafts a request that changes something. The path is literal.
pub(crate) fn patch(operation: Operation, path: &str) -> Draft {
    Draft::new(operation, Method::Patch, path)
}

/// Drafts a request that removes something. The path is literal.
pub(crate) fn delete(operation: Operation, path: &str) -> Draft {
    Draft::new(operation, Method::Delete, path)
}

impl Draft {
    #[inline(never)]
    fn new(operation: Operation, method: Method, path: &str) -> Self {
        let (segments, path_text) = (Vec::new(), String::new());
        let (query, body, next_link, refused) = (String::new(), None, None, None);
        let draft = Self { operation, method, segments, path: path_text, query, body, next_link, refused };
        draft.to(path.trim_start_matches('/'))
    }

    /// Appends a literal path.
    #[inline(never)]
    pub(crate) fn to(mut self, path: &str) -> Self {
        for segment in path.split('/') {
            self.segments.push(segment.to_owned());
        }
        self.path.push('/');
        self.path.push_str(path);
        self
    }

    /// Appends an id as one segment of the path, whatever characters it has. `parameter` is its name in the
    /// contract.
    #[inline(never)]
    pub(crate) fn id(mut self, parameter: &str, id: &str) -> Self {
        if let Err(reason) = check_id(id) {
            return self.refuse(invalid(parameter, reason));
        }
        self.segments.push(id.to_owned());
        self.path.push('/');
        push_encoded(&mut self.path, id);
        self
    }

    /// Adds a query parameter. The key is literal.
    #[inline(never)]
    pub(crate) fn query(mut self, key: &str, value: impl Display) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(key);
        self.query.push('=');
        push_encoded(&mut self.query, &value.to_string());
        self
    }

    /// Adds a query parameter if it has a value.
    pub(crate) fn query_if<T: Display>(self, key: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.query(key, value),
            None => self,
        }
    }

    /// Adds the options of a list.
    #[inline(never)]
    pub(crate) fn options(self, options: OdataOptions) -> Self {
        self.query_if("$filter", options.filter)
            .query_if("$select", options.select)
            .query_if("$orderby", options.order_by)
            .query_if("$top", options.top)
            .query_if("$skip", options.skip)
            .query_if("$count", options.count)
            .next_page(options.next_link)
    }

    /// Requests the page that the link names, if there is one. The link already holds the query.
    #[inline(never)]
    pub(crate) fn next_page(mut self, next_link: Option<String>) -> Self {
        if next_link.is_some() && !self.query.is_empty() {
            let reason = "holds all other options already: give it alone";
            return self.refuse(invalid(link::PARAMETER, reason));
        }
        self.next_link = next_link;
        self
    }

    /// Adds a member to the JSON body. The key is literal.
    #[inline(never)]
    pub(crate) fn field<T: Serialize + ?Sized>(mut self, key: &str, value: &T) -> Self {
        match (serde_json::to_string(key), serde_json::to_string(value)) {
            (Ok(key), Ok(value)) => {
                let body = self.body.get_or_insert_default();
                body.push(if body.is_empty() { '{' } else { ',' });
                body.extend([key.as_str(), ":", &value]);
                self
            }
            _ => self.refuse(invalid_together(format!("{key} cannot be written as JSON"))),
        }
    }

    /// Adds a member to the JSON body if it has a value.
    pub(crate) fn field_if<T: Serialize>(self, key: &str, value: Option<&T>) -> Self {
        match value {
            Some(value) => self.field(key, value),
            None => self,
        }
    }

    /// Completes the request.
    ///
    /// # Errors
    /// Something in the draft cannot be sent (the first such problem is returned), or its link is refused.
    #[inline(never)]
    pub(crate) fn on(self, connection: &Connection) -> Result<Request, Failure> {
        if let Some(failure) = self.refused {
            return Err(failure);
        }
        let address = &connection.address;
        let path_with_query = match self.next_link {
            Some(next_link) => link::follow(&next_link, &self.segments, address)?,
            None => [address.prefix.as_str(), &self.path, &self.query].concat(),
        };
        let body = self.body.map(|body| (body + "}").into_bytes());
        Ok(Request {
            operation: self.operation,
            method: self.method,
            secure: address.secure,
            authority: address.authority.clone(),
            path_with_query,
            headers: connection.headers(body.is_some()),
            body,
        })
    }

    /// Notes why the draft cannot be sent. Only the first note counts.
    #[inline(never)]
    fn refuse(mut self, failure: Failure) -> Self {
        self.refused.get_or_insert(failure);
        self
    }
}

/// Checks that an id can be a segment of a path. `.` and `..` cannot: anything that parses the URL on its way
/// treats them as directions, encoded or not.
fn check_id(id: &str) -> Result<(), String> {
    if id.is_empty() {
        return Err("is empty".to_owned());
    }
    if id.len() > LONGEST_ID {
        return Err(format!("has {} bytes, more than {LONGEST_ID}", id.len()));
    }
    if let Some(control) = id.chars().find(|letter| letter.is_control()) {
        let mut reason = "holds a control character, ".to_owned();
        let _ = write!(reason, "U+{:04X}", u32::from(control));
        return Err(reason);
    }
    if id.bytes().all(|byte| byte == b'.') {
        return Err("is nothing but dots, which in a path name a folder".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
