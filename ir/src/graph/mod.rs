//! Graph IR: what the user meant.
//!
//! A [`Function`] is pure SSA over arrays. Nodes stand in an arena with operands before users; every node has one or
//! more results and remembers the user's source line. Everything is plain public data; [`crate::verify`] says what is
//! well formed, [`infer`] gives the result types of an operation (the one place that knows type rules).
//!
//! Scalar operations apply elementwise to operands of *equal* shapes: broadcasting is explicit ([`Op::Broadcast`]) so
//! that its derivative (a sum) is a node like any other.

mod build;
pub mod infer;
mod native;
mod op;
mod region;
mod rule;

pub use build::GraphBuilder;
pub use native::Native;
pub use op::{Constant, Op, Reduction, constant_matches};
pub use region::{Checkpoint, MAX_FUNCTION_NESTING, Scan, While, selected_branch};
pub use rule::{Rule, RuleKind};

use crate::dim::Type;
use smallvec::SmallVec;
use std::sync::Arc;

/// A value: one result of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

/// A node, by its place in [`Function::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// The ids of a node's operands or results.
pub type Values = SmallVec<[ValueId; 3]>;

/// A line of the user's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// Index into [`Function::files`].
    pub file: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// One operation applied to values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// Its operands, all defined by earlier nodes.
    pub operands: Values,
    /// Its results, in order.
    pub results: Values,
    /// Where the user wrote it, if known.
    pub location: Option<Location>,
}

/// The type and definition of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    /// `dtype[dim, ...]`.
    pub ty: Type,
    /// The node it is a result of.
    pub node: NodeId,
    /// Which result.
    pub index: u32,
}

/// A pure function over arrays: `fn @name(dims n; %0: f64[n, 3]) -> f64[n, 3]`.
///
/// The first `parameters.len()` nodes are the [`Op::Parameter`] nodes, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Function {
    /// Name without the `@`.
    pub name: String,
    /// Names of the named dimensions; a [`crate::DimId`] is an index into them.
    pub dims: Vec<String>,
    /// The results of the parameter nodes.
    pub parameters: Vec<ValueId>,
    /// What the function returns; may repeat values and name parameters.
    pub results: Vec<ValueId>,
    /// Operations, operands before users.
    pub nodes: Vec<Node>,
    /// Values, in the order of their definition.
    pub values: Vec<Value>,
    /// Source files that locations name.
    pub files: Vec<Arc<str>>,
}

impl Function {
    /// The node with the given id.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The value with the given id.
    #[must_use]
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0 as usize]
    }

    /// The type of a value.
    #[must_use]
    pub fn ty(&self, id: ValueId) -> &Type {
        &self.value(id).ty
    }

    /// The node that defines a value.
    #[must_use]
    pub fn definition(&self, id: ValueId) -> &Node {
        self.node(self.value(id).node)
    }

    /// The types of the parameters.
    pub fn parameter_types(&self) -> impl Iterator<Item = &Type> {
        self.parameters.iter().map(|&id| self.ty(id))
    }

    /// The types of the results.
    pub fn result_types(&self) -> impl Iterator<Item = &Type> {
        self.results.iter().map(|&id| self.ty(id))
    }

    /// A location as `file:line:column`.
    #[must_use]
    pub fn display_location(&self, location: Location) -> String {
        let file = self.files.get(location.file as usize).map_or("?", |file| file);
        format!("{file}:{}:{}", location.line, location.column)
    }
}
