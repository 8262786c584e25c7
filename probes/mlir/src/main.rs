//! Whether LLVM and MLIR are installed so that both bindings work in one program: a fused multiply-add of four lanes is
//! written in MLIR, lowered to LLVM IR, run on this host, and printed as PTX.

use inkwell::OptimizationLevel;
use inkwell::attributes::AttributeLoc;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{CodeModel, FileType, InitializationConfig, RelocMode, Target, TargetMachine, TargetTriple};
use melior::dialect::{DialectHandle, llvm};
use melior::ir::attribute::{Attribute, StringAttribute, TypeAttribute};
use melior::ir::block::BlockLike;
use melior::ir::operation::{OperationBuilder, OperationLike};
use melior::ir::r#type::{IntegerType, Type};
use melior::ir::{Block, Identifier, Location, Module as Mlir, Region, RegionLike, Value};
use melior::pass::{PassManager, conversion};
use melior::{Context, utility};
use std::time::Instant;

type Entry = unsafe extern "C" fn(*const f64, *const f64, *const f64, *mut f64);

fn main() {
    let clock = Instant::now();
    let context = Context::new_with_threading(false);
    // SAFETY: the handles are static data of the dialects.
    let [vector, math] = unsafe {
        [mlir_sys::mlirGetDialectHandle__vector__(), mlir_sys::mlirGetDialectHandle__math__()]
            .map(|handle| DialectHandle::from_raw(handle))
    };
    for handle in [DialectHandle::arith(), DialectHandle::llvm(), vector, math] {
        handle.load_dialect(&context);
    }
    utility::register_all_llvm_translations(&context);
    println!("context {:?}", clock.elapsed());

    let clock = Instant::now();
    let mut module = program(&context);
    let passes = PassManager::new(&context);
    passes.add_pass(conversion::create_vector_to_llvm());
    // Not `vector.fma`, which becomes `llvm.intr.fmuladd`: that may round twice.
    passes.add_pass(conversion::create_math_to_llvm());
    passes.add_pass(conversion::create_arith_to_llvm());
    passes.add_pass(conversion::create_reconcile_unrealized_casts());
    passes.run(&mut module).expect("the conversions accept it");
    println!("MLIR {:?}\n{}", clock.elapsed(), module.as_operation());

    let clock = Instant::now();
    let llvm = inkwell::context::Context::create();
    let translated = translate(&module, &llvm);
    println!("LLVM IR {:?}", clock.elapsed());

    Target::initialize_x86(&InitializationConfig::default());
    Target::initialize_nvptx(&InitializationConfig::default());
    let gpu = translated.clone();
    let clock = Instant::now();
    gpu.get_function("fused").expect("it is there").set_call_conventions(71);
    println!("{}", assembly(&gpu, "nvptx64-nvidia-cuda", "sm_90", "+ptx80"));
    println!("PTX {:?}", clock.elapsed());

    let clock = Instant::now();
    let host = TargetMachine::get_default_triple();
    let (cpu, features) = (TargetMachine::get_host_cpu_name(), TargetMachine::get_host_cpu_features());
    println!("{}", assembly(&translated, &host.as_str().to_string_lossy(), &cpu.to_string(), &features.to_string()));
    println!("host {:?}", clock.elapsed());

    // Without the attributes the JIT assumes a processor without FMA, and calls the C library's function.
    let function = translated.get_function("fused").expect("it is there");
    for (key, value) in [("target-cpu", cpu.to_string()), ("target-features", features.to_string())] {
        function.add_attribute(AttributeLoc::Function, llvm.create_string_attribute(key, &value));
    }
    let clock = Instant::now();
    let engine = translated.create_jit_execution_engine(OptimizationLevel::Aggressive).expect("a JIT for this host");
    // SAFETY: `program` gave the function this signature.
    let run = unsafe { engine.get_function::<Entry>("fused") }.expect("it is there");
    let (a, b, c, mut out) = ([1.5, 2.0, 3.0, f64::INFINITY], [2.0; 4], [0.25; 4], [0.0; 4]);
    // SAFETY: four arrays of four numbers.
    unsafe { run.call(a.as_ptr(), b.as_ptr(), c.as_ptr(), out.as_mut_ptr()) };
    println!("run {:?}: {out:?}", clock.elapsed());
    assert_eq!(out, std::array::from_fn(|lane| a[lane].mul_add(b[lane], c[lane])));
}

