//! JSON out: what the component returned, written by the signature.

use std::io::Write;

use serde_json::value::RawValue;
use wasmtime::component::Val;

use super::shape::{RecordField, Shape, Signature};

/// A result that cannot be written as JSON.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// A field that should hold JSON holds something else.
    #[error("the connector returned text that is not JSON where it promised JSON: {0}")]
    NotJson(serde_json::Error),
    /// A value is not of the type that the component declares, or has no JSON form.
    #[error("the connector returned a value that JSON cannot hold ({0})")]
    NoJsonForm(&'static str),
}

impl Signature {
    /// Writes a result as JSON. What is absent is left out; a result that is not a record stands under its key.
    pub(crate) fn write(&self, value: &Val, out: &mut Vec<u8>) -> Result<(), OutputError> {
        if let Shape::Record(_) = self.result {
            return write(&self.result, value, out);
        }
        out.push(b'{');
        write_string(&self.result_key, out);
        out.push(b':');
        write(&self.result, value, out)?;
        out.push(b'}');
        Ok(())
    }
}

fn write(shape: &Shape, value: &Val, out: &mut Vec<u8>) -> Result<(), OutputError> {
    match (shape, value) {
        (Shape::Option(inner), Val::Option(Some(value))) => write(inner, value, out)?,
        (Shape::Option(_), Val::Option(None)) => out.extend_from_slice(b"null"),
        (Shape::String, Val::String(text)) => write_string(text, out),
        (Shape::Json, Val::String(text)) => write_raw(text, out)?,
        (Shape::Record(fields), Val::Record(values)) => write_record(fields, values, out)?,
        (Shape::List(item), Val::List(values)) => {
            write_items(values.iter().map(|value| (&**item, value)), out)?
        }
        (Shape::Tuple(shapes), Val::Tuple(values)) => write_items(shapes.iter().zip(values), out)?,
        (Shape::Bool, Val::Bool(value)) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        (Shape::Integer(_), value) => write_integer(value, out)?,
        (Shape::Float { .. }, Val::Float64(number)) => write_float(*number, out),
        (Shape::Float { .. }, Val::Float32(number)) => write_float(f64::from(*number), out),
        (Shape::Char, Val::Char(letter)) => write_string(letter.encode_utf8(&mut [0; 4]), out),
        (Shape::Enum(cases), Val::Enum(name)) => {
            let case = cases.iter().find(|case| *case.name == **name);
            write_string(case.map_or(name, |case| &case.key), out);
        }
        (Shape::Flags(_), Val::Flags(names)) => {
            write_separated(names.iter(), out, |name, out| {
                write_string(name, out);
                Ok(())
            })?;
        }
        (Shape::Variant(_), Val::Variant(name, None)) => write_string(name, out),
        (Shape::Variant(cases), Val::Variant(name, Some(payload))) => {
            let shape =
                cases.iter().find(|(case, _)| *case.name == **name).and_then(|(_, shape)| shape.as_ref());
            out.push(b'{');
            write_string(name, out);
            out.push(b':');
            write(shape.ok_or(OutputError::NoJsonForm("variant"))?, payload, out)?;
            out.push(b'}');
        }
        (Shape::Opaque(name), _) => return Err(OutputError::NoJsonForm(name)),
        _ => return Err(OutputError::NoJsonForm("value of another type than declared")),
    }
    Ok(())
}

fn write_record(
    fields: &[RecordField],
    values: &[(String, Val)],
    out: &mut Vec<u8>,
) -> Result<(), OutputError> {
    out.push(b'{');
    let mut first = true;
    for (field, (_, value)) in fields.iter().zip(values) {
        if let Val::Option(None) = value {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        out.extend_from_slice(field.prefix.as_bytes());
        write(&field.shape, value, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_items<'a>(
    items: impl Iterator<Item = (&'a Shape, &'a Val)>,
    out: &mut Vec<u8>,
) -> Result<(), OutputError> {
    write_separated(items, out, |(shape, value), out| write(shape, value, out))
}

fn write_separated<T>(
    items: impl Iterator<Item = T>,
    out: &mut Vec<u8>,
    mut item: impl FnMut(T, &mut Vec<u8>) -> Result<(), OutputError>,
) -> Result<(), OutputError> {
    out.push(b'[');
    for (index, value) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        item(value, out)?;
    }
    out.push(b']');
    Ok(())
}

fn write_integer(value: &Val, out: &mut Vec<u8>) -> Result<(), OutputError> {
    let written = match value {
        Val::U8(number) => write!(out, "{number}"),
        Val::S8(number) => write!(out, "{number}"),
        Val::U16(number) => write!(out, "{number}"),
        Val::S16(number) => write!(out, "{number}"),
        Val::U32(number) => write!(out, "{number}"),
        Val::S32(number) => write!(out, "{number}"),
        Val::U64(number) => write!(out, "{number}"),
        Val::S64(number) => write!(out, "{number}"),
        _ => return Err(OutputError::NoJsonForm("value of another type than declared")),
    };
    written.map_err(|_| OutputError::NoJsonForm("integer"))
}

/// JSON has neither infinities nor NaN: they become null, as JavaScript has it.
fn write_float(number: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(serde_json::Value::from(number).to_string().as_bytes());
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    // Writing to a `Vec` cannot fail, and a `str` is always a JSON string.
    let _ = serde_json::to_writer(out, text);
}

/// The component's word is not enough that text is JSON: output must stay one valid document.
fn write_raw(text: &str, out: &mut Vec<u8>) -> Result<(), OutputError> {
    let raw: &RawValue = serde_json::from_str(text).map_err(OutputError::NotJson)?;
    out.extend_from_slice(raw.get().as_bytes());
    Ok(())
}
