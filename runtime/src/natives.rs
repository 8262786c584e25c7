//! Functions of the user's that programs call by name.

use crate::{Error, View, ViewMut};
use rotrace_ir::DType;
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
