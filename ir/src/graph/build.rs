//! Building a function node by node.

use super::infer::{Violation, infer};
use super::{Function, Location, Node, NodeId, Op, Value, ValueId, Values};
use crate::dim::{DimId, Type};
use smallvec::SmallVec;
use std::sync::Arc;

/// Appends type-checked nodes to a [`Function`]. What it builds satisfies the verifier.
#[derive(Clone, Debug, Default)]
pub struct GraphBuilder {
    function: Function,
    /// Given to every node that is appended.
    pub location: Option<Location>,
}

impl GraphBuilder {
    /// An empty function with the given name and named dimensions.
    #[must_use]
    pub fn new(name: impl Into<String>, dims: Vec<String>) -> Self {
        Self { function: Function { name: name.into(), dims, ..Function::default() }, location: None }
    }

    /// What has been built so far.
    #[must_use]
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// The named dimension of this name, declared if new.
    pub fn dim(&mut self, name: &str) -> DimId {
        let dims = &mut self.function.dims;
        let index = dims.iter().position(|known| known == name).unwrap_or_else(|| {
            dims.push(name.to_owned());
            dims.len() - 1
        });
        DimId(index as u32)
    }

    /// The index of this source file, added if new.
    pub fn file(&mut self, name: &str) -> u32 {
        let files = &mut self.function.files;
        let index = files.iter().position(|known| &**known == name).unwrap_or_else(|| {
            files.push(Arc::from(name));
            files.len() - 1
        });
        index as u32
    }

    /// Appends a parameter. All parameters come before all other nodes.
    pub fn parameter(&mut self, ty: Type) -> Result<ValueId, Violation> {
        let index = self.function.parameters.len();
        if self.function.nodes.len() != index {
            return Err(Violation { constraint: "F2", message: "parameters must come before all other nodes".into() });
        }
        let value = self.push(Op::Parameter { index: index as u32, ty }, &[])?;
        self.function.parameters.push(value);
        Ok(value)
    }

    /// Appends a node with one result and returns that result.
    pub fn push(&mut self, op: Op, operands: &[ValueId]) -> Result<ValueId, Violation> {
        self.push_all(op, operands).map(|results| results[0])
    }

    /// Makes room for as many nodes more.
    pub fn reserve(&mut self, nodes: usize) {
        self.function.nodes.reserve(nodes);
        self.function.values.reserve(nodes);
    }

    /// Appends a node of `other` that applies to operands of the same types, and returns its results.
    ///
    /// Its types are those it has in `other`: nothing is checked again.
    pub fn copy(&mut self, other: &Function, node: &Node, operands: &[ValueId]) -> Values {
        debug_assert!(
            operands.iter().map(|&id| self.function.ty(id)).eq(node.operands.iter().map(|&id| other.ty(id))),
            "{} is copied to operands of other types",
            node.op.name()
        );
        let types = node.results.iter().map(|&id| other.ty(id).clone());
        self.append(node.op.clone(), operands, types)
    }

    /// Appends a function's nodes with `arguments` for its parameters, and returns its results. The dims of both
    /// functions must have the same names in the same order, and the arguments the parameters' types. Nodes keep their
    /// own source lines.
    pub fn inline(&mut self, function: &Function, arguments: &[ValueId]) -> Vec<ValueId> {
        let files: Vec<u32> = function.files.iter().map(|file| self.file(file)).collect();
        let caller = self.location;
        let place = |location: Option<Location>| match location {
            Some(location) => files.get(location.file as usize).map(|&file| Location { file, ..location }),
            None => caller,
        };
        let results = self.append_all(function, arguments, place);
        self.location = caller;
        results
    }

    /// As [`inline`](Self::inline), but with the builder's location for all nodes.
    pub fn inline_here(&mut self, function: &Function, arguments: &[ValueId]) -> Vec<ValueId> {
        let caller = self.location;
        self.append_all(function, arguments, |_| caller)
    }

    fn append_all(
        &mut self,
        function: &Function,
        arguments: &[ValueId],
        place: impl Fn(Option<Location>) -> Option<Location>,
    ) -> Vec<ValueId> {
        self.reserve(function.nodes.len());
        let mut values: Vec<ValueId> = vec![ValueId(u32::MAX); function.values.len()];
        for (&parameter, &argument) in function.parameters.iter().zip(arguments) {
            values[parameter.0 as usize] = argument;
        }
        for node in &function.nodes {
            if matches!(node.op, Op::Parameter { .. }) {
                continue;
            }
            self.location = place(node.location);
            let operands: Values = node.operands.iter().map(|operand| values[operand.0 as usize]).collect();
            let results = self.copy(function, node, &operands);
            for (&from, &to) in node.results.iter().zip(&results) {
                values[from.0 as usize] = to;
            }
        }
        function.results.iter().map(|result| values[result.0 as usize]).collect()
    }

    /// Appends a node and returns all its results.
    pub fn push_all(&mut self, op: Op, operands: &[ValueId]) -> Result<Values, Violation> {
        if let Some(bad) = operands.iter().find(|id| id.0 as usize >= self.function.values.len()) {
            return Err(Violation {
                constraint: "F1",
                message: format!("operand %{} is not defined before its use", bad.0),
            });
        }
        let types: SmallVec<[&Type; 3]> = operands.iter().map(|&id| self.function.ty(id)).collect();
        let inferred = infer(&op, &types, &self.function.dims)?;
        drop(types);
        let declared = self.function.dims.len();
        let names = inferred.iter().flat_map(|ty| &ty.shape).filter_map(|dim| dim.name);
        if names.into_iter().any(|name| name.0 as usize >= declared) {
            let message = format!("{}: a size is a named dimension that this function does not declare", op.name());
            return Err(Violation { constraint: "F4", message });
        }
        Ok(self.append(op, operands, inferred))
    }

    fn append(&mut self, op: Op, operands: &[ValueId], types: impl IntoIterator<Item = Type>) -> Values {
        let node = NodeId(self.function.nodes.len() as u32);
        let mut results = Values::new();
        for (index, ty) in types.into_iter().enumerate() {
            results.push(ValueId(self.function.values.len() as u32));
            self.function.values.push(Value { ty, node, index: index as u32 });
        }
        let (operands, defined) = (Values::from_slice(operands), Values::from_slice(&results));
        self.function.nodes.push(Node { op, operands, results: defined, location: self.location });
        results
    }

    /// Ends the function with its results.
    #[must_use]
    pub fn finish(mut self, results: Vec<ValueId>) -> Function {
        self.function.results = results;
        self.function
    }
}
