//! Plans that did not come from a graph.

use crate::{Error, Executable, Natives, Options, compile};
use rotrace_ir::plan::Plan;

impl Executable {
    /// Compiles a plan.
    ///
    /// # Errors
    /// As [`compile_with`](Self::compile_with), and a plan that does not verify.
    ///
    /// # Safety
    /// The access rules of `docs/kernel-ir.md` hold for every size of the named dimensions that a call may have: what
    /// verifies may still load or store out of bounds.
    pub unsafe fn compile_plan(plan: Plan, natives: &Natives, options: &Options) -> Result<Self, Error> {
        compile::compile_plan(plan, natives, options)
    }
}
