//! JSON in: a caller's input, typed by the signature.

use serde_json::{Map, Value};
use wasmtime::component::Val;

use super::shape::{Argument, Integer, Parameter, RecordField, Shape, Signature, Spelling};
use super::{text, words};
use crate::remedy::Remedy;

/// How deeply input may nest, so that hostile input cannot exhaust the stack.
const MAX_DEPTH: usize = 64;

/// Input that does not fit the action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", prefix(.parameter, .problem))]
pub struct InputError {
    /// The parameter by the published connector's key, with the path into it if the error is nested. Empty if
    /// no parameter is to blame.
    pub parameter: String,
    /// The parameter's name in the contract, such as `machine-id`, if the whole parameter is to blame and the
    /// action has it.
    pub name: Option<String>,
    /// What is wrong with the parameter.
    pub problem: InputProblem,
}

/// What is wrong with input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputProblem {
    /// A required parameter was not given.
    #[error("is required ({0})")]
    Missing(String),
    /// The action has no such parameter.
    #[error("no such parameter; it takes {}", text::listed(.known))]
    Unknown {
        /// The parameters that it does have.
        known: Vec<String>,
        /// The one that was probably meant.
        similar: Option<String>,
    },
    /// A key is empty, which is never intended.
    #[error("a key of the input is empty")]
    EmptyKey,
    /// The same parameter was given under two names.
    #[error("given twice, also as `{0}`")]
    Repeated(String),
    /// The value has the wrong type.
    #[error("expected {expected}, found {found}")]
    Type {
        /// The type that was expected.
        expected: String,
        /// What was found instead.
        found: String,
    },
    /// The value nests deeper than 64 levels.
    #[error("nests too deeply")]
    TooDeep,
}

impl InputError {
    /// What to do about it, if there is specific advice.
    #[must_use]
    pub fn hint(&self) -> Option<Remedy> {
        match (&self.problem, &self.name) {
            (InputProblem::Unknown { similar: Some(similar), .. }, _) => {
                Some(Remedy::DidYouMean { name: similar.clone() })
            }
            (InputProblem::Missing(_), Some(name)) => {
                Some(Remedy::GiveParameter { name: name.clone(), key: self.parameter.clone() })
            }
            (InputProblem::Repeated(_), _) => Some("give it once".into()),
            (InputProblem::EmptyKey, _) => Some(
                "in double quotes, a shell takes a key such as `$filter` for a variable of its own, which is empty: \
                 put the JSON in single quotes, or in a file"
                    .into(),
            ),
            _ => None,
        }
    }
}

impl Signature {
    /// Types a caller's input. Each key may be the published connector's key, the contract's name, or either
    /// of them in kebab-case or camelCase.
    ///
    /// # Errors
    /// [`InputError`] names the first parameter that is unknown, missing, given twice or of the wrong type.
    pub fn arguments(&self, input: &Map<String, Value>) -> Result<Vec<Val>, InputError> {
        self.refuse_unknown(input)?;
        self.arguments
            .iter()
            .map(|argument| match argument {
                Argument::Plain(parameter) => self.typed(parameter, input),
                Argument::Inline(parameters) => {
                    let fields = parameters
                        .iter()
                        .map(|parameter| Ok((parameter.name.to_string(), self.typed(parameter, input)?)));
                    Ok(Val::Record(fields.collect::<Result<_, _>>()?))
                }
            })
            .collect()
    }

    /// Finds the parameter that a key means: the one with exactly that key or name, or else the only one that
    /// it spells: `Machine ID` is also understood as `machine-id` and `machineId`.
    #[must_use]
    pub fn meant_by(&self, key: &str) -> Option<&Parameter> {
        let exact = self.parameters().find(|parameter| parameter.answers_to(key));
        let alike =
            |parameter: &&Parameter| words::spell(key, &parameter.key) || words::spell(key, &parameter.name);
        exact.or_else(|| only(self.parameters().filter(alike)))
    }

