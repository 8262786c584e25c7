//! From MLIR to PTX: the same conversions and optimiser as for the host, and LLVM's code generator for NVIDIA's GPUs.

use super::grid;
use super::host;
use super::threads::Side;
use super::{Options, Writing};
use crate::mapping::Mapping;
use crate::{CompileError, Ptx};
use inkwell::OptimizationLevel;
use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::module::Module;
use inkwell::targets::{CodeModel, FileType, InitializationConfig, RelocMode, Target, TargetMachine, TargetTriple};
use rotrace_ir::kernel::Kernel;
use std::sync::Once;

/// What is shown of the way to PTX, in order ([`Ptx::stages`]).
pub const STAGES: [&str; 3] = ["mlir", "llvm", "ptx"];

/// The compute capabilities that PTX is made for, with the lowest version of PTX that has each.
const CAPABILITIES: [(u32, u32); 8] =
    [(70, 60), (75, 63), (80, 70), (86, 71), (89, 78), (90, 78), (100, 86), (120, 87)];

/// Clang's number of the calling convention of kernels.
const KERNEL_CONVENTION: u32 = 71;

/// The newest capability not above a device's, such as 90 for an H100 (9.0).
#[must_use]
pub fn capability(of_device: u32) -> Option<u32> {
    CAPABILITIES.iter().map(|row| row.0).rfind(|&known| known <= of_device)
}

/// Compiles a verified kernel of core operations to PTX for a compute capability and all that are above it.
///
/// # Errors
/// A capability below 70, or a kernel that is none.
pub fn compile(kernel: &Kernel, capability: u32, options: &Options) -> Result<Ptx, CompileError> {
    let unsupported = |reason| CompileError::Unsupported { kernel: kernel.name.clone(), reason };
    const { assert!(CAPABILITIES[0].0 == Ptx::LEAST_CAPABILITY) };
    let Some(known) = self::capability(capability) else {
        return Err(unsupported(format!("compute capability {capability} is below {}", Ptx::LEAST_CAPABILITY)));
    };
    let mappings = Mapping::of(kernel);
    let writing = Writing::begin(kernel)?;
    let write = |context| grid::write(context, kernel, &mappings, Side::Gpu);
    let (module, mlir) = writing.module(write, options)?;
    let emitted = machine(known).and_then(|machine| {
        host::emit(&module, &machine, "default<O3>", &[FileType::Assembly], |module, context| {
            prepare(module, context, &mappings)
        })
    });
    let (files, llvm) = emitted.map_err(|reason| writing.internal(reason))?;
    let text: String = files.into_iter().map(host::text).collect();
    let shown = || STAGES.into_iter().zip([mlir, llvm, text.clone()]).collect();
    let stages = if options.keep_text { shown() } else { Vec::new() };
    Ok(Ptx { text, mappings, stages })
}

/// Marks kernels as what they are, calls among a team's threads as not to be moved, and all functions that kernels call as part of
/// them: LLVM leaves very long loops where they are otherwise, and calls have fewer registers.
///
/// How many threads a block has is not said: told so and not how many blocks a multiprocessor is to hold, NVIDIA's assembler takes
/// registers away where that makes room for one block more, and spills. Without it, it spills only what needs more than the
/// 255 registers of a thread, and 256 threads with so many fit every GPU.
fn prepare(module: &Module, context: &inkwell::context::Context, mappings: &[Mapping]) {
    let [convergent, inlined] = ["convergent", "alwaysinline"].map(Attribute::get_named_enum_kind_id);
    for function in module.get_functions() {
        function.add_attribute(AttributeLoc::Function, context.create_enum_attribute(convergent, 0));
        let name = function.get_name().to_string_lossy().into_owned();
        if mappings.iter().any(|mapping| mapping.name() == name) {
            function.set_call_conventions(KERNEL_CONVENTION);
        } else if function.get_first_basic_block().is_some() {
            function.add_attribute(AttributeLoc::Function, context.create_enum_attribute(inlined, 0));
        }
    }
}

fn machine(capability: u32) -> Result<TargetMachine, String> {
    static TARGET: Once = Once::new();
    TARGET.call_once(|| Target::initialize_nvptx(&InitializationConfig::default()));
    let triple = TargetTriple::create("nvptx64-nvidia-cuda");
    let target = Target::from_triple(&triple).map_err(|error| error.to_string())?;
    let version = CAPABILITIES.iter().find(|row| row.0 == capability).map_or(60, |row| row.1);
    let (chip, features) = (format!("sm_{capability}"), format!("+ptx{version}"));
    let level = OptimizationLevel::Aggressive;
    target
        .create_target_machine(&triple, &chip, &features, level, RelocMode::Default, CodeModel::Default)
        .ok_or_else(|| format!("no code can be made for {chip}"))
}
