//! Running a plan in the kernel interpreter.

use crate::bind::Sizes;
use crate::code::Code;
use crate::launch::Layout;
use crate::{Error, Natives, View, ViewMut};
use rotrace_ir::dim::Type;
use rotrace_ir::graph::Constant;
use rotrace_ir::interpret::NativeFailure;
use rotrace_ir::interpret::kernel::InterpretError;
use rotrace_ir::interpret::plan::run_plan_with;
use rotrace_ir::plan::Plan;
use std::sync::Arc;

/// A plan for the interpreter.
pub(crate) struct Interpreted {
    pub(crate) plan: Arc<Plan>,
    /// For the limit on memory, which is the same in every engine.
    pub(crate) layout: Layout<Code>,
    pub(crate) natives: Natives,
}

impl Interpreted {
    /// Runs the plan on arguments that fit its signature.
    pub(crate) fn run(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>], sizes: &Sizes) -> Result<(), Error> {
        self.layout.permitted_bytes(sizes)?;
        let arguments: Vec<Constant> = inputs.iter().map(constant_of).collect();
        let native = |name: &str, operands: &[Constant], types: &[Type]| self.natives.call(name, operands, types);
        let results = run_plan_with(&self.plan, &arguments, &native).map_err(|error| match error {
            InterpretError::Native(NativeFailure { name, message }) => Error::Native { name, message },
            other => Error::Interpreter(other.to_string()),
        })?;
        for (output, result) in outputs.iter_mut().zip(&results) {
            output.bytes.copy_from_slice(&result.data);
        }
        Ok(())
    }
}

pub(crate) fn constant_of(view: &View<'_>) -> Constant {
    let shape = view.shape.iter().map(|&size| size as u64).collect();
    Constant { dtype: view.dtype, shape, data: view.bytes.into() }
}
