//! JSON out: what the component returned, written straight from its memory.
//!
//! The component controls that memory, so each address is checked before it is followed, and the resulting
//! text is bounded: a component could point to the same megabyte a million times.

use serde_json::value::RawValue;

use super::depth;
use super::escape;
use super::plan::Plan;
use super::readable::Readable;
use super::shape::Integer;

/// Why a result cannot be written as JSON.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// A field whose text should be JSON holds something else.
    #[error("the connector returned text that is not JSON where it promised JSON: {0}")]
    NotJson(serde_json::Error),
    /// A value is of a type that has no JSON form.
    #[error("the connector returned a value that JSON cannot hold ({0})")]
    NoJsonForm(&'static str),
    /// The result nests deeper than JSON readers accept.
    #[error("the connector returned JSON that nests deeper than {} levels", depth::DEEPEST)]
    TooDeep,
    /// The result holds a number that is out of range, or text that is not Unicode.
    #[error("the connector returned JSON that holds a number out of range or text that is not Unicode: {0}")]
    Unreadable(serde_json::Error),
}

/// Why a result cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// It can be read, but not written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The component's memory does not hold what its type says.
    #[error("its result is {0}")]
    Malformed(&'static str),
    /// The text is longer than a call may produce.
    #[error("its result has more than the {} MiB that a call may use", limit >> 20)]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
}

/// How a component encodes its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
    /// Latin-1, or UTF-16 if the length has its highest bit set.
    Latin1OrUtf16,
}

/// How many bytes of text an ordinary result has.
const ORDINARY: usize = 2 << 10;

/// The bit of a length that marks UTF-16.
const UTF16_TAG: usize = 1 << 31;

/// A component's memory, and the JSON that is made from it.
pub(super) struct Writer<'memory> {
    memory: &'memory [u8],
    encoding: Encoding,
    limit: usize,
    /// How many values enclose the one that is being written, itself included.
    depth: usize,
    out: Vec<u8>,
}

impl<'memory> Writer<'memory> {
    pub(super) fn new(memory: &'memory [u8], encoding: Encoding, limit: usize) -> Self {
        Self { memory, encoding, limit, depth: 0, out: Vec::with_capacity(ORDINARY) }
    }

    /// Writes bytes that are JSON already.
    pub(super) fn raw(&mut self, json: &[u8]) {
        self.out.extend_from_slice(json);
    }

    pub(super) fn into_json(self) -> Vec<u8> {
        self.out
    }

    /// Writes the value at an address. The depth is bounded, so that what is written can be read again.
    pub(super) fn write(&mut self, plan: &Plan, at: usize) -> Result<(), ReadError> {
        self.depth += 1;
        if self.depth > depth::DEEPEST + 1 {
            return Err(OutputError::TooDeep.into());
        }
        self.value(plan, at)?;
        self.depth -= 1;
        Ok(())
    }

    fn value(&mut self, plan: &Plan, at: usize) -> Result<(), ReadError> {
        match plan {
            Plan::Option { some, payload } => {
                if self.tag(at, 1, 2)? == 0 {
                    self.raw(b"null");
                } else {
                    self.write(some, at + payload)?;
                }
            }
            Plan::String => self.string(at)?,
            Plan::Json => {
                let text = self.text(at)?;
                // The component's claim that text is JSON is not enough: the output must stay one valid
                // document.
                let raw: &RawValue = serde_json::from_str(&text).map_err(OutputError::NotJson)?;
                if self.depth - 1 + depth::of(raw.get()) > depth::DEEPEST {
                    return Err(OutputError::TooDeep.into());
                }
                serde_json::from_str::<Readable>(raw.get()).map_err(OutputError::Unreadable)?;
                self.raw(raw.get().as_bytes());
                self.check()?;
            }
            Plan::Record(fields) => {
                let mut separator = b'{';
                for field in fields {
                    let place = at + field.offset;
                    let (plan, place) = match &field.plan {
                        // Absent values are left out.
                        Plan::Option { .. } if self.tag(place, 1, 2)? == 0 => continue,
                        Plan::Option { some, payload } => (&**some, place + payload),
                        plan => (plan, place),
                    };
                    self.out.push(separator);
                    separator = b',';
                    self.out.extend_from_slice(&field.key);
                    self.write(plan, place)?;
                }
                if separator == b'{' {
                    self.out.push(separator);
                }
                self.out.push(b'}');
            }
            Plan::List { item, room } => {
                let (start, length) = self.span(at)?;
                let whole = length.checked_mul(room.size).and_then(|size| start.checked_add(size));
                if whole.is_none_or(|end| end > self.memory.len()) {
                    return Err(ReadError::Malformed("a list outside its memory"));
                }
                if !start.is_multiple_of(room.align) {
                    return Err(ReadError::Malformed("a list at an odd address"));
                }
                self.items((0..length).map(|index| (&**item, start + index * room.size)))?;
            }
            Plan::Tuple(parts) => self.items(parts.iter().map(|(offset, plan)| (plan, at + offset)))?,
            Plan::Bool => {
                let text: &[u8] = if self.bytes::<1>(at)? == [0] { b"false" } else { b"true" };
                self.raw(text);
            }
            Plan::Integer(width) => self.integer(*width, at)?,
            Plan::Single => self.float(f32::from_le_bytes(self.bytes(at)?).into()),
            Plan::Double => self.float(f64::from_le_bytes(self.bytes(at)?)),
            Plan::Char => {
                let letter = char::from_u32(u32::from_le_bytes(self.bytes(at)?));
                let letter = letter.ok_or(ReadError::Malformed("a character that is none"))?;
                escape::write(letter.encode_utf8(&mut [0; 4]), &mut self.out);
            }
            Plan::Enum { tag, names } => {
                let case = self.tag(at, *tag, names.len())?;
                self.raw(&names[case]);
            }
            Plan::Variant { tag, payload, cases } => {
                let (name, plan) = &cases[self.tag(at, *tag, cases.len())?];
                let Some(plan) = plan else {
                    self.raw(name);
                    return Ok(());
                };
                self.out.push(b'{');
                self.raw(name);
                self.out.push(b':');
                self.write(plan, at + payload)?;
                self.out.push(b'}');
            }
            Plan::Flags(names) => self.flags(names, at)?,
            Plan::Opaque(name) => return Err(OutputError::NoJsonForm(name).into()),
        }
        Ok(())
    }

