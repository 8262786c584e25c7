//! Exact values, to about 190 bits, and errors in units in the last place.

use astro_float::{BigFloat, Consts, RoundingMode, Sign};
use rotrace_ir::ScalarOp;

const NEAREST: RoundingMode = RoundingMode::None;
const BITS: usize = 256;

/// Computes references.
pub struct Reference {
    constants: Consts,
}

/// A float format: bits of the mantissa, and the exponent of the smallest subnormal.
#[derive(Clone, Copy)]
pub struct Format {
    pub bits: i32,
    pub smallest: i32,
}

pub const DOUBLE: Format = Format { bits: 53, smallest: -1074 };
pub const SINGLE: Format = Format { bits: 24, smallest: -149 };

/// Subnormal numbers go in scaled: the library is one exponent off with them.
pub fn big(value: f64) -> BigFloat {
    let scale = 2f64.powi(200);
    if value.is_subnormal() {
        BigFloat::from_f64(value * scale, BITS).div(&BigFloat::from_f64(scale, BITS), BITS, NEAREST)
    } else {
        BigFloat::from_f64(value, BITS)
    }
}

/// `x + x^2 c[0] + x^3 c[1] + ...` of a tiny `x`.
fn series(x: &BigFloat, divisors: [f64; 4]) -> BigFloat {
    let (mut sum, mut power) = (x.clone(), x.clone());
    for divisor in divisors {
        power = power.mul(x, BITS, NEAREST);
        sum = sum.add(&power.div(&big(divisor), BITS, NEAREST), BITS, NEAREST);
    }
    sum
}

impl Reference {
    pub fn new() -> Self {
        Self { constants: Consts::new().expect("memory for constants") }
    }

    /// The value of an operation, or `None` where it is not a finite number.
    pub fn value(&mut self, op: ScalarOp, x: f64, y: f64) -> Option<BigFloat> {
        let one = big(1.0);
        let (a, c) = (big(x), &mut self.constants);
        let value = match op {
            ScalarOp::Rsqrt => one.div(&a.sqrt(BITS, NEAREST), BITS, NEAREST),
            ScalarOp::Exp => a.exp(BITS, NEAREST, c),
            ScalarOp::Exp2 => a.mul(&c.ln_2(BITS, NEAREST), BITS, NEAREST).exp(BITS, NEAREST, c),
            ScalarOp::Expm1 if x.abs() < 1e-12 => series(&a, [2.0, 6.0, 24.0, 120.0]),
            ScalarOp::Expm1 => a.exp(BITS, NEAREST, c).sub(&one, BITS, NEAREST),
            ScalarOp::Log => a.ln(BITS, NEAREST, c),
            ScalarOp::Log2 => a.log2(BITS, NEAREST, c),
            ScalarOp::Log10 => a.log10(BITS, NEAREST, c),
            ScalarOp::Log1p if x.abs() < 1e-12 => series(&a, [-2.0, 3.0, -4.0, 5.0]),
            ScalarOp::Log1p => a.add(&one, BITS, NEAREST).ln(BITS, NEAREST, c),
            ScalarOp::Sin => a.sin(BITS, NEAREST, c),
            ScalarOp::Cos => a.cos(BITS, NEAREST, c),
            ScalarOp::Tan => a.tan(BITS, NEAREST, c),
            ScalarOp::Asin => a.asin(BITS, NEAREST, c),
            ScalarOp::Acos => a.acos(BITS, NEAREST, c),
            ScalarOp::Atan => a.atan(BITS, NEAREST, c),
            ScalarOp::Sinh => a.sinh(BITS, NEAREST, c),
            ScalarOp::Cosh => a.cosh(BITS, NEAREST, c),
            ScalarOp::Tanh => a.tanh(BITS, NEAREST, c),
            ScalarOp::Asinh => a.asinh(BITS, NEAREST, c),
            ScalarOp::Acosh => a.acosh(BITS, NEAREST, c),
            ScalarOp::Atanh => a.atanh(BITS, NEAREST, c),
            ScalarOp::Pow => a.pow(&big(y), BITS, NEAREST, c),
            ScalarOp::Hypot => {
                let (square, other) = (a.mul(&a, BITS, NEAREST), big(y).mul(&big(y), BITS, NEAREST));
                square.add(&other, BITS, NEAREST).sqrt(BITS, NEAREST)
            }
            ScalarOp::Atan2 => self.atan2(x, y),
            ScalarOp::Logaddexp => self.logaddexp(x, y),
            other => panic!("no reference for {other}"),
        };
        (!value.is_nan() && !value.is_inf()).then_some(value)
    }