/// `out = fma(a, b, c) * 1`, all four lanes of it.
fn program<'c>(context: &'c Context) -> Mlir<'c> {
    let location = Location::unknown(context);
    let pointer = llvm::r#type::pointer(context, 0);
    let lanes = Type::parse(context, "vector<4xf64>").expect("a type");
    let block = Block::new(&[(pointer, location); 4]);
    let argument = |index| Value::from(block.argument(index).expect("an argument"));
    let [a, b, c] = [0, 1, 2]
        .map(|index| append(context, &block, lanes, "llvm.load", &[argument(index)], &[("alignment", "8 : i64")]));
    let fused = append(context, &block, lanes, "math.fma", &[a, b, c], &[]);
    let one = append(context, &block, lanes, "arith.constant", &[], &[("value", "dense<1.0> : vector<4xf64>")]);
    let result = append(context, &block, lanes, "arith.mulf", &[fused, one], &[]);
    let options = llvm::LoadStoreOptions::new()
        .align(Some(melior::ir::attribute::IntegerAttribute::new(IntegerType::new(context, 64).into(), 8)));
    block.append_operation(llvm::store(context, result, argument(3), location, options));
    block.append_operation(llvm::r#return(None, location));

    let region = Region::new();
    region.append_block(block);
    let kind = llvm::r#type::function(llvm::r#type::void(context), &[pointer; 4], false);
    let (name, kind) = (StringAttribute::new(context, "fused"), TypeAttribute::new(kind));
    let module = Mlir::new(location);
    module.body().append_operation(llvm::func(context, name, kind, region, &[], location));
    assert!(module.as_operation().verify());
    module
}

/// An operation with one result, at the end of a block.
fn append<'c, 'b>(
    context: &'c Context,
    block: &'b Block<'c>,
    result: Type<'c>,
    name: &str,
    operands: &[Value<'c, '_>],
    attributes: &[(&str, &str)],
) -> Value<'c, 'b> {
    let attribute = |&(name, text): &(&str, &str)| {
        (Identifier::new(context, name), Attribute::parse(context, text).expect("an attribute"))
    };
    let attributes: Vec<_> = attributes.iter().map(attribute).collect();
    let builder = OperationBuilder::new(name, Location::unknown(context)).add_operands(operands);
    let operation = builder.add_attributes(&attributes).add_results(&[result]).build().expect("an operation");
    Value::from(block.append_operation(operation).result(0).expect("a result"))
}

fn translate<'l>(module: &Mlir, context: &'l inkwell::context::Context) -> Module<'l> {
    // SAFETY: both are alive, and the two bindings declare the same LLVM types each by themselves.
    let raw = unsafe { mlir_sys::mlirTranslateModuleToLLVMIR(module.as_operation().to_raw(), context.raw().cast()) };
    assert!(!raw.is_null(), "a module in the LLVM dialect translates");
    // SAFETY: it is a module of this context, and nobody else's.
    unsafe { Module::new(raw.cast()) }
}

fn assembly(module: &Module, triple: &str, cpu: &str, features: &str) -> String {
    let triple = TargetTriple::create(triple);
    let target = Target::from_triple(&triple).expect("a target that was linked");
    let level = OptimizationLevel::Aggressive;
    let machine = target
        .create_target_machine(&triple, cpu, features, level, RelocMode::PIC, CodeModel::Default)
        .expect("a machine");
    module.set_triple(&triple);
    module.set_data_layout(&machine.get_target_data().get_data_layout());
    module.run_passes("default<O3>", &machine, PassBuilderOptions::create()).expect("a pipeline");
    let buffer = machine.write_to_memory_buffer(module, FileType::Assembly).expect("assembly");
    String::from_utf8_lossy(buffer.as_slice()).into_owned()
}
