//! Seeded random well-typed programs and arguments.
//!
//! A program is grown operation by operation through the graph builder: whatever the type rules refuse is not added, so
//! every program is well typed by construction. Sizes, dtypes and values are chosen to meet the corners: zero sizes,
//! sizes one, lengths around SIMD widths and reduction blocks, NaNs, infinities, signed zeros, subnormals.

use rotrace_ir::dim::{Dim, Shape, Type, display_shape};
use rotrace_ir::graph::{Constant, Function, GraphBuilder, Op, Reduction, ValueId};
use rotrace_ir::scalar::{ScalarOp, TABLE};
use rotrace_ir::{DType, Scalar};
use std::sync::Arc;

mod regions;

pub use regions::cost;

/// A small fast generator (SplitMix64), so that a seed names a program for good.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound` (at least 1).
    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// One of the choices.
    pub fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A value of a dtype: mostly ordinary, sometimes special.
    pub fn scalar(&mut self, dtype: DType) -> Scalar {
        const SPECIAL: [f64; 12] = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            5e-324,
            1e-310,
            f64::MAX,
            1e-40,
            f64::MIN_POSITIVE,
        ];
        match (dtype, self.below(10)) {
            (DType::Bool, _) => Scalar::bool(self.bits() & 1 == 1),
            (DType::F32 | DType::F64, 0) => Scalar::from_f64(dtype, self.choose(&SPECIAL)),
            (DType::F32 | DType::F64, 1) => Scalar::from_bits(dtype, self.bits()),
            (DType::F32 | DType::F64, _) => Scalar::from_f64(dtype, (self.unit() - 0.5) * 8.0),
            (_, 0) => Scalar::from_bits(dtype, self.bits()),
            (_, _) => Scalar::from_i64(dtype, self.below(21) as i64 - 10),
        }
    }

    /// An array of a type, for given sizes of the named dimensions.
    pub fn array(&mut self, ty: &Type, dims: &[u64]) -> Constant {
        let shape: Vec<u64> = ty.shape.iter().map(|dim| dim.size(dims).expect("sizes are not negative")).collect();
        let count = shape.iter().product::<u64>();
        Constant::from_scalars(ty.dtype, shape, (0..count).map(|_| self.scalar(ty.dtype)))
    }
}

/// A random program over the named dimensions `n` and `m`.
#[must_use]
pub fn program(seed: u64) -> Function {
    grown(seed, 0)
}

/// A random program with calls, branches and loops, in each other at most two deep.
#[must_use]
pub fn program_with_regions(seed: u64) -> Function {
    grown(seed, 2)
}

fn grown(seed: u64, regions: usize) -> Function {
    let (random, builder) = (Random::new(seed), GraphBuilder::new("random", Vec::new()));
    let mut growth = Growth { random, builder, values: Vec::new(), regions };
    growth.parameters();
    let operations = 3 + growth.random.below(20);
    for _ in 0..operations {
        growth.operation();
    }
    let count = 1 + growth.random.below(3);
    let recent = growth.values.len().saturating_sub(6);
    let results =
        (0..count).map(|_| growth.values[recent + growth.random.below(growth.values.len() - recent)]).collect();
    growth.builder.finish(results)
}

struct Growth {
    random: Random,
    builder: GraphBuilder,
    values: Vec<ValueId>,
    /// How deep functions may stand in this one.
    regions: usize,
}

impl Growth {
    /// The first parameters have the named dimensions themselves, so that calls can bind them.
    fn parameters(&mut self) {
        let names = self.random.below(3);
        let dims: Vec<Dim> = ["n", "m"][..names].iter().map(|name| Dim::named(self.builder.dim(name))).collect();
        let main = if self.random.below(3) == 0 { DType::F32 } else { DType::F64 };
        let count = names.max(1) + self.random.below(3);
        for index in 0..count {
            let dtype = if self.random.below(4) == 0 { self.random.choose(&DType::ALL) } else { main };
            let mut shape = Shape::new();
            match dims.get(index) {
                Some(&dim) => shape.push(dim),
                None => {
                    for _ in 0..self.random.below(3) {
                        shape.push(self.leading(&dims));
                    }
                }
            }
            for _ in 0..self.random.below(3) {
                shape.push(Dim::fixed(self.random.choose(&[1, 2, 3, 4, 3, 4, 0, 9])));
            }
            self.push_parameter(Type { dtype, shape });
        }
    }

    fn leading(&mut self, dims: &[Dim]) -> Dim {
        match (dims, self.random.below(2)) {
            ([], _) | (_, 0) => Dim::fixed(self.random.choose(&[1, 2, 5, 17, 20, 33])),
            _ => self.random.choose(dims),
        }
    }

    fn push_parameter(&mut self, ty: Type) {
        let value = self.builder.parameter(ty).expect("parameters come first");
        self.values.push(value);
    }

    fn ty(&self, value: ValueId) -> Type {
        self.builder.function().ty(value).clone()
    }

    fn pick(&mut self) -> ValueId {
        self.random.choose(&self.values)
    }

