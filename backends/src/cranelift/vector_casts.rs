//! Conversions of one value per lane.

use super::code::{Code, Held, Parts, lane_type, vector_type};
use super::constants::splatted;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use rotrace_ir::kernel::Var;
use rotrace_ir::{DType, Scalar};
use smallvec::SmallVec;

/// Wide dtypes: those that vector code holds in lanes of their own.
fn is_wide(dtype: DType) -> bool {
    dtype.size() >= 4
}

impl Code<'_, '_> {
    /// A conversion of a value that differs between lanes.
    pub(super) fn vector_cast(&mut self, operand: Var, to: DType) -> Held {
        let from = self.dtype(operand);
        if from == to {
            return self.held[operand.0 as usize].clone();
        }
        if to == DType::Bool {
            return self.lanes_to_bool(operand, from);
        }
        if from == DType::Bool {
            // The mask selects the bits of one.
            let size = to.size();
            let one = splatted(Scalar::from_i64(to, 1));
            let mut parts = Parts::new();
            for part in 0..self.lanes.parts(size) {
                let mask = self.vector_of_size(operand, size)[part];
                let one = self.vector_literal(lane_type(size), one);
                let chosen = self.ins().band(mask, one);
                parts.push(self.reinterpret(chosen, vector_type(to, size)));
            }
            return Held::Vector { size, parts };
        }
        debug_assert!(is_wide(from) && is_wide(to), "vector loops hold no narrow integers");
        match self.whole_cast(operand, from, to) {
            Some(parts) => Held::Vector { size: to.size(), parts },
            None => {
                let scalars: SmallVec<[Value; 4]> = (0..self.lanes.count())
                    .map(|lane| {
                        let value = self.lane(operand, lane);
                        self.scalar_cast(value, from, to)
                    })
                    .collect();
                self.assembled(to, &scalars)
            }
        }
    }

    fn lanes_to_bool(&mut self, operand: Var, from: DType) -> Held {
        let size = from.size();
        let parts = self
            .vector(operand)
            .into_iter()
            .map(|part| {
                let kind = self.kind(part);
                let zero = self.vector_literal(kind, [0; 16]);
                if from.is_float() {
                    self.ins().fcmp(FloatCC::NotEqual, part, zero)
                } else {
                    self.ins().icmp(IntCC::NotEqual, part, zero)
                }
            })
            .collect();
        Held::Vector { size, parts }
    }

    /// Conversions that have vector instructions.
    fn whole_cast(&mut self, operand: Var, from: DType, to: DType) -> Option<Parts> {
        let parts = self.vector(operand);
        let first = parts[0];
        Some(match (from, to) {
            (DType::I32, DType::U32)
            | (DType::U32, DType::I32)
            | (DType::I64, DType::U64)
            | (DType::U64, DType::I64) => parts,
            (DType::I32, DType::I64 | DType::U64) => self.widen(first, |code, half| code.ins().swiden_low(half)),
            (DType::U32, DType::I64 | DType::U64) => self.widen(first, |code, half| code.ins().uwiden_low(half)),
            (DType::I64 | DType::U64, DType::I32 | DType::U32) => {
                let halves = parts.iter().map(|&part| self.reinterpret(part, types::I32X4)).collect::<Parts>();
                SmallVec::from_slice(&[self.shuffle_even(halves[0], *halves.last()?)])
            }
            (DType::F32, DType::F64) => self.widen(first, |code, half| code.ins().fvpromote_low(half)),
            (DType::F64, DType::F32) => {
                let halves: Parts = parts.iter().map(|&part| self.ins().fvdemote(part)).collect();
                SmallVec::from_slice(&[self.low_halves(halves[0], halves[1])])
            }
            (DType::I32, DType::F64) => self.widen(first, |code, half| {
                let wide = code.ins().swiden_low(half);
                code.ins().fcvt_from_sint(types::F64X2, wide)
            }),
            (DType::U32, DType::F64) => self.widen(first, |code, half| {
                let wide = code.ins().uwiden_low(half);
                code.ins().fcvt_from_uint(types::F64X2, wide)
            }),
            (DType::I32, DType::F32) => SmallVec::from_slice(&[self.ins().fcvt_from_sint(types::F32X4, first)]),
            (DType::F32, DType::I32) => SmallVec::from_slice(&[self.ins().fcvt_to_sint_sat(types::I32X4, first)]),
            _ => return None,
        })
    }

    /// Two parts from the low and the high half of one.
    fn widen(&mut self, narrow: Value, mut half: impl FnMut(&mut Self, Value) -> Value) -> Parts {
        let low = half(self, narrow);
        let moved = self.high_half(narrow);
        let high = half(self, moved);
        SmallVec::from_slice(&[low, high])
    }
}
