//! Instruction sets, looked up once.

use crate::Processor;
use cranelift_codegen::CompiledCode;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable, SetError};
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

/// One for each processor.
type Known = [OnceLock<Result<OwnedTargetIsa, String>>; Processor::ALL.len()];

/// The instruction set for a processor, or why there is none.
pub(super) fn of(processor: Processor, allocator: Allocator) -> Result<&'static dyn TargetIsa, String> {
    static THOROUGH: Known = [const { OnceLock::new() }; Processor::ALL.len()];
    static QUICK: Known = [const { OnceLock::new() }; Processor::ALL.len()];
    let (known, name) = match allocator {
        Allocator::Thorough => (&THOROUGH, "backtracking"),
        Allocator::Quick => (&QUICK, "single_pass"),
    };
    match known[processor as usize].get_or_init(|| build(processor, name)) {
        Ok(isa) => Ok(isa.as_ref()),
        Err(reason) => Err(reason.clone()),
    }
}

fn build(processor: Processor, allocator: &str) -> Result<OwnedTargetIsa, String> {
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
    let mut builder = cranelift_native::builder_with_options(processor == Processor::Native).map_err(str::to_owned)?;
    if processor != Processor::Native {
        for feature in processor.features() {
            match builder.enable(&format!("has_{}", feature.replace('.', ""))) {
                // It has no use for others, and no names.
                Ok(()) | Err(SetError::BadName(_)) => {}
                Err(error) => return Err(format!("{feature}: {error}")),
            }
        }
    }
    let isa = builder.finish(settings::Flags::new(flags)).map_err(|error| error.to_string())?;
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
