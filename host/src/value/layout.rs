//! How values lie in a component's memory: the component model's [canonical ABI], for memory with addresses of 32 bits.
//!
//! [canonical ABI]: https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md

use wasmtime::component::Type;

/// The space that a value takes in memory, in bytes, and how many core values pass it when memory does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) size: usize,
    pub(super) align: usize,
    pub(super) flat: usize,
}

/// An address and a length, as for text and lists.
pub(super) const SPAN: Layout = Layout { size: 8, align: 4, flat: 2 };

impl Layout {
    pub(super) fn of(ty: &Type) -> Self {
        match ty {
            Type::Bool | Type::U8 | Type::S8 => Self::scalar(1),
            Type::U16 | Type::S16 => Self::scalar(2),
            Type::U32 | Type::S32 | Type::Float32 | Type::Char => Self::scalar(4),
            Type::U64 | Type::S64 | Type::Float64 => Self::scalar(8),
            Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
                Self::scalar(4)
            }
            Type::String | Type::List(_) | Type::Map(_) => SPAN,
            Type::Record(record) => Self::in_a_row(record.fields().map(|field| Self::of(&field.ty))).0,
            Type::Tuple(tuple) => Self::in_a_row(tuple.types().map(|ty| Self::of(&ty))).0,
            Type::Enum(names) => Self::scalar(tag_size(names.names().len())),
            Type::Option(option) => Self::one_of(2, [Self::of(&option.ty())]),
            Type::Result(result) => {
                Self::one_of(2, [result.ok(), result.err()].into_iter().flatten().map(|ty| Self::of(&ty)))
            }
            Type::Variant(variant) => Self::one_of(
                variant.cases().len(),
                variant.cases().filter_map(|case| case.ty.map(|ty| Self::of(&ty))),
            ),
            Type::Flags(flags) => Self::flags(flags.names().len()),
            Type::FixedLengthList(list) => {
                let (item, length) = (Self::of(&list.ty()), list.len() as usize);
                let flat = item.flat.saturating_mul(length);
                Self { size: item.size.saturating_mul(length), flat, ..item }
            }
        }
    }

    /// Lays out values one after another; returns the offset of each as well.
    pub(super) fn in_a_row(parts: impl Iterator<Item = Self>) -> (Self, Vec<usize>) {
        let mut whole = Self { size: 0, align: 1, flat: 0 };
        let offsets = parts
            .map(|part| {
                let offset = whole.size.next_multiple_of(part.align);
                whole.size = offset + part.size;
                whole.align = whole.align.max(part.align);
                whole.flat += part.flat;
                offset
            })
            .collect();
        whole.size = whole.size.next_multiple_of(whole.align);
        (whole, offsets)
    }

    /// Lays out one of several values, with a tag before it that says which.
    fn one_of(cases: usize, payloads: impl IntoIterator<Item = Self>) -> Self {
        let tag = tag_size(cases);
        let mut most = Self { size: 0, align: tag, flat: 0 };
        for payload in payloads {
            most.size = most.size.max(payload.size);
            most.align = most.align.max(payload.align);
            most.flat = most.flat.max(payload.flat);
        }
        let size = (payload_offset(most.align, tag) + most.size).next_multiple_of(most.align);
        Self { size, align: most.align, flat: most.flat + 1 }
    }

    pub(super) fn flags(count: usize) -> Self {
        match count {
            0 => Self { size: 0, align: 1, flat: 0 },
            1..=8 => Self::scalar(1),
            9..=16 => Self::scalar(2),
            _ => Self { size: count.div_ceil(32) * 4, align: 4, flat: count.div_ceil(32) },
        }
    }

    const fn scalar(size: usize) -> Self {
        Self { size, align: size, flat: 1 }
    }
}

/// Returns how many bytes a tag takes for that many cases.
pub(super) const fn tag_size(cases: usize) -> usize {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// Returns where a case's value begins, in a variant with that alignment.
pub(super) const fn payload_offset(align: usize, tag: usize) -> usize {
    tag.next_multiple_of(align)
}
