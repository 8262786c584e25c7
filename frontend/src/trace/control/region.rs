//! Recording the functions of a loop or branch, and the operation that has them.

use super::super::frame::{Mistake, ambient, poison, record_all, top_types};
use super::super::traced::{Recorded, Request, record_closure};
use crate::tree::{Outline, Tree, leaves};
use crate::{Error, Tensor};
use rotrace_ir::Type;
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, GraphBuilder, Op, ValueId};
use std::panic::Location;

type Place = &'static Location<'static>;

/// Where a loop or branch is recorded: the frame on top, and the user's line.
pub struct Site {
    pub dims: Vec<String>,
    /// The types of the operands.
    pub types: Vec<Type>,
    /// Whether there was a mistake before, so that only structures matter.
    pub inert: bool,
    pub location: Place,
}

/// A function of an iteration or of a branch.
pub struct Recording {
    pub results: Outline,
    /// The function, whose last parameters stand for these values of the function around. `None` after a mistake.
    pub outcome: Option<(Function, Vec<Tensor>)>,
}

impl Site {
    pub fn new(operands: &[Tensor], location: Place) -> Self {
        let found = top_types(operands, location);
        let inert = found.is_none();
        let (dims, types) = found.unwrap_or_default();
        Self { dims, types, inert, location }
    }

    /// Records a function of parameters of the given types.
    pub fn record<In: Tree<Tensor>, Out: Tree<Tensor>>(
        &self,
        arguments: Outline,
        types: Vec<Type>,
        function: impl FnOnce(In) -> Out,
    ) -> Recording {
        let request = Request {
            dims: self.dims.clone(),
            types,
            arguments,
            may_capture: true,
            inert: self.inert,
            location: self.location,
        };
        let Recorded { results, outcome } = record_closure(function, ambient(), &request);
        Recording { results, outcome: outcome.map_err(poison).ok() }
    }

    /// Keeps a mistake in the frame on top.
    pub fn mistake(&self, message: String) {
        poison(Error::Trace { message, operands: Vec::new(), location: self.location });
    }

    pub fn display(&self, ty: &Type) -> String {
        ty.display(&self.dims)
    }

    /// Emits an operation of `operands` and of values of the function around; gives its results as a tree.
    pub fn emit<Out: Tree<Tensor>>(&self, results: &Outline, node: Option<(Op, Vec<Tensor>)>) -> Out {
        let mut values = match node {
            Some((op, operands)) if results.leaves > 0 => record_all(self.location, |recorder| {
                let ids = operands.iter().map(|&tensor| recorder.resolve(tensor)).collect::<Result<Vec<_>, _>>()?;
                let results = recorder.builder().push_all(op, &ids);
                results.map(|results| results.to_vec()).map_err(|violation| Mistake::new(violation.to_string()))
            }),
            _ => Vec::new(),
        };
        values.resize(results.leaves, Tensor::POISON);
        match results.build(values) {
            Some(tree) => tree,
            None => unreachable!("a tree is built from its own outline"),
        }
    }
}

/// Functions of `own` parameters each, with all that they use from around as the same further parameters.
pub fn unified(functions: Vec<(Function, Vec<Tensor>)>, own: usize) -> Result<(Vec<Function>, Vec<Tensor>), Violation> {
    let mut captures: Vec<Tensor> = Vec::new();
    let mut types: Vec<Type> = Vec::new();
    for (function, own_captures) in &functions {
        for (&capture, ty) in own_captures.iter().zip(function.parameter_types().skip(own)) {
            if !captures.contains(&capture) {
                captures.push(capture);
                types.push(ty.clone());
            }
        }
    }
    let unify = |(function, own_captures): (Function, Vec<Tensor>)| {
        let mut builder = GraphBuilder::new(function.name.clone(), function.dims.clone());
        let mut arguments = Vec::new();
        for ty in function.parameter_types().take(own) {
            arguments.push(builder.parameter(ty.clone())?);
        }
        let shared = types.iter().map(|ty| builder.parameter(ty.clone())).collect::<Result<Vec<ValueId>, _>>()?;
        let place = |capture: &Tensor| captures.iter().position(|known| known == capture);
        arguments.extend(own_captures.iter().filter_map(place).map(|place| shared[place]));
        let results = builder.inline(&function, &arguments);
        Ok(builder.finish(results))
    };
    let functions = functions.into_iter().map(unify).collect::<Result<Vec<_>, Violation>>()?;
    Ok((functions, captures))
}

/// The leaves of a tree, and its structure.
pub fn flattened<T: Tree<Tensor>>(tree: &T) -> (Vec<Tensor>, Outline) {
    (leaves(tree), Outline::of(tree))
}
