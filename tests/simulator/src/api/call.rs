//! One admitted call, as its handler sees it.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::body;
use super::operation::{Arguments, Operation, Spec};
use super::query::{Query, percent_decoded};
use crate::model::Organisation;
use crate::moment::Moment;
use crate::odata::{Address, Entity, ListQuery};
use crate::options::Settings;
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;
use crate::simulation::{ListKey, Simulation};

/// A call that its caller may make. It is decoded, but its body has not been read yet.
pub(crate) struct Call<'a> {
    pub(crate) operation: Operation,
    pub(crate) simulation: &'a Simulation,
    /// The id in the path, decoded once. Empty if the path has none.
    pub(crate) id: String,
    /// The argument of an OData function in the path, decoded once.
    pub(crate) argument: String,
    pub(crate) query: Query,
    /// The current time, which stays the same throughout the call.
    pub(crate) now: Moment,
    parts: &'a Parts,
    body: &'a Bytes,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        simulation: &'a Simulation,
        spec: &'static Spec,
        arguments: &Arguments,
        parts: &'a Parts,
        body: &'a Bytes,
    ) -> Result<Self, Refusal> {
        if !body.is_empty() && (parts.method == Method::GET || parts.method == Method::DELETE) {
            return Err(Refusal::BadRequest(format!("A {} request takes no body", parts.method)));
        }
        Ok(Self {
            operation: spec.operation,
            simulation,
            id: percent_decoded(&arguments.id)?,
            argument: percent_decoded(&arguments.argument)?,
            query: Query::parse(parts.uri.query(), spec.query)?,
            now: simulation.clock.now(),
            parts,
            body,
        })
    }

    /// Reads the body as the operation's request type.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        body::read(self.parts.headers.get(header::CONTENT_TYPE), self.body)
    }

    /// Reads the body as the operation's request type, for an operation that acts on a machine.
    pub(crate) fn action_body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        body::read_action(self.parts.headers.get(header::CONTENT_TYPE), self.body)
    }

    pub(crate) fn organisation(&self) -> RwLockReadGuard<'a, Organisation> {
        self.simulation.organisation.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn organisation_mut(&self) -> RwLockWriteGuard<'a, Organisation> {
        self.simulation.organisation.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.simulation.settings()
    }

    pub(crate) fn origin(&self) -> &'a str {
        &self.simulation.origin
    }

    /// A reply with one entity of a set and its context.
    pub(crate) fn entity<E: Entity>(&self, status: StatusCode, entity: &E) -> Reply {
        let mut out = context(self.origin(), &format!("{}/$entity", E::SET));
        let start = out.len();
        entity.write(true, &mut out);
        // A comma after the context replaces the entity's opening brace.
        if let Some(brace) = out.get_mut(start) {
            *brace = b',';
        }
        Reply::odata(status, out)
    }

    /// A reply with a single value and its type.
    pub(crate) fn scalar(&self, edm: &str, value: &impl Serialize) -> Reply {
        let mut out = context(self.origin(), edm);
        out.extend_from_slice(b",\"value\":");
        out.extend_from_slice(&crate::server::reply::to_json(value));
        out.push(b'}');
        Reply::odata(StatusCode::OK, out)
    }

    /// A reply with the page of `rows` that the query requests.
    pub(crate) fn list<'r, E: Entity>(
        &self,
        rows: impl Iterator<Item = Cow<'r, E>>,
    ) -> Result<Reply, Refusal> {
        let address = Address { origin: self.origin(), path: self.parts.uri.path() };
        let page = ListQuery::parse(&self.query)?;
        Ok(Reply::odata(StatusCode::OK, page.page(rows, &self.query, address, self.settings().page_size())))
    }

    /// The key of this list request in the cache.
    pub(crate) fn list_key(&self) -> ListKey {
        let address = self.parts.uri.path_and_query().map_or("", |address| address.as_str());
        ListKey { address: address.to_owned(), page_size: self.settings().page_size() }
    }
}

/// The start of a reply object: its context, with the brace still open.
fn context(origin: &str, set: &str) -> Vec<u8> {
    format!("{{\"@odata.context\":\"{origin}/api/$metadata#{set}\"").into_bytes()
}
