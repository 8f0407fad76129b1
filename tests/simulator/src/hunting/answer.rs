//! The result of a query, and its two JSON forms.

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::table::{Cell, Column};

/// Columns and rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// The body of a hunting reply.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HuntingReply<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<Value>,
    schema: &'a [Column],
    results: Rows<'a>,
}

#[derive(Debug)]
struct Rows<'a>(&'a Answer);

#[derive(Debug)]
struct Row<'a>(&'a [Column], &'a [Cell]);

impl Answer {
    pub(crate) fn reply(&self, stats: bool) -> HuntingReply<'_> {
        HuntingReply { stats: stats.then(|| self.stats()), schema: &self.columns, results: Rows(self) }
    }

    /// The schema of the reply, for a designer who has not run the query.
    pub(crate) fn json_schema(&self) -> Value {
        let property = |column: &Column| (column.name.clone(), json!({ "type": column.kind.json() }));
        let properties: Map<String, Value> = self.columns.iter().map(property).collect();
        let rows = json!({ "type": "array", "items": { "type": "object", "properties": properties } });
        json!({ "type": "object", "properties": { "Results": rows } })
    }

    /// Statistics of the right shape. Only the row count is meaningful.
    fn stats(&self) -> Value {
        json!({
            "ExecutionTime": 0.015_625,
            "resource_usage": {
                "cache": {
                    "memory": { "hits": 120, "misses": 0, "total": 120 },
                    "disk": { "hits": 0, "misses": 0, "total": 0 }
                },
                "cpu": { "user": "00:00:00.0156250", "kernel": "00:00:00", "total cpu": "00:00:00.0156250" },
                "memory": { "peak_per_node": 33_554_624 }
            },
            "dataset_statistics": [{ "table_row_count": self.rows.len(), "table_size": self.rows.len() * 64 }]
        })
    }
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.0.rows.len()))?;
        for row in &self.0.rows {
            sequence.serialize_element(&Row(&self.0.columns, row))?;
        }
        sequence.end()
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.1.len()))?;
        for (column, cell) in self.0.iter().zip(self.1) {
            map.serialize_entry(&column.name, cell)?;
        }
        map.end()
    }
}
