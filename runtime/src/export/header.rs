//! The header: what a C or C++ compiler needs to know, and what its user does.

use super::ExportError;
use crate::Executable;
use crate::saved::features;
use rotrace_backends::cranelift::straight::{ALIGNMENT, Status};
use rotrace_ir::DType;
use rotrace_ir::dim::Type;
use std::fmt::Write;

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
    let guard = format!("ROTRACE_{name}_H");
    let upper = name.to_uppercase();
    let mut text = String::new();
    let mut line = |line: String| _ = writeln!(text, "{line}");
    line(format!("/* {}", parts.signature()));
    line(" *".into());
    line(format!(
        " * Made by rotrace {}. Link {name}.o, which needs no library and no start-up, and",
        env!("CARGO_PKG_VERSION")
    ));
    line(" * keeps nothing between calls: many threads may call it at once. The code may use whatever the".into());
    line(" * processor has that it was made on:".into());
    line(format!(" * {}.", features().join(", ")));
    line(" */".into());
    line(format!("#ifndef {guard}\n#define {guard}\n"));
    line("#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n".into());
    line("#ifdef __cplusplus\nextern \"C\" {\n#endif\n".into());
    line("/* What the function returns. Unless it is 0, no result has been written. */".into());
    line(format!("enum {{\n    {upper}_DONE = {},", Status::Done as i32));
    line(format!(
        "    {upper}_BAD_SIZE = {},   /* a size is smaller than said below, or beyond 2^62 */",
        Status::BadSize as i32
    ));
    line(format!(
        "    {upper}_MISALIGNED = {}, /* an address is not a multiple of its element's size, */",
        Status::Misaligned as i32
    ));
    line(format!("                            /* or the workspace's not one of {ALIGNMENT} */"));
    line(format!(
        "    {upper}_WORKSPACE = {},  /* the workspace has fewer bytes than are needed */\n}};\n",
        Status::Workspace as i32
    ));
    line(
        "/* The bytes of workspace that a call of these sizes needs, which may be 0; SIZE_MAX for sizes that are"
            .into(),
    );
    line(" * refused. */".into());
    line(format!("size_t {name}_workspace_bytes({});\n", parts.size_parameters()));
    line("/* Arrays are row-major, and hold as many elements as their types say:".into());
    parts.arrays().into_iter().for_each(|array| line(format!(" *   {array}")));
    parts.least().into_iter().for_each(|least| line(format!(" * {least}")));
    line(format!(
        " * The workspace is memory for the call alone, at an address divisible by {ALIGNMENT}; NULL if it needs none."
    ));
    line(" * No result may overlap another array. */".into());
    line(format!("int {name}({});\n", parts.parameters()));
    line("#ifdef __cplusplus\n}\n#endif\n".into());
    line(format!("#endif /* {guard} */"));
    text
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
        sizes.map(|(name, least)| format!("{name} is at least {least}.")).collect()
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
