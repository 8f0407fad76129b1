//! The grammar: parses the text of a query into stages.

use std::time::Duration;

use winnow::ascii::{dec_uint, digit1, multispace0, multispace1};
use winnow::combinator::{alt, delimited, eof, not, opt, peek, preceded, repeat, separated, terminated};
use winnow::error::{ContextError, ErrMode};
use winnow::prelude::*;
use winnow::stream::Offset as _;
use winnow::token::{any, one_of, take_while};

use super::condition::{Condition, Constant, Operator};
use super::error::HuntingError;
use super::join::Kind;
use super::query::{Key, Query, Source, Stage};
use crate::moment::Moment;

type Failure = ErrMode<ContextError>;

/// How deep parentheses may nest.
const MAX_DEPTH: usize = 64;
/// How deep joins may nest.
const MAX_JOINS: usize = 4;
/// How many characters of the text an error repeats.
const SHOWN: usize = 20;

pub(crate) fn parse(text: &str) -> Result<Query, HuntingError> {
    let mut rest = text;
    let parsed: Result<Query, Failure> =
        terminated(query, (space, opt((';', space)), eof)).parse_next(&mut rest);
    parsed.map_err(|_| {
        let before = text.get(..rest.offset_from(&text)).unwrap_or_default();
        HuntingError::Syntax {
            near: rest.chars().take(SHOWN).collect(),
            line: before.matches('\n').count() + 1,
            column: before.chars().rev().take_while(|c| *c != '\n').count(),
        }
    })
}

fn query(input: &mut &str) -> ModalResult<Query> {
    query_within(input, 0)
}

fn query_within(input: &mut &str, depth: usize) -> ModalResult<Query> {
    let source = preceded(space, source).parse_next(input)?;
    let stage = |input: &mut &str| stage(input, depth);
    let stages = repeat(0.., preceded((space, '|', space), stage)).parse_next(input)?;
    Ok(Query { source, stages })
}

fn source(input: &mut &str) -> ModalResult<Source> {
    let search = preceded((word("search"), space), needle).map(Source::Search);
    alt((search, name.map(Source::Table))).parse_next(input)
}

/// The text to search for, or a star for anything.
fn needle(input: &mut &str) -> ModalResult<Option<String>> {
    alt(('*'.value(None), text.map(Some))).parse_next(input)
}

fn stage(input: &mut &str, depth: usize) -> ModalResult<Stage> {
    let word = terminated(name, space).parse_next(input)?;
    match word.as_str() {
        "join" if depth < MAX_JOINS => join(input, depth),
        "search" => needle.map(Stage::Search).parse_next(input),
        "getschema" => Ok(Stage::GetSchema),
        "where" | "filter" => (|input: &mut &str| disjunction(input, 0)).map(Stage::Where).parse_next(input),
        "project" => list(projection).map(Stage::Project).parse_next(input),
        "take" | "limit" => rows.map(Stage::Take).parse_next(input),
        "sort" | "order" => preceded(by, list(key)).map(Stage::Sort).parse_next(input),
        "top" => {
            (terminated(rows, space), preceded(by, key)).map(|(n, key)| Stage::Top(n, key)).parse_next(input)
        }
        "distinct" => list(name).map(Stage::Distinct).parse_next(input),
        "count" => Ok(Stage::Count),
        "summarize" => summarize(input),
        _ => Err(ErrMode::Cut(ContextError::new())),
    }
}

fn join(input: &mut &str, depth: usize) -> ModalResult<Stage> {
    let kind = opt(delimited((word("kind"), space, '=', space), name, space)).parse_next(input)?;
    let kind = kind.map_or(Some(Kind::InnerUnique), |name| Kind::named(&name));
    let kind = kind.ok_or_else(|| ErrMode::Cut(ContextError::new()))?;
    let within = |input: &mut &str| query_within(input, depth + 1);
    let table = name.map(|table| Query { source: Source::Table(table), stages: Vec::new() });
    let right = alt((delimited('(', within, (space, ')')), table)).parse_next(input)?;
    let keys = preceded((space, word("on"), space), list(join_key)).parse_next(input)?;
    Ok(Stage::Join { kind, right, keys })
}

fn join_key(input: &mut &str) -> ModalResult<(String, String)> {
    let left = preceded("$left.", name);
    let right = preceded((space, "==", space, "$right."), name);
    alt(((left, right), name.map(|name| (name.clone(), name)))).parse_next(input)
}

