//! The host's instruction set, looked up once.

use cranelift_codegen::CompiledCode;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use std::sync::OnceLock;

/// Kernels with more instructions than this take the fast register allocator.
///
/// The thorough one is super-linear in what is live: 10 000 instructions with 512 live values cost it 274 ms, the fast
/// one 6 ms, for a fifth to a half more code.
const SINGLE_PASS_ABOVE: usize = 3000;

/// What x86-64 code must be able to use for every core operation to be an instruction.
const REQUIRED: [&str; 3] = ["has_sse41", "has_avx", "has_fma"];

/// How to allocate registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allocator {
    /// Well.
    Thorough,
    /// In one pass.
    Quick,
}

impl Allocator {
    /// For a kernel of so many instructions.
    pub(super) const fn of(instructions: usize) -> Self {
        if instructions > SINGLE_PASS_ABOVE { Self::Quick } else { Self::Thorough }
    }
}

/// The instruction set, or why there is none.
pub(super) fn host(allocator: Allocator) -> Result<&'static dyn TargetIsa, String> {
    static THOROUGH: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    static QUICK: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    let (cell, name) = match allocator {
        Allocator::Thorough => (&THOROUGH, "backtracking"),
        Allocator::Quick => (&QUICK, "single_pass"),
    };
    match cell.get_or_init(|| build(name)) {
        Ok(isa) => Ok(isa.as_ref()),
        Err(reason) => Err(reason.clone()),
    }
}

fn build(allocator: &str) -> Result<OwnedTargetIsa, String> {
    let mut flags = settings::builder();
    let verifier = if cfg!(debug_assertions) { "true" } else { "false" };
    let choices = [
        ("opt_level", "none"),
        ("regalloc_algorithm", allocator),
        ("enable_verifier", verifier),
        // Nothing unwinds through the code: it calls nothing that panics.
        ("unwind_info", "false"),
        // A frame of more than a page touches every page, so that an overflow meets the guard and not other memory.
        ("enable_probestack", "true"),
        ("probestack_strategy", "inline"),
    ];
    for (name, value) in choices {
        flags.set(name, value).map_err(|error| format!("code generator setting {name}: {error}"))?;
    }
    let isa = cranelift_native::builder()
        .map_err(str::to_owned)?
        .finish(settings::Flags::new(flags))
        .map_err(|error| error.to_string())?;
    if cfg!(target_arch = "x86_64") {
        let present = isa.isa_flags();
        for required in REQUIRED {
            let found = present.iter().any(|flag| flag.name == required && flag.as_bool() == Some(true));
            if !found {
                return Err(format!("the processor lacks {}", required.trim_start_matches("has_")));
            }
        }
    }
    Ok(isa)
}

/// The machine code as text, or why there is no text.
pub(super) fn disassemble(isa: &dyn TargetIsa, compiled: &CompiledCode) -> String {
    isa.to_capstone()
        .map_err(|error| error.to_string())
        .and_then(|capstone| compiled.disassemble(None, &capstone).map_err(|error| error.to_string()))
        .unwrap_or_else(|error| format!("no disassembly: {error}"))
}
