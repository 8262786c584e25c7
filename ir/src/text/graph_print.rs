//! Prints a graph function.
//!
//! Total: a function that the verifier would reject prints too (with `?` where an id names nothing), because that is
//! when one wants to see it.

use super::SPLAT_BUDGET;
use super::constant::write_data;
use crate::dim::display_shape;
use crate::graph::{Checkpoint, Function, Node, Op, ValueId};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Printer { function: self, splat_budget: SPLAT_BUDGET, depth: 0 }.function(f)?;
        f.write_char('\n')
    }
}

impl Display for Checkpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Every(count) => write!(f, "every({count})"),
            Self::Binomial(count) => write!(f, "binomial({count})"),
        }
    }
}

struct Printer<'a> {
    function: &'a Function,
    /// What is left of [`SPLAT_BUDGET`].
    splat_budget: u64,
    /// How many functions this one stands in.
    depth: usize,
}

impl Printer<'_> {
    fn function(&mut self, f: &mut Formatter<'_>) -> fmt::Result {
        self.signature(f)?;
        for node in &self.function.nodes {
            if !matches!(node.op, Op::Parameter { .. }) {
                self.node(node, f)?;
            }
        }
        self.indent(true, f)?;
        f.write_str("return")?;
        separated(f, " ", ", ", &self.function.results, |&id, f| write!(f, "%{}", id.0))?;
        f.write_char('\n')?;
        self.indent(false, f)?;
        f.write_char('}')
    }

    /// The start of a line inside of this function, or of its last line.
    fn indent(&self, inside: bool, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:1$}", "", 2 * (self.depth + usize::from(inside)))
    }

    fn signature(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let function = self.function;
        write!(f, "fn @{}(", function.name)?;
        if !function.dims.is_empty() {
            separated(f, "dims ", ", ", &function.dims, |name, f| f.write_str(name))?;
            f.write_str(if function.parameters.is_empty() { ";" } else { "; " })?;
        }
        separated(f, "", ", ", &function.parameters, |&id, f| self.definition(id, f))?;
        f.write_str(") -> (")?;
        separated(f, "", ", ", &function.results, |&id, f| self.ty(id, f))?;
        f.write_str(") {\n")
    }

    /// `%2: f64[n, 3]`.
    fn definition(&self, id: ValueId, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "%{}: ", id.0)?;
        self.ty(id, f)
    }

    fn ty(&self, id: ValueId, f: &mut Formatter<'_>) -> fmt::Result {
        match self.function.values.get(id.0 as usize) {
            Some(value) => f.write_str(&value.ty.display(&self.function.dims)),
            None => f.write_char('?'),
        }
    }

    fn node(&mut self, node: &Node, f: &mut Formatter<'_>) -> fmt::Result {
        self.indent(true, f)?;
        separated(f, "", ", ", &node.results, |&id, f| self.definition(id, f))?;
        write!(f, " = {}", node.op.name())?;
        separated(f, " ", ", ", &node.operands, |&id, f| write!(f, "%{}", id.0))?;
        self.attributes(&node.op, f)?;
        if let Some(location) = node.location {
            f.write_str(" loc(\"")?;
            match self.function.files.get(location.file as usize) {
                Some(file) => escape(file, f)?,
                None => f.write_char('?')?,
            }
            write!(f, "\":{}:{})", location.line, location.column)?;
        }
        f.write_char('\n')
    }

    /// What the operation needs beyond its operands and the type of its result.
    fn attributes(&mut self, op: &Op, f: &mut Formatter<'_>) -> fmt::Result {
        match op {
            Op::Parameter { .. }
            | Op::Scalar(_)
            | Op::Cast(_)
            | Op::Bitcast(_)
            | Op::Reshape { .. }
            | Op::StopGradient => Ok(()),
            Op::Constant(constant) => write_data(constant, &mut self.splat_budget, f),
            Op::Iota { axis, .. } | Op::Concatenate { axis } => write!(f, " {{axis = {axis}}}"),
            Op::Broadcast { axes, .. } | Op::Reverse { axes } => write!(f, " {{axes = {axes:?}}}"),
            Op::Transpose { permutation } => write!(f, " {{permutation = {permutation:?}}}"),
            Op::Slice { start, limit, step } => {
                let limit = display_shape(limit, &self.function.dims);
                write!(f, " {{start = {start:?}, limit = {limit}, step = {step:?}}}")
            }
            Op::Pad { low, high, interior } => {
                write!(f, " {{low = {low:?}, high = {high:?}, interior = {interior:?}}}")
            }
            Op::Reduce { kind, axes } => write!(f, " {{kind = {}, axes = {axes:?}}}", kind.name()),
            Op::DotGeneral { batch, contract } => write!(f, " {{batch = {batch:?}, contract = {contract:?}}}"),
            Op::Take { axis, indices } => write!(f, " {{axis = {axis}, indices = {indices:?}}}"),
            Op::ScatterAdd { axis, indices, size } => {
                write!(f, " {{axis = {axis}, indices = {indices:?}, size = {size}}}")
            }
            Op::Custom(rule) => {
                write!(f, " {{kind = {}, wrt = {:?}, rule = ", rule.kind.name(), rule.wrt)?;
                self.nested(&[&rule.function], f)
            }
            Op::Native(native) => {
                f.write_str(" {name = \"")?;
                escape(&native.name, f)?;
                f.write_str("\"}")
            }
            Op::Call(function) | Op::Checkpoint(function) => {
                f.write_str(" {function = ")?;
                self.nested(&[function], f)
            }
            Op::Switch(branches) => {
                f.write_str(" {branches = ")?;
                self.nested(&branches.iter().collect::<Vec<_>>(), f)
            }
            Op::While(looped) => {
                write!(f, " {{carried = {}", looped.carried)?;
                if let Some(bound) = looped.bound {
                    write!(f, ", bound = {bound}")?;
                }
                f.write_str(", functions = ")?;
                self.nested(&[&looped.condition, &looped.body], f)
            }
            Op::Scan(scan) => {
                let length = scan.length.display(&self.function.dims);
                write!(f, " {{carried = {}, scanned = {}, length = {length}", scan.carried, scan.scanned)?;
                write!(f, ", reverse = {}, checkpoint = {}, body = ", scan.reverse, scan.checkpoint)?;
                self.nested(&[&scan.body], f)
            }
        }
    }

    /// Functions one after the other, and the closing brace.
    fn nested(&mut self, functions: &[&Function], f: &mut Formatter<'_>) -> fmt::Result {
        for (place, function) in functions.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            let mut inner = Printer { function, splat_budget: self.splat_budget, depth: self.depth + 1 };
            inner.function(f)?;
            self.splat_budget = inner.splat_budget;
        }
        f.write_char('}')
    }
}

/// Writes items with `separator` between them and, if there are any, `before` in front.
fn separated<T>(
    f: &mut Formatter<'_>,
    before: &str,
    separator: &str,
    items: &[T],
    mut item: impl FnMut(&T, &mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    for (position, element) in items.iter().enumerate() {
        f.write_str(if position == 0 { before } else { separator })?;
        item(element, f)?;
    }
    Ok(())
}

/// Escapes what would end the string or its line, and other control characters.
fn escape(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    for character in text.chars() {
        if matches!(character, '"' | '\\') || character.is_control() {
            write!(f, "{}", character.escape_default())?;
        } else {
            f.write_char(character)?;
        }
    }
    Ok(())
}
