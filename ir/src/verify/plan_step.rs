//! What each kind of step asks of its nested plans and buffers.

use crate::DType;
use crate::dim::{Dim, Type};
use crate::kernel::{BufferShape, Extent, extents};
use crate::plan::{LoopStep, MatmulStep, NativeStep, Plan, Step, SwitchStep, WhileStep};

/// What a step sees a buffer as, in the order of [`Step::arguments`].
pub(super) struct Expected {
    /// Which of the step's buffers this is, for messages.
    pub(super) label: String,
    pub(super) dtype: DType,
    pub(super) shape: BufferShape,
}

/// A constraint's name, and how it is violated.
pub(super) type Mistake = (&'static str, String);

/// What the step sees its buffers as; P5 if it has too few or too many.
pub(super) fn expected(step: &Step) -> Result<Vec<Expected>, Mistake> {
    match step {
        Step::Kernel(step) => {
            let buffers = step.kernel.buffers.iter().enumerate();
            let expected: Vec<Expected> = buffers
                .map(|(position, buffer)| Expected {
                    label: format!("%{position}"),
                    dtype: buffer.dtype,
                    shape: buffer.shape.clone(),
                })
                .collect();
            count(step.arguments.len(), expected.len(), "arguments", "buffers")?;
            Ok(expected)
        }
        Step::Loop(step) => of_loop(step),
        Step::While(step) => {
            count(step.carried.len(), step.initial.len(), "carried results", "initial values")?;
            let inputs = step.initial.len() + step.constants.len();
            count(inputs, step.body.inputs.len(), "operands", "inputs of the body")?;
            count(step.carried.len(), step.body.outputs.len(), "results", "outputs of the body")?;
            Ok(signature(&step.body.inputs, &step.body.outputs))
        }
        Step::Switch(step) => {
            let (inputs, outputs) =
                step.branches.first().map_or((&[][..], &[][..]), |branch| (&branch.inputs[..], &branch.outputs[..]));
            count(step.operands.len(), inputs.len(), "operands", "inputs of the branches")?;
            count(step.results.len(), outputs.len(), "results", "outputs of the branches")?;
            Ok(signature(inputs, outputs))
        }
        Step::Native(step) => {
            count(step.operands.len(), step.inputs.len(), "operands", "inputs")?;
            count(step.results.len(), step.outputs.len(), "results", "outputs")?;
            Ok(signature(&step.inputs, &step.outputs))
        }
        Step::Matmul(step) => {
            let (operands, result) = step.types();
            Ok(signature(&operands, &[result]))
        }
    }
}

fn count(given: usize, wanted: usize, these: &str, those: &str) -> Result<(), Mistake> {
    if given == wanted { Ok(()) } else { Err(("P5", format!("{given} {these} for {wanted} {those}"))) }
}

fn signature(inputs: &[Type], outputs: &[Type]) -> Vec<Expected> {
    let inputs = inputs.iter().enumerate().map(|(position, ty)| whole(format!("input {position}"), ty));
    let outputs = outputs.iter().enumerate().map(|(position, ty)| whole(format!("output {position}"), ty));
    inputs.chain(outputs).collect()
}

fn whole(label: String, ty: &Type) -> Expected {
    Expected { label, dtype: ty.dtype, shape: extents(&ty.shape) }
}

fn of_loop(step: &LoopStep) -> Result<Vec<Expected>, Mistake> {
    let (carried, scanned, body) = (step.initial.len(), step.scanned.len(), &step.body);
    count(step.carried.len(), carried, "carried results", "initial values")?;
    count(carried + scanned + step.constants.len(), body.inputs.len(), "operands", "inputs of the body")?;
    count(carried + step.stacked.len(), body.outputs.len(), "results", "outputs of the body")?;
    let mut expected = signature(&body.inputs, &body.outputs);
    let outputs = body.inputs.len() + carried;
    for (position, expected) in expected.iter_mut().enumerate() {
        if (carried..carried + scanned).contains(&position) || position >= outputs {
            expected.label.push_str(" of all iterations");
            expected.shape.insert(0, Extent::Dim(step.length));
        }
    }
    Ok(expected)
}

/// P10 to P13, P16: what a step asks beyond the buffers it is passed.
pub(super) fn nested(step: &Step, dims: &[String]) -> Vec<Mistake> {
    match step {
        Step::Kernel(_) => Vec::new(),
        Step::Loop(step) => loops(step, dims),
        Step::While(step) => whiles(step, dims),
        Step::Switch(step) => switch(step, dims),
        Step::Native(step) => native(step, dims),
        Step::Matmul(step) => matmul(step, dims),
    }
}

fn loops(step: &LoopStep, dims: &[String]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    if let Some(message) = dim_mistake(step.length, dims) {
        mistakes.push(("P10", format!("the number of iterations: {message}")));
    }
    mistakes.extend(carried("P10", &step.body, step.initial.len(), dims));
    mistakes
}

/// What the body hands on has the type of what it takes.
fn carried(constraint: &'static str, body: &Plan, count: usize, dims: &[String]) -> Vec<Mistake> {
    let pairs = body.inputs.iter().zip(&body.outputs).take(count).enumerate();
    let differ = pairs.filter(|(_, (before, after))| before != after);
    let message = |(position, (before, after)): (usize, (&Type, &Type))| {
        let (before, after) = (before.display(dims), after.display(dims));
        (constraint, format!("carried value {position} is {before} before an iteration and {after} after it"))
    };
    differ.map(message).collect()
}

fn whiles(step: &WhileStep, dims: &[String]) -> Vec<Mistake> {
    let mut mistakes = carried("P11", &step.body, step.initial.len(), dims);
    if step.condition.inputs != step.body.inputs {
        mistakes.push(("P11", "the condition takes other types than the body".to_owned()));
    }
    if step.condition.outputs != [Type::scalar(DType::Bool)] {
        let outputs = display_types(&step.condition.outputs, dims);
        mistakes.push(("P11", format!("the condition gives ({outputs}), not (bool[])")));
    }
    mistakes
}

fn switch(step: &SwitchStep, dims: &[String]) -> Vec<Mistake> {
    let Some(first) = step.branches.first() else { return vec![("P12", "no branch".to_owned())] };
    let signature =
        |plan: &Plan| format!("({}) -> ({})", display_types(&plan.inputs, dims), display_types(&plan.outputs, dims));
    let others = step.branches.iter().enumerate().skip(1);
    let differ = others.filter(|(_, branch)| branch.inputs != first.inputs || branch.outputs != first.outputs);
    let message = |(position, branch): (usize, &Plan)| {
        ("P12", format!("branch {position} is {}, but branch 0 is {}", signature(branch), signature(first)))
    };
    differ.map(message).collect()
}

fn native(step: &NativeStep, dims: &[String]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    if step.name.is_empty() {
        mistakes.push(("P13", "the function has no name".to_owned()));
    }
    let sizes = step.inputs.iter().chain(&step.outputs).flat_map(|ty| &ty.shape);
    mistakes.extend(sizes.filter_map(|&dim| dim_mistake(dim, dims)).map(|message| ("P13", message)));
    mistakes
}

fn matmul(step: &MatmulStep, dims: &[String]) -> Vec<Mistake> {
    let sizes = [&step.batch, &step.rows, &step.inner, &step.columns].into_iter().flatten();
    let mut mistakes: Vec<Mistake> =
        sizes.filter_map(|&dim| dim_mistake(dim, dims)).map(|message| ("P16", message)).collect();
    if !step.dtype.is_float() {
        mistakes.push(("P16", format!("matrices of {} are not for libraries", step.dtype)));
    }
    mistakes
}

/// What is wrong with a size: P1, P10, P13 and P16.
pub(super) fn dim_mistake(dim: Dim, dims: &[String]) -> Option<String> {
    match dim.name {
        Some(name) if name.0 as usize >= dims.len() => Some(format!("there is no dimension number {}", name.0)),
        None if dim.constant < 0 => Some(format!("the size {} is negative", dim.constant)),
        Some(_) | None => None,
    }
}

fn display_types(types: &[Type], dims: &[String]) -> String {
    types.iter().map(|ty| ty.display(dims)).collect::<Vec<_>>().join(", ")
}
