//! The verifier of graph functions.
//!
//! Constraints on the function are F1 to F10, checked here; constraints on single operations are C1 to C35, checked by
//! [`crate::graph::infer`]. `docs/graph-ir.md` lists both.

use super::Diagnostic;
use crate::dim::{DimId, MAX_RANK, Type};
use crate::graph::infer::{Types, infer};
use crate::graph::{Function, MAX_FUNCTION_NESTING, Node, Op, Value, ValueId};
use crate::text::is_identifier;
use smallvec::SmallVec;
use std::collections::HashSet;

/// Everything that is wrong with a function; empty if it is well formed.
#[must_use]
pub fn verify(function: &Function) -> Vec<Diagnostic> {
    verify_nested(function, 0, vec![false; function.dims.len()])
}

/// As [`verify`], of a function that stands in so many others, the innermost of which knows these dimensions.
fn verify_nested(function: &Function, depth: usize, known: Vec<bool>) -> Vec<Diagnostic> {
    let mut verifier = Verifier { function, diagnostics: Vec::new(), defined: 0, depth, known };
    verifier.names();
    verifier.parameters();
    verifier.dims();
    for position in 0..function.nodes.len() {
        verifier.node(position);
    }
    verifier.dangling_values();
    verifier.results();
    verifier.diagnostics
}

struct Verifier<'a> {
    function: &'a Function,
    diagnostics: Vec<Diagnostic>,
    /// The number of results that the nodes so far have in all, which is the number of values if F5 holds.
    defined: usize,
    depth: usize,
    /// The dimensions that are the size of a parameter, here or further out, and those that were reported not to be.
    known: Vec<bool>,
}

impl<'a> Verifier<'a> {
    fn report(&mut self, constraint: &'static str, node: Option<&Node>, message: String) {
        let location = node.and_then(|node| node.location);
        let location = location.map(|location| self.function.display_location(location));
        self.diagnostics.push(Diagnostic { constraint, message, location });
    }

