//! The grammar of `$filter`: parses text into a syntax tree.

use winnow::ascii::{multispace0, multispace1};
use winnow::combinator::{alt, delimited, eof, opt, preceded, repeat, separated, terminated};
use winnow::error::{ContextError, ErrMode};
use winnow::prelude::*;
use winnow::stream::Offset as _;
use winnow::token::{one_of, take_while};

use super::expression::{Expression, Function, Literal, Operator};
use crate::moment::Moment;

/// The place where a filter cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Syntax error at position {position} in '{filter}'.")]
pub(crate) struct SyntaxError {
    position: usize,
    filter: String,
}

/// Parses a whole filter.
pub(crate) fn parse(filter: &str) -> Result<Expression, SyntaxError> {
    let mut rest = filter;
    let expression = delimited(multispace0, |input: &mut &str| disjunction(input, 0), (multispace0, eof));
    let mut expression = expression;
    expression
        .parse_next(&mut rest)
        .map_err(|_: Failure| SyntaxError { position: rest.offset_from(&filter), filter: filter.to_owned() })
}

type Failure = ErrMode<ContextError>;

/// How deep parentheses and negations may nest.
const MAX_DEPTH: usize = 64;

fn disjunction(input: &mut &str, depth: usize) -> ModalResult<Expression> {
    let first = conjunction(input, depth)?;
    let more = preceded(keyword("or"), |input: &mut &str| conjunction(input, depth));
    let rest: Vec<Expression> = repeat(0.., more).parse_next(input)?;
    Ok(rest.into_iter().fold(first, |left, right| Expression::Or(Box::new(left), Box::new(right))))
}

fn conjunction(input: &mut &str, depth: usize) -> ModalResult<Expression> {
    let first = negation(input, depth)?;
    let more = preceded(keyword("and"), |input: &mut &str| negation(input, depth));
    let rest: Vec<Expression> = repeat(0.., more).parse_next(input)?;
    Ok(rest.into_iter().fold(first, |left, right| Expression::And(Box::new(left), Box::new(right))))
}

fn negation(input: &mut &str, depth: usize) -> ModalResult<Expression> {
    if depth > MAX_DEPTH {
        return Err(ErrMode::Cut(ContextError::new()));
    }
    if opt(("not", alt((multispace1, winnow::combinator::peek("("))))).parse_next(input)?.is_some() {
        multispace0.parse_next(input)?;
        return Ok(Expression::Not(Box::new(negation(input, depth + 1)?)));
    }
    if opt(('(', multispace0)).parse_next(input)?.is_some() {
        return terminated(|input: &mut &str| disjunction(input, depth + 1), (multispace0, ')'))
            .parse_next(input);
    }
    alt((call, |input: &mut &str| any(input, depth), membership, comparison)).parse_next(input)
}

fn comparison(input: &mut &str) -> ModalResult<Expression> {
    let property = name(input)?;
    let operator = delimited(multispace1, operator, multispace1).parse_next(input)?;
    let literal = literal(input)?;
    Ok(Expression::Compare { property, operator, literal })
}

fn membership(input: &mut &str) -> ModalResult<Expression> {
    let property = name(input)?;
    (multispace1, "in", multispace0, '(', multispace0).parse_next(input)?;
    let literals = separated(1.., literal, (multispace0, ',', multispace0)).parse_next(input)?;
    (multispace0, ')').parse_next(input)?;
    Ok(Expression::In { property, literals })
}

/// A function call, alone or compared with a boolean (`contains(…) eq true`), as some clients write it.
fn call(input: &mut &str) -> ModalResult<Expression> {
    let function = alt((
        "contains".value(Function::Contains),
        "startswith".value(Function::StartsWith),
        "endswith".value(Function::EndsWith),
    ))
    .parse_next(input)?;
    (multispace0, '(', multispace0).parse_next(input)?;
    let property = name(input)?;
    (multispace0, ',', multispace0).parse_next(input)?;
    let needle = quoted(input)?;
    (multispace0, ')').parse_next(input)?;
    let call = Expression::Call { function, property, needle };
    let truth = preceded((multispace1, "eq", multispace1), alt(("true".value(true), "false".value(false))));
    Ok(match opt(truth).parse_next(input)? {
        Some(false) => Expression::Not(Box::new(call)),
        Some(true) | None => call,
    })
}

fn any(input: &mut &str, depth: usize) -> ModalResult<Expression> {
    let property = terminated(name, ("/any", multispace0, '(', multispace0)).parse_next(input)?;
    let body = opt((terminated(name, (multispace0, ':', multispace0)), |input: &mut &str| {
        disjunction(input, depth + 1)
    }))
    .parse_next(input)?;
    (multispace0, ')').parse_next(input)?;
    Ok(Expression::Any { property, body: body.map(|(variable, body)| (variable, Box::new(body))) })
}

fn operator(input: &mut &str) -> ModalResult<Operator> {
    alt((
        "eq".value(Operator::Equal),
        "ne".value(Operator::NotEqual),
        "gt".value(Operator::Greater),
        "ge".value(Operator::GreaterOrEqual),
        "lt".value(Operator::Less),
        "le".value(Operator::LessOrEqual),
    ))
    .parse_next(input)
}

