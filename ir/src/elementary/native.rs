//! Evaluates definitions on plain numbers.

use super::{Algebra, DoubleAlgebra, Key};

/// The algebra of the machine's own `f32` or `f64`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Native<Float>(Float);

macro_rules! native {
    ($float:ty, $integer:ty) => {
        impl Algebra for Native<$float> {
            type Float = $float;
            type Integer = $integer;
            type Bool = bool;

            fn sign_bit(&self) -> u64 {
                1 << (<$integer>::BITS - 1)
            }
            #[inline(always)]
            fn float(&self, value: f64) -> $float {
                value as $float
            }
            #[inline(always)]
            fn integer(&self, value: u64) -> $integer {
                value as $integer
            }
            #[inline(always)]
            fn truth(&self, value: bool) -> bool {
                value
            }
            #[inline(always)]
            fn add(&self, x: $float, y: $float) -> $float {
                x + y
            }
            #[inline(always)]
            fn subtract(&self, x: $float, y: $float) -> $float {
                x - y
            }
            #[inline(always)]
            fn multiply(&self, x: $float, y: $float) -> $float {
                x * y
            }
            #[inline(always)]
            fn divide(&self, x: $float, y: $float) -> $float {
                x / y
            }
            #[inline(always)]
            fn fma(&self, x: $float, y: $float, z: $float) -> $float {
                x.mul_add(y, z)
            }
            #[inline(always)]
            fn sqrt(&self, x: $float) -> $float {
                x.sqrt()
            }
            #[inline(always)]
            fn abs(&self, x: $float) -> $float {
                x.abs()
            }
            #[inline(always)]
            fn negative(&self, x: $float) -> $float {
                -x
            }
            #[inline(always)]
            fn floor(&self, x: $float) -> $float {
                x.floor()
            }
            #[inline(always)]
            fn trunc(&self, x: $float) -> $float {
                x.trunc()
            }
            #[inline(always)]
            fn round(&self, x: $float) -> $float {
                x.round_ties_even()
            }
            #[inline(always)]
            fn less(&self, x: $float, y: $float) -> bool {
                x < y
            }
            #[inline(always)]
            fn equal(&self, x: $float, y: $float) -> bool {
                x == y
            }
            #[inline(always)]
            fn not_equal(&self, x: $float, y: $float) -> bool {
                x != y
            }
            #[inline(always)]
            fn both(&self, x: bool, y: bool) -> bool {
                x & y
            }
            #[inline(always)]
            fn either(&self, x: bool, y: bool) -> bool {
                x | y
            }
            #[inline(always)]
            fn not(&self, x: bool) -> bool {
                !x
            }
            #[inline(always)]
            fn select(&self, condition: bool, y: $float, z: $float) -> $float {
                if condition { y } else { z }
            }
            #[inline(always)]
            fn bits(&self, x: $float) -> $integer {
                x.to_bits()
            }
            #[inline(always)]
            fn with_bits(&self, x: $integer) -> $float {
                <$float>::from_bits(x)
            }
            #[inline(always)]
            fn integer_add(&self, x: $integer, y: $integer) -> $integer {
                x.wrapping_add(y)
            }
            #[inline(always)]
            fn integer_subtract(&self, x: $integer, y: $integer) -> $integer {
                x.wrapping_sub(y)
            }
            #[inline(always)]
            fn integer_and(&self, x: $integer, y: $integer) -> $integer {
                x & y
            }
            #[inline(always)]
            fn integer_or(&self, x: $integer, y: $integer) -> $integer {
                x | y
            }
            #[inline(always)]
            fn integer_xor(&self, x: $integer, y: $integer) -> $integer {
                x ^ y
            }
            #[inline(always)]
            fn integer_equal(&self, x: $integer, y: $integer) -> bool {
                x == y
            }
            #[inline(always)]
            fn integer_select(&self, condition: bool, y: $integer, z: $integer) -> $integer {
                if condition { y } else { z }
            }
        }
    };
}

native!(f32, u32);
native!(f64, u64);

impl DoubleAlgebra for Native<f64> {
    #[inline(always)]
    fn shift_left_by(&self, x: u64, amount: u64) -> u64 {
        if amount < 64 { x << amount } else { 0 }
    }
    #[inline(always)]
    fn shift_right_by(&self, x: u64, amount: u64) -> u64 {
        if amount < 64 { x >> amount } else { 0 }
    }
    #[inline(always)]
    fn integer_multiply(&self, x: u64, y: u64) -> u64 {
        x.wrapping_mul(y)
    }
    #[inline(always)]
    fn multiply_high(&self, x: u64, y: u64) -> u64 {
        ((u128::from(x) * u128::from(y)) >> 64) as u64
    }
    #[inline(always)]
    fn integer_less(&self, x: u64, y: u64) -> bool {
        x < y
    }
    #[inline(always)]
    fn nearest(&self, x: u64) -> f64 {
        x as i64 as f64
    }
    #[inline(always)]
    fn lookup(&self, table: &'static [u64], index: u64) -> u64 {
        table.get(index as usize).copied().unwrap_or(table[0])
    }
    #[inline(always)]
    fn branch<const N: usize>(
        &self,
        condition: bool,
        then: impl FnOnce(&Self) -> [f64; N],
        otherwise: impl FnOnce(&Self) -> [f64; N],
    ) -> [f64; N] {
        if condition { then(self) } else { otherwise(self) }
    }
    #[inline(always)]
    fn repeat<const F: usize, const I: usize>(
        &self,
        count: u64,
        initial: ([f64; F], [u64; I]),
        body: impl Fn(&Self, [f64; F], [u64; I]) -> ([f64; F], [u64; I]),
    ) -> ([f64; F], [u64; I]) {
        (0..count).fold(initial, |(floats, integers), _| body(self, floats, integers))
    }
    #[inline(always)]
    fn shared<const N: usize>(&self, _: Key, _: f64, compute: impl FnOnce(&Self) -> [f64; N]) -> [f64; N] {
        compute(self)
    }
}
