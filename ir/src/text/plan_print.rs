//! Plans as text, for reading only: buffers with their storage and symbolic sizes, then the steps with their kernels and
//! nested plans.

use super::kernel_print::display_buffer_type;
use crate::dim::{Shape, Type};
use crate::graph::Constant;
use crate::plan::{Plan, PlanBufferId, Step, Storage};
use std::fmt;

/// How many elements of a constant are shown.
const SHOWN_ELEMENTS: usize = 8;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims = if self.dims.is_empty() { String::new() } else { format!("dims {}; ", self.dims.join(", ")) };
        print_plan(f, self, &dims, "")
    }
}

/// A plan, every line of which begins with `indent`. Nested plans do not repeat the dims.
fn print_plan(f: &mut fmt::Formatter<'_>, plan: &Plan, dims: &str, indent: &str) -> fmt::Result {
    let types = |types: &[Type]| types.iter().map(|ty| ty.display(&plan.dims)).collect::<Vec<_>>().join(", ");
    let inputs = format!("{dims}{}", types(&plan.inputs));
    writeln!(f, "{indent}plan @{}({}) -> ({}) {{", plan.name, inputs.trim_end(), types(&plan.outputs))?;
    for (position, buffer) in plan.buffers.iter().enumerate() {
        let ty = display_buffer_type(buffer.dtype, &buffer.shape, &plan.dims);
        writeln!(f, "{indent}  b{position}: {ty} = {}", Shown(&buffer.storage))?;
    }
    for (position, step) in plan.steps.iter().enumerate() {
        write!(f, "{indent}  step {position} ")?;
        print_step(f, step, &plan.dims, &format!("{indent}    "))?;
    }
    writeln!(f, "{indent}}}")
}

/// A storage, with a constant cut short.
struct Shown<'p>(&'p Storage);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Storage::Input(position) => write!(f, "input {position}"),
            Storage::Output(position) => write!(f, "output {position}"),
            Storage::Constant(constant) => print_constant(f, constant),
            Storage::Temporary => f.write_str("temporary"),
        }
    }
}

fn print_constant(f: &mut fmt::Formatter<'_>, constant: &Constant) -> fmt::Result {
    let mut shown: Vec<_> = constant.elements().take(SHOWN_ELEMENTS).map(|element| element.to_string()).collect();
    if constant.len() > SHOWN_ELEMENTS {
        shown.push("...".to_owned());
    }
    write!(f, "constant [{}]", shown.join(", "))
}

/// The rest of a step's line, then what it runs, indented.
fn print_step(f: &mut fmt::Formatter<'_>, step: &Step, dims: &[String], indent: &str) -> fmt::Result {
    match step {
        Step::Kernel(step) => {
            writeln!(f, "@{}({}):", step.kernel.name, list(&step.arguments))?;
            for line in step.kernel.to_string().lines() {
                writeln!(f, "{indent}{line}")?;
            }
        }
        Step::Loop(step) => {
            let order = if step.reverse { "reverse loop" } else { "loop" };
            let (carried, scanned) = (list(&step.initial), list(&step.scanned));
            write!(f, "{order} {} carried({carried}) scanned({scanned})", step.length.display(dims))?;
            let (after, stacked) = (list(&step.carried), list(&step.stacked));
            writeln!(f, " constants({}) -> carried({after}) stacked({stacked}):", list(&step.constants))?;
        }
        Step::While(step) => {
            let bound = step.bound.map_or_else(String::new, |bound| format!(" at most {bound}"));
            let (initial, constants) = (list(&step.initial), list(&step.constants));
            writeln!(f, "while{bound} carried({initial}) constants({constants}) -> carried({}):", list(&step.carried))?;
        }
        Step::Switch(step) => {
            let PlanBufferId(selector) = step.selector;
            writeln!(f, "switch b{selector} ({}) -> ({}):", list(&step.operands), list(&step.results))?;
        }
        Step::Native(step) => {
            let types = |types: &[Type]| types.iter().map(|ty| ty.display(dims)).collect::<Vec<_>>().join(", ");
            let (inputs, outputs) = (types(&step.inputs), types(&step.outputs));
            let (operands, results) = (list(&step.operands), list(&step.results));
            writeln!(f, "native \"{}\"({operands}) -> ({results}): ({inputs}) -> ({outputs})", step.name)?;
        }
        Step::Matmul(step) => {
            let size =
                |shape: &Shape| shape.iter().map(|dim| dim.display(dims).to_string()).collect::<Vec<_>>().join("*");
            let (rows, inner, columns) = (size(&step.rows), size(&step.inner), size(&step.columns));
            let batch = if step.batch.is_empty() { String::new() } else { format!("{} times ", size(&step.batch)) };
            let [left, right] = step.transposed.map(|transposed| if transposed { "^T" } else { "" });
            let ([PlanBufferId(a), PlanBufferId(b)], PlanBufferId(c)) = (step.operands, step.result);
            write!(f, "matmul b{a}{left} b{b}{right} -> b{c}: {batch}")?;
            writeln!(f, "{}[{rows}, {inner}] [{inner}, {columns}]", step.dtype)?;
        }
    }
    step.plans().into_iter().try_for_each(|plan| print_plan(f, plan, "", indent))
}

fn list(buffers: &[PlanBufferId]) -> String {
    buffers.iter().map(|buffer| format!("b{}", buffer.0)).collect::<Vec<_>>().join(", ")
}
