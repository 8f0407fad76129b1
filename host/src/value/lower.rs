//! Arguments in: values are written to core values, or to the component's memory, as their types require.

use wasmtime::ValRaw;
use wasmtime::component::__internal::{LowerContext, wasmtime_environ};
use wasmtime::component::{Type, Val};
use wasmtime_environ::component::StringEncoding;

use super::border::MOST_FLAT;
use super::layout::{Layout, payload_offset, tag_size};

/// The bit of a length that marks UTF-16 where text may also be Latin-1.
const UTF16_TAG: usize = 1 << 31;

/// Lowers all arguments of a call.
pub(super) fn arguments<T>(
    cx: &mut LowerContext<'_, T>,
    types: &[Type],
    values: &[Val],
    slots: &mut [ValRaw; MOST_FLAT],
) -> wasmtime::Result<()> {
    if types.len() != values.len() {
        return Err(wasmtime::format_err!("{} arguments for {} parameters", values.len(), types.len()));
    }
    let (whole, offsets) = Layout::in_a_row(types.iter().map(Layout::of));
    let parameters = types.iter().zip(values);
    if whole.flat <= MOST_FLAT {
        let mut flat = Flat { slots, used: 0 };
        for (ty, value) in parameters {
            flat.lower(cx, ty, value)?;
        }
        return Ok(());
    }
    let area = reserve(cx, whole.align, whole.size)?;
    for ((ty, value), offset) in parameters.zip(offsets) {
        store(cx, ty, value, area + offset)?;
    }
    slots[0] = ValRaw::i64(area as i64);
    Ok(())
}

/// Core values, and how many of them are in use.
struct Flat<'slots> {
    slots: &'slots mut [ValRaw; MOST_FLAT],
    used: usize,
}

impl Flat<'_> {
    fn lower<T>(&mut self, cx: &mut LowerContext<'_, T>, ty: &Type, value: &Val) -> wasmtime::Result<()> {
        match (ty, value) {
            (Type::Bool, Val::Bool(value)) => self.push(ValRaw::u32((*value).into())),
            (Type::U8, Val::U8(number)) => self.push(ValRaw::u32((*number).into())),
            (Type::S8, Val::S8(number)) => self.push(ValRaw::i32((*number).into())),
            (Type::U16, Val::U16(number)) => self.push(ValRaw::u32((*number).into())),
            (Type::S16, Val::S16(number)) => self.push(ValRaw::i32((*number).into())),
            (Type::U32, Val::U32(number)) => self.push(ValRaw::u32(*number)),
            (Type::S32, Val::S32(number)) => self.push(ValRaw::i32(*number)),
            (Type::U64, Val::U64(number)) => self.push(ValRaw::u64(*number)),
            (Type::S64, Val::S64(number)) => self.push(ValRaw::i64(*number)),
            (Type::Float32, Val::Float32(number)) => self.push(ValRaw::f32(number.to_bits())),
            (Type::Float64, Val::Float64(number)) => self.push(ValRaw::f64(number.to_bits())),
            (Type::Char, Val::Char(letter)) => self.push(ValRaw::u32((*letter).into())),
            (Type::String, Val::String(text)) => self.span(string(cx, text)?),
            (Type::List(items), Val::List(values)) => self.span(list(cx, &items.ty(), values)?),
            (Type::Record(record), Val::Record(values)) if record.fields().len() == values.len() => record
                .fields()
                .zip(values)
                .try_for_each(|(field, (_, value))| self.lower(cx, &field.ty, value)),
            (Type::Tuple(tuple), Val::Tuple(values)) if tuple.types().len() == values.len() => {
                tuple.types().zip(values).try_for_each(|(ty, value)| self.lower(cx, &ty, value))
            }
            (Type::Option(option), Val::Option(value)) => {
                let end = self.used + Layout::of(ty).flat;
                self.push(ValRaw::u32(value.is_some().into()))?;
                if let Some(value) = value {
                    self.lower(cx, &option.ty(), value)?;
                }
                self.skip_to(end)
            }
            (Type::Enum(names), Val::Enum(name)) => self.push(ValRaw::u32(case(names.names(), name)?)),
            (Type::Variant(variant), Val::Variant(name, payload)) => {
                let end = self.used + Layout::of(ty).flat;
                self.push(ValRaw::u32(case(variant.cases().map(|case| case.name), name)?))?;
                let declared = variant.cases().find(|case| case.name == name).and_then(|case| case.ty);
                match (declared, payload) {
                    (Some(ty), Some(value)) => self.lower(cx, &ty, value)?,
                    (None, None) => {}
                    _ => return Err(mismatch()),
                }
                self.skip_to(end)
            }
            (Type::Flags(flags), Val::Flags(names)) => {
                let bits = bits(flags.names(), names)?;
                bits.chunks(4).try_for_each(|word| {
                    let mut whole = [0; 4];
                    whole[..word.len()].copy_from_slice(word);
                    self.push(ValRaw::u32(u32::from_le_bytes(whole)))
                })
            }
            _ => Err(mismatch()),
        }
    }

    fn push(&mut self, value: ValRaw) -> wasmtime::Result<()> {
        let slot = self.slots.get_mut(self.used).ok_or_else(mismatch)?;
        *slot = value;
        self.used += 1;
        Ok(())
    }

    fn span(&mut self, (start, length): (usize, usize)) -> wasmtime::Result<()> {
        self.push(ValRaw::i64(start as i64))?;
        self.push(ValRaw::i64(length as i64))
    }

    /// Leaves the core values that a case does not need at zero.
    fn skip_to(&mut self, end: usize) -> wasmtime::Result<()> {
        self.used = end;
        if end <= MOST_FLAT { Ok(()) } else { Err(mismatch()) }
    }
}

