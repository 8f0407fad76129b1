//! Builds requests. Nothing here sends one.
//!
//! An action drafts its request; the [`Connection`] makes it complete. What cannot be sent is noted in the draft
//! and refused at the end, so that drafting reads as one chain.

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

/// What to do with the thing that the path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Read it.
    Get,
    /// Add to it, or act on it.
    Post,
    /// Change it.
    Patch,
    /// Take it away.
    Delete,
}

/// A request, ready to be sent. It holds the bearer token, so there is no `Debug`.
pub(crate) struct Request {
    /// The function that asks.
    pub(crate) operation: Operation,
    /// The method.
    pub(crate) method: Method,
    /// Whether it goes over TLS.
    pub(crate) secure: bool,
    /// The host, and the port if there is one.
    pub(crate) authority: String,
    /// The path and the query.
    pub(crate) path_with_query: String,
    /// The headers, by lower-case names.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body, if there is one.
    pub(crate) body: Option<Vec<u8>>,
}

/// A request in the making.
#[must_use]
pub(crate) struct Draft {
    operation: Operation,
    method: Method,
    /// The path, unencoded.
    segments: Vec<String>,
    /// The path, encoded.
    path: String,
    query: String,
    /// A JSON object that lacks its closing brace.
    body: Option<String>,
    next_link: Option<String>,
    refused: Option<Failure>,
}

/// Drafts a reading request. The path is literal.
pub(crate) fn get(operation: Operation, path: &str) -> Draft {
    Draft::new(operation, Method::Get, path)
}

/// Drafts a request that adds or acts. The path is literal.
pub(crate) fn post(operation: Operation, path: &str) -> Draft {
    Draft::new(operation, Method::Post, path)
}

/// Drafts a request that changes. The path is literal.
pub(crate) fn patch(operation: Operation, path: &str) -> Draft {
    Draft::new(operation, Method::Patch, path)
}

/// Drafts a request that takes away. The path is literal.
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

    /// Goes on with a literal path.
    #[inline(never)]
    pub(crate) fn to(mut self, path: &str) -> Self {
        for segment in path.split('/') {
            self.segments.push(segment.to_owned());
        }
        self.path.push('/');
        self.path.push_str(path);
        self
    }

    /// Goes on with an id, as one segment of the path, whatever is in it. `parameter` is its name in the contract.
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

    /// Adds to the query. The key is literal.
    #[inline(never)]
    pub(crate) fn query(mut self, key: &str, value: impl Display) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(key);
        self.query.push('=');
        push_encoded(&mut self.query, &value.to_string());
        self
    }

    /// Adds to the query what is given.
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

    /// Asks for the page that a link names, if one does. The link holds the query already.
    #[inline(never)]
    pub(crate) fn next_page(mut self, next_link: Option<String>) -> Self {
        if next_link.is_some() && !self.query.is_empty() {
            let reason = "holds all other options already: give it alone";
            return self.refuse(invalid(link::PARAMETER, reason));
        }
        self.next_link = next_link;
        self
    }

    /// Adds to the JSON body. The key is literal.
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

    /// Adds to the JSON body what is given.
    pub(crate) fn field_if<T: Serialize>(self, key: &str, value: Option<&T>) -> Self {
        match value {
            Some(value) => self.field(key, value),
            None => self,
        }
    }

    /// Makes the request complete.
    ///
    /// # Errors
    /// The first thing that could not be sent.
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

    /// Notes that this cannot be sent. The first such note counts.
    #[inline(never)]
    fn refuse(mut self, failure: Failure) -> Self {
        self.refused.get_or_insert(failure);
        self
    }
}

/// Checks that an id can be a segment of a path. Dots alone cannot: whoever takes a URL apart on the way reads
/// `.` and `..` as directions, encoded or not.
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
