//! Appending nodes with and without the new axis.

use super::guard::repeated;
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, GraphBuilder, Location, Node, Op, ValueId, Values};
use rotrace_ir::{Dim, Shape, Type};
use smallvec::SmallVec;

/// What a value of the original has become.
#[derive(Clone, Copy, Debug)]
pub struct Mapped {
    pub value: ValueId,
    /// Whether it has the new axis, in front.
    pub batched: bool,
}

/// A builder of the batched function. What its rules emit is well typed but for the limits on shapes.
pub struct Emitter {
    pub builder: GraphBuilder,
    /// The size of the new axis.
    pub size: Dim,
    /// The rows that the function runs for, `bool[size]`, if that may not be all.
    pub active: Option<ValueId>,
}

impl Emitter {
    /// An empty function with the dims of `function`.
    pub fn new(function: &Function, size: Dim) -> Self {
        let mut builder = GraphBuilder::new(format!("{}_vmap", function.name), function.dims.clone());
        builder.reserve(function.nodes.len());
        for file in &function.files {
            builder.file(file);
        }
        Self { builder, size, active: None }
    }

    /// A builder for a function inside of this one, whose nodes belong to the same line.
    pub fn nested(&self, name: &str) -> GraphBuilder {
        let own = self.builder.function();
        let mut builder = GraphBuilder::new(name, own.dims.clone());
        builder.location = self.builder.location.map(|location| {
            let file = builder.file(&own.files[location.file as usize]);
            Location { file, ..location }
        });
        builder
    }

    /// Appends a parameter.
    pub fn parameter(&mut self, ty: &Type, batched: bool) -> Result<Mapped, Violation> {
        let shape = if batched { self.lifted(&ty.shape) } else { ty.shape.clone() };
        let value = self.builder.parameter(Type { dtype: ty.dtype, shape })?;
        Ok(Mapped { value, batched })
    }

    /// Appends a node with one result.
    pub fn push(&mut self, op: Op, operands: &[ValueId]) -> Result<ValueId, Violation> {
        self.builder.push(op, operands)
    }

    /// Appends a node of the original whose operands are without the axis, as are its results.
    pub fn copy(&mut self, function: &Function, node: &Node, operands: &[Mapped]) -> SmallVec<[Mapped; 1]> {
        let operands: Values = operands.iter().map(|operand| operand.value).collect();
        let results = self.builder.copy(function, node, &operands);
        results.into_iter().map(|value| Mapped { value, batched: false }).collect()
    }

    /// The type of a value.
    pub fn ty(&self, value: ValueId) -> &Type {
        self.builder.function().ty(value)
    }

    /// The number of axes without the new one.
    pub fn rank(&self, operand: Mapped) -> usize {
        self.ty(operand.value).rank() - usize::from(operand.batched)
    }

    /// A shape with the new axis.
    pub fn lifted(&self, shape: &[Dim]) -> Shape {
        std::iter::once(self.size).chain(shape.iter().copied()).collect()
    }

    /// The value with the new axis, along which it is repeated if it has none.
    pub fn spread(&mut self, operand: Mapped) -> Result<ValueId, Violation> {
        if operand.batched {
            return Ok(operand.value);
        }
        repeated(&mut self.builder, operand.value, self.size)
    }

    /// All values with the new axis.
    pub fn spread_all(&mut self, operands: &[Mapped]) -> Result<Values, Violation> {
        operands.iter().map(|&operand| self.spread(operand)).collect()
    }
}

/// Axes behind the new one.
pub fn shifted(axes: &[usize]) -> Vec<usize> {
    axes.iter().map(|axis| axis + 1).collect()
}

/// An amount per axis, with one for the new axis.
pub fn with_first(first: u64, amounts: &[u64]) -> Vec<u64> {
    std::iter::once(first).chain(amounts.iter().copied()).collect()
}