fn summarize(input: &mut &str) -> ModalResult<Stage> {
    let count = terminated(opt(terminated(name, (space, '=', space))), ("count", space, '(', space, ')'))
        .parse_next(input)?;
    let by = opt(preceded((space, by), list(name))).parse_next(input)?;
    Ok(Stage::Summarize { count, by: by.unwrap_or_default() })
}

fn projection(input: &mut &str) -> ModalResult<(String, String)> {
    let first = name(input)?;
    let source = opt(preceded((space, '=', not('='), space), name)).parse_next(input)?;
    Ok(match source {
        Some(source) => (first, source),
        None => (first.clone(), first),
    })
}

/// A sort key. Kusto sorts in descending order by default.
fn key(input: &mut &str) -> ModalResult<Key> {
    let column = name(input)?;
    let direction =
        opt(preceded(multispace1, alt(("asc".value(false), "desc".value(true))))).parse_next(input)?;
    Ok(Key { column, descending: direction.unwrap_or(true) })
}

fn disjunction(input: &mut &str, depth: usize) -> ModalResult<Condition> {
    let first = conjunction(input, depth)?;
    let more = preceded((space, word("or"), space), |input: &mut &str| conjunction(input, depth));
    let rest: Vec<Condition> = repeat(0.., more).parse_next(input)?;
    Ok(rest.into_iter().fold(first, |left, right| Condition::Or(Box::new(left), Box::new(right))))
}

fn conjunction(input: &mut &str, depth: usize) -> ModalResult<Condition> {
    let first = term(input, depth)?;
    let more = preceded((space, word("and"), space), |input: &mut &str| term(input, depth));
    let rest: Vec<Condition> = repeat(0.., more).parse_next(input)?;
    Ok(rest.into_iter().fold(first, |left, right| Condition::And(Box::new(left), Box::new(right))))
}

fn term(input: &mut &str, depth: usize) -> ModalResult<Condition> {
    if depth > MAX_DEPTH {
        return Err(ErrMode::Cut(ContextError::new()));
    }
    if opt((word("not"), space, peek('('))).parse_next(input)?.is_some() {
        return Ok(Condition::Not(Box::new(term(input, depth + 1)?)));
    }
    if opt(('(', space)).parse_next(input)?.is_some() {
        return terminated(|input: &mut &str| disjunction(input, depth + 1), (space, ')')).parse_next(input);
    }
    let column = terminated(name, space).parse_next(input)?;
    if let Some(ignore_case) = opt(alt(("in~".value(true), word("in").value(false)))).parse_next(input)? {
        let constants = delimited((space, '(', space), list(constant), (space, ')')).parse_next(input)?;
        return Ok(Condition::In { column, constants, ignore_case });
    }
    let operator = terminated(operator, space).parse_next(input)?;
    let constant = constant(input)?;
    Ok(Condition::Compare { column, operator, constant })
}

fn operator(input: &mut &str) -> ModalResult<Operator> {
    let symbol = alt((
        "==".value(Operator::Equal),
        "=~".value(Operator::EqualIgnoringCase),
        "!=".value(Operator::NotEqual),
        "!~".value(Operator::NotEqualIgnoringCase),
        ">=".value(Operator::GreaterOrEqual),
        "<=".value(Operator::LessOrEqual),
        ">".value(Operator::Greater),
        "<".value(Operator::Less),
    ));
    let named = alt((
        word("contains").value(Operator::Contains),
        word("!contains").value(Operator::ContainsNot),
        word("startswith").value(Operator::StartsWith),
        word("endswith").value(Operator::EndsWith),
        word("has").value(Operator::Has),
    ));
    alt((symbol, named)).parse_next(input)
}

fn constant(input: &mut &str) -> ModalResult<Constant> {
    alt((
        text.map(Constant::Text),
        word("true").value(Constant::Boolean(true)),
        word("false").value(Constant::Boolean(false)),
        (word("now"), space, '(', space, ')').value(Constant::Ago(Duration::ZERO)),
        preceded((word("ago"), space), delimited(('(', space), timespan, (space, ')'))).map(Constant::Ago),
        preceded((word("datetime"), space), delimited(('(', space), datetime, (space, ')')))
            .map(Constant::Time),
        (opt('-'), digit1, opt(('.', digit1))).take().verify_map(number),
    ))
    .parse_next(input)
}

fn number(digits: &str) -> Option<Constant> {
    match digits.parse() {
        Ok(integer) => Some(Constant::Integer(integer)),
        Err(_) => digits.parse().ok().map(Constant::Real),
    }
}

