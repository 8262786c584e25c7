//! Fusion and lowering: graph IR to a plan of kernels.
//!
//! ```text
//! decompose      dot_general, multi-axis reduce and pad, and long index lists in terms of simpler operations
//! matmul         large products of matrices, which libraries compute, are steps of the plan
//! materialize    which values must live in memory
//! schedule       what stores them, grouped by loops and dependencies
//! regions        loops and branches: inside of kernels, or as steps with plans of their own
//! emit           each group as one kernel: loops over the long axes, short trailing axes unrolled into registers
//! choices        branches in place of selects between what is dear to compute
//! ```
//!
//! A value that is not stored is recomputed by each kernel that needs it and shared inside a kernel. Rejected: storing
//! every value used by two kernels. Rotation code is short next to a trip through memory; programs for which that is
//! wrong have a reduction in between, which is stored anyway. But what depends on one loop and is needed in every iteration
//! of another is stored if it is dear: it would be computed again as often as that one runs.

mod choices;
mod coordinates;
mod cost;
mod decompose;
mod domain;
mod emit;
mod group;
mod indices;
mod materialize;
mod matmul;
mod memory;
mod regions;
mod schedule;

use memory::Memory;
use rotrace_ir::graph::Function;
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::plan::Plan;

/// What a plan may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether large products of matrices are steps of their own ([`Step::Matmul`](rotrace_ir::plan::Step::Matmul)), which a
    /// library computes. Else they are kernels, whose sums are in the defined order.
    pub library_products: bool,
}

/// Lowers a function to a plan whose kernels contain core operations only.
///
/// # Errors
/// An operation that would need more code than there is any use for: constraint `L1`.
pub fn lower(function: &Function, options: Options) -> Result<Plan, Violation> {
    let function = &regions::joined(decompose::decompose(function, options)?);
    let stored = materialize::stored_values(function);
    let mut memory = Memory::new(function, &stored);
    let mut plan = Plan {
        name: function.name.clone(),
        dims: function.dims.clone(),
        inputs: function.parameter_types().cloned().collect(),
        outputs: function.result_types().cloned().collect(),
        ..Plan::default()
    };
    // BTreeMap order is time first, so second stages slip in right behind their first.
    let mut late = Vec::new();
    let mut time = 0;
    for (key, group) in &schedule::schedule(function, &memory) {
        if key.time > time {
            plan.steps.append(&mut late);
            time = key.time;
        }
        let name = format!("{}_{}", function.name, plan.steps.len() + late.len());
        if let Some(node) = key.region {
            plan.steps.push(match regions::demands(function, node) {
                Some(_) => group::region(function, &mut memory, name, key, node),
                None => regions::step(function, &mut memory, node, options)?,
            });
            continue;
        }
        let (first, second) = group::kernels(function, &mut memory, &name, key, group);
        plan.steps.push(first);
        late.extend(second);
    }
    plan.steps.append(&mut late);
    plan.buffers = memory.buffers;
    Ok(plan)
}
