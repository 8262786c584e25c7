//! Stub: the compile driver is written elsewhere.

use rotrace_ir::graph::Function;
use rotrace_ir::{DType, Type};
use smallvec::SmallVec;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// Which engine runs kernels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Machine code.
    #[default]
    Compiled,
    /// The kernel interpreter.
    Interpreter,
}

/// How to compile.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// 0 is the default.
    pub threads: usize,
    /// Vectors.
    pub simd: bool,
    /// Engine.
    pub engine: Engine,
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Element type.
    pub dtype: DType,
    /// Sizes.
    pub shape: &'a [usize],
    /// Elements.
    pub bytes: &'a [u8],
}

/// A result.
#[derive(Debug)]
pub struct ViewMut<'a> {
    /// Element type.
    pub dtype: DType,
    /// Sizes.
    pub shape: &'a [usize],
    /// Elements.
    pub bytes: &'a mut [u8],
}

/// A compiled function.
#[derive(Debug)]
pub struct Executable {
    inputs: Vec<Type>,
    outputs: Vec<Type>,
    dims: Vec<String>,
}

impl Executable {
    /// Compiles.
    pub fn compile(function: &Function, _: &Options) -> Result<Self, Error> {
        Ok(Self {
            inputs: function.parameter_types().cloned().collect(),
            outputs: function.result_types().cloned().collect(),
            dims: function.dims.clone(),
        })
    }

    /// Types of the arguments.
    pub fn inputs(&self) -> &[Type] {
        &self.inputs
    }

    /// Types of the results.
    pub fn outputs(&self) -> &[Type] {
        &self.outputs
    }

    /// Names.
    pub fn dims(&self) -> &[String] {
        &self.dims
    }

    /// Shapes of the results.
    pub fn output_shapes(&self, _: &[View<'_>]) -> Result<Vec<SmallVec<[usize; 4]>>, Error> {
        Err(Error("the runtime is a stub".into()))
    }

    /// Runs.
    pub fn call(&self, _: &[View<'_>], _: &mut [ViewMut<'_>]) -> Result<(), Error> {
        Err(Error("the runtime is a stub".into()))
    }

    /// Text.
    pub fn graph(&self) -> String {
        String::new()
    }

    /// Text.
    pub fn graph_after(&self, _: &str) -> Option<String> {
        None
    }

    /// Text.
    pub fn kernels(&self) -> String {
        String::new()
    }

    /// Text.
    pub fn clif(&self) -> String {
        String::new()
    }

    /// Text.
    pub fn disassembly(&self) -> String {
        String::new()
    }

    /// Text.
    pub fn report(&self) -> String {
        String::new()
    }
}
