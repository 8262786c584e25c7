//! Where the lanes of an access are.

use rotrace_ir::kernel::{Access, Affine, Buffer, Extent, IndexId, Inst, Kernel, Loop};
use smallvec::SmallVec;

/// How far apart the elements of neighbouring iterations are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many elements.
    Fixed(i64),
    /// Only known at run time.
    Dynamic,
}

/// Elements from one coordinate of each axis to the next, where that is known.
fn strides(buffer: &Buffer) -> SmallVec<[Option<i64>; 4]> {
    let mut known = Some(1_i64);
    let mut strides: SmallVec<[Option<i64>; 4]> = SmallVec::new();
    for &extent in buffer.shape.iter().rev() {
        strides.push(known);
        let size = match extent {
            Extent::Dim(dim) => dim.as_fixed(),
            Extent::Blocks(_) | Extent::Block { .. } => None,
        };
        known = known.zip(size).map(|(stride, size)| stride.wrapping_mul(size as i64));
    }
    strides.reverse();
    strides
}

/// How far apart the elements are that neighbouring iterations of the loop over `index` access.
pub(super) fn step(buffer: &Buffer, at: &[Affine], index: IndexId) -> Step {
    let mut sum = 0_i64;
    for (coordinate, stride) in at.iter().zip(strides(buffer)) {
        match (coordinate.factor(index), stride) {
            (0, _) => {}
            (factor, Some(stride)) => sum = sum.wrapping_add(factor.wrapping_mul(stride)),
            (_, None) => return Step::Dynamic,
        }
    }
    Step::Fixed(sum)
}

/// All of an access but a constant number of elements, and that number.
pub(super) fn apart(buffer: &Buffer, at: &[Affine]) -> (SmallVec<[Affine; 3]>, i64) {
    let mut constant = 0_i64;
    let mut place: SmallVec<[Affine; 3]> = SmallVec::from(at);
    for (coordinate, stride) in place.iter_mut().zip(strides(buffer)) {
        if let Some(stride) = stride {
            constant = constant.wrapping_add(coordinate.offset.constant.wrapping_mul(stride));
            coordinate.offset.constant = 0;
        }
    }
    (place, constant)
}

/// Whether lanes of a loop around suit what a loop over independent iterations accesses better than lanes of its own.
pub(super) fn prefers_outer(kernel: &Kernel, looped: &Loop, around: IndexId) -> bool {
    let (mut outer, mut own, mut deep) = (0, 0, false);
    see(looped, &mut |inst| {
        deep |= matches!(inst, Inst::Loop(_));
        if let Some((buffer, at, _)) = inst.access() {
            let buffer = &kernel.buffers[buffer.0 as usize];
            let scattered = |index| match step(buffer, at, index) {
                Step::Fixed(step) => step.unsigned_abs() > 4,
                Step::Dynamic => true,
            };
            outer += usize::from(buffer.access != Access::Scratch && scattered(around));
            own += usize::from(scattered(looped.index));
        }
    });
    outer < own || (deep && outer == own)
}

fn see<'k>(looped: &'k Loop, look: &mut impl FnMut(&'k Inst)) {
    let mut blocks = vec![&looped.body];
    while let Some(block) = blocks.pop() {
        for inst in &block.insts {
            look(inst);
            blocks.extend(inst.blocks());
        }
    }
}
