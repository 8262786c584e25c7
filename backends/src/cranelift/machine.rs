//! Machine code of functions, and the functions of a kernel put together.

use super::isa::{self, Allocator};
use crate::{Artifact, CompileError};
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{ExternalName, Function};
use cranelift_codegen::{CodegenError, Context, FinalizedMachReloc, FinalizedRelocTarget};

/// One function's code.
pub(super) struct Machine {
    code: Vec<u8>,
    calls: Vec<Call>,
    clif: String,
    disassembly: String,
}

/// A call of a routine.
struct Call {
    /// Where in the code the distance stands, in 4 bytes.
    at: usize,
    /// What to add to it.
    addend: i64,
    /// The number of the routine.
    routine: usize,
}

/// Allocates registers and encodes.
pub(super) fn emit(
    kernel: &str,
    function: Function,
    allocator: Allocator,
    keep_text: bool,
) -> Result<Machine, CompileError> {
    let unsupported = |reason: String| CompileError::Unsupported { kernel: kernel.to_owned(), reason };
    let isa = isa::host(allocator).map_err(unsupported)?;
    let clif = if keep_text { function.display().to_string() } else { String::new() };
    let mut context = Context::for_function(function);
    context.set_disasm(keep_text);
    context.compile(isa, &mut ControlPlane::default()).map_err(|error| match error.inner {
        CodegenError::Verifier(errors) => {
            CompileError::Internal { kernel: kernel.to_owned(), reason: errors.to_string() }
        }
        beyond => unsupported(beyond.to_string()),
    })?;
    let compiled = context.compiled_code().expect("it was just compiled");
    let calls = compiled.buffer.relocs().iter().map(|relocation| call(relocation, &context.func));
    Ok(Machine {
        calls: calls.collect::<Result<_, _>>().map_err(unsupported)?,
        code: compiled.buffer.data().to_vec(),
        disassembly: if keep_text { isa::disassemble(isa, compiled) } else { String::new() },
        clif,
    })
}

fn call(relocation: &FinalizedMachReloc, function: &Function) -> Result<Call, String> {
    let FinalizedMachReloc { offset, kind, target, addend } = relocation;
    match (kind, target) {
        (Reloc::X86CallPCRel4, FinalizedRelocTarget::ExternalName(ExternalName::User(name))) => Ok(Call {
            at: *offset as usize,
            addend: *addend,
            routine: function.params.user_named_funcs()[*name].index as usize,
        }),
        _ => Err(format!("it would call a library routine ({target:?})")),
    }
}

/// Puts a kernel's functions, of which the first is the entry and the others its routines, into one piece.
pub(super) fn link(functions: Vec<Machine>, constants: Vec<u8>, keep_text: bool) -> Result<Artifact, String> {
    let mut artifact = Artifact { constants, ..Artifact::default() };
    if keep_text {
        artifact.stages = vec![(super::STAGES[0], functions.iter().map(|machine| machine.clif.as_str()).collect())];
    }
    let mut starts = Vec::new();
    for machine in &functions {
        artifact.code.resize(artifact.code.len().next_multiple_of(Artifact::ALIGNMENT), 0);
        starts.push(artifact.code.len());
        artifact.code.extend_from_slice(&machine.code);
        artifact.disassembly.push_str(&machine.disassembly);
    }
    for (machine, start) in functions.iter().zip(&starts) {
        for call in &machine.calls {
            let at = start + call.at;
            let distance = starts[call.routine + 1] as i64 + call.addend - at as i64;
            let distance = i32::try_from(distance).map_err(|_| "the machine code is longer than 2 GiB".to_owned())?;
            artifact.code[at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
    }
    Ok(artifact)
}
