//! Running a plan in the kernel interpreter.

use crate::bind::Sizes;
use crate::launch::Layout;
use crate::natives::check_bools;
use crate::{Error, Natives, View, ViewMut};
use rotrace_ir::dim::Type;
use rotrace_ir::graph::Constant;
use rotrace_ir::interpret::NativeFailure;
use rotrace_ir::interpret::kernel::InterpretError;
use rotrace_ir::interpret::plan::run_plan_with;
use rotrace_ir::plan::Plan;

/// A plan for the interpreter.
pub(crate) struct Interpreted {
    pub(crate) plan: Plan,
    /// For the limit on memory, which is the same in every engine.
    pub(crate) layout: Layout,
    pub(crate) natives: Natives,
}

impl Interpreted {
    /// Runs the plan on arguments that fit its signature.
    pub(crate) fn run(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>], sizes: &Sizes) -> Result<(), Error> {
        self.layout.permitted_bytes(sizes)?;
        let arguments: Vec<Constant> = inputs.iter().map(constant_of).collect();
        let native = |name: &str, operands: &[Constant], types: &[Type]| self.native(name, operands, types);
        let results = run_plan_with(&self.plan, &arguments, &native).map_err(|error| match error {
            InterpretError::Native(NativeFailure { name, message }) => Error::Native { name, message },
            other => Error::Interpreter(other.to_string()),
        })?;
        for (output, result) in outputs.iter_mut().zip(&results) {
            output.bytes.copy_from_slice(&result.data);
        }
        Ok(())
    }

    /// Calls a native function as compiled code does.
    fn native(&self, name: &str, operands: &[Constant], types: &[Type]) -> Result<Vec<Constant>, String> {
        let function = self.natives.get(name).map_err(|error| error.to_string())?;
        let shapes = |sizes: &mut dyn Iterator<Item = u64>| sizes.map(|size| size as usize).collect::<Vec<_>>();
        let operand_shapes: Vec<_> =
            operands.iter().map(|operand| shapes(&mut operand.shape.iter().copied())).collect();
        let result_shapes: Vec<_> =
            types.iter().map(|ty| shapes(&mut ty.shape.iter().filter_map(|dim| dim.as_fixed()))).collect();
        let views = operands.iter().zip(&operand_shapes);
        let views: Vec<View<'_>> =
            views.map(|(operand, shape)| View { dtype: operand.dtype, shape, bytes: &operand.data }).collect();
        let lengths: Vec<usize> = types
            .iter()
            .zip(&result_shapes)
            .map(|(ty, shape)| shape.iter().product::<usize>() * ty.dtype.size())
            .collect();
        // Words, so that any element is aligned.
        let mut words: Vec<Vec<u64>> = lengths.iter().map(|length| vec![0; length.div_ceil(8)]).collect();
        let memory = words.iter_mut().zip(&lengths).zip(types.iter().zip(&result_shapes));
        let mut results: Vec<ViewMut<'_>> = memory
            .map(|((words, &length), (ty, shape))| ViewMut {
                dtype: ty.dtype,
                shape,
                bytes: &mut bytemuck::cast_slice_mut(words)[..length],
            })
            .collect();
        (function.0)(&views, &mut results)?;
        drop(results);
        let made = words.iter().zip(&lengths).zip(types.iter().zip(&result_shapes));
        let constants = made.map(|((words, &length), (ty, shape))| Constant {
            dtype: ty.dtype,
            shape: shape.iter().map(|&size| size as u64).collect(),
            data: bytemuck::cast_slice(words)[..length].into(),
        });
        let constants: Vec<Constant> = constants.collect();
        constants
            .iter()
            .enumerate()
            .try_for_each(|(position, constant)| check_bools(position, constant.dtype, &constant.data))?;
        Ok(constants)
    }
}

fn constant_of(view: &View<'_>) -> Constant {
    let shape = view.shape.iter().map(|&size| size as u64).collect();
    Constant { dtype: view.dtype, shape, data: view.bytes.into() }
}
