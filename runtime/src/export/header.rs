//! The header: what a C or C++ compiler needs to know, and what its user does.

use super::ExportError;
use crate::Executable;
use rotrace_backends::cranelift::straight::{ALIGNMENT, Status};
use rotrace_ir::DType;
use rotrace_ir::dim::Type;

/// The words of C, C++ and their headers that could be a function's name, or a dimension's.
const RESERVED: &str = "alignas alignof and and_eq asm assert atomic auto bitand bitor bool break case catch char class compl \
    concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default delete do \
    double dynamic_cast else enum errno explicit export extern false float for friend goto if inline int int8_t int16_t \
    int32_t int64_t long main mutable namespace new noexcept not not_eq nullptr offsetof operator or or_eq private protected \
    ptrdiff_t public register reinterpret_cast requires restrict return short signed size_t sizeof static static_assert \
    static_cast struct switch template this thread_local throw true try typedef typeid typename typeof union unsigned using \
    uint8_t uint16_t uint32_t uint64_t virtual void volatile wchar_t while workspace workspace_bytes xor xor_eq linux unix";

fn is_reserved(word: &str) -> bool {
    RESERVED.split_whitespace().any(|reserved| reserved == word)
}

/// Whether C takes this name for a function.
pub(super) fn check_name(name: &str) -> Result<(), ExportError> {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if begins && plain && !is_reserved(name) { Ok(()) } else { Err(ExportError::Name(name.to_owned())) }
}

/// The header of an executable's object.
pub(super) fn write(name: &str, executable: &Executable) -> String {
    let parts = Parts { name, executable, sizes: size_names(executable) };
    let (signature, size_parameters, parameters) = (parts.signature(), parts.size_parameters(), parts.parameters());
    let comment = |lines: Vec<String>| lines.iter().map(|line| format!(" *   {line}\n")).collect::<String>();
    let features = executable.texts.maker.processor().features();
    let (features, arrays, least) = (comment(wrapped(features)), comment(parts.arrays()), comment(parts.least()));
    let [done, bad_size, misaligned, workspace] =
        [Status::Done, Status::BadSize, Status::Misaligned, Status::Workspace].map(|status| status as i32);
    let (upper, version) = (name.to_uppercase(), env!("CARGO_PKG_VERSION"));
    format!(
        r#"/* {signature}
 *
 * Made by rotrace {version}. Link {name}.o, which needs no library and no start-up code, and keeps
 * nothing between calls: many threads may call it at once. It may use these extensions of the
 * instruction set:
{features} */
#ifndef ROTRACE_{name}_H
#define ROTRACE_{name}_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

/* What the function returns. Unless it is {upper}_DONE, no result has been written. */
enum {{
    {upper}_DONE = {done},
    /* A size is less than said below, or more than 2^62. */
    {upper}_BAD_SIZE = {bad_size},
    /* The address of an array is not a multiple of its element's size, or the workspace's not one of {ALIGNMENT}. */
    {upper}_MISALIGNED = {misaligned},
    /* The workspace has fewer bytes than are needed. */
    {upper}_WORKSPACE = {workspace}
}};

/* The bytes of workspace that a call of these sizes needs, which may be 0. SIZE_MAX for sizes that are refused. */
size_t {name}_workspace_bytes({size_parameters});

/* Arrays are row-major. They, and the least sizes:
{arrays}{least} * The workspace is memory for the call alone, at an address divisible by {ALIGNMENT}; NULL if none is needed.
 * No result may overlap another array. */
int {name}({parameters});

#ifdef __cplusplus
}}
#endif

#endif /* ROTRACE_{name}_H */
"#
    )
}

/// Words in lines of some eighty characters.
fn wrapped(words: Vec<&str>) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < 80 => line.push_str(&format!("{word} ")),
            Some(_) | None => lines.push(format!("{word} ")),
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// What the lines of the header are made of.
struct Parts<'e> {
    name: &'e str,
    executable: &'e Executable,
    sizes: Vec<String>,
}

impl Parts<'_> {
    fn typed(&self) -> impl Iterator<Item = (String, &Type)> {
        let inputs = self.executable.inputs().iter().enumerate().map(|(position, ty)| (format!("x{position}"), ty));
        let outputs = self.executable.outputs().iter().enumerate().map(|(position, ty)| (format!("y{position}"), ty));
        inputs.chain(outputs)
    }

    fn signature(&self) -> String {
        let list = |types: &[Type]| types.iter().map(|ty| ty.display(&self.sizes)).collect::<Vec<_>>().join(", ");
        let (inputs, outputs) = (list(self.executable.inputs()), list(self.executable.outputs()));
        format!("{}: ({inputs}) -> ({outputs})", self.name)
    }

    fn arrays(&self) -> Vec<String> {
        self.typed().map(|(name, ty)| format!("{name}: {}", ty.display(&self.sizes))).collect()
    }

    fn least(&self) -> Vec<String> {
        let sizes = self.sizes.iter().zip(self.executable.signature.least());
        sizes.map(|(name, least)| format!("{name} >= {least}")).collect()
    }

    fn size_parameters(&self) -> String {
        let sizes: Vec<String> = self.sizes.iter().map(|name| format!("int64_t {name}")).collect();
        if sizes.is_empty() { "void".to_owned() } else { sizes.join(", ") }
    }

    fn parameters(&self) -> String {
        let inputs = self.executable.inputs().len();
        let arrays = self.typed().enumerate().map(|(position, (name, ty))| {
            let kept = if position < inputs { "const " } else { "" };
            format!("{kept}{} *{name}", c_type(ty.dtype))
        });
        let sizes = self.sizes.iter().map(|name| format!("int64_t {name}"));
        let workspace = ["void *workspace".to_owned(), "size_t workspace_bytes".to_owned()];
        arrays.chain(sizes).chain(workspace).collect::<Vec<_>>().join(", ")
    }
}

/// The names of the dimensions, as C takes them.
fn size_names(executable: &Executable) -> Vec<String> {
    let numbered = |name: &str| name.starts_with(['x', 'y']) && name[1..].chars().all(|digit| digit.is_ascii_digit());
    let own = |(position, name): (usize, &String)| match check_name(name) {
        Ok(()) if !numbered(name) => name.clone(),
        Ok(()) | Err(_) => format!("size_{position}"),
    };
    executable.dims().iter().enumerate().map(own).collect()
}

fn c_type(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "bool",
        DType::I8 => "int8_t",
        DType::I16 => "int16_t",
        DType::I32 => "int32_t",
        DType::I64 => "int64_t",
        DType::U8 => "uint8_t",
        DType::U16 => "uint16_t",
        DType::U32 => "uint32_t",
        DType::U64 => "uint64_t",
        DType::F32 => "float",
        DType::F64 => "double",
    }
}
