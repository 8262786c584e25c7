//! From MLIR to an object for processors: conversions, LLVM's optimiser, its code generator.

use super::{Options, foreign};
use crate::Processor;
use inkwell::OptimizationLevel;
use inkwell::attributes::AttributeLoc;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{CodeModel, FileType, InitializationConfig, RelocMode, Target, TargetMachine};
use melior::Context;
use melior::ir::Module as Mlir;
use melior::pass::{PassManager, conversion};
use std::sync::Once;

/// LLVM's passes for processors. Vectors are written out already and equal values shared, so that it takes few: half the
/// time of `default<O3>`, whose code is no faster.
const PASSES: &str = "cgscc(inline),function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,\
    loop-mssa(loop-rotate,licm),loop(indvars,loop-unroll-full),sroa,early-cse<memssa>,dce,simplifycfg)";

/// An object file, and texts if they were asked for.
#[derive(Default)]
pub(super) struct Object {
    pub(super) bytes: Vec<u8>,
    pub(super) llvm: String,
    pub(super) assembly: String,
}

/// Brings structured control flow and operations into the dialect that is LLVM IR.
pub(super) fn convert(context: &Context, module: &mut Mlir) -> Result<(), String> {
    let passes = PassManager::new(context);
    passes.enable_verifier(cfg!(debug_assertions));
    passes.add_pass(conversion::create_scf_to_control_flow());
    passes.add_pass(conversion::create_math_to_llvm());
    passes.add_pass(conversion::create_arith_to_llvm());
    passes.add_pass(conversion::create_control_flow_to_llvm());
    passes.add_pass(conversion::create_reconcile_unrealized_casts());
    passes.run(module).map_err(|error| format!("conversion to LLVM IR: {error}"))
}

/// Code of a module.
pub(super) fn object(module: &Mlir, options: &Options) -> Result<Object, String> {
    let keep_text = options.keep_text;
    let kinds = [FileType::Object, FileType::Assembly];
    let kinds = if keep_text { &kinds[..] } else { &kinds[..1] };
    let (mut files, llvm) = emit(module, &machine(options.processor)?, PASSES, kinds, |_, _| ())?;
    let assembly = if keep_text { files.pop().map(text).unwrap_or_default() } else { String::new() };
    Ok(Object { bytes: files.pop().unwrap_or_default(), llvm, assembly })
}

/// A file that is text.
pub(super) fn text(file: Vec<u8>) -> String {
    String::from_utf8_lossy(&file).trim_end_matches('\0').to_owned()
}

/// Translates a module, optimises it for a target after what else there is to `prepare`, and writes it as files; gives LLVM IR
/// too, if there is to be text at all.
pub(super) fn emit(
    module: &Mlir,
    machine: &TargetMachine,
    passes: &str,
    kinds: &[FileType],
    prepare: impl FnOnce(&Module, &inkwell::context::Context),
) -> Result<(Vec<Vec<u8>>, String), String> {
    let context = inkwell::context::Context::create();
    let module = foreign::translate(module, &context).ok_or("translation to LLVM IR")?;
    module.set_triple(&machine.get_triple());
    module.set_data_layout(&machine.get_target_data().get_data_layout());
    plain(&module, &context);
    prepare(&module, &context);
    module
        .run_passes(passes, machine, PassBuilderOptions::create())
        .map_err(|error| format!("optimisation: {error}"))?;
    let llvm = if kinds.contains(&FileType::Assembly) { module.print_to_string().to_string() } else { String::new() };
    let write = |&kind| {
        let written = machine.write_to_memory_buffer(&module, kind).map_err(|error| format!("code: {error}"))?;
        Ok(written.as_slice().to_vec())
    };
    Ok((kinds.iter().map(write).collect::<Result<_, String>>()?, llvm))
}

/// Tells LLVM that functions do not unwind, and that no loop of theirs may become a call of the C library's.
fn plain(module: &Module, context: &inkwell::context::Context) {
    let no_unwinding = inkwell::attributes::Attribute::get_named_enum_kind_id("nounwind");
    for function in module.get_functions() {
        for (name, value) in [("no-builtins", ""), ("prefer-vector-width", "512"), ("min-legal-vector-width", "512")] {
            function.add_attribute(AttributeLoc::Function, context.create_string_attribute(name, value));
        }
        function.add_attribute(AttributeLoc::Function, context.create_enum_attribute(no_unwinding, 0));
    }
}

fn machine(processor: Processor) -> Result<TargetMachine, String> {
    static TARGET: Once = Once::new();
    TARGET.call_once(|| Target::initialize_x86(&InitializationConfig::default()));
    let triple = TargetMachine::get_default_triple();
    let target = Target::from_triple(&triple).map_err(|error| error.to_string())?;
    let (cpu, features) = match processor {
        Processor::Native => {
            let (name, features) = (TargetMachine::get_host_cpu_name(), TargetMachine::get_host_cpu_features());
            (name.to_string(), features.to_string())
        }
        Processor::X86_64V3 | Processor::X86_64V4 => (processor.name().to_owned(), String::new()),
    };
    let level = OptimizationLevel::Aggressive;
    target
        .create_target_machine(&triple, &cpu, &features, level, RelocMode::PIC, CodeModel::Small)
        .ok_or_else(|| format!("no code can be made for {cpu}"))
}
