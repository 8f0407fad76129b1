//! Joins two results on equal columns.

use super::answer::Answer;
use super::condition::place;
use super::error::HuntingError;
use super::table::{Cell, Column};

/// The kinds of join, by the rows that they keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Pairs, with only the first of the left rows that have equal keys.
    InnerUnique,
    /// Pairs.
    Inner,
    /// Pairs, and the left rows without a partner.
    LeftOuter,
    /// The left rows with a partner.
    LeftSemi,
    /// The left rows without a partner.
    LeftAnti,
}

impl Kind {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "innerunique" => Self::InnerUnique,
            "inner" => Self::Inner,
            "leftouter" => Self::LeftOuter,
            "leftsemi" => Self::LeftSemi,
            "leftanti" | "anti" => Self::LeftAnti,
            _ => return None,
        })
    }
}

/// Joins two results on pairs of columns, and returns at most `most` rows.
pub(super) fn join(
    kind: Kind,
    left: Answer,
    right: &Answer,
    keys: &[(String, String)],
    most: usize,
) -> Result<Answer, HuntingError> {
    let places = |(one, other): &(String, String)| {
        Ok((place(&left.columns, one, "join")?, place(&right.columns, other, "join")?))
    };
    let places: Vec<(usize, usize)> = keys.iter().map(places).collect::<Result<_, _>>()?;
    let is_pair = |one: &[Cell], other: &[Cell]| {
        places.iter().all(|(left, right)| one[*left] != Cell::Null && one[*left] == other[*right])
    };
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut seen: Vec<Vec<&Cell>> = Vec::new();
    for row in &left.rows {
        let partners = || right.rows.iter().filter(|other| is_pair(row, other));
        match kind {
            Kind::LeftSemi | Kind::LeftAnti => {
                if partners().next().is_some() == (kind == Kind::LeftSemi) {
                    rows.push(row.clone());
                }
                continue;
            }
            Kind::InnerUnique => {
                let key: Vec<&Cell> = places.iter().map(|(left, _)| &row[*left]).collect();
                if seen.contains(&key) {
                    continue;
                }
                seen.push(key);
            }
            Kind::Inner | Kind::LeftOuter => {}
        }
        let room = most.saturating_sub(rows.len());
        rows.extend(partners().take(room).map(|other| [row.as_slice(), other].concat()));
        if kind == Kind::LeftOuter && partners().next().is_none() {
            rows.push([row.clone(), vec![Cell::Null; right.columns.len()]].concat());
        }
    }
    let mut columns = left.columns;
    if !matches!(kind, Kind::LeftSemi | Kind::LeftAnti) {
        for column in &right.columns {
            let name = free_name(&columns, &column.name);
            columns.push(Column { name, kind: column.kind });
        }
    }
    Ok(Answer { columns, rows })
}

/// Returns a name that no column has, by adding a number if the name is taken.
fn free_name(columns: &[Column], name: &str) -> String {
    let is_free = |name: &String| columns.iter().all(|column| column.name != *name);
    let numbered = (1..).map(|number| format!("{name}{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}