    fn value(&self, id: ValueId) -> Option<&'a Value> {
        self.function.values.get(id.0 as usize)
    }

    fn display(&self, ty: &Type) -> String {
        ty.display(&self.function.dims)
    }

    /// F3: the function's name is words joined by dots, dimensions are distinct words.
    fn names(&mut self) {
        let function = self.function;
        if function.name.is_empty() || !function.name.bytes().all(is_name_byte) {
            self.report("F3", None, format!("{:?} cannot name a function", function.name));
        }
        let mut seen = HashSet::new();
        for name in &function.dims {
            if !is_identifier(name) {
                self.report("F3", None, format!("{name:?} cannot name a dimension"));
            }
            if !seen.insert(name) {
                self.report("F3", None, format!("dimension {name} is declared twice"));
            }
        }
    }

    /// F2: the first nodes are the parameters, in order, and there are no others.
    fn parameters(&mut self) {
        let function = self.function;
        for (position, &id) in function.parameters.iter().enumerate() {
            let node = function.nodes.get(position);
            let in_place = node.is_some_and(|node| match &node.op {
                Op::Parameter { index, .. } => *index as usize == position && node.results[..] == [id],
                _ => false,
            });
            if !in_place {
                self.report("F2", node, format!("node {position} does not define parameter {position}, %{}", id.0));
            }
        }
        for (position, node) in function.nodes.iter().enumerate().skip(function.parameters.len()) {
            if matches!(node.op, Op::Parameter { .. }) {
                self.report(
                    "F2",
                    Some(node),
                    format!("node {position} is a parameter that the function does not list"),
                );
            }
        }
    }

    /// F4: types and lengths name declared dimensions, each of which a call can know from the types of the parameters. A
    /// nested function knows what the function around it knows.
    fn dims(&mut self) {
        let function = self.function;
        for value in function.parameters.iter().filter_map(|id| function.values.get(id.0 as usize)) {
            for id in value.ty.shape.iter().filter_map(|dim| dim.name) {
                if let Some(known) = self.known.get_mut(id.0 as usize) {
                    *known = true;
                }
            }
        }
        for (position, value) in function.values.iter().enumerate() {
            let node = function.nodes.get(value.node.0 as usize);
            for id in value.ty.shape.iter().filter_map(|dim| dim.name) {
                if id.0 as usize >= function.dims.len() {
                    self.report("F4", node, format!("%{position} has dimension {} that is not declared", id.0));
                } else {
                    self.needs(id, node);
                }
            }
        }
        for node in &function.nodes {
            // One that is not declared is against C33.
            if let Op::Scan(scan) = &node.op
                && let Some(id) = scan.length.name.filter(|id| (id.0 as usize) < function.dims.len())
            {
                self.needs(id, Some(node));
            }
        }
    }

    /// Reports a declared dimension that is not known, once.
    fn needs(&mut self, id: DimId, node: Option<&Node>) {
        if !std::mem::replace(&mut self.known[id.0 as usize], true) {
            let name = &self.function.dims[id.0 as usize];
            self.report("F4", node, format!("dimension {name} is not the size of any parameter"));
        }
    }

    fn node(&mut self, position: usize) {
        let function = self.function;
        let node = &function.nodes[position];
        self.location(node);
        let operands = self.operands(node);
        self.definitions(position, node);
        self.defined += node.results.len();
        let (Some(operands), true) = (operands, self.nested(node)) else { return };
        match infer(&node.op, &operands, &function.dims) {
            Err(violation) => self.report(violation.constraint, Some(node), violation.message),
            Ok(types) => self.result_types(node, &types),
        }
    }

    /// F10: nested functions are well formed, and not too deep in others. Whether type rules may look at them.
    fn nested(&mut self, node: &Node) -> bool {
        let functions = node.op.functions();
        if self.depth == MAX_FUNCTION_NESTING && !functions.is_empty() {
            let message = format!("functions stand in functions more than {MAX_FUNCTION_NESTING} deep");
            self.report("F10", Some(node), message);
            return false;
        }
        let mut sound = true;
        for function in functions {
            // Whether its dims are others is for the type rules to say.
            let same = function.dims == self.function.dims;
            let known = if same { self.known.clone() } else { vec![true; function.dims.len()] };
            for problem in verify_nested(function, self.depth + 1, known) {
                sound = false;
                self.report("F10", Some(node), format!("in @{}: {problem}", function.name));
            }
        }
        sound
    }

    /// F8: a location names a file of the function, and lines and columns count from 1.
    fn location(&mut self, node: &Node) {
        if let Some(location) = node.location {
            let known = (location.file as usize) < self.function.files.len();
            if !known || location.line == 0 || location.column == 0 {
                let place = self.function.display_location(location);
                let message = format!("{place} is no place in a source file of the function");
                self.report("F8", Some(node), message);
            }
        }
    }

    /// F1: operands are results of earlier nodes. Returns their types if rules can be applied to them.
    fn operands(&mut self, node: &Node) -> Option<SmallVec<[&'a Type; 3]>> {
        let mut types = SmallVec::new();
        let mut usable = true;
        for &id in &node.operands {
            match self.value(id).filter(|_| (id.0 as usize) < self.defined) {
                Some(value) => {
                    // Too many axes are reported where the value is defined; rules may take time quadratic in them.
                    usable &= value.ty.rank() <= MAX_RANK;
                    types.push(&value.ty);
                }
                None => {
                    usable = false;
                    let message = format!("operand %{} of {} is not defined before its use", id.0, node.op.name());
                    self.report("F1", Some(node), message);
                }
            }
        }
        usable.then_some(types)
    }

    /// F5: values stand in the order of their definition, and each knows its node and its place among the results.
    fn definitions(&mut self, position: usize, node: &Node) {
        for (index, &id) in node.results.iter().enumerate() {
            let in_order = id.0 as usize == self.defined + index;
            let known =
                self.value(id).is_some_and(|value| value.node.0 as usize == position && value.index as usize == index);
            if !in_order || !known {
                let message = format!("result {index} of node {position}, %{}, is not the value defined there", id.0);
                self.report("F5", Some(node), message);
            }
        }
    }

    /// F6: a node has as many results as its operation gives, of the types that it gives.
    fn result_types(&mut self, node: &Node, types: &Types) {
        let name = node.op.name();
        if types.len() != node.results.len() {
            let message = format!("{name} gives {} results, the node has {}", types.len(), node.results.len());
            self.report("F6", Some(node), message);
        }
        for (&id, ty) in node.results.iter().zip(types) {
            let Some(value) = self.value(id) else { continue };
            if value.ty != *ty {
                let (recorded, given) = (self.display(&value.ty), self.display(ty));
                self.report("F6", Some(node), format!("%{} is recorded as {recorded}, but {name} gives {given}", id.0));
            }
        }
    }

    /// F9: every value is the result of some node.
    fn dangling_values(&mut self) {
        let function = self.function;
        for position in self.defined.min(function.values.len())..function.values.len() {
            self.report("F9", None, format!("%{position} is not a result of any node"));
        }
    }

    /// F7: the function returns values that exist.
    fn results(&mut self) {
        for (position, &id) in self.function.results.iter().enumerate() {
            if self.value(id).is_none() {
                self.report("F7", None, format!("result {position} of the function, %{}, does not exist", id.0));
            }
        }
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}
