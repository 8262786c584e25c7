//! The platform's `f64` functions as references for `f32` functions: their own error is far below what is asserted.
//!
//! The sweep over all operands in the cross-crate tests uses this file too.

use rotrace_ir::ScalarOp;

/// The unary functions.
pub const UNARY: [ScalarOp; 20] = [
    ScalarOp::Rsqrt,
    ScalarOp::Exp,
    ScalarOp::Exp2,
    ScalarOp::Expm1,
    ScalarOp::Log,
    ScalarOp::Log1p,
    ScalarOp::Log2,
    ScalarOp::Log10,
    ScalarOp::Sin,
    ScalarOp::Cos,
    ScalarOp::Tan,
    ScalarOp::Asin,
    ScalarOp::Acos,
    ScalarOp::Atan,
    ScalarOp::Sinh,
    ScalarOp::Cosh,
    ScalarOp::Tanh,
    ScalarOp::Asinh,
    ScalarOp::Acosh,
    ScalarOp::Atanh,
];

/// Functions are computed on doubles and rounded once; the rest is for the references (`acosh` near 1 loses digits).
pub const BOUND: f64 = 0.5001;

/// The platform's own errors on singles stay below this, in units in the last place of a double.
pub const PLATFORM_BOUND: f64 = 16.0;

/// The value of a unary function.
pub fn platform(op: ScalarOp, x: f64) -> f64 {
    match op {
        ScalarOp::Rsqrt => x.sqrt().recip(),
        ScalarOp::Exp => x.exp(),
        ScalarOp::Exp2 => x.exp2(),
        ScalarOp::Expm1 => x.exp_m1(),
        ScalarOp::Log => x.ln(),
        ScalarOp::Log1p => x.ln_1p(),
        ScalarOp::Log2 => x.log2(),
        ScalarOp::Log10 => x.log10(),
        ScalarOp::Sin => x.sin(),
        ScalarOp::Cos => x.cos(),
        ScalarOp::Tan => x.tan(),
        ScalarOp::Asin => x.asin(),
        ScalarOp::Acos => x.acos(),
        ScalarOp::Atan => x.atan(),
        ScalarOp::Sinh => x.sinh(),
        ScalarOp::Cosh => x.cosh(),
        ScalarOp::Tanh => x.tanh(),
        ScalarOp::Asinh => x.asinh(),
        // The standard library's `acosh` cancels near 1.
        ScalarOp::Acosh if x < 1.0 => f64::NAN,
        ScalarOp::Acosh => ((x - 1.0) + ((x - 1.0) * (x + 1.0)).sqrt()).ln_1p(),
        // And its `atanh` near -1.
        ScalarOp::Atanh => x.abs().atanh().copysign(x),
        other => panic!("no reference for {other}"),
    }
}

/// Error in units in the last place of a single; infinity if one is NaN and the other is not, or zeros differ in sign.
pub fn error(got: f32, exact: f64) -> f64 {
    if got.is_nan() || exact.is_nan() {
        return if got.is_nan() && exact.is_nan() { 0.0 } else { f64::INFINITY };
    }
    let limit = power_of_two(128);
    if exact.abs() >= limit {
        return if f64::from(got) == exact.signum() * f64::INFINITY { 0.0 } else { f64::INFINITY };
    }
    if got.is_sign_negative() != exact.is_sign_negative() {
        return f64::INFINITY;
    }
    let value = if got.is_infinite() { limit * f64::from(got.signum()) } else { f64::from(got) };
    let exponent = ((exact.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    (value - exact).abs() * power_of_two(-(exponent - 23).max(-149))
}

/// Of an exponent that normal doubles have: `powi` is a loop, which the sweep over all operands would feel.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}
