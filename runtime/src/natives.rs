//! Functions of the user's that programs call by name.

use crate::{Error, View, ViewMut};
use rotrace_ir::DType;
use rotrace_ir::dim::Type;
use rotrace_ir::graph::Constant;
use std::collections::BTreeMap;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// Reads operands and overwrites results, which hold zeros before, or says why it cannot.
///
/// It may be called from many threads at once, as often as a program's meaning allows: a call whose results nobody needs
/// may be left out, and equal calls made once. So the results may depend on the operands only.
pub type NativeFunction = dyn Fn(&[View<'_>], &mut [ViewMut<'_>]) -> Result<(), String> + Send + Sync;

/// Functions by name.
#[derive(Clone, Default)]
pub struct Natives {
    functions: BTreeMap<String, Function>,
}

/// One of them.
#[derive(Clone)]
pub(crate) struct Function(pub(crate) Arc<NativeFunction>);

// A panic in a function leaves nothing of ours in disorder: its call gives no result. What it does to state of its own is
// its author's concern, as after any panic between threads.
impl UnwindSafe for Function {}
impl RefUnwindSafe for Function {}

impl Natives {
    /// Adds a function; one of the same name is replaced.
    pub fn insert(&mut self, name: impl Into<String>, function: Arc<NativeFunction>) {
        self.functions.insert(name.into(), Function(function));
    }

    /// Calls a function as compiled code does, for interpreters ([`rotrace_ir::interpret::Natives`]). `types` are those of
    /// the results, without names.
    ///
    /// # Errors
    /// There is no such function, or it fails.
    pub fn call(&self, name: &str, operands: &[Constant], types: &[Type]) -> Result<Vec<Constant>, String> {
        let function = self.get(name).map_err(|error| error.to_string())?;
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

    pub(crate) fn get(&self, name: &str) -> Result<Function, Error> {
        self.functions.get(name).cloned().ok_or_else(|| Error::UnknownNative(name.to_owned()))
    }
}

impl std::fmt::Debug for Natives {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.functions.keys()).finish()
    }
}

/// Whether a function has written a `bool` that is none.
pub(crate) fn check_bools(position: usize, dtype: DType, bytes: &[u8]) -> Result<(), String> {
    if dtype == DType::Bool && bytes.iter().any(|&byte| byte > 1) {
        return Err(format!("result {position} is of bool, but has a byte that is neither 0 nor 1"));
    }
    Ok(())
}
