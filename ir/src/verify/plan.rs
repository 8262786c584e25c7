//! What makes a plan well formed: constraints P1 to P10 of `docs/kernel-ir.md`.

use super::Diagnostic;
use super::kernel::verify_kernel;
use crate::dim::Dim;
use crate::graph::constant_matches;
use crate::kernel::{Access, BufferShape, Extent, extents};
use crate::plan::{Plan, PlanBuffer, Step, Storage};
use smallvec::SmallVec;

/// Violations of P1 to P10, in the order of the plan; none for a well-formed plan.
#[must_use]
pub fn verify_plan(plan: &Plan) -> Vec<Diagnostic> {
    let mut verifier = Verifier { plan, diagnostics: Vec::new(), step: None };
    verifier.buffers();
    verifier.signature();
    let mut written = vec![false; plan.buffers.len()];
    for (position, step) in plan.steps.iter().enumerate() {
        verifier.step = Some(position);
        verifier.step(step, &mut written);
    }
    verifier.step = None;
    verifier.outputs_written(&written);
    verifier.diagnostics
}

struct Verifier<'p> {
    plan: &'p Plan,
    diagnostics: Vec<Diagnostic>,
    step: Option<usize>,
}

impl Verifier<'_> {
    fn report(&mut self, constraint: &'static str, message: impl Into<String>) {
        let kernel = |step: usize| self.plan.steps.get(step).map_or("", |step| &step.kernel.name);
        let location = self.step.map(|step| format!("step {step} @{}", kernel(step)));
        self.diagnostics.push(Diagnostic { constraint, message: message.into(), location });
    }

    /// P1, P2: sizes, and that every buffer lives where such a buffer can live.
    fn buffers(&mut self) {
        let plan = self.plan;
        for (position, buffer) in plan.buffers.iter().enumerate() {
            for &extent in &buffer.shape {
                if let Some(message) = self.size_mistake(extent) {
                    self.report("P1", format!("buffer b{position}: {message}"));
                }
            }
            let expected = match &buffer.storage {
                Storage::Input(input) => plan.inputs.get(*input as usize).cloned(),
                Storage::Output(output) => plan.outputs.get(*output as usize).cloned(),
                Storage::Constant(constant) if !constant_matches(constant) => {
                    self.report("P2", format!("buffer b{position}: the data does not fill its shape"));
                    continue;
                }
                Storage::Constant(constant) => Some(constant.ty()),
                Storage::Temporary => continue,
            };
            match expected {
                None => self.report("P2", format!("buffer b{position}: there is no such argument or result")),
                Some(ty) if (ty.dtype, extents(&ty.shape)) != (buffer.dtype, buffer.shape.clone()) => {
                    let ty = ty.display(&plan.dims);
                    self.report("P2", format!("buffer b{position} differs in type from its storage, {ty}"));
                }
                Some(_) => {}
            }
        }
    }

    fn size_mistake(&self, extent: Extent) -> Option<String> {
        let dim = match extent {
            Extent::Dim(dim) | Extent::Blocks(dim) => dim,
            Extent::Block { .. } => return Some("`block` depends on a loop index".to_owned()),
        };
        match dim.name {
            Some(name) if name.0 as usize >= self.plan.dims.len() => {
                Some(format!("there is no dimension number {}", name.0))
            }
            None if dim.constant < 0 => Some(format!("the size {} is negative", dim.constant)),
            Some(_) | None => None,
        }
    }

    /// P3: inputs bind every named dimension, and every result has one buffer.
    fn signature(&mut self) {
        let plan = self.plan;
        for (position, name) in plan.dims.iter().enumerate() {
            let mut sizes = plan.inputs.iter().flat_map(|ty| &ty.shape);
            if !sizes.any(|dim| dim.name.is_some_and(|id| id.0 as usize == position)) {
                self.report("P3", format!("no argument's size tells `{name}`"));
            }
        }
        for position in 0..plan.outputs.len() {
            let buffers = plan.buffers.iter();
            let count = buffers.filter(|buffer| buffer.storage == Storage::Output(position as u32)).count();
            if count != 1 {
                self.report("P3", format!("result {position} has {count} buffers"));
            }
        }
    }

    /// P4 to P8, P10, and the kernel's own constraints.
    fn step(&mut self, step: &Step, written: &mut [bool]) {
        for diagnostic in verify_kernel(&step.kernel) {
            let inner = diagnostic.location.map(|inner| format!(", in `{inner}`")).unwrap_or_default();
            self.report(diagnostic.constraint, format!("{}{inner}", diagnostic.message));
        }
        if step.kernel.dims != self.plan.dims {
            self.report("P4", "the kernel's named dimensions are not the plan's");
        }
        if step.arguments.len() != step.kernel.buffers.len() {
            let (arguments, buffers) = (step.arguments.len(), step.kernel.buffers.len());
            return self.report("P5", format!("{arguments} arguments for {buffers} buffers"));
        }
        let (mut stored, mut spoiled) = (Vec::new(), Vec::new());
        for (position, (&argument, buffer)) in step.arguments.iter().zip(&step.kernel.buffers).enumerate() {
            let index = argument.0 as usize;
            let Some(planned) = self.plan.buffers.get(index) else {
                self.report("P5", format!("there is no buffer b{index}"));
                continue;
            };
            if planned.dtype != buffer.dtype || element_product(&planned.shape) != element_product(&buffer.shape) {
                self.report("P6", format!("b{index} does not have the dtype and as many elements as %{position}"));
            }
            match buffer.access {
                Access::Read if !is_readable(planned, written[index]) && !is_empty(planned) => {
                    self.report("P7", format!("b{index} is read before it is written"));
                }
                Access::Write if !is_writable(planned) => {
                    self.report("P8", format!("b{index} is an argument or a constant and cannot be written"));
                }
                Access::Write if step.arguments.iter().filter(|&&other| other == argument).count() > 1 => {
                    self.report("P8", format!("b{index} is written and passed more than once"));
                }
                Access::Scratch if planned.storage != Storage::Temporary => {
                    self.report("P10", format!("b{index} is not a temporary and cannot be scratch"));
                }
                Access::Scratch if step.arguments.iter().filter(|&&other| other == argument).count() > 1 => {
                    self.report("P10", format!("b{index} is scratch and passed more than once"));
                }
                Access::Read => {}
                Access::Write => stored.push(index),
                // What it holds afterwards means nothing.
                Access::Scratch => spoiled.push(index),
            }
        }
        stored.into_iter().for_each(|index| written[index] = true);
        spoiled.into_iter().for_each(|index| written[index] = false);
    }

    /// P9: a result without elements needs no step.
    fn outputs_written(&mut self, written: &[bool]) {
        for (position, buffer) in self.plan.buffers.iter().enumerate() {
            if matches!(buffer.storage, Storage::Output(_)) && !written[position] && !is_empty(buffer) {
                self.report("P9", format!("no step writes b{position}, a result"));
            }
        }
    }
}

