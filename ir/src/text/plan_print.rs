//! Plans as text, for reading only: buffers with their storage and symbolic sizes, then the steps with their kernels.

use super::kernel_print::display_buffer_type;
use crate::dim::Type;
use crate::graph::Constant;
use crate::plan::{Plan, Step, Storage};
use std::fmt;

/// How many elements of a constant are shown.
const SHOWN_ELEMENTS: usize = 8;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims = if self.dims.is_empty() { String::new() } else { format!("dims {}; ", self.dims.join(", ")) };
        let types = |types: &[Type]| types.iter().map(|ty| ty.display(&self.dims)).collect::<Vec<_>>().join(", ");
        let inputs = format!("{dims}{}", types(&self.inputs));
        writeln!(f, "plan @{}({}) -> ({}) {{", self.name, inputs.trim_end(), types(&self.outputs))?;
        for (position, buffer) in self.buffers.iter().enumerate() {
            let ty = display_buffer_type(buffer.dtype, &buffer.shape, &self.dims);
            writeln!(f, "  b{position}: {ty} = {}", Shown(&buffer.storage))?;
        }
        for (position, step) in self.steps.iter().enumerate() {
            print_step(f, position, step)?;
        }
        writeln!(f, "}}")
    }
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

fn print_step(f: &mut fmt::Formatter<'_>, position: usize, step: &Step) -> fmt::Result {
    let arguments: Vec<_> = step.arguments.iter().map(|buffer| format!("b{}", buffer.0)).collect();
    writeln!(f, "  step {position} @{}({}):", step.kernel.name, arguments.join(", "))?;
    for line in step.kernel.to_string().lines() {
        writeln!(f, "    {line}")?;
    }
    Ok(())
}
