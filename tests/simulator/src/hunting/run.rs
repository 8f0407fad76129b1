//! Runs a query, stage by stage.

use std::cmp::Ordering;

use super::answer::Answer;
use super::condition::place;
use super::error::HuntingError;
use super::join::join;
use super::parse::parse;
use super::query::{Key, Query, Source, Stage};
use super::search::{search, stands_in};
use super::table::{Cell, Column, Table, Type};
use crate::moment::Moment;

/// The most rows that the API returns.
const MAX_ROWS: usize = 100_000;

/// Runs `text` over `tables` as of `now`.
pub(crate) fn run(text: &str, tables: &[Table], now: Moment) -> Result<Answer, HuntingError> {
    let mut answer = evaluate(parse(text)?, tables, now)?;
    answer.rows.truncate(MAX_ROWS);
    Ok(answer)
}

fn evaluate(query: Query, tables: &[Table], now: Moment) -> Result<Answer, HuntingError> {
    let mut answer = match query.source {
        Source::Search(word) => search(word.as_deref(), tables),
        Source::Table(name) => {
            let table = tables.iter().find(|table| table.name == name).ok_or(HuntingError::Table(name))?;
            Answer { columns: table.columns.clone(), rows: table.rows.clone() }
        }
    };
    for stage in query.stages {
        answer = apply(stage, answer, tables, now)?;
    }
    Ok(answer)
}

fn apply(stage: Stage, answer: Answer, tables: &[Table], now: Moment) -> Result<Answer, HuntingError> {
    let Answer { columns, mut rows } = answer;
    match stage {
        Stage::Join { kind, right, keys } => {
            let right = evaluate(right, tables, now)?;
            return join(kind, Answer { columns, rows }, &right, &keys, MAX_ROWS);
        }
        Stage::Search(word) => rows.retain(|row| stands_in(word.as_deref(), row)),
        Stage::GetSchema => return Ok(schema(&columns)),
        Stage::Where(condition) => {
            let test = condition.resolve(&columns, now)?;
            rows.retain(|row| test.passes(row));
        }
        Stage::Take(count) => rows.truncate(count),
        Stage::Sort(keys) => sort(&columns, &mut rows, &keys, "sort")?,
        Stage::Top(count, key) => {
            sort(&columns, &mut rows, &[key], "top")?;
            rows.truncate(count);
        }
        Stage::Project(projections) => return project(&columns, &rows, &projections, "project"),
        Stage::Distinct(names) => {
            let projections: Vec<_> = names.into_iter().map(|name| (name.clone(), name)).collect();
            let Answer { columns, rows } = project(&columns, &rows, &projections, "distinct")?;
            let rows = groups(rows).into_iter().map(|(row, _)| row).collect();
            return Ok(Answer { columns, rows });
        }
        Stage::Count => {
            let column = Column { name: "Count".to_owned(), kind: Type::Int64 };
            return Ok(Answer { columns: vec![column], rows: vec![vec![number(rows.len())]] });
        }
        Stage::Summarize { count, by } => {
            let projections: Vec<_> = by.into_iter().map(|name| (name.clone(), name)).collect();
            let Answer { mut columns, rows } = project(&columns, &rows, &projections, "summarize")?;
            let name = count.unwrap_or_else(|| "count_".to_owned());
            columns.push(Column { name, kind: Type::Int64 });
            let counted = |(mut row, count): (Vec<Cell>, usize)| {
                row.push(number(count));
                row
            };
            return Ok(Answer { columns, rows: groups(rows).into_iter().map(counted).collect() });
        }
    }
    Ok(Answer { columns, rows })
}

/// The columns as rows.
fn schema(columns: &[Column]) -> Answer {
    let named = [
        ("ColumnName", Type::String),
        ("ColumnOrdinal", Type::Int64),
        ("DataType", Type::String),
        ("ColumnType", Type::String),
    ];
    let row = |(place, column): (usize, &Column)| {
        let types = [Cell::text(column.kind.dotnet()), Cell::text(column.kind.keyword())];
        [Cell::text(&column.name), number(place)].into_iter().chain(types).collect()
    };
    let Table { columns: shown, rows, .. } =
        Table::new("", &named, columns.iter().enumerate().map(row).collect());
    Answer { columns: shown, rows }
}

fn project(
    columns: &[Column],
    rows: &[Vec<Cell>],
    projections: &[(String, String)],
    operator: &'static str,
) -> Result<Answer, HuntingError> {
    let places = projections.iter().map(|(_, source)| place(columns, source, operator));
    let places: Vec<usize> = places.collect::<Result<_, _>>()?;
    let kind = |place: usize| columns.get(place).map_or(Type::Object, |column| column.kind);
    let renamed = projections.iter().zip(&places);
    Ok(Answer {
        columns: renamed
            .map(|((name, _), place)| Column { name: name.clone(), kind: kind(*place) })
            .collect(),
        rows: rows
            .iter()
            .map(|row| places.iter().filter_map(|place| row.get(*place).cloned()).collect())
            .collect(),
    })
}

