//! What makes a plan well formed: constraints P1 to P16 of `docs/kernel-ir.md`.

use super::Diagnostic;
use super::kernel::verify_kernel;
use super::plan_step::{self, dim_mistake};
use crate::DType;
use crate::dim::Dim;
use crate::graph::constant_matches;
use crate::kernel::{Access, BufferShape, Extent, extents};
use crate::plan::{MAX_PLAN_NESTING, Plan, PlanBuffer, PlanBufferId, Step, Storage, SwitchStep};
use smallvec::SmallVec;

/// Violations of P1 to P16, in the order of the plan; none for a well-formed plan.
#[must_use]
pub fn verify_plan(plan: &Plan) -> Vec<Diagnostic> {
    verify(plan, 0)
}

/// Verifies a plan inside `depth` others.
fn verify(plan: &Plan, depth: usize) -> Vec<Diagnostic> {
    let mut verifier = Verifier { plan, diagnostics: Vec::new(), step: None, depth };
    verifier.buffers();
    if depth == 0 {
        verifier.dims_told();
    }
    verifier.results_have_buffers();
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
    depth: usize,
}

impl Verifier<'_> {
    fn report(&mut self, constraint: &'static str, message: impl Into<String>) {
        let location = self.location();
        self.diagnostics.push(Diagnostic { constraint, message: message.into(), location });
    }

    fn location(&self) -> Option<String> {
        let name = |step: usize| self.plan.steps.get(step).map_or("", Step::name);
        self.step.map(|step| format!("step {step} @{}", name(step)))
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
        match extent {
            Extent::Dim(dim) | Extent::Blocks(dim) => dim_mistake(dim, &self.plan.dims),
            Extent::Block { .. } => Some("`block` depends on a loop index".to_owned()),
        }
    }

    /// P3: inputs bind every named dimension.
    fn dims_told(&mut self) {
        let plan = self.plan;
        for (position, name) in plan.dims.iter().enumerate() {
            let mut sizes = plan.inputs.iter().flat_map(|ty| &ty.shape);
            if !sizes.any(|dim| dim.name.is_some_and(|id| id.0 as usize == position)) {
                self.report("P3", format!("no argument's size tells `{name}`"));
            }
        }
    }

    /// P3: every result has one buffer.
    fn results_have_buffers(&mut self) {
        let plan = self.plan;
        for position in 0..plan.outputs.len() {
            let buffers = plan.buffers.iter();
            let count = buffers.filter(|buffer| buffer.storage == Storage::Output(position as u32)).count();
            if count != 1 {
                self.report("P3", format!("result {position} has {count} buffers"));
            }
        }
    }

    /// P4 to P8 and P10 to P16, and the constraints of what is nested in the step.
    fn step(&mut self, step: &Step, written: &mut [bool]) {
        if let Step::Kernel(step) = step {
            for diagnostic in verify_kernel(&step.kernel) {
                let inner = diagnostic.location.map(|inner| format!(", in `{inner}`")).unwrap_or_default();
                self.report(diagnostic.constraint, format!("{}{inner}", diagnostic.message));
            }
            if step.kernel.dims != self.plan.dims {
                self.report("P4", "the kernel's named dimensions are not the plan's");
            }
        }
        self.nested_plans(step);
        for (constraint, message) in plan_step::nested(step, &self.plan.dims) {
            self.report(constraint, message);
        }
        if let Step::Switch(step) = step {
            self.selector(step, written);
        }
        match plan_step::expected(step) {
            Ok(expected) => self.arguments(step, &expected, written),
            Err((constraint, message)) => self.report(constraint, message),
        }
    }

    /// P4, P14.
    fn nested_plans(&mut self, step: &Step) {
        for nested in step.plans() {
            if self.depth >= MAX_PLAN_NESTING {
                return self.report("P14", format!("plans nest more than {MAX_PLAN_NESTING} deep"));
            }
            if nested.dims != self.plan.dims {
                self.report("P4", format!("the named dimensions of @{} are not the plan's", nested.name));
            }
            let around = self.location().unwrap_or_default();
            for mut diagnostic in verify(nested, self.depth + 1) {
                let inner = diagnostic.location.map(|inner| format!(", {inner}")).unwrap_or_default();
                diagnostic.location = Some(format!("{around}, in @{}{inner}", nested.name));
                self.diagnostics.push(diagnostic);
            }
        }
    }

    /// P12, P7: what the selector is.
    fn selector(&mut self, step: &SwitchStep, written: &[bool]) {
        let PlanBufferId(index) = step.selector;
        let Some(planned) = self.plan.buffers.get(index as usize) else {
            return self.report("P5", format!("there is no buffer b{index}"));
        };
        let fits = match planned.dtype {
            DType::Bool => step.branches.len() == 2,
            DType::I32 | DType::I64 => true,
            _ => false,
        };
        if !fits || element_product(&planned.shape) != element_product(&BufferShape::new()) {
            self.report("P12", format!("b{index} is no selector of {} branches", step.branches.len()));
        }
        if !is_readable(planned, written[index as usize]) {
            self.report("P7", format!("b{index} is read before it is written"));
        }
    }

    /// P5 to P8.
    fn arguments(&mut self, step: &Step, expected: &[plan_step::Expected], written: &mut [bool]) {
        let mut arguments = step.arguments();
        let all = arguments.clone();
        if let Step::Switch(_) = step {
            // The selector is checked on its own.
            arguments.remove(0);
        }
        let (mut stored, mut spoiled) = (Vec::new(), Vec::new());
        for (&(argument, access), expected) in arguments.iter().zip(expected) {
            let index = argument.0 as usize;
            let Some(planned) = self.plan.buffers.get(index) else {
                self.report("P5", format!("there is no buffer b{index}"));
                continue;
            };
            if planned.dtype != expected.dtype || element_product(&planned.shape) != element_product(&expected.shape) {
                let label = &expected.label;
                self.report("P6", format!("b{index} does not have the dtype and as many elements as {label}"));
            }
            match access {
                Access::Read if !is_readable(planned, written[index]) && !is_empty(planned) => {
                    self.report("P7", format!("b{index} is read before it is written"));
                }
                Access::Write if !is_writable(planned) => {
                    self.report("P8", format!("b{index} is an argument or a constant and cannot be written"));
                }
                Access::Write if all.iter().filter(|(other, _)| *other == argument).count() > 1 => {
                    self.report("P8", format!("b{index} is written and passed more than once"));
                }
                Access::Scratch if planned.storage != Storage::Temporary => {
                    self.report("P15", format!("b{index} is not a temporary and cannot be scratch"));
                }
                Access::Scratch if all.iter().filter(|(other, _)| *other == argument).count() > 1 => {
                    self.report("P15", format!("b{index} is scratch and passed more than once"));
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
