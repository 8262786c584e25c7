//! Evaluating graphs in tests: slow and obvious. Core operations by the reference, elementary ones by std.

mod regions;

use rotrace_ir::graph::{Function, Op};
use rotrace_ir::scalar::{ScalarOp, evaluate_core};
use rotrace_ir::{DType, Dim, Scalar, Shape, reduce};

/// A concrete array.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<u64>,
    pub data: Vec<Scalar>,
}

impl Array {
    pub fn f64(shape: &[u64], data: &[f64]) -> Self {
        assert_eq!(shape.iter().product::<u64>() as usize, data.len());
        Self { shape: shape.to_vec(), data: data.iter().map(|&x| Scalar::f64(x)).collect() }
    }

    pub fn scalar(value: f64) -> Self {
        Self::f64(&[], &[value])
    }

    pub fn floats(&self) -> Vec<f64> {
        self.data.iter().map(|x| x.as_f64()).collect()
    }

    fn build(shape: Vec<u64>, mut element: impl FnMut(&[u64]) -> Scalar) -> Self {
        let data = indices(&shape).map(|index| element(&index)).collect();
        Self { shape, data }
    }

    fn at(&self, index: &[u64]) -> Scalar {
        let position = index.iter().zip(&self.shape).fold(0, |position, (i, size)| position * size + i);
        self.data[position as usize]
    }

    /// Bit for bit, NaNs alike.
    pub fn same(&self, other: &Self) -> bool {
        self.shape == other.shape && self.data.iter().zip(&other.data).all(|(a, b)| a.same(*b))
    }
}

fn indices(shape: &[u64]) -> impl Iterator<Item = Vec<u64>> + use<> {
    let shape = shape.to_vec();
    (0..shape.iter().product::<u64>()).map(move |mut position| {
        let mut index = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            index[axis] = position % shape[axis];
            position /= shape[axis];
        }
        index
    })
}

/// The results of a function for arguments and sizes of the named dimensions.
pub fn evaluate(function: &Function, arguments: &[Array], dims: &[u64]) -> Vec<Array> {
    let mut values: Vec<Array> = Vec::with_capacity(function.values.len());
    for node in &function.nodes {
        let operands: Vec<&Array> = node.operands.iter().map(|id| &values[id.0 as usize]).collect();
        if let Some(results) = regions::evaluate(&node.op, &operands, dims) {
            values.extend(results);
            continue;
        }
        if let Op::Custom(_) = &node.op {
            let given: Vec<Array> = operands[..node.results.len()].iter().map(|&value| value.clone()).collect();
            values.extend(given);
            continue;
        }
        let ty = function.ty(node.results[0]);
        let shape = sizes(&ty.shape, dims);
        let value = match &node.op {
            Op::Parameter { index, .. } => arguments[*index as usize].clone(),
            op => apply(op, &operands, ty.dtype, shape.clone(), dims),
        };
        assert_eq!(value.shape, shape, "{}", node.op.name());
        assert!(value.data.iter().all(|x| x.dtype == ty.dtype), "{}", node.op.name());
        values.push(value);
    }
    function.results.iter().map(|id| values[id.0 as usize].clone()).collect()
}

fn sizes(shape: &Shape, dims: &[u64]) -> Vec<u64> {
    shape.iter().map(|dim| dim.size(dims).expect("sizes fit")).collect()
}

