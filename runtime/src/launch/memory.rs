//! Memory for temporaries: which of them share a place.

use super::Sizes;
use super::frame::Spot;
use crate::arena::ALIGNMENT;
use crate::bind::dim_size;
use rotrace_ir::DType;
use rotrace_ir::dim::Type;
use rotrace_ir::kernel::{Access, Buffer, BufferShape, Extent, extents};
use rotrace_ir::plan::{Plan, PlanBuffer, PlanBufferId, Storage};
use rotrace_ir::reduce::BLOCK;
use smallvec::SmallVec;

/// A list of places of one pointer in a frame.
pub(crate) type Spots = SmallVec<[Spot; 4]>;

/// The size of a buffer, for given sizes of the dims.
#[derive(Clone, Debug)]
pub(crate) struct Size {
    pub(super) shape: BufferShape,
    pub(super) element_bytes: u64,
}

impl Size {
    pub(crate) fn of(buffer: &PlanBuffer) -> Self {
        Self { shape: buffer.shape.clone(), element_bytes: buffer.dtype.size() as u64 }
    }

    /// Of the scratch of one piece of a grid.
    pub(crate) fn of_scratch(buffer: &Buffer, copies: u64) -> Self {
        let element_bytes = buffer.dtype.size() as u64 * copies;
        Self { shape: buffer.shape.clone(), element_bytes }
    }

    pub(crate) fn of_type(ty: &Type) -> Self {
        Self { shape: extents(&ty.shape), element_bytes: ty.dtype.size() as u64 }
    }

    pub(crate) fn truth_value() -> Self {
        Self::of_type(&Type::scalar(DType::Bool))
    }

    /// The bytes; `None` on overflow.
    pub(crate) fn bytes(&self, sizes: &Sizes) -> Option<u64> {
        let mut bytes = self.element_bytes;
        for &extent in &self.shape {
            bytes = bytes.checked_mul(extent_size(extent, sizes) as u64)?;
        }
        Some(bytes)
    }

    /// The bytes up to where something else may begin.
    pub(crate) fn padded(&self, sizes: &Sizes) -> Option<u64> {
        self.bytes(sizes)?.checked_next_multiple_of(ALIGNMENT)
    }
}

#[inline]
pub(crate) fn extent_size(extent: Extent, sizes: &Sizes) -> i64 {
    match extent {
        Extent::Dim(dim) => dim_size(dim, sizes),
        Extent::Blocks(dim) => (dim_size(dim, sizes) as u64).div_ceil(BLOCK) as i64,
        Extent::Block { dim, .. } => dim_size(dim, sizes).min(BLOCK as i64),
    }
}

/// What needs memory: a temporary from the first step that names it to the last, and a step while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tenant {
    Temporary(PlanBufferId),
    /// What a step, by its position, needs for itself and for the plans in it. Scratch of a kernel is its step's.
    Step(usize),
}

/// What is never alive together shares a slot. Greedy interval colouring in order of first use.
pub(crate) fn share(plan: &Plan) -> Vec<Vec<Tenant>> {
    let mut alive: Vec<Option<(usize, usize)>> = vec![None; plan.buffers.len()];
    let mut tenants = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        let (scratch, others): (Vec<_>, Vec<_>) =
            step.arguments().into_iter().partition(|(_, access)| *access == Access::Scratch);
        for (PlanBufferId(index), _) in others {
            let (first, _) = alive[index as usize].unwrap_or((at, at));
            alive[index as usize] = Some((first, at));
        }
        if !step.plans().is_empty() || !scratch.is_empty() {
            tenants.push((at, at, Tenant::Step(at)));
        }
    }
    for (index, alive) in alive.into_iter().enumerate() {
        if let (Storage::Temporary, Some((first, last))) = (&plan.buffers[index].storage, alive) {
            tenants.push((first, last, Tenant::Temporary(PlanBufferId(index as u32))));
        }
    }
    tenants.sort_unstable();
    let mut slots: Vec<(usize, Vec<Tenant>)> = Vec::new();
    for (first, last, tenant) in tenants {
        match slots.iter_mut().find(|(busy_until, _)| *busy_until < first) {
            Some((busy_until, slot)) => {
                *busy_until = last;
                slot.push(tenant);
            }
            None => slots.push((last, vec![tenant])),
        }
    }
    slots.into_iter().map(|(_, slot)| slot).collect()
}
