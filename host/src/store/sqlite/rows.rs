//! The tables within a transaction: what all concerns share.

use std::path::Path;

use rusqlite::{Connection, Params, Row};

use super::explain;
use crate::store::{StoreError, Transaction};

/// The tables within a transaction.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    connection: &'a Connection,
    path: &'a Path,
}

impl<'a> Rows<'a> {
    pub(super) fn new(connection: &'a Connection, path: &'a Path) -> Self {
        Self { connection, path }
    }

    /// Runs a statement without a result.
    pub(super) fn execute(&self, sql: &str, parameters: impl Params) -> Result<(), StoreError> {
        self.change(sql, parameters).map(drop)
    }

    /// Runs a statement without a result. Returns how many rows it changed.
    pub(super) fn change(&self, sql: &str, parameters: impl Params) -> Result<usize, StoreError> {
        let done =
            self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(parameters));
        done.map_err(|error| explain(self.path, error))
    }

    /// Returns all rows of a query.
    pub(super) fn query<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.connection.prepare_cached(sql).and_then(|mut statement| {
            let rows = statement.query_map(parameters, read)?;
            rows.collect()
        });
        rows.map_err(|error| explain(self.path, error))
    }

    /// Returns the first rows of a query, up to and including the first after which no more are wanted.
    pub(super) fn query_while<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
        mut goes_on: impl FnMut(&T) -> bool,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.connection.prepare_cached(sql).and_then(|mut statement| {
            let mut rows = statement.query(parameters)?;
            let mut read_so_far = Vec::new();
            while let Some(row) = rows.next()? {
                let row = read(row)?;
                let more = goes_on(&row);
                read_so_far.push(row);
                if !more {
                    break;
                }
            }
            Ok(read_so_far)
        });
        rows.map_err(|error| explain(self.path, error))
    }

    /// Returns the single value of a query.
    pub(super) fn query_one<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        parameters: impl Params,
    ) -> Result<T, StoreError> {
        let value = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(parameters, |row| row.get(0)));
        value.map_err(|error| explain(self.path, error))
    }
}

impl Transaction for Rows<'_> {}