fn apply(op: &Op, operands: &[&Array], dtype: DType, shape: Vec<u64>, dims: &[u64]) -> Array {
    let x = operands.first().copied();
    let first = || x.expect("has an operand");
    match op {
        Op::Parameter { .. } => unreachable!("bound by the caller"),
        Op::Constant(constant) => Array { shape, data: constant.elements().collect() },
        Op::Iota { axis, .. } => Array::build(shape, |index| Scalar::from_i64(dtype, index[*axis] as i64)),
        Op::Scalar(op) => Array::build(shape, |index| {
            let operands: Vec<Scalar> = operands.iter().map(|operand| operand.at(index)).collect();
            evaluate_core(*op, &operands).unwrap_or_else(|| elementary(*op, &operands))
        }),
        Op::StopGradient => Array { shape, data: first().data.clone() },
        Op::Custom(_) | Op::Call(_) | Op::Checkpoint(_) | Op::Switch(_) | Op::While(_) | Op::Scan(_) => {
            unreachable!("their results are made one by one")
        }
        Op::Native(_) => unreachable!("the tests of all crates have programs with native functions"),
        Op::Cast(to) => Array { shape, data: first().data.iter().map(|x| x.cast(*to)).collect() },
        Op::Bitcast(to) => Array { shape, data: first().data.iter().map(|x| Scalar::from_bits(*to, x.bits)).collect() },
        Op::Reshape { .. } => Array { shape, data: first().data.clone() },
        Op::Broadcast { axes, .. } => Array::build(shape, |index| {
            let x = first();
            let source: Vec<u64> =
                axes.iter().zip(&x.shape).map(|(&axis, &size)| if size == 1 { 0 } else { index[axis] }).collect();
            x.at(&source)
        }),
        Op::Transpose { permutation } => Array::build(shape, |index| {
            let mut source = vec![0; index.len()];
            permutation.iter().zip(index).for_each(|(&axis, &i)| source[axis] = i);
            first().at(&source)
        }),
        Op::Slice { start, step, .. } => Array::build(shape, |index| {
            let source: Vec<u64> = (0..index.len()).map(|axis| start[axis] + index[axis] * step[axis]).collect();
            first().at(&source)
        }),
        Op::Pad { low, interior, .. } => Array::build(shape, |index| {
            let source: Option<Vec<u64>> = (0..index.len())
                .map(|axis| {
                    let place = index[axis].checked_sub(low[axis])?;
                    let stride = interior[axis] + 1;
                    (place % stride == 0 && place / stride < first().shape[axis]).then_some(place / stride)
                })
                .collect();
            source.map_or(operands[1].data[0], |source| first().at(&source))
        }),
        Op::Concatenate { axis } => Array::build(shape, |index| {
            let mut source = index.to_vec();
            let part = operands.iter().find(|part| {
                let size = part.shape[*axis];
                let inside = source[*axis] < size;
                source[*axis] -= if inside { 0 } else { size };
                inside
            });
            part.expect("within the parts").at(&source)
        }),
        Op::Reverse { axes } => Array::build(shape.clone(), |index| {
            let mut source = index.to_vec();
            axes.iter().for_each(|&axis| source[axis] = shape[axis] - 1 - index[axis]);
            first().at(&source)
        }),
        Op::Reduce { kind, axes } => axes.iter().rev().fold(first().clone(), |x, &axis| reduce_axis(*kind, &x, axis)),
        Op::DotGeneral { batch, contract } => dot_general(operands[0], operands[1], batch, contract, shape),
        Op::Take { axis, indices } => Array::build(shape, |index| {
            let mut source = index.to_vec();
            source[*axis] = indices[index[*axis] as usize];
            first().at(&source)
        }),
        Op::ScatterAdd { axis, indices, .. } => Array::build(shape, |index| {
            let hits = (0..indices.len()).filter(|&place| indices[place] == index[*axis]);
            let parts: Vec<Scalar> = hits
                .map(|place| {
                    let mut source = index.to_vec();
                    source[*axis] = place as u64;
                    first().at(&source)
                })
                .collect();
            reduce::axis(rotrace_ir::graph::Reduction::Sum, dtype, &parts)
        }),
    }
    .checked(dims)
}

impl Array {
    fn checked(self, dims: &[u64]) -> Self {
        assert_eq!(self.shape.iter().product::<u64>() as usize, self.data.len(), "for dims {dims:?}");
        self
    }
}

fn reduce_axis(kind: rotrace_ir::graph::Reduction, x: &Array, axis: usize) -> Array {
    let mut shape = x.shape.clone();
    let size = shape.remove(axis);
    let dtype = x.data.first().map_or(DType::F64, |x| x.dtype);
    Array::build(shape, |index| {
        let mut source = index.to_vec();
        source.insert(axis, 0);
        let line: Vec<Scalar> = (0..size)
            .map(|place| {
                source[axis] = place;
                x.at(&source)
            })
            .collect();
        reduce::axis(kind, dtype, &line)
    })
}