    /// A value of this type: an existing one, or a constant broadcast to it.
    fn like(&mut self, ty: &Type) -> Option<ValueId> {
        let alike: Vec<ValueId> =
            self.values.iter().copied().filter(|&id| self.builder.function().ty(id) == ty).collect();
        if !alike.is_empty() && self.random.below(4) > 0 {
            return Some(self.random.choose(&alike));
        }
        let value = self.random.scalar(ty.dtype);
        let constant = self.builder.push(Op::constant(value), &[]).ok()?;
        self.builder.push(Op::Broadcast { shape: ty.shape.clone(), axes: vec![] }, &[constant]).ok()
    }

    /// Tries to add one operation; keeps arrays small.
    fn operation(&mut self) {
        if self.regions > 0 && self.random.below(5) == 0 {
            return self.region();
        }
        let operand = self.pick();
        let added = match self.random.below(12) {
            0..=4 => self.scalar_operation(operand),
            5 => self.cast(operand),
            6 | 7 => self.movement(operand),
            8 => self.reduction(operand),
            9 => self.broadcast(operand),
            10 => self.contraction(operand),
            _ => self.indexing(operand),
        };
        if let Some(value) = added.filter(|&value| small(&self.ty(value))) {
            self.values.push(value);
        }
    }

    fn scalar_operation(&mut self, operand: ValueId) -> Option<ValueId> {
        let row = &TABLE[self.random.below(TABLE.len())];
        let ty = self.ty(operand);
        let mut operands = vec![operand];
        if row.name == "select" {
            operands[0] = self.like(&ty.with_dtype(DType::Bool))?;
            operands.push(operand);
        }
        while operands.len() < row.arity {
            operands.push(self.like(&ty)?);
        }
        if matches!(row.op, ScalarOp::Signbit | ScalarOp::Copysign) {
            let last = operands.len() - 1;
            operands[last] = self.without_nan(operands[last])?;
        }
        self.builder.push(Op::Scalar(row.op), &operands).ok()
    }

    fn cast(&mut self, operand: ValueId) -> Option<ValueId> {
        let dtype = self.random.choose(&DType::ALL);
        if self.random.below(4) == 0 {
            let operand = self.without_nan(operand)?;
            return self.builder.push(Op::Bitcast(dtype), &[operand]).ok();
        }
        self.builder.push(Op::Cast(dtype), &[operand]).ok()
    }

    /// The value with its NaNs replaced, for operations that read sign and payload, which no engine promises for NaN.
    fn without_nan(&mut self, operand: ValueId) -> Option<ValueId> {
        let ty = self.ty(operand);
        if !ty.dtype.is_float() {
            return Some(operand);
        }
        let is_nan = self.builder.push(Op::Scalar(ScalarOp::IsNan), &[operand]).ok()?;
        let one = self.builder.push(Op::constant(Scalar::from_i64(ty.dtype, 1)), &[]).ok()?;
        let ones = self.builder.push(Op::Broadcast { shape: ty.shape.clone(), axes: vec![] }, &[one]).ok()?;
        self.builder.push(Op::Scalar(ScalarOp::Select), &[is_nan, ones, operand]).ok()
    }

    fn movement(&mut self, operand: ValueId) -> Option<ValueId> {
        let ty = self.ty(operand);
        let rank = ty.rank();
        let op = match self.random.below(6) {
            0 => Op::Transpose { permutation: self.permutation(rank) },
            1 => self.slice(&ty),
            2 => return self.pad(operand, &ty),
            3 => Op::Reverse { axes: (0..rank).filter(|_| self.random.below(2) == 0).collect() },
            4 => return self.concatenate(operand, &ty),
            _ => self.reshape(&ty)?,
        };
        self.builder.push(op, &[operand]).ok()
    }

    fn permutation(&mut self, rank: usize) -> Vec<usize> {
        let mut permutation: Vec<usize> = (0..rank).collect();
        for place in (1..rank).rev() {
            permutation.swap(place, self.random.below(place + 1));
        }
        permutation
    }

    fn slice(&mut self, ty: &Type) -> Op {
        let (mut start, mut limit, mut step) = (Vec::new(), Shape::new(), Vec::new());
        for &dim in &ty.shape {
            match dim.as_fixed() {
                Some(size) => {
                    let first = self.random.below(size as usize + 1) as u64;
                    start.push(first);
                    limit.push(Dim::fixed(first + self.random.below((size - first) as usize + 1) as u64));
                    step.push(1 + self.random.below(2) as u64);
                }
                None => {
                    // Keeps the least size of a named dimension at zero: calls with n = 0 stay valid.
                    let first = self.random.below(dim.constant.max(0) as usize + 1) as u64;
                    start.push(first);
                    limit.push(dim);
                    step.push(1);
                }
            }
        }
        Op::Slice { start, limit, step }
    }

