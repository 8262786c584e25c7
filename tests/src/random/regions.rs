//! Random calls, branches and loops: their functions are grown like programs.

use super::{Growth, small};
use rotrace_ir::dim::{Dim, DimId, Type, element_count};
use rotrace_ir::graph::{Checkpoint, Function, GraphBuilder, Op, Reduction, Scan, ValueId, While};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Shape};
use std::sync::Arc;

/// How often a loop without a bound in its type runs at most.
const ITERATIONS: usize = 4;

impl Growth {
    /// Tries to add an operation with functions in it.
    pub(super) fn region(&mut self) {
        let added = match self.random.below(8) {
            0 => self.call(),
            1..=2 => self.switch(),
            3..=4 => self.while_loop(),
            _ => self.scan(),
        };
        let Some((op, operands)) = added else { return };
        let Ok(results) = self.builder.push_all(op, &operands) else { return };
        let results = results.into_iter().filter(|&value| small(self.builder.function().ty(value)));
        let results: Vec<ValueId> = results.collect();
        self.values.extend(results);
    }

    fn picks(&mut self, least: usize, below: usize) -> Vec<ValueId> {
        let count = least + self.random.below(below - least);
        (0..count).map(|_| self.pick()).collect()
    }

    fn types(&self, values: &[ValueId]) -> Vec<Type> {
        values.iter().map(|&value| self.ty(value)).collect()
    }

    /// A function of these parameters; `results` chooses what it returns when it has grown.
    fn function(
        &mut self,
        parameters: &[Type],
        results: impl FnOnce(&mut Self) -> Option<Vec<ValueId>>,
    ) -> Option<Function> {
        let builder = GraphBuilder::new("inside", self.builder.function().dims.clone());
        let mut inside = Self { random: self.random.clone(), builder, values: Vec::new(), regions: self.regions - 1 };
        parameters.iter().for_each(|ty| inside.push_parameter(ty.clone()));
        if inside.values.is_empty() || inside.random.below(4) == 0 {
            inside.count();
        }
        for _ in 0..inside.random.below(7) {
            inside.operation();
        }
        let results = results(&mut inside);
        self.random = inside.random;
        Some(inside.builder.finish(results?))
    }

    /// Indices along an axis, of a named size if there is one: a nested function knows those of the functions around it.
    fn count(&mut self) {
        let names = self.builder.function().dims.len();
        let size = if names == 0 { Dim::fixed(3) } else { Dim::named(DimId(self.random.below(names) as u32)) };
        let dtype = self.random.choose(&[DType::F64, DType::F32, DType::I32]);
        let value = self.builder.push(Op::Iota { ty: Type::new(dtype, vec![size]), axis: 0 }, &[]);
        self.values.extend(value);
    }

    /// Values of these types, rather computed than new.
    fn all_like(&mut self, types: &[Type]) -> Option<Vec<ValueId>> {
        types.iter().map(|ty| self.like(ty)).collect()
    }

    fn call(&mut self) -> Option<(Op, Vec<ValueId>)> {
        let operands = self.picks(0, 4);
        let function = self.function(&self.types(&operands), |inside| Some(inside.picks(1, 4)))?;
        let op = if self.random.below(2) == 0 { Op::Call } else { Op::Checkpoint };
        Some((op(Arc::new(function)), operands))
    }

    /// A number that depends on a value: what any of its elements is, more or less.
    fn number(&mut self) -> Option<ValueId> {
        let mut value = self.pick();
        let ty = self.ty(value);
        if ty.rank() > 0 {
            let kind = if ty.dtype == DType::Bool { Reduction::Any } else { Reduction::Maximum };
            value = self.builder.push(Op::Reduce { kind, axes: (0..ty.rank()).collect() }, &[value]).ok()?;
        }
        Some(value)
    }

    fn truth(&mut self) -> Option<ValueId> {
        let number = self.number()?;
        let ty = self.ty(number);
        if ty.dtype == DType::Bool {
            return Some(number);
        }
        let other = self.random.scalar(ty.dtype);
        let other = self.builder.push(Op::constant(other), &[]).ok()?;
        self.builder.push(Op::Scalar(ScalarOp::Less), &[number, other]).ok()
    }

