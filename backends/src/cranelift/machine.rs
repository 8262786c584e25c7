//! Machine code of functions, and the functions of a kernel put together.

use super::isa;
use crate::{Artifact, CompileError};
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{ExternalName, Function};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{CodegenError, Context, FinalizedMachReloc, FinalizedRelocTarget};
use std::ops::Range;

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
    isa: &dyn TargetIsa,
    keep_text: bool,
) -> Result<Machine, CompileError> {
    let unsupported = |reason: String| CompileError::Unsupported { kernel: kernel.to_owned(), reason };
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
        fill_in(&mut artifact.code, machine, *start, |routine| starts[routine + 1])?;
    }
    Ok(artifact)
}

/// Puts functions before an image, parts of which they name by offsets; says where each is.
pub(super) fn before<const COUNT: usize>(
    functions: [Machine; COUNT],
    image: &[u8],
) -> Result<(Vec<u8>, [Range<usize>; COUNT]), String> {
    let mut code = Vec::new();
    let places = functions.each_ref().map(|machine| {
        let start = code.len();
        code.extend_from_slice(&machine.code);
        code.resize(code.len().next_multiple_of(Artifact::ALIGNMENT), 0);
        start..start + machine.code.len()
    });
    let first = code.len();
    for (machine, place) in functions.iter().zip(&places) {
        fill_in(&mut code, machine, place.start, |offset| first + offset)?;
    }
    code.extend_from_slice(image);
    Ok((code, places))
}

/// Writes the distances to what a function calls, given where that is.
fn fill_in(code: &mut [u8], machine: &Machine, start: usize, place: impl Fn(usize) -> usize) -> Result<(), String> {
    for call in &machine.calls {
        let at = start + call.at;
        let distance = place(call.routine) as i64 + call.addend - at as i64;
        let distance = i32::try_from(distance).map_err(|_| "the machine code is longer than 2 GiB".to_owned())?;
        code[at..at + 4].copy_from_slice(&distance.to_le_bytes());
    }
    Ok(())
}
