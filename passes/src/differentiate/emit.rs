//! Appending derived nodes to a function.

use rotrace_ir::graph::{Function, GraphBuilder, Op, ValueId};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar, Shape, Type};
use rustc_hash::FxHashMap;

/// A builder for nodes that are well typed by construction of the rules, with shared constants.
pub struct Emitter {
    /// The function under construction.
    pub builder: GraphBuilder,
    splats: FxHashMap<(Scalar, Shape), ValueId>,
    /// Whether a rule introduced -0.0 as the neutral element of addition.
    neutral: bool,
}

impl Emitter {
    /// An empty function with the dims of `function` and its name with a suffix.
    pub fn new(function: &Function, suffix: &str) -> Self {
        let mut builder = GraphBuilder::new(format!("{}_{suffix}", function.name), function.dims.clone());
        // The primal computation; rules add as much and more.
        builder.reserve(2 * function.nodes.len());
        for file in &function.files {
            builder.file(file);
        }
        Self { builder, splats: FxHashMap::default(), neutral: false }
    }

    /// Appends a parameter.
    pub fn parameter(&mut self, ty: &Type) -> ValueId {
        self.builder.parameter(ty.clone()).expect("parameters come first")
    }

    /// Appends a node with one result.
    pub fn push(&mut self, op: Op, operands: &[ValueId]) -> ValueId {
        match self.builder.push(op, operands) {
            Ok(value) => value,
            Err(violation) => unreachable!("derivative rules emit well typed nodes: {violation}"),
        }
    }

    /// The type of a value.
    pub fn ty(&self, value: ValueId) -> &Type {
        self.builder.function().ty(value)
    }

    /// An elementwise operation.
    pub fn scalar(&mut self, op: ScalarOp, operands: &[ValueId]) -> ValueId {
        self.push(Op::Scalar(op), operands)
    }

    /// `x + y`
    pub fn add(&mut self, x: ValueId, y: ValueId) -> ValueId {
        self.scalar(ScalarOp::Add, &[x, y])
    }

    /// `x * y`
    pub fn multiply(&mut self, x: ValueId, y: ValueId) -> ValueId {
        self.scalar(ScalarOp::Multiply, &[x, y])
    }

    /// `x / y`
    pub fn divide(&mut self, x: ValueId, y: ValueId) -> ValueId {
        self.scalar(ScalarOp::Divide, &[x, y])
    }

    /// `condition ? x : y`
    pub fn select(&mut self, condition: ValueId, x: ValueId, y: ValueId) -> ValueId {
        self.scalar(ScalarOp::Select, &[condition, x, y])
    }

    /// One number everywhere in an array of this shape. Shared between all who ask for it.
    pub fn splat(&mut self, value: Scalar, shape: &Shape) -> ValueId {
        let key = (value, shape.clone());
        if let Some(&known) = self.splats.get(&key) {
            return known;
        }
        let splat = if shape.is_empty() {
            self.push(Op::constant(value), &[])
        } else {
            let scalar = self.splat(value, &Shape::new());
            self.push(Op::Broadcast { shape: shape.clone(), axes: Vec::new() }, &[scalar])
        };
        self.splats.insert(key, splat);
        splat
    }

    /// A float everywhere in an array of the type of `like`.
    pub fn number(&mut self, value: f64, like: ValueId) -> ValueId {
        let Type { dtype, shape } = self.ty(like).clone();
        self.splat(Scalar::from_f64(dtype, value), &shape)
    }

    /// Zeros of a type.
    pub fn zeros(&mut self, ty: &Type) -> ValueId {
        self.splat(Scalar::from_f64(ty.dtype, 0.0), &ty.shape)
    }

    /// Zeros that addition leaves without a trace: -0.0.
    pub fn neutral(&mut self, dtype: DType, shape: &Shape) -> ValueId {
        self.neutral = true;
        self.splat(Scalar::from_f64(dtype, -0.0), shape)
    }

    /// Says that functions which are called have -0.0 for nothing.
    pub fn has_neutral(&mut self) {
        self.neutral = true;
    }

    /// `value` where the condition is `sense`, else nothing.
    pub fn keep(&mut self, condition: ValueId, sense: bool, value: ValueId) -> ValueId {
        let Type { dtype, shape } = self.ty(value).clone();
        let neutral = self.neutral(dtype, &shape);
        if sense { self.select(condition, value, neutral) } else { self.select(condition, neutral, value) }
    }

    /// `value` repeated along the reduced axes, to the shape it was reduced from.
    pub fn expand(&mut self, value: ValueId, shape: &Shape, reduced: &[usize]) -> ValueId {
        let axes = (0..shape.len()).filter(|axis| !reduced.contains(axis)).collect();
        self.push(Op::Broadcast { shape: shape.clone(), axes }, &[value])
    }

    /// A derivative as a result: without -0.0 where a rule introduced one, and zeros where there is none.
    pub fn derivative(&mut self, value: Option<ValueId>, ty: &Type) -> ValueId {
        match value {
            None => self.zeros(ty),
            Some(value) if self.neutral => {
                let zeros = self.zeros(ty);
                self.add(value, zeros)
            }
            Some(value) => value,
        }
    }

    /// Ends the function.
    pub fn finish(self, results: Vec<ValueId>) -> Function {
        self.builder.finish(results)
    }
}
