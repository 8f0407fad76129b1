//! Maps the exported functions to the component model's canonical ABI. `src/export.rs` includes the result.

use std::fmt::Write as _;

use wit_parser::abi::AbiVariant;
use wit_parser::{Function, InterfaceId, SizeAlign, Type, TypeDefKind};

use crate::memory;
use crate::naming::snake;
use crate::wit::Wit;

/// The code of the exported functions, and the memory layout of the types that they use.
///
/// # Errors
/// Names a function or type that cannot be exported.
pub(crate) fn code(wit: &Wit) -> Result<String, String> {
    let mut sizes = SizeAlign::default();
    sizes.fill(&wit.resolve).map_err(|error| format!("{error:#}"))?;
    let mut functions: Vec<(InterfaceId, &Function)> = Vec::new();
    for id in &wit.exports {
        functions.extend(wit.resolve.interfaces[*id].functions.values().map(|function| (*id, function)));
    }
    let mut code = String::new();
    for (interface, function) in &functions {
        code += &export(wit, &sizes, *interface, function)?;
    }
    let parameters = functions.iter().flat_map(|(_, function)| function.params.iter().map(|param| param.ty));
    let results = functions.iter().filter_map(|(_, function)| function.result);
    Ok(code + &memory::code(wit, &sizes, parameters, results)?)
}

/// Generates a function that assembles its parameters, calls the implementation, and stores the result in
/// memory.
fn export(
    wit: &Wit,
    sizes: &SizeAlign,
    interface: InterfaceId,
    function: &Function,
) -> Result<String, String> {
    let name = &function.name;
    let signature = wit.resolve.wasm_signature(AbiVariant::GuestExport, function);
    if !signature.retptr {
        return Err(format!("{name}: its result is not returned in memory"));
    }
    let mut flat = Flat { wit, types: Vec::new() };
    let (mut arguments, mut freed) = (String::new(), String::new());
    if signature.indirect_params {
        let types: Vec<Type> = function.params.iter().map(|param| param.ty).collect();
        let area = flat.push("*mut u8");
        for (offset, _) in sizes.field_offsets(&types) {
            let _ = write!(arguments, "Load::load({area}.add({})), ", offset.size_wasm32());
        }
        let whole = sizes.params(&types);
        let (size, align) = (whole.size.size_wasm32(), whole.align.align_wasm32());
        let _ = write!(freed, "unsafe {{ abi::free({area}, {size}, {align}) }};");
    } else {
        for param in &function.params {
            let _ = write!(arguments, "{}, ", flat.lifted(name, param.ty)?);
        }
    }
    let parameters = flat.types.iter().enumerate();
    let parameters: String =
        parameters.map(|(place, core_type)| format!("a{place}: {core_type}, ")).collect();
    let (interface_name, module) = (wit.interface(interface), wit.rust_module(interface));
    let function = snake(name);
    let call = format!("<Connector as {module}::Guest>::{function}({arguments})");
    let call = if arguments.is_empty() { call } else { format!("unsafe {{ {call} }}") };
    Ok(format!(
        "#[unsafe(export_name = \"{interface_name}#{name}\")]\n\
         unsafe extern \"C\" fn {function}({parameters}) -> *mut u8 {{\n\
             abi::start();\n\
             let result = {call};\n\
             {freed}\n\
             abi::give(result)\n\
         }}\n",
    ))
}

/// The core WebAssembly parameters of a function, as they are collected.
struct Flat<'wit> {
    wit: &'wit Wit,
    types: Vec<&'static str>,
}

impl Flat<'_> {
    fn push(&mut self, core_type: &'static str) -> String {
        self.types.push(core_type);
        format!("a{}", self.types.len() - 1)
    }

    /// The expression that assembles a parameter from core parameters.
    fn lifted(&mut self, item: &str, ty: Type) -> Result<String, String> {
        let id = match ty {
            Type::String => {
                return Ok(format!("abi::text({}, {})", self.push("*mut u8"), self.push("usize")));
            }
            Type::Bool => return Ok(format!("{} != 0", self.push("i32"))),
            Type::U32 => return Ok(format!("{} as u32", self.push("i32"))),
            Type::U64 => return Ok(format!("{} as u64", self.push("i64"))),
            Type::S64 => return Ok(self.push("i64")),
            Type::Id(id) => id,
            other => return Err(format!("{item}: {other:?} has no place among parameters")),
        };
        match &self.wit.resolve.types[self.wit.origin(id)].kind {
            TypeDefKind::Type(target) => self.lifted(item, *target),
            TypeDefKind::List(_) => {
                Ok(format!("abi::list({}, {})", self.push("*mut u8"), self.push("usize")))
            }
            TypeDefKind::Enum(_) => Ok(format!("abi::case({})", self.push("i32"))),
            TypeDefKind::Option(inner) => {
                let tag = self.push("i32");
                Ok(format!("if {tag} == 0 {{ None }} else {{ Some({}) }}", self.lifted(item, *inner)?))
            }
            TypeDefKind::Record(record) => {
                let mut fields = String::new();
                for field in &record.fields {
                    let _ = write!(fields, "{}: {}, ", snake(&field.name), self.lifted(item, field.ty)?);
                }
                Ok(format!("{} {{ {fields} }}", self.wit.rust_type(id)?))
            }
            other => Err(format!("{item}: a {} has no place among parameters", other.as_str())),
        }
    }
}