/// Whether a fixed size of 0 leaves nothing to write.
fn is_empty(buffer: &PlanBuffer) -> bool {
    buffer.shape.iter().any(|&extent| extent == Extent::fixed(0))
}

fn is_readable(buffer: &PlanBuffer, written: bool) -> bool {
    match buffer.storage {
        Storage::Input(_) | Storage::Constant(_) => true,
        Storage::Output(_) | Storage::Temporary => written,
    }
}

fn is_writable(buffer: &PlanBuffer) -> bool {
    match buffer.storage {
        Storage::Input(_) | Storage::Constant(_) => false,
        Storage::Output(_) | Storage::Temporary => true,
    }
}

/// A number of elements as a product: the fixed sizes multiplied, and the sorted symbolic ones, marked if they count
/// blocks. Equal products are equal for all sizes of the named dimensions.
fn element_product(shape: &BufferShape) -> (Option<u64>, SmallVec<[(bool, Dim); 4]>) {
    let mut fixed = Some(1_u64);
    let mut symbolic = SmallVec::new();
    for &extent in shape {
        match (extent.size(&[]), extent) {
            (Some(0), _) => return (Some(0), SmallVec::new()),
            (Some(size), _) => fixed = fixed.and_then(|product| product.checked_mul(size)),
            (None, Extent::Dim(dim)) => symbolic.push((false, dim)),
            (None, Extent::Blocks(dim) | Extent::Block { dim, .. }) => symbolic.push((true, dim)),
        }
    }
    symbolic.sort_unstable();
    (fixed, symbolic)
}