/// A string in single or double quotes, with backslash escapes unless it is verbatim (`@"…"`).
fn text(input: &mut &str) -> ModalResult<String> {
    let verbatim = opt('@').parse_next(input)?.is_some();
    let quote = one_of(['\'', '"']).parse_next(input)?;
    let mut text = String::new();
    loop {
        match any.parse_next(input)? {
            '\\' if !verbatim => text.push(match any.parse_next(input)? {
                'n' => '\n',
                't' => '\t',
                escaped => escaped,
            }),
            end if end == quote => return Ok(text),
            character => text.push(character),
        }
    }
}

fn timespan(input: &mut &str) -> ModalResult<Duration> {
    let amount: u64 = dec_uint.parse_next(input)?;
    let mut unit =
        alt(("ms".value(1), "d".value(86_400_000), "h".value(3_600_000), "m".value(60_000), "s".value(1000)));
    let milliseconds: u64 = unit.parse_next(input)?;
    Ok(Duration::from_millis(amount.saturating_mul(milliseconds)))
}

fn datetime(input: &mut &str) -> ModalResult<Moment> {
    let read = |word: &str| Moment::parse(word).or_else(|_| Moment::parse_date(word)).ok();
    take_while(1.., |c: char| c.is_ascii_alphanumeric() || "-:.+".contains(c))
        .verify_map(read)
        .parse_next(input)
}

fn rows(input: &mut &str) -> ModalResult<usize> {
    dec_uint::<_, u32, _>.verify_map(|rows| usize::try_from(rows).ok()).parse_next(input)
}

fn by(input: &mut &str) -> ModalResult<()> {
    (word("by"), space).void().parse_next(input)
}

fn list<'a, T>(item: impl Parser<&'a str, T, Failure>) -> impl Parser<&'a str, Vec<T>, Failure> {
    separated(1.., item, (space, ',', space))
}

fn name(input: &mut &str) -> ModalResult<String> {
    let first = one_of(|c: char| c.is_ascii_alphabetic() || c == '_');
    (first, take_while(0.., is_name)).take().map(str::to_owned).parse_next(input)
}

/// A whole word, as opposed to the start of a longer one.
fn word<'a>(word: &'static str) -> impl Parser<&'a str, (), Failure> {
    (word, not(one_of(is_name))).void()
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// White space, and comments up to the end of the line.
fn space(input: &mut &str) -> ModalResult<()> {
    let comment = ("//", take_while(0.., |c| c != '\n')).void();
    repeat(0.., alt((multispace1.void(), comment))).map(|()| ()).parse_next(input)?;
    multispace0.void().parse_next(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_the_documented_query() {
        let text = "DeviceProcessEvents |where InitiatingProcessFileName =~ 'powershell.exe' \
                    |where ProcessCommandLine contains 'appdata'|project Timestamp, FileName, DeviceId|limit 2";
        let query = parse(text).unwrap();
        assert_eq!(query.source, Source::Table("DeviceProcessEvents".to_owned()));
        assert_eq!(query.stages.len(), 4);
        assert_eq!(query.stages[3], Stage::Take(2));
    }

    #[test]
    fn reads_every_stage() {
        let text = "T // all\n| where (A == 1 or not(B has \"x\\\"y\")) and Timestamp > ago(7d) and C in~ ('a', @'\\b')\n\
                    | summarize n = count() by A, B | sort by n asc, A | top 3 by n desc | distinct A | count;";
        assert_eq!(parse(text).unwrap().stages.len(), 6);
    }

    #[test]
    fn names_the_place_of_an_error() {
        let error = parse("T\n| extend x = 1").unwrap_err().to_string();
        assert!(error.contains("[2,"), "{error}");
        for junk in ["", "|", "T |", "T | where", "T | where A =", "T | take x", "T | where A == 'x", "T T"] {
            assert!(parse(junk).is_err(), "{junk}");
        }
        assert!(parse(&format!("T | where {}A == 1", "(".repeat(100_000))).is_err());
    }

    proptest! {
        #[test]
        fn junk_never_panics(junk in "[A-Za-z|'\"()=~ ,0-9@\\\\.]{0,60}") {
            let _ = parse(&junk);
        }

        #[test]
        fn any_string_survives(text in "\\PC*") {
            let quoted = text.replace('\\', "\\\\").replace('\'', "\\'");
            let query = parse(&format!("T | where A == '{quoted}'")).unwrap();
            let expected = Condition::Compare {
                column: "A".to_owned(),
                operator: Operator::Equal,
                constant: Constant::Text(text),
            };
            prop_assert_eq!(&query.stages, &[Stage::Where(expected)]);
        }
    }
}