/// Writes a value at an address in memory.
fn store<T>(cx: &mut LowerContext<'_, T>, ty: &Type, value: &Val, at: usize) -> wasmtime::Result<()> {
    match (ty, value) {
        (Type::Bool, Val::Bool(value)) => put(cx, at, &[(*value).into()]),
        (Type::U8, Val::U8(number)) => put(cx, at, &number.to_le_bytes()),
        (Type::S8, Val::S8(number)) => put(cx, at, &number.to_le_bytes()),
        (Type::U16, Val::U16(number)) => put(cx, at, &number.to_le_bytes()),
        (Type::S16, Val::S16(number)) => put(cx, at, &number.to_le_bytes()),
        (Type::U32, Val::U32(number)) => put(cx, at, &number.to_le_bytes()),
        (Type::S32, Val::S32(number)) => put(cx, at, &number.to_le_bytes()),
        (Type::U64, Val::U64(number)) => put(cx, at, &number.to_le_bytes()),
        (Type::S64, Val::S64(number)) => put(cx, at, &number.to_le_bytes()),
        (Type::Float32, Val::Float32(number)) => put(cx, at, &number.to_le_bytes()),
        (Type::Float64, Val::Float64(number)) => put(cx, at, &number.to_le_bytes()),
        (Type::Char, Val::Char(letter)) => put(cx, at, &u32::from(*letter).to_le_bytes()),
        (Type::String, Val::String(text)) => {
            let span = string(cx, text)?;
            put_span(cx, at, span)
        }
        (Type::List(items), Val::List(values)) => {
            let span = list(cx, &items.ty(), values)?;
            put_span(cx, at, span)
        }
        (Type::Record(record), Val::Record(values)) if record.fields().len() == values.len() => {
            let (_, offsets) = Layout::in_a_row(record.fields().map(|field| Layout::of(&field.ty)));
            let mut parts = record.fields().zip(values).zip(offsets);
            parts.try_for_each(|((field, (_, value)), offset)| store(cx, &field.ty, value, at + offset))
        }
        (Type::Tuple(tuple), Val::Tuple(values)) if tuple.types().len() == values.len() => {
            let (_, offsets) = Layout::in_a_row(tuple.types().map(|ty| Layout::of(&ty)));
            let mut parts = tuple.types().zip(values).zip(offsets);
            parts.try_for_each(|((ty, value), offset)| store(cx, &ty, value, at + offset))
        }
        (Type::Option(option), Val::Option(value)) => {
            put(cx, at, &[value.is_some().into()])?;
            match value {
                Some(value) => {
                    let payload = payload_offset(Layout::of(ty).align, tag_size(2));
                    store(cx, &option.ty(), value, at + payload)
                }
                None => Ok(()),
            }
        }
        (Type::Enum(names), Val::Enum(name)) => {
            put_tag(cx, at, case(names.names(), name)?, names.names().len())
        }
        (Type::Variant(variant), Val::Variant(name, payload)) => {
            let cases = variant.cases().len();
            put_tag(cx, at, case(variant.cases().map(|case| case.name), name)?, cases)?;
            let declared = variant.cases().find(|case| case.name == name).and_then(|case| case.ty);
            match (declared, payload) {
                (Some(payload_type), Some(value)) => {
                    let payload = payload_offset(Layout::of(ty).align, tag_size(cases));
                    store(cx, &payload_type, value, at + payload)
                }
                (None, None) => Ok(()),
                _ => Err(mismatch()),
            }
        }
        (Type::Flags(flags), Val::Flags(names)) => {
            let bits = bits(flags.names(), names)?;
            put(cx, at, &bits)
        }
        _ => Err(mismatch()),
    }
}