    fn switch(&mut self) -> Option<(Op, Vec<ValueId>)> {
        let by_number = self.random.below(2) == 0;
        let selector = match by_number {
            true => {
                let (number, dtype) = (self.number()?, self.random.choose(&[DType::I32, DType::I64]));
                self.builder.push(Op::Cast(dtype), &[number]).ok()?
            }
            false => self.truth()?,
        };
        let arguments = self.picks(0, 4);
        let types = self.types(&arguments);
        let first = self.function(&types, |inside| Some(inside.picks(1, 4)))?;
        let results: Vec<Type> = first.result_types().cloned().collect();
        let mut branches = vec![first];
        let count = if by_number { 1 + self.random.below(4) } else { 2 };
        while branches.len() < count {
            branches.push(self.function(&types, |inside| inside.all_like(&results))?);
        }
        Some((Op::Switch(branches.into()), [vec![selector], arguments].concat()))
    }

    fn while_loop(&mut self) -> Option<(Op, Vec<ValueId>)> {
        let (carried, constants) = (self.picks(1, 4), self.picks(0, 3));
        let operands = [&carried[..], &constants[..]].concat();
        let (types, next) = (self.types(&operands), self.types(&carried));
        let condition = self.function(&types, |inside| Some(vec![inside.truth()?]))?;
        let body = self.function(&types, |inside| inside.all_like(&next))?;
        let bound = Some(self.random.below(ITERATIONS + 1) as u64);
        Some((Op::While(Arc::new(While { carried: carried.len(), bound, condition, body })), operands))
    }

    fn scan(&mut self) -> Option<(Op, Vec<ValueId>)> {
        // The size of something that is there, if that is small.
        let value = self.pick();
        let found = self.ty(value).shape.first().copied();
        let fits = |dim: &Dim| dim.as_fixed().map_or(dim.constant == 0, |size| size <= ITERATIONS as u64);
        let length = found.filter(fits).unwrap_or_else(|| Dim::fixed(self.random.below(ITERATIONS + 1) as u64));
        let alike = |&id: &ValueId| self.builder.function().ty(id).shape.first() == Some(&length);
        let along: Vec<ValueId> = self.values.iter().copied().filter(alike).collect();
        let scanned = if along.is_empty() { 0 } else { self.random.below(4) };
        let scanned: Vec<ValueId> = (0..scanned).map(|_| self.random.choose(&along)).collect();
        let (carried, constants) = (self.picks(0, 4), self.picks(0, 3));
        let slice = |ty: Type| Type { dtype: ty.dtype, shape: ty.shape[1..].iter().copied().collect::<Shape>() };
        let slices: Vec<Type> = self.types(&scanned).into_iter().map(slice).collect();
        let next = self.types(&carried);
        let body = self.function(&[next.clone(), slices, self.types(&constants)].concat(), |inside| {
            let stacked = inside.picks(usize::from(next.is_empty()), 4);
            Some([inside.all_like(&next)?, stacked].concat())
        })?;
        let every = 1 + self.random.below(3) as u64;
        let op = Scan {
            carried: carried.len(),
            scanned: scanned.len(),
            length,
            reverse: self.random.below(2) == 0,
            checkpoint: self.random.choose(&[Checkpoint::All, Checkpoint::Every(every), Checkpoint::Binomial(every)]),
            body,
        };
        Some((Op::Scan(Arc::new(op)), [carried, scanned, constants].concat()))
    }
}

/// About how many elements a function makes for these sizes: more than the interpreters do, where they stop early or take
/// one branch. Saturates.
#[must_use]
pub fn cost(function: &Function, dims: &[u64]) -> u64 {
    let elements = |ty: &Type| element_count(&ty.shape, dims).unwrap_or(u64::MAX);
    let own = function.values.iter().map(|value| elements(&value.ty));
    let inside = function.nodes.iter().map(|node| {
        let once = node.op.functions().into_iter().map(|function| cost(function, dims)).fold(0, u64::saturating_add);
        let times = match &node.op {
            Op::While(looped) => looped.bound.unwrap_or(u64::MAX),
            Op::Scan(scan) => scan.length.size(dims).unwrap_or(u64::MAX),
            _ => 1,
        };
        once.saturating_add(32).saturating_mul(times)
    });
    own.chain(inside).fold(0, u64::saturating_add)
}
