//! Short reductions in registers, and literals.

use super::super::coordinates::Coordinates;
use super::Emitter;
use crate::expand;
use rotrace_ir::graph::{Constant, Reduction};
use rotrace_ir::kernel::Var;
use rotrace_ir::reduce::LANES;
use rotrace_ir::{DType, Scalar};
use smallvec::SmallVec;

impl Emitter<'_> {
    /// A short reduction in registers, in the order of [`rotrace_ir::reduce`]: empty accumulators are skipped, which
    /// changes no bit because identities are exact.
    pub(super) fn unrolled(&mut self, kind: Reduction, dtype: DType, elements: &[Var]) -> Var {
        let mut lanes: SmallVec<[Var; LANES as usize]> = SmallVec::new();
        for (position, &element) in elements.iter().enumerate() {
            match position.checked_sub(LANES as usize) {
                None => lanes.push(element),
                Some(_) => {
                    let lane = position % LANES as usize;
                    lanes[lane] = expand::emit(&mut self.builder, kind.combine(), &[lanes[lane], element]);
                }
            }
        }
        let mut half = LANES as usize / 2;
        while half > 0 {
            for lane in half..lanes.len() {
                lanes[lane - half] =
                    expand::emit(&mut self.builder, kind.combine(), &[lanes[lane - half], lanes[lane]]);
            }
            lanes.truncate(half);
            half /= 2;
        }
        match lanes.first() {
            Some(&lane) => lane,
            None => self.builder.constant(kind.empty(dtype)),
        }
    }
}

/// The element of a constant, where all coordinates are constant or all elements equal.
pub fn literal(constant: &Constant, at: &Coordinates) -> Option<Scalar> {
    let mut position = 0;
    for (coordinate, &size) in at.iter().zip(&constant.shape) {
        match coordinate.as_constant() {
            Some(place) => position = position * size as usize + place as usize,
            None => return constant.splat(),
        }
    }
    Some(constant.element(position))
}
