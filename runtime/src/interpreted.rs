//! Running a plan in the kernel interpreter.

use crate::{Error, View, ViewMut};
use rotrace_ir::graph::Constant;
use rotrace_ir::interpret::plan::run_plan;
use rotrace_ir::plan::Plan;

/// A plan for the interpreter.
pub(crate) struct Interpreted {
    pub(crate) plan: Plan,
}

impl Interpreted {
    /// Runs the plan on arguments that fit its signature.
    pub(crate) fn run(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> Result<(), Error> {
        let arguments: Vec<Constant> = inputs.iter().map(constant_of).collect();
        let results = run_plan(&self.plan, &arguments).map_err(|error| Error::Interpreter(error.to_string()))?;
        for (output, result) in outputs.iter_mut().zip(&results) {
            output.bytes.copy_from_slice(&result.data);
        }
        Ok(())
    }
}

fn constant_of(view: &View<'_>) -> Constant {
    let shape = view.shape.iter().map(|&size| size as u64).collect();
    Constant { dtype: view.dtype, shape, data: view.bytes.into() }
}
