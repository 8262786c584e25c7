//! Where the bindings of MLIR and LLVM meet, and what the type system cannot see.

use super::code::Held;
use inkwell::module::Module;
use melior::Context;
use melior::dialect::DialectHandle;
use melior::ir::{Module as Mlir, Value, ValueLike};

/// A value that outlives the borrow of its block.
pub(super) fn held<'c>(value: Value<'c, '_>) -> Held<'c> {
    // SAFETY: blocks and operations are only ever moved into the module that is being written, never dropped, until all
    // values are forgotten.
    unsafe { Value::from_raw(value.to_raw()) }
}

/// Makes known to a context what kernels are written in.
pub(super) fn load_dialects(context: &Context) {
    // SAFETY: the handle is static data of the dialect.
    let math = unsafe { DialectHandle::from_raw(mlir_sys::mlirGetDialectHandle__math__()) };
    for handle in [DialectHandle::arith(), DialectHandle::llvm(), DialectHandle::scf(), DialectHandle::cf(), math] {
        handle.load_dialect(context);
    }
    melior::utility::register_all_llvm_translations(context);
}

/// Has a function called when the process ends.
pub(super) fn at_exit(function: extern "C" fn()) {
    // SAFETY: this is how the C standard declares it.
    unsafe extern "C" {
        safe fn atexit(function: extern "C" fn()) -> std::ffi::c_int;
    }
    // It fails only without memory, and then nothing worse comes of it than without a handler.
    let _ = atexit(function);
}

/// LLVM IR of a module in MLIR's dialect of it; none if there is something else in it.
pub(super) fn translate<'l>(module: &Mlir, context: &'l inkwell::context::Context) -> Option<Module<'l>> {
    // SAFETY: both are alive. The two bindings declare LLVM's opaque types each by themselves, hence the cast.
    let raw = unsafe { mlir_sys::mlirTranslateModuleToLLVMIR(module.as_operation().to_raw(), context.raw().cast()) };
    // SAFETY: it is a module of this context, and nobody else's.
    (!raw.is_null()).then(|| unsafe { Module::new(raw.cast()) })
}