    /// Returns the text at an address.
    pub(super) fn text(&self, at: usize) -> Result<std::borrow::Cow<'memory, str>, ReadError> {
        let (start, length) = self.span(at)?;
        match self.encoding {
            Encoding::Utf8 => utf8(self.slice(start, length)?).map(Into::into),
            Encoding::Utf16 => self.utf16(start, length).map(Into::into),
            Encoding::Latin1OrUtf16 if length & UTF16_TAG != 0 => {
                self.utf16(start, length ^ UTF16_TAG).map(Into::into)
            }
            Encoding::Latin1OrUtf16 => {
                let bytes = self.slice(start, length)?;
                Ok(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into())
            }
        }
    }

    fn string(&mut self, at: usize) -> Result<(), ReadError> {
        if self.encoding == Encoding::Utf8 {
            let (start, length) = self.span(at)?;
            let bytes = self.slice(start, length)?;
            if escape::is_plain(bytes) {
                self.out.reserve(length + 2);
                self.out.push(b'"');
                self.out.extend_from_slice(bytes);
                self.out.push(b'"');
                return self.check();
            }
        }
        let text = self.text(at)?;
        escape::write(&text, &mut self.out);
        self.check()
    }

    fn items<'plan>(&mut self, items: impl Iterator<Item = (&'plan Plan, usize)>) -> Result<(), ReadError> {
        self.out.push(b'[');
        for (index, (plan, at)) in items.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.write(plan, at)?;
            self.check()?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn integer(&mut self, width: Integer, at: usize) -> Result<(), ReadError> {
        macro_rules! number {
            ($number:ty) => {{
                let number = <$number>::from_le_bytes(self.bytes(at)?);
                serde_json::to_writer(&mut self.out, &number)
            }};
        }
        let written = match width {
            Integer::U8 => number!(u8),
            Integer::S8 => number!(i8),
            Integer::U16 => number!(u16),
            Integer::S16 => number!(i16),
            Integer::U32 => number!(u32),
            Integer::S32 => number!(i32),
            Integer::U64 => number!(u64),
            Integer::S64 => number!(i64),
        };
        Ok(written.map_err(OutputError::NotJson)?)
    }

    /// JSON has neither infinities nor NaN: they become null, as in JavaScript.
    fn float(&mut self, number: f64) {
        self.out.extend_from_slice(serde_json::Value::from(number).to_string().as_bytes());
    }

    fn flags(&mut self, names: &[super::plan::Quoted], at: usize) -> Result<(), ReadError> {
        let bytes = self.slice(at, names.len().div_ceil(8))?;
        self.out.push(b'[');
        let set = names.iter().enumerate().filter(|(bit, _)| (bytes[bit / 8] >> (bit % 8)) & 1 == 1);
        for (index, (_, name)) in set.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(name);
        }
        self.out.push(b']');
        Ok(())
    }

    /// Reads a tag: which of that many cases it is.
    pub(super) fn tag(&self, at: usize, size: usize, cases: usize) -> Result<usize, ReadError> {
        let case = match size {
            1 => self.bytes::<1>(at)?[0].into(),
            2 => u16::from_le_bytes(self.bytes(at)?).into(),
            _ => u32::from_le_bytes(self.bytes(at)?) as usize,
        };
        if case < cases { Ok(case) } else { Err(ReadError::Malformed("a case that its type has not")) }
    }

    fn utf16(&self, start: usize, units: usize) -> Result<String, ReadError> {
        let bytes = self.slice(start, units.saturating_mul(2))?;
        let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
        char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| NOT_TEXT)
    }

    /// Reads an address and a length.
    fn span(&self, at: usize) -> Result<(usize, usize), ReadError> {
        let [a, b, c, d, e, f, g, h] = self.bytes(at)?;
        Ok((u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]) as usize))
    }

    fn bytes<const N: usize>(&self, at: usize) -> Result<[u8; N], ReadError> {
        bytes(self.memory, at)
    }

    fn slice(&self, start: usize, length: usize) -> Result<&'memory [u8], ReadError> {
        self.memory.get(start..).and_then(|rest| rest.get(..length)).ok_or(OUTSIDE)
    }

    fn check(&self) -> Result<(), ReadError> {
        if self.out.len() > self.limit { Err(ReadError::TooLarge { limit: self.limit }) } else { Ok(()) }
    }
}

const OUTSIDE: ReadError = ReadError::Malformed("a value outside its memory");
const NOT_TEXT: ReadError = ReadError::Malformed("text that is not Unicode");

fn bytes<const N: usize>(memory: &[u8], at: usize) -> Result<[u8; N], ReadError> {
    memory.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(OUTSIDE)
}

fn utf8(bytes: &[u8]) -> Result<&str, ReadError> {
    std::str::from_utf8(bytes).map_err(|_| NOT_TEXT)
}

#[cfg(test)]
mod tests;