    /// Returns what an input holds for a parameter, under any spelling: one entry at most, if the input is
    /// sound.
    pub(crate) fn given<'input>(
        &self,
        parameter: &Parameter,
        input: &'input Map<String, Value>,
    ) -> impl Iterator<Item = (&'input String, &'input Value)> {
        let is_meant = |key: &str| self.meant_by(key).is_some_and(|meant| std::ptr::eq(meant, parameter));
        input.iter().filter(move |(key, _)| is_meant(key))
    }

    fn refuse_unknown(&self, input: &Map<String, Value>) -> Result<(), InputError> {
        for key in input.keys() {
            if key.is_empty() {
                return Err(InputError {
                    parameter: String::new(),
                    name: None,
                    problem: InputProblem::EmptyKey,
                });
            }
            if self.meant_by(key).is_none() {
                let known: Vec<String> =
                    self.parameters().map(|parameter| parameter.key.to_string()).collect();
                let names = self.parameters().flat_map(|parameter| [&*parameter.key, &*parameter.name]);
                let similar = text::most_similar(key, names);
                return Err(InputError {
                    parameter: key.clone(),
                    name: None,
                    problem: InputProblem::Unknown { known, similar },
                });
            }
        }
        Ok(())
    }

    fn typed(&self, parameter: &Parameter, input: &Map<String, Value>) -> Result<Val, InputError> {
        let mut given = self.given(parameter, input);
        let value = given.next().map(|(_, value)| value);
        if let Some((other, _)) = given.next() {
            let problem = InputProblem::Repeated(other.clone());
            return Err(InputError {
                parameter: parameter.key.to_string(),
                name: Some(parameter.name.to_string()),
                problem,
            });
        }
        let mut path = parameter.key.to_string();
        typed(&parameter.shape, value.unwrap_or(&Value::Null), &mut path, 0).map_err(|problem| {
            let is_whole = path == *parameter.key;
            InputError { name: is_whole.then(|| parameter.name.to_string()), parameter: path, problem }
        })
    }
}

fn typed(shape: &Shape, value: &Value, path: &mut String, depth: usize) -> Result<Val, InputProblem> {
    if depth > MAX_DEPTH {
        return Err(InputProblem::TooDeep);
    }
    match (shape, value) {
        (Shape::Option(_), Value::Null) => Ok(Val::Option(None)),
        (Shape::Option(inner), value) => {
            Ok(Val::Option(Some(Box::new(typed(inner, value, path, depth + 1)?))))
        }
        (Shape::Json, value) => Ok(Val::String(value.to_string())),
        (shape, Value::Null) => Err(InputProblem::Missing(shape.name())),
        (Shape::Bool, Value::Bool(value)) => Ok(Val::Bool(*value)),
        (Shape::Integer(width), value) => integer(*width, value).ok_or_else(|| mismatch(shape, value)),
        (Shape::Float { single }, Value::Number(number)) => {
            let number = number.as_f64().ok_or_else(|| mismatch(shape, value))?;
            #[expect(clippy::cast_possible_truncation, reason = "the component asked for single precision")]
            Ok(if *single { Val::Float32(number as f32) } else { Val::Float64(number) })
        }
        (Shape::Char, Value::String(text)) => {
            let mut letters = text.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => Ok(Val::Char(letter)),
                _ => Err(mismatch(shape, value)),
            }
        }
        (Shape::String, Value::String(text)) => Ok(Val::String(text.clone())),
        (Shape::List(item), Value::Array(values)) => {
            Ok(Val::List(items(values.iter().map(|value| (&**item, value)), path, depth)?))
        }
        (Shape::Tuple(shapes), Value::Array(values)) if shapes.len() == values.len() => {
            Ok(Val::Tuple(items(shapes.iter().zip(values), path, depth)?))
        }
        (Shape::Record(fields), Value::Object(values)) => {
            for key in values.keys() {
                if field_meant_by(key, fields).is_none() {
                    let known: Vec<String> =
                        fields.iter().map(|field| field.spelling.key.to_string()).collect();
                    let similar = text::most_similar(key, known.iter().map(String::as_str));
                    push(path, key);
                    return Err(InputProblem::Unknown { known, similar });
                }
            }
            let mut record = Vec::with_capacity(fields.len());
            for field in fields.iter() {
                let is_meant =
                    |key: &str| field_meant_by(key, fields).is_some_and(|meant| std::ptr::eq(meant, field));
                let mut given = values.iter().filter(|(key, _)| is_meant(key));
                let value = given.next().map_or(&Value::Null, |(_, value)| value);
                let length = path.len();
                push(path, &field.spelling.key);
                if let Some((other, _)) = given.next() {
                    return Err(InputProblem::Repeated(other.clone()));
                }
                record.push((field.spelling.name.to_string(), typed(&field.shape, value, path, depth + 1)?));
                path.truncate(length);
            }
            Ok(Val::Record(record))
        }
        (Shape::Enum(cases), Value::String(text)) => cases
            .iter()
            .find(|case| case.answers_to(text))
            .map(|case| Val::Enum(case.name.to_string()))
            .ok_or_else(|| mismatch(shape, value)),
        (Shape::Flags(flags), Value::Array(values)) => values
            .iter()
            .map(|value| {
                let flag = flags.iter().find(|flag| value.as_str().is_some_and(|text| flag.answers_to(text)));
                flag.map(|flag| flag.name.to_string()).ok_or_else(|| mismatch(shape, value))
            })
            .collect::<Result<_, _>>()
            .map(Val::Flags),
        (Shape::Variant(cases), Value::String(text)) => cases
            .iter()
            .find(|(case, payload)| case.answers_to(text) && payload.is_none())
            .map(|(case, _)| Val::Variant(case.name.to_string(), None))
            .ok_or_else(|| mismatch(shape, value)),
        (Shape::Variant(cases), Value::Object(object)) => {
            let (Some((key, payload)), 1) = (object.iter().next(), object.len()) else {
                return Err(mismatch(shape, value));
            };
            match cases.iter().find(|(case, _)| case.answers_to(key)) {
                Some((case, Some(shape))) => {
                    push(path, key);
                    let payload = typed(shape, payload, path, depth + 1)?;
                    Ok(Val::Variant(case.name.to_string(), Some(Box::new(payload))))
                }
                _ => Err(mismatch(shape, value)),
            }
        }
        (shape, value) => Err(mismatch(shape, value)),
    }
}

