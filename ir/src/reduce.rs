//! The defined order of reductions, which every engine follows bit for bit.
//!
//! A reduction over several axes reduces the last of them, then the next to last, and so on: each axis by itself. Along
//! one axis of `N` elements:
//!
//! 1. The elements are cut into *blocks* of [`BLOCK`] consecutive elements, the last one possibly shorter.
//! 2. Within a block, [`LANES`] *accumulators* start at the reduction's identity ([`Reduction::identity`], which changes
//!    no bit of what it meets); element `k` of the block is combined into accumulator `k mod LANES`, in order of `k`, as
//!    `combine(accumulator, element)`.
//! 3. The accumulators are combined by a tree of halves: for `h` = `LANES/2`, `LANES/4`, ..., 1, accumulator `l < h`
//!    becomes `combine(accumulator[l], accumulator[l + h])`. Accumulator 0 is the block's partial result.
//! 4. If there is more than one block, the partial results, in order, are reduced by steps 2 and 3 as one long block.
//!
//! The result over no elements is [`Reduction::empty`].
//!
//! 16 accumulators are eight 128-bit or two 512-bit vectors of doubles, enough to hide the latency of an addition on
//! each; a warp takes two elements a lane. The order is independent of SIMD width, of the number of threads and, since
//! the identities are exact, of whether an engine skips empty accumulators.

use crate::graph::Reduction;
use crate::scalar::evaluate_core;
use crate::{DType, Scalar};

/// Interleaved accumulators of a block.
pub const LANES: u64 = 16;

/// Elements of a block.
pub const BLOCK: u64 = 4096;

/// `combine(a, b)` of a reduction, on floats and integers alike.
#[must_use]
pub fn combine(kind: Reduction, a: Scalar, b: Scalar) -> Scalar {
    match (kind, a.dtype.is_float()) {
        (Reduction::Maximum, true) => float_extreme(a, b, |x, y| x > y, |x, y| x & y),
        (Reduction::Minimum, true) => float_extreme(a, b, |x, y| x < y, |x, y| x | y),
        _ => evaluate_core(kind.combine(), &[a, b]).expect("reductions combine by core operations"),
    }
}

/// The better of two floats: NaN wins, and equal values (zeros) merge their bits.
fn float_extreme(a: Scalar, b: Scalar, better: fn(f64, f64) -> bool, merge: fn(u64, u64) -> u64) -> Scalar {
    let (x, y) = (a.as_f64(), b.as_f64());
    if x.is_nan() || better(x, y) {
        a
    } else if x == y {
        Scalar::from_bits(a.dtype, merge(a.bits, b.bits))
    } else {
        b
    }
}

/// The accumulators of one block, for engines that meet its elements one at a time.
#[derive(Clone, Debug)]
pub struct Accumulators {
    kind: Reduction,
    lanes: [Scalar; LANES as usize],
    position: usize,
}

impl Accumulators {
    /// The identity in every accumulator.
    #[must_use]
    pub fn new(kind: Reduction, dtype: DType) -> Self {
        Self { kind, lanes: [kind.identity(dtype); LANES as usize], position: 0 }
    }

    /// Takes the next element (step 2).
    pub fn push(&mut self, element: Scalar) {
        let lane = &mut self.lanes[self.position];
        *lane = combine(self.kind, *lane, element);
        self.position = (self.position + 1) % LANES as usize;
    }

    /// The tree of halves (step 3).
    #[must_use]
    pub fn finish(mut self) -> Scalar {
        let mut half = LANES as usize / 2;
        while half > 0 {
            for lane in 0..half {
                self.lanes[lane] = combine(self.kind, self.lanes[lane], self.lanes[lane + half]);
            }
            half /= 2;
        }
        self.lanes[0]
    }
}

/// Combines one block by steps 2 and 3. Over no elements that is the identity.
#[must_use]
pub fn block(kind: Reduction, dtype: DType, elements: impl IntoIterator<Item = Scalar>) -> Scalar {
    let mut accumulators = Accumulators::new(kind, dtype);
    elements.into_iter().for_each(|element| accumulators.push(element));
    accumulators.finish()
}

/// Reduces elements along one axis.
#[must_use]
pub fn axis(kind: Reduction, dtype: DType, elements: &[Scalar]) -> Scalar {
    match elements.len() {
        0 => kind.empty(dtype),
        length if length as u64 <= BLOCK => block(kind, dtype, elements.iter().copied()),
        _ => {
            let partials = elements.chunks(BLOCK as usize).map(|chunk| block(kind, dtype, chunk.iter().copied()));
            block(kind, dtype, partials)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LANES, axis, block};
    use crate::graph::Reduction;
    use crate::{DType, Scalar};

    #[test]
    fn identities_change_no_bit() {
        for kind in Reduction::ALL {
            for dtype in DType::ALL.into_iter().filter(|&dtype| kind.accepts(dtype)) {
                for value in [-0.0, 0.0, 1.0, -3.0, f64::INFINITY, f64::NEG_INFINITY] {
                    let element = Scalar::from_f64(dtype, value);
                    assert_eq!(block(kind, dtype, [element]), element, "{kind:?} {dtype} {value}");
                }
            }
        }
    }

    #[test]
    fn elements_are_interleaved_over_the_accumulators() {
        // Three elements meet as (x0 + x2) + x1: the tree of halves pairs lane 0 with lane 2 first.
        let values = [1e16, 1.0, -1e16].map(Scalar::f64);
        assert_eq!(axis(Reduction::Sum, DType::F64, &values), Scalar::f64(1.0));
        // Element LANES joins element 0 before anything else does.
        let mut many = vec![Scalar::f64(0.0); LANES as usize + 1];
        (many[0], many[1], many[LANES as usize]) = (Scalar::f64(1e16), Scalar::f64(1.0), Scalar::f64(-1e16));
        assert_eq!(axis(Reduction::Sum, DType::F64, &many), Scalar::f64(1.0));
    }
}
