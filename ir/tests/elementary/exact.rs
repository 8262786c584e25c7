//! Operations without rounding error of their own.

use crate::reference::big;
use crate::sample::Random;
use rotrace_ir::elementary::evaluate;
use rotrace_ir::graph::Reduction;
use rotrace_ir::{DType, Scalar, ScalarOp, reduce};

const SPECIAL: [f64; 13] =
    [0.0, -0.0, 1.0, -1.0, 1.5, -2.5, 5e-324, -5e-324, f64::MAX, f64::MIN, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

fn scalars(dtype: DType) -> Vec<Scalar> {
    let mut random = Random(3);
    let mut all: Vec<Scalar> = SPECIAL.iter().map(|&value| Scalar::from_f64(dtype, value)).collect();
    all.extend((0..30).map(|_| Scalar::from_bits(dtype, random.bits())));
    all.push(Scalar::from_bits(dtype, 1));
    all
}

/// Every pair of special and random numbers, in both widths.
fn pairs() -> impl Iterator<Item = (Scalar, Scalar)> {
    [DType::F32, DType::F64].into_iter().flat_map(|dtype| {
        let all = scalars(dtype);
        let seconds = all.clone();
        all.into_iter().flat_map(move |x| seconds.clone().into_iter().map(move |y| (x, y)))
    })
}

#[test]
fn extremes_agree_with_reductions() {
    for (x, y) in pairs() {
        for (op, kind) in [(ScalarOp::Maximum, Reduction::Maximum), (ScalarOp::Minimum, Reduction::Minimum)] {
            let (got, expected) = (evaluate(op, &[x, y]), reduce::combine(kind, x, y));
            assert!(got.same(expected), "{op}({x}, {y}) is {got}, not {expected}");
        }
    }
}

#[test]
fn neighbours_and_signs() {
    for (x, y) in pairs() {
        let (a, b) = (x.as_f64(), y.as_f64());
        let step = |up: bool| match (x.dtype == DType::F32, up) {
            (true, true) => Scalar::f32(x.as_f32().next_up()),
            (true, false) => Scalar::f32(x.as_f32().next_down()),
            (false, true) => Scalar::f64(a.next_up()),
            (false, false) => Scalar::f64(a.next_down()),
        };
        let expected = match a.partial_cmp(&b) {
            None => Scalar::from_f64(x.dtype, f64::NAN),
            Some(std::cmp::Ordering::Equal) => y,
            Some(order) => step(order.is_lt()),
        };
        let got = evaluate(ScalarOp::Nextafter, &[x, y]);
        assert!(got.same(expected), "nextafter({x}, {y}) is {got}, not {expected}");

        let sign_bit = 1 << (x.dtype.bits() - 1);
        let copied = Scalar::from_bits(x.dtype, (x.bits & !sign_bit) | (y.bits & sign_bit));
        assert_eq!(evaluate(ScalarOp::Copysign, &[x, y]), copied);
        assert_eq!(evaluate(ScalarOp::Signbit, &[x]), Scalar::bool(x.bits & sign_bit != 0));
        assert_eq!(evaluate(ScalarOp::IsNan, &[x]), Scalar::bool(a.is_nan()));
        assert_eq!(evaluate(ScalarOp::IsInf, &[x]), Scalar::bool(a.is_infinite()));
        assert_eq!(evaluate(ScalarOp::IsFinite, &[x]), Scalar::bool(a.is_finite()));
        let sign = if a == 0.0 {
            0.0
        } else if a.is_nan() {
            a
        } else {
            a.signum()
        };
        assert!(evaluate(ScalarOp::Sign, &[x]).same(Scalar::from_f64(x.dtype, sign)), "sign({x})");
    }
}

/// Pairs whose quotients have any number of bits.
fn divisions() -> Vec<(f64, f64)> {
    let mut random = Random(11);
    let mut all = Vec::new();
    for _ in 0..20_000 {
        all.push((random.magnitude(-1074.0, 1023.0), random.magnitude(-1074.0, 1023.0)));
        let divisor = random.magnitude(-20.0, 20.0);
        all.push((random.magnitude(-20.0, 70.0), divisor));
        // Close to a multiple.
        let factor = (random.magnitude(0.0, 53.0)).trunc();
        all.push((random.near(factor * divisor), divisor));
    }
    all
}

#[test]
fn remainders_are_exact_for_every_quotient() {
    for (x, y) in divisions() {
        for dtype in [DType::F64, DType::F32] {
            let (a, b) = (Scalar::from_f64(dtype, x), Scalar::from_f64(dtype, y));
            let (x, y) = (a.as_f64(), b.as_f64());
            if y == 0.0 || !x.is_finite() || !y.is_finite() {
                continue;
            }
            let rest = x % y; // Exact in any standard library.
            let rest = if rest != 0.0 && (rest < 0.0) != (y < 0.0) { rest + y } else { rest };
            let expected = Scalar::from_f64(dtype, if rest == 0.0 { 0f64.copysign(y) } else { rest });
            let got = evaluate(ScalarOp::Remainder, &[a, b]);
            assert!(got.same(expected), "remainder({x:e}, {y:e}) is {got}, not {expected}");
        }
    }
}

#[test]
fn quotients_are_rounded_down() {
    for (x, y) in divisions() {
        let got = evaluate(ScalarOp::FloorDivide, &[Scalar::f64(x), Scalar::f64(y)]).as_f64();
        if got.abs() >= 9_007_199_254_740_992.0 || !got.is_finite() {
            continue;
        }
        // 0 <= x - got * y < y, for a positive divisor.
        let rest = big(x).sub_full_prec(&big(got).mul_full_prec(&big(y)));
        let (rest, divisor) = if y < 0.0 { (rest.neg(), big(-y)) } else { (rest, big(y)) };
        assert!(rest.is_zero() || rest.is_positive(), "floor_divide({x:e}, {y:e}) is {got}: too large");
        assert!(rest.cmp(&divisor).is_some_and(|order| order < 0), "floor_divide({x:e}, {y:e}) is {got}: too small");
    }
}

#[test]
fn integers() {
    let mut random = Random(5);
    for _ in 0..2000 {
        let (base, exponent) = (random.bits() as i32, random.bits() % 70);
        for (dtype, expected) in [
            (DType::I32, i64::from(base.wrapping_pow(exponent as u32))),
            (DType::U32, i64::from((base as u32).wrapping_pow(exponent as u32))),
            (DType::I8, i64::from((base as i8).wrapping_pow(exponent as u32))),
            (DType::U64, (base as u64).wrapping_pow(exponent as u32) as i64),
            (DType::I64, i64::from(base).wrapping_pow(exponent as u32)),
        ] {
            let operands = [Scalar::from_i64(dtype, i64::from(base)), Scalar::from_i64(dtype, exponent as i64)];
            assert_eq!(evaluate(ScalarOp::Pow, &operands), Scalar::from_i64(dtype, expected), "{operands:?}");
        }
        let unary = |op, x: i64| evaluate(op, &[Scalar::from_i64(DType::I16, x)]);
        let x = i64::from(base as i16);
        assert_eq!(unary(ScalarOp::Sign, x), Scalar::from_i64(DType::I16, x.signum()));
        assert_eq!(unary(ScalarOp::Floor, x), Scalar::from_i64(DType::I16, x));
        assert_eq!(unary(ScalarOp::IsFinite, x), Scalar::bool(true));
    }
    for (base, exponent, expected) in [(2, -1, 0), (1, -5, 1), (-1, -5, -1), (-1, -4, 1), (0, -1, 0), (0, 0, 1)] {
        let operands = [Scalar::from_i64(DType::I64, base), Scalar::from_i64(DType::I64, exponent)];
        assert_eq!(evaluate(ScalarOp::Pow, &operands), Scalar::i64(expected), "{base}^{exponent}");
    }
    let large = Scalar::from_bits(DType::U64, u64::MAX);
    assert_eq!(evaluate(ScalarOp::Sign, &[large]), Scalar::from_i64(DType::U64, 1));
}
