//! Lays out the contract's types in memory as the component model's canonical ABI prescribes.

use std::fmt::Write as _;

use wit_parser::{SizeAlign, Type, TypeDefKind, TypeId};

use crate::naming::{pascal, snake};
use crate::wit::Wit;

/// The code that loads the named types in `parameters` from memory and stores those in `results`.
///
/// # Errors
/// Names a type whose layout is not supported.
pub(crate) fn code(
    wit: &Wit,
    sizes: &SizeAlign,
    parameters: impl Iterator<Item = Type>,
    results: impl Iterator<Item = Type>,
) -> Result<String, String> {
    let (taken, given) = (named(wit, parameters), named(wit, results));
    let mut code = String::new();
    for id in taken.iter().chain(given.iter().filter(|id| !taken.contains(id))) {
        code += &place(wit, sizes, *id)?;
    }
    for id in taken {
        code += &load(wit, sizes, id)?;
    }
    for id in given {
        code += &store(wit, sizes, id)?;
    }
    Ok(code)
}

/// The records, enums and variants in `types`, including nested ones.
fn named(wit: &Wit, types: impl Iterator<Item = Type>) -> Vec<TypeId> {
    let mut named = Vec::new();
    let mut open: Vec<Type> = types.collect();
    while let Some(ty) = open.pop() {
        let Type::Id(id) = ty else { continue };
        let id = wit.origin(id);
        let kind = &wit.resolve.types[id].kind;
        if matches!(kind, TypeDefKind::Record(_) | TypeDefKind::Enum(_) | TypeDefKind::Variant(_)) {
            if named.contains(&id) {
                continue;
            }
            named.push(id);
        }
        match kind {
            TypeDefKind::Option(inner) | TypeDefKind::List(inner) | TypeDefKind::Type(inner) => {
                open.push(*inner)
            }
            TypeDefKind::Result(result) => open.extend(result.ok.into_iter().chain(result.err)),
            TypeDefKind::Record(record) => open.extend(record.fields.iter().map(|field| field.ty)),
            TypeDefKind::Variant(variant) => open.extend(variant.cases.iter().filter_map(|case| case.ty)),
            _ => {}
        }
    }
    named
}

fn place(wit: &Wit, sizes: &SizeAlign, id: TypeId) -> Result<String, String> {
    let (size, align) = (sizes.size(&Type::Id(id)), sizes.align(&Type::Id(id)));
    Ok(format!(
        "impl Place for {} {{\n const SIZE: usize = {};\n const ALIGN: usize = {};\n}}\n",
        wit.rust_type(id)?,
        size.size_wasm32(),
        align.align_wasm32(),
    ))
}

fn load(wit: &Wit, sizes: &SizeAlign, id: TypeId) -> Result<String, String> {
    let mut loaded = String::new();
    match &wit.resolve.types[id].kind {
        TypeDefKind::Record(record) => {
            for (field, offset) in fields(sizes, record) {
                let _ = writeln!(loaded, "{field}: Load::load(at.add({offset})),");
            }
            loaded = format!("Self {{ {loaded} }}");
        }
        TypeDefKind::Enum(cases) => {
            let last = cases.cases.len() - 1;
            for (place, case) in cases.cases.iter().enumerate() {
                let pattern = if place == last { "_".to_owned() } else { place.to_string() };
                let _ = writeln!(loaded, "{pattern} => Self::{},", pascal(&case.name));
            }
            loaded = format!("match at.read() {{ {loaded} }}");
        }
        other => {
            return Err(format!("{}: a {} has no place in parameters", wit.name(id), other.as_str()));
        }
    }
    Ok(format!(
        "impl Load for {} {{\n unsafe fn load(at: *const u8) -> Self {{\n unsafe {{ {loaded} }}\n }}\n}}\n",
        wit.rust_type(id)?,
    ))
}

fn store(wit: &Wit, sizes: &SizeAlign, id: TypeId) -> Result<String, String> {
    let mut stored = String::new();
    match &wit.resolve.types[id].kind {
        TypeDefKind::Record(record) => {
            for (field, offset) in fields(sizes, record) {
                let _ = writeln!(stored, "self.{field}.store(at.add({offset}), ledger);");
            }
        }
        TypeDefKind::Variant(variant) => {
            let payloads = variant.cases.iter().map(|case| case.ty.as_ref());
            let payload = sizes.payload_offset(variant.tag(), payloads).size_wasm32();
            for (place, case) in variant.cases.iter().enumerate() {
                let name = pascal(&case.name);
                let _ = match case.ty {
                    Some(_) => writeln!(
                        stored,
                        "Self::{name}(value) => {{ at.write({place}); value.store(at.add({payload}), ledger); }}"
                    ),
                    None => writeln!(stored, "Self::{name} => at.write({place}),"),
                };
            }
            stored = format!("match self {{ {stored} }}");
        }
        other => {
            return Err(format!("{}: a {} has no place in results", wit.name(id), other.as_str()));
        }
    }
    Ok(format!(
        "impl Store for {} {{\n\
             unsafe fn store(self, at: *mut u8, ledger: &mut Ledger) {{\n unsafe {{ {stored} }}\n }}\n\
         }}\n",
        wit.rust_type(id)?,
    ))
}

/// The fields of a record and their offsets.
fn fields(sizes: &SizeAlign, record: &wit_parser::Record) -> Vec<(String, usize)> {
    let types: Vec<Type> = record.fields.iter().map(|field| field.ty).collect();
    let offsets = sizes.field_offsets(&types);
    let fields = record.fields.iter().zip(offsets);
    fields.map(|(field, (offset, _))| (snake(&field.name), offset.size_wasm32())).collect()
}