fn sort(
    columns: &[Column],
    rows: &mut [Vec<Cell>],
    keys: &[Key],
    operator: &'static str,
) -> Result<(), HuntingError> {
    let places = keys.iter().map(|key| Ok((place(columns, &key.column, operator)?, key.descending)));
    let places: Vec<(usize, bool)> = places.collect::<Result<_, _>>()?;
    rows.sort_by(|left, right| {
        let one = |(place, descending): &(usize, bool)| match (left.get(*place), right.get(*place)) {
            (Some(left), Some(right)) if *descending => right.order(left),
            (Some(left), Some(right)) => left.order(right),
            _ => Ordering::Equal,
        };
        places.iter().map(one).fold(Ordering::Equal, Ordering::then)
    });
    Ok(())
}

/// Groups equal rows, in order of their first appearance, with the number of each.
fn groups(rows: Vec<Vec<Cell>>) -> Vec<(Vec<Cell>, usize)> {
    let mut groups: Vec<(Vec<Cell>, usize)> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|(earlier, _)| *earlier == row) {
            Some((_, count)) => *count += 1,
            None => groups.push((row, 1)),
        }
    }
    groups
}

fn number(count: usize) -> Cell {
    Cell::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> Vec<Table> {
        let now = Moment::from_ticks(1_000_000_000_000);
        let row = |name: &str, size: Option<i64>, hours: u64| {
            let time = now.before(std::time::Duration::from_hours(hours));
            vec![Cell::text(name), size.map_or(Cell::Null, Cell::Integer), Cell::Time(time)]
        };
        let columns = [("Name", Type::String), ("Size", Type::Int64), ("Timestamp", Type::DateTime)];
        vec![Table::new(
            "Files",
            &columns,
            vec![row("cmd.exe", Some(3), 1), row("CMD.EXE", Some(1), 200), row("a b.txt", None, 2)],
        )]
    }

    fn names(query: &str) -> Vec<String> {
        let answer = run(query, &tables(), Moment::from_ticks(1_000_000_000_000)).unwrap();
        let first = |row: &Vec<Cell>| match &row[0] {
            Cell::Text(text) => text.clone(),
            other => format!("{other:?}"),
        };
        answer.rows.iter().map(first).collect()
    }

    #[test]
    fn compares_as_kusto_does() {
        assert_eq!(names("Files | where Name == 'cmd.exe'"), ["cmd.exe"]);
        assert_eq!(names("Files | where Name =~ 'cmd.exe'"), ["cmd.exe", "CMD.EXE"]);
        assert_eq!(names("Files | where Name has 'b' and Timestamp > ago(7d)"), ["a b.txt"]);
        assert_eq!(names("Files | where Name has 'xe'"), Vec::<String>::new());
        assert_eq!(names("Files | where Size >= 1 and Size < 3"), ["CMD.EXE"]);
        assert_eq!(names("Files | where not(Name contains 'CMD')"), ["a b.txt"]);
    }

    #[test]
    fn sorts_counts_and_groups() {
        assert_eq!(names("Files | top 1 by Size"), ["cmd.exe"]);
        assert_eq!(names("Files | sort by Size asc | project Name | take 2"), ["a b.txt", "CMD.EXE"]);
        assert_eq!(names("Files | count"), ["Integer(3)"]);
        let answer =
            run("Files | where Name =~ 'cmd.exe' | summarize count() by Size", &tables(), Moment::default());
        assert_eq!(answer.unwrap().columns[1].name, "count_");
    }

    #[test]
    fn joins_searches_and_tells_the_schema() {
        let rows = |query: &str| {
            let answer = run(query, &tables(), Moment::from_ticks(1_000_000_000_000));
            answer.unwrap_or_else(|error| panic!("{query}: {error}")).rows.len()
        };
        let upper = "(Files | where Name == 'CMD.EXE' | project Size, Other = Name)";
        for (query, expected) in [
            (format!("Files | join kind=inner {upper} on Size"), 1),
            (format!("Files | join {upper} on $left.Size == $right.Size"), 1),
            (format!("Files | join kind=leftouter {upper} on Size"), 3),
            (format!("Files | join kind=leftanti {upper} on Size"), 2),
            (format!("Files | join kind=leftsemi {upper} on Size | project Name"), 1),
            ("Files | join Files on Name".to_owned(), 3),
            ("search *".to_owned(), 3),
            ("search 'CMD.exe' | where Size > 1".to_owned(), 1),
            ("Files | search \"txt\"".to_owned(), 1),
            ("Files | getschema | where ColumnType == 'long'".to_owned(), 1),
        ] {
            assert_eq!(rows(&query), expected, "{query}");
        }
        let joined = run("Files | join Files on Name", &tables(), Moment::default()).unwrap();
        let columns: Vec<&str> = joined.columns.iter().map(|column| &*column.name).collect();
        assert_eq!(columns, ["Name", "Size", "Timestamp", "Name1", "Size1", "Timestamp1"]);
        let found = run("search *", &tables(), Moment::default()).unwrap();
        assert_eq!((found.columns[0].name.as_str(), &found.rows[0][0]), ("$table", &Cell::text("Files")));
        assert!(run("Files | join kind=cross Files on Name", &tables(), Moment::default()).is_err());
    }

    #[test]
    fn names_what_it_cannot_resolve() {
        for (query, part) in [
            ("Nothing | take 1", "'Nothing'"),
            (
                "Files | project Foo",
                "'project' operator: Failed to resolve column or scalar expression named 'Foo'",
            ),
            ("Files | where Size == 'x'", "long and string"),
        ] {
            let error = run(query, &tables(), Moment::default()).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