fn literal(input: &mut &str) -> ModalResult<Literal> {
    alt((quoted.map(Literal::Text), bare)).parse_next(input)
}

/// A string literal. A quote inside it is doubled.
fn quoted(input: &mut &str) -> ModalResult<String> {
    let piece = alt((take_while(1.., |c| c != '\''), "''".value("'")));
    let text = repeat(0.., piece).fold(String::new, |mut text, piece: &str| {
        text.push_str(piece);
        text
    });
    delimited('\'', text, '\'').parse_next(input)
}

/// An unquoted literal: null, a boolean, an integer, a time, a date or a GUID.
fn bare(input: &mut &str) -> ModalResult<Literal> {
    take_while(1.., |c: char| c.is_ascii_alphanumeric() || "-+:.".contains(c))
        .verify_map(|word: &str| match word {
            "null" => Some(Literal::Null),
            "true" => Some(Literal::Boolean(true)),
            "false" => Some(Literal::Boolean(false)),
            _ => bare_value(word),
        })
        .parse_next(input)
}

fn bare_value(word: &str) -> Option<Literal> {
    if let Ok(integer) = word.parse() {
        return Some(Literal::Integer(integer));
    }
    if let Ok(moment) = Moment::parse(word).or_else(|_| Moment::parse_date(word)) {
        return Some(Literal::Time(moment));
    }
    let guid = word.len() == 36 && uuid::Uuid::parse_str(word).is_ok();
    guid.then(|| Literal::Text(word.to_owned()))
}

fn name(input: &mut &str) -> ModalResult<String> {
    let first = one_of(|c: char| c.is_ascii_alphabetic() || c == '_');
    (first, take_while(0.., |c: char| c.is_ascii_alphanumeric() || c == '_'))
        .take()
        .map(str::to_owned)
        .parse_next(input)
}

/// An operator between two expressions, with white space on both sides (or a parenthesis after it).
fn keyword<'a>(word: &'static str) -> impl Parser<&'a str, (), Failure> {
    (multispace1, word, alt((multispace1, winnow::combinator::peek("(")))).void()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compare(property: &str, operator: Operator, literal: Literal) -> Expression {
        Expression::Compare { property: property.to_owned(), operator, literal }
    }

    #[test]
    fn and_binds_closer_than_or() {
        let parsed = parse("a eq 1 or b eq 2 and not (c eq 3)").unwrap();
        let Expression::Or(left, right) = parsed else { panic!("not a disjunction") };
        assert_eq!(*left, compare("a", Operator::Equal, Literal::Integer(1)));
        assert!(matches!(*right, Expression::And(_, negated) if matches!(*negated, Expression::Not(_))));
    }

    #[test]
    fn reads_every_literal() {
        for (text, literal) in [
            ("null", Literal::Null),
            ("true", Literal::Boolean(true)),
            ("-9223372036854775808", Literal::Integer(i64::MIN)),
            ("'it''s'", Literal::Text("it's".to_owned())),
            (
                "2020-07-20T10:53:48.7657932Z",
                Literal::Time(Moment::parse("2020-07-20T10:53:48.7657932Z").unwrap()),
            ),
            ("2018-10-20Z", Literal::Time(Moment::parse("2018-10-20T00:00:00Z").unwrap())),
        ] {
            assert_eq!(parse(&format!("x ge {text}")), Ok(compare("x", Operator::GreaterOrEqual, literal)));
        }
    }

    #[test]
    fn reads_functions_lists_and_lambdas() {
        assert!(parse("startswith(computerDnsName,'a''b') and status in ('New', 'InProgress')").is_ok());
        assert!(parse("machineTags/any(t: t eq 'x')").is_ok());
        assert!(parse("machineTags/any(t:startswith(t,'x') or t eq 'y')").is_ok());
        assert!(parse("machineTags/any()").is_ok());
        assert!(parse("contains(a,'b') eq false").is_ok());
    }

    #[test]
    fn says_where_it_stops() {
        assert!(parse("status eq").unwrap_err().to_string().contains("'status eq'"));
        for junk in
            ["", "status", "status eq 'New", "(a eq 1", "a eq 99999999999999999999", "a = 1", "a eq 1 b"]
        {
            assert!(parse(junk).is_err(), "{junk}");
        }
    }

    #[test]
    fn bounds_nesting() {
        let deep = |n: usize| format!("{}a eq 1{}", "(".repeat(n), ")".repeat(n));
        assert!(parse(&deep(60)).is_ok());
        assert!(parse(&deep(100_000)).is_err());
        assert!(parse(&format!("{}(a eq 1)", "not ".repeat(100_000))).is_err());
    }

    proptest! {
        #[test]
        fn any_string_literal_survives(text in "\\PC*") {
            let filter = format!("x eq '{}'", text.replace('\'', "''"));
            prop_assert_eq!(parse(&filter), Ok(compare("x", Operator::Equal, Literal::Text(text))));
        }

        #[test]
        fn any_integer_survives(number: i64) {
            let parsed = parse(&format!("x lt {number}"));
            prop_assert_eq!(parsed, Ok(compare("x", Operator::Less, Literal::Integer(number))));
        }

        #[test]
        fn junk_never_panics(junk in "[a-z'()/:, $0-9T.Z-]{0,60}") {
            let _ = parse(&junk);
        }
    }
}