    fn atan2(&mut self, y: f64, x: f64) -> BigFloat {
        let quotient = big(y).div(&big(x), BITS, NEAREST);
        let principal = quotient.atan(BITS, NEAREST, &mut self.constants);
        if x > 0.0 || (x == 0.0 && x.is_sign_positive()) {
            return principal;
        }
        let pi = self.constants.pi(BITS, NEAREST);
        if y.is_sign_negative() { principal.sub(&pi, BITS, NEAREST) } else { principal.add(&pi, BITS, NEAREST) }
    }

    fn logaddexp(&mut self, x: f64, y: f64) -> BigFloat {
        let distance = big(x.min(y)).sub(&big(x.max(y)), BITS, NEAREST);
        let small = distance.exp(BITS, NEAREST, &mut self.constants);
        let log = big(1.0).add(&small, BITS, NEAREST).ln(BITS, NEAREST, &mut self.constants);
        big(x.max(y)).add(&log, BITS, NEAREST)
    }
}

/// `mantissa * 2^exponent` with a mantissa in `[1/2, 1)`, rounded to a double.
pub fn parts(value: &BigFloat) -> (f64, i32) {
    let Some((words, _, sign, exponent, _)) = value.as_raw_parts() else { return (f64::NAN, 0) };
    let top = words.last().copied().unwrap_or(0) as f64 / 18_446_744_073_709_551_616.0;
    (if sign == Sign::Neg { -top } else { top }, exponent)
}

/// The error of `got`, in units in the last place of `exact`. Infinity counts as the power of two it stands for.
pub fn error(got: f64, exact: &BigFloat, format: Format) -> f64 {
    if got.is_nan() {
        return f64::INFINITY;
    }
    let ceiling = 3 - format.bits - format.smallest;
    let got = if got.is_infinite() {
        let half = big(2f64.powi(ceiling / 2) * got.signum());
        half.mul(&big(2f64.powi(ceiling - ceiling / 2)), BITS, NEAREST)
    } else {
        big(got)
    };
    let (difference, exponent) = parts(&got.sub(exact, BITS, NEAREST));
    let unit = (parts(exact).1 - format.bits).max(format.smallest);
    if difference == 0.0 { 0.0 } else { difference.abs() * 2f64.powi((exponent - unit).clamp(-1000, 1000)) }
}

#[cfg(test)]
mod tests {
    use super::{DOUBLE, Reference, SINGLE, big, error};
    use rotrace_ir::ScalarOp;

    #[test]
    fn errors_are_in_units_in_the_last_place() {
        assert_eq!(error(1.0 + f64::EPSILON, &big(1.0), DOUBLE), 1.0);
        assert_eq!(error(1.0 + f64::EPSILON, &big(1.0), SINGLE), 2f64.powi(-29));
        assert_eq!(error(0.0, &big(5e-324), DOUBLE), 1.0);
        assert_eq!(error(f64::INFINITY, &big(f64::MAX), DOUBLE), 1.0);
        assert_eq!(error(f64::INFINITY, &big(f64::from(f32::MAX)), SINGLE), 1.0);
    }

    #[test]
    fn references_agree_with_the_platform() {
        let mut reference = Reference::new();
        for (op, x, y, expected) in [
            (ScalarOp::Sin, 1e22, 0.0, 1e22f64.sin()),
            (ScalarOp::Expm1, 1e-20, 0.0, 1e-20),
            (ScalarOp::Log1p, 0.3, 0.0, 0.3f64.ln_1p()),
            (ScalarOp::Atan2, 2.0, -3.0, 2f64.atan2(-3.0)),
            (ScalarOp::Logaddexp, 1.0, 2.0, 2.0 + (-1f64).exp().ln_1p()),
            (ScalarOp::Exp2, -3.0, 0.0, 0.125),
        ] {
            let exact = reference.value(op, x, y).expect("a finite value");
            assert!(error(expected, &exact, DOUBLE) < 1.5, "{op}({x}, {y})");
        }
    }
}