/// Writes text to newly reserved memory; returns its address, and its length in the component's units.
fn string<T>(cx: &mut LowerContext<'_, T>, text: &str) -> wasmtime::Result<(usize, usize)> {
    let encoding = cx.options().string_encoding;
    if encoding == StringEncoding::Utf8 {
        let start = reserve(cx, 1, text.len())?;
        put(cx, start, text.as_bytes())?;
        return Ok((start, text.len()));
    }
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let start = reserve(cx, 2, units.len())?;
    put(cx, start, &units)?;
    let tag = if encoding == StringEncoding::CompactUtf16 { UTF16_TAG } else { 0 };
    Ok((start, (units.len() / 2) | tag))
}

/// Writes a list to newly reserved memory; returns its address and length.
fn list<T>(cx: &mut LowerContext<'_, T>, item: &Type, values: &[Val]) -> wasmtime::Result<(usize, usize)> {
    let room = Layout::of(item);
    let start = reserve(cx, room.align, room.size.saturating_mul(values.len()))?;
    for (place, value) in values.iter().enumerate() {
        store(cx, item, value, start + place * room.size)?;
    }
    Ok((start, values.len()))
}

/// Asks the component for memory, and checks the address that it returns.
fn reserve<T>(cx: &mut LowerContext<'_, T>, align: usize, size: usize) -> wasmtime::Result<usize> {
    cx.realloc(0, 0, u32::try_from(align)?, size)
}

fn put<T>(cx: &mut LowerContext<'_, T>, at: usize, bytes: &[u8]) -> wasmtime::Result<()> {
    let place = cx.as_slice_mut().get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len()));
    place.ok_or_else(|| wasmtime::format_err!("the component's memory is too small"))?.copy_from_slice(bytes);
    Ok(())
}

fn put_span<T>(
    cx: &mut LowerContext<'_, T>,
    at: usize,
    (start, length): (usize, usize),
) -> wasmtime::Result<()> {
    put(cx, at, &u32::try_from(start)?.to_le_bytes())?;
    put(cx, at + 4, &u32::try_from(length)?.to_le_bytes())
}

fn put_tag<T>(cx: &mut LowerContext<'_, T>, at: usize, case: u32, cases: usize) -> wasmtime::Result<()> {
    put(cx, at, &case.to_le_bytes()[..tag_size(cases)])
}

fn case<'a>(mut names: impl Iterator<Item = &'a str>, name: &str) -> wasmtime::Result<u32> {
    let place = names.position(|known| known == name).ok_or_else(mismatch)?;
    Ok(u32::try_from(place)?)
}

/// Returns a bit for each flag, in as many bytes as the flags take.
fn bits<'a>(names: impl Iterator<Item = &'a str>, set: &[String]) -> wasmtime::Result<Vec<u8>> {
    let names: Vec<&str> = names.collect();
    let mut bits = vec![0; Layout::flags(names.len()).size];
    for name in set {
        let bit = names.iter().position(|known| known == name).ok_or_else(mismatch)?;
        bits[bit / 8] |= 1 << (bit % 8);
    }
    Ok(bits)
}

fn mismatch() -> wasmtime::Error {
    wasmtime::format_err!("an argument is not of its parameter's type")
}