    fn pad(&mut self, operand: ValueId, ty: &Type) -> Option<ValueId> {
        let fill = self.random.scalar(ty.dtype);
        let fill = self.builder.push(Op::constant(fill), &[]).ok()?;
        let mut amounts = |bound| ty.shape.iter().map(|_| self.random.below(bound) as u64).collect::<Vec<_>>();
        let (low, high, mut interior) = (amounts(3), amounts(3), amounts(2));
        for (amount, dim) in interior.iter_mut().zip(&ty.shape) {
            *amount = if dim.name.is_some() { 0 } else { *amount };
        }
        self.builder.push(Op::Pad { low, high, interior }, &[operand, fill]).ok()
    }

    fn concatenate(&mut self, operand: ValueId, ty: &Type) -> Option<ValueId> {
        let axis = self.random.below(ty.rank().max(1));
        let mut other = ty.clone();
        *other.shape.get_mut(axis)? = Dim::fixed(self.random.below(4) as u64);
        let other = self.like(&other)?;
        let operands = if self.random.below(2) == 0 { [operand, other] } else { [other, operand] };
        self.builder.push(Op::Concatenate { axis }, &operands).ok()
    }

    /// Merges two neighbouring axes, splits one, or adds or drops an axis of size 1.
    fn reshape(&mut self, ty: &Type) -> Option<Op> {
        let mut shape = ty.shape.clone();
        let axis = self.random.below(ty.rank() + 1);
        match self.random.below(3) {
            0 => shape.insert(axis, Dim::fixed(1)),
            1 => {
                let next = shape.get(axis + 1)?.as_fixed()?;
                shape[axis] = Dim::fixed(shape[axis].as_fixed()? * next);
                shape.remove(axis + 1);
            }
            _ => {
                let size = shape.get(axis)?.as_fixed()?;
                let factor = [2, 3, 4].into_iter().find(|factor| size % factor == 0)?;
                shape[axis] = Dim::fixed(size / factor);
                shape.insert(axis + self.random.below(2), Dim::fixed(factor));
            }
        }
        Some(Op::Reshape { shape })
    }

    fn reduction(&mut self, operand: ValueId) -> Option<ValueId> {
        let ty = self.ty(operand);
        let axes = (0..ty.rank()).filter(|_| self.random.below(2) == 0).collect();
        self.builder.push(Op::Reduce { kind: self.random.choose(&Reduction::ALL), axes }, &[operand]).ok()
    }

    fn broadcast(&mut self, operand: ValueId) -> Option<ValueId> {
        let ty = self.ty(operand);
        let target = {
            let value = self.pick();
            self.ty(value).shape
        };
        let first = target.len().checked_sub(ty.rank())?;
        let axes = (first..target.len()).collect();
        self.builder.push(Op::Broadcast { shape: target, axes }, &[operand]).ok()
    }

    fn contraction(&mut self, left: ValueId) -> Option<ValueId> {
        let right = self.pick();
        let (a, b) = (self.ty(left), self.ty(right));
        let pairs: Vec<(usize, usize)> = (0..a.rank())
            .flat_map(|i| (0..b.rank()).map(move |j| (i, j)))
            .filter(|&(i, j)| a.shape[i] == b.shape[j])
            .collect();
        let first = *pairs.get(self.random.below(pairs.len().max(1)))?;
        let second = pairs.iter().copied().find(|&(i, j)| i != first.0 && j != first.1);
        let (batch, contract) = match (second, self.random.below(2)) {
            (Some(second), 0) => (vec![second], vec![first]),
            (Some(second), _) => (vec![], vec![first, second]),
            (None, _) => (vec![], vec![first]),
        };
        self.builder.push(Op::DotGeneral { batch, contract }, &[left, right]).ok()
    }

    fn indexing(&mut self, operand: ValueId) -> Option<ValueId> {
        let ty = self.ty(operand);
        let axis = self.random.below(ty.rank().max(1));
        let size = ty.shape.get(axis)?.as_fixed()?;
        if self.random.below(2) == 0 {
            let count = if size == 0 { 0 } else { self.random.below(5) };
            let indices: Arc<[u64]> = (0..count).map(|_| self.random.below(size as usize) as u64).collect();
            return self.builder.push(Op::Take { axis, indices }, &[operand]).ok();
        }
        let into = 1 + self.random.below(6) as u64;
        let indices: Arc<[u64]> = (0..size).map(|_| self.random.below(into as usize) as u64).collect();
        self.builder.push(Op::ScatterAdd { axis, indices, size: into }, &[operand]).ok()
    }
}

/// At most two named axes and a few hundred elements beside them.
fn small(ty: &Type) -> bool {
    let named = ty.shape.iter().filter(|dim| dim.name.is_some()).count();
    let fixed: u64 = ty.shape.iter().filter_map(|dim| dim.as_fixed()).product();
    named <= 2 && fixed <= 400 && ty.rank() <= 5
}

/// A short description of a program's arguments, for failure messages.
#[must_use]
pub fn describe(function: &Function, dims: &[u64]) -> String {
    let sizes: Vec<String> = function.dims.iter().zip(dims).map(|(name, size)| format!("{name} = {size}")).collect();
    let shapes: Vec<String> = function.parameter_types().map(|ty| display_shape(&ty.shape, &function.dims)).collect();
    format!("{} with arguments {}", sizes.join(", "), shapes.join(", "))
}