fn dot_general(
    left: &Array,
    right: &Array,
    batch: &[(usize, usize)],
    contract: &[(usize, usize)],
    shape: Vec<u64>,
) -> Array {
    let contracted: Vec<u64> = contract.iter().map(|pair| left.shape[pair.0]).collect();
    Array::build(shape, |index| {
        let mut total = 0.0;
        for inner in indices(&contracted) {
            let mut next = batch.len();
            let mut source = |operand: &Array, side: fn(&(usize, usize)) -> usize| {
                let place = |pairs: &[(usize, usize)], axis| pairs.iter().position(|pair| side(pair) == axis);
                let source: Vec<u64> = (0..operand.shape.len())
                    .map(|axis| match (place(batch, axis), place(contract, axis)) {
                        (Some(at), _) => index[at],
                        (None, Some(at)) => inner[at],
                        (None, None) => {
                            next += 1;
                            index[next - 1]
                        }
                    })
                    .collect();
                operand.at(&source).as_f64()
            };
            total += source(left, |pair| pair.0) * source(right, |pair| pair.1);
        }
        Scalar::f64(total)
    })
}

/// Elementary operations in double precision.
pub fn elementary(op: ScalarOp, operands: &[Scalar]) -> Scalar {
    let dtype = operands[0].dtype;
    let x = operands[0].as_f64();
    let y = operands.get(1).map_or(0.0, |y| y.as_f64());
    let truth = |truth| Scalar::bool(truth);
    let number = match op {
        ScalarOp::FloorDivide => (x / y).floor(),
        ScalarOp::Remainder => x - y * (x / y).floor(),
        ScalarOp::Sign if x == 0.0 => 0.0,
        ScalarOp::Sign => x.signum(),
        ScalarOp::Maximum | ScalarOp::Minimum if x.is_nan() || y.is_nan() => f64::NAN,
        ScalarOp::Maximum => {
            if x > y || x == y && y.is_sign_negative() {
                x
            } else {
                y
            }
        }
        ScalarOp::Minimum => {
            if x < y || x == y && x.is_sign_negative() {
                x
            } else {
                y
            }
        }
        ScalarOp::Copysign => x.copysign(y),
        ScalarOp::Nextafter if x == y => y,
        ScalarOp::Nextafter => {
            if y > x {
                x.next_up()
            } else {
                x.next_down()
            }
        }
        ScalarOp::IsNan => return truth(x.is_nan()),
        ScalarOp::IsInf => return truth(x.is_infinite()),
        ScalarOp::IsFinite => return truth(x.is_finite()),
        ScalarOp::Signbit => return truth(x.is_sign_negative()),
        ScalarOp::Exp => x.exp(),
        ScalarOp::Exp2 => x.exp2(),
        ScalarOp::Rsqrt => x.sqrt().recip(),
        ScalarOp::Expm1 => x.exp_m1(),
        ScalarOp::Log => x.ln(),
        ScalarOp::Log1p => x.ln_1p(),
        ScalarOp::Log2 => x.log2(),
        ScalarOp::Log10 => x.log10(),
        ScalarOp::Logaddexp if x == y => x + std::f64::consts::LN_2,
        ScalarOp::Logaddexp => x.max(y) + (-(x - y).abs()).exp().ln_1p(),
        ScalarOp::Pow => x.powf(y),
        ScalarOp::Hypot => x.hypot(y),
        ScalarOp::Sin => x.sin(),
        ScalarOp::Cos => x.cos(),
        ScalarOp::Tan => x.tan(),
        ScalarOp::Asin => x.asin(),
        ScalarOp::Acos => x.acos(),
        ScalarOp::Atan => x.atan(),
        ScalarOp::Atan2 => x.atan2(y),
        ScalarOp::Sinh => x.sinh(),
        ScalarOp::Cosh => x.cosh(),
        ScalarOp::Tanh => x.tanh(),
        ScalarOp::Asinh => x.asinh(),
        ScalarOp::Acosh => x.acosh(),
        ScalarOp::Atanh => x.atanh(),
        core => unreachable!("{core} on {dtype} is core or not float"),
    };
    Scalar::from_f64(dtype, number)
}

/// A fixed dim list, for brevity in tests.
pub fn fixed(sizes: &[u64]) -> Shape {
    sizes.iter().map(|&size| Dim::fixed(size)).collect()
}

/// A seeded generator of doubles: good enough to scatter sample points.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }

    pub fn array(&mut self, shape: &[u64], low: f64, high: f64) -> Array {
        let data: Vec<f64> = (0..shape.iter().product::<u64>()).map(|_| self.between(low, high)).collect();
        Array::f64(shape, &data)
    }
}
