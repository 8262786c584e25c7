//! Whether all that a while loop might load is in bounds, also in iterations that do not run.

use super::kernel::Machine;
use crate::kernel::{Affine, Block, BufferId, Extent, IndexId, Inst, Loop};

/// Loops inside of the place that is looked at, with their numbers of iterations, which are not 0.
type Inside = Vec<(IndexId, i64)>;

impl Machine<'_, '_> {
    /// A load of a while loop that is not in bounds in every iteration up to its extent, and what is wrong with it.
    pub(super) fn stray_load<'l>(&self, looped: &'l Loop) -> Option<(&'l Inst, String)> {
        let blocks = looped.condition().into_iter().chain([&looped.body]);
        let inside = self.inside(looped, &Inside::new())?;
        blocks.into_iter().find_map(|block| self.stray_in(block, &inside))
    }

    /// The loops around and a further one; `None` if that has no iterations, or so many in each that depend on another's.
    fn inside(&self, looped: &Loop, around: &Inside) -> Option<Inside> {
        let depends = matches!(looped.extent, Extent::Block { index, .. } if around.iter().any(|&(at, _)| at == index));
        let extent = self.extent(looped.extent).ok().filter(|&extent| extent > 0 && !depends)?;
        Some(around.iter().copied().chain([(looped.index, extent)]).collect())
    }

    fn stray_in<'l>(&self, block: &'l Block, inside: &Inside) -> Option<(&'l Inst, String)> {
        block.insts.iter().find_map(|inst| match inst {
            Inst::Load { buffer, at, .. } => self.stray_at(*buffer, at, inside).map(|problem| (inst, problem)),
            Inst::Loop(nested) => {
                let inside = self.inside(nested, inside)?;
                inst.blocks().find_map(|block| self.stray_in(block, &inside))
            }
            Inst::Constant { .. }
            | Inst::Scalar { .. }
            | Inst::Cast { .. }
            | Inst::Bitcast { .. }
            | Inst::Index { .. }
            | Inst::Store { .. }
            | Inst::Lookup { .. }
            | Inst::If { .. } => None,
        })
    }

    fn stray_at(&self, buffer: BufferId, at: &[Affine], inside: &Inside) -> Option<String> {
        at.iter().zip(self.sizes(buffer)).enumerate().find_map(|(axis, (affine, &size))| {
            let bounds = [false, true].map(|highest| self.extreme(affine, inside, highest));
            let stray = bounds.into_iter().find(|&end| end < 0 || end >= i128::from(size))?;
            Some(format!(
                "coordinate {stray} is out of bounds of axis {axis}, whose size is {size}, in an iteration that may not run"
            ))
        })
    }

    /// The lowest or the highest value of a coordinate.
    fn extreme(&self, affine: &Affine, inside: &Inside, highest: bool) -> i128 {
        let offset = i128::from(self.affine(&Affine { terms: Default::default(), offset: affine.offset }));
        let terms = affine.terms.iter().map(|&(index, factor)| {
            let value = match inside.iter().find(|&&(at, _)| at == index) {
                None => self.index(index),
                Some(&(_, extent)) if highest == (factor > 0) => extent - 1,
                Some(_) => 0,
            };
            i128::from(factor) * i128::from(value)
        });
        offset + terms.sum::<i128>()
    }
}