fn items<'a>(
    values: impl Iterator<Item = (&'a Shape, &'a Value)>,
    path: &mut String,
    depth: usize,
) -> Result<Vec<Val>, InputProblem> {
    let mut typed_items = Vec::with_capacity(values.size_hint().0);
    for (index, (shape, value)) in values.enumerate() {
        let length = path.len();
        path.push_str(&format!("[{index}]"));
        typed_items.push(typed(shape, value, path, depth + 1)?);
        path.truncate(length);
    }
    Ok(typed_items)
}

/// Takes a JSON integer, or an integer as text, since other JSON readers lose digits above 2^53.
fn integer(width: Integer, value: &Value) -> Option<Val> {
    let number: i128 = match value {
        Value::Number(number) => {
            number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))?
        }
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let (least, greatest) = width.bounds();
    if number < least || number > greatest {
        return None;
    }
    Some(match width {
        Integer::U8 => Val::U8(number.try_into().ok()?),
        Integer::S8 => Val::S8(number.try_into().ok()?),
        Integer::U16 => Val::U16(number.try_into().ok()?),
        Integer::S16 => Val::S16(number.try_into().ok()?),
        Integer::U32 => Val::U32(number.try_into().ok()?),
        Integer::S32 => Val::S32(number.try_into().ok()?),
        Integer::U64 => Val::U64(number.try_into().ok()?),
        Integer::S64 => Val::S64(number.try_into().ok()?),
    })
}

impl Spelling {
    fn answers_to(&self, name: &str) -> bool {
        name == &*self.key || name == &*self.name
    }

    fn is_spelled(&self, text: &str) -> bool {
        words::spell(text, &self.key) || words::spell(text, &self.name)
    }
}

/// Finds the field that a key means: the one with exactly that key or name, or else the only one that it
/// spells.
fn field_meant_by<'field>(key: &str, fields: &'field [RecordField]) -> Option<&'field RecordField> {
    let exact = fields.iter().find(|field| field.spelling.answers_to(key));
    exact.or_else(|| only(fields.iter().filter(|field| field.spelling.is_spelled(key))))
}

fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    found.next().filter(|_| found.next().is_none())
}

/// Returns the parameter as the beginning of a message, unless it has no name.
fn prefix(parameter: &str, problem: &InputProblem) -> String {
    match problem {
        _ if parameter.is_empty() => String::new(),
        InputProblem::Missing(_) => format!("{parameter} "),
        _ => format!("{parameter}: "),
    }
}

fn push(path: &mut String, key: &str) {
    path.push('.');
    path.push_str(key);
}

fn mismatch(shape: &Shape, value: &Value) -> InputProblem {
    let expected = match shape {
        Shape::Integer(width) => {
            let (least, greatest) = width.bounds();
            format!("an integer from {least} to {greatest}")
        }
        Shape::Enum(_) => format!("one of {}", shape.name()),
        shape => shape.name(),
    };
    InputProblem::Type { expected, found: text::described(value) }
}
