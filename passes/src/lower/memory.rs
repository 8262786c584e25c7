//! The plan's buffers, and which values live in them.

use rotrace_ir::DType;
use rotrace_ir::graph::{Constant, Function, Op, ValueId};
use rotrace_ir::kernel::{BufferShape, Extent, extents};
use rotrace_ir::plan::{PlanBuffer, PlanBufferId, Storage};
use rustc_hash::FxHashMap;

/// A shape that [`Memory`] knows. Several may be equal.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShapeId(u32);

/// A buffer seen under a shape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    pub(super) buffer: PlanBufferId,
    pub(super) shape: ShapeId,
}

/// All buffers of the plan under construction.
pub(super) struct Memory {
    pub(super) buffers: Vec<PlanBuffer>,
    /// Homes of values that kernels store.
    stored: Vec<Option<PlanBufferId>>,
    /// Those of the values, then those of partial results.
    shapes: Vec<BufferShape>,
    /// Homes of parameters and constants that are loaded from.
    leaves: FxHashMap<ValueId, PlanBufferId>,
    /// Homes of constants of nested functions.
    constants: Vec<(Constant, Home)>,
}

impl Memory {
    /// One buffer per parameter and result, and one per stored value that is no result.
    pub(super) fn new(function: &Function, stored: &[bool]) -> Self {
        let shapes = function.values.iter().map(|value| extents(&value.ty.shape)).collect();
        let mut memory = Self {
            buffers: Vec::new(),
            stored: vec![None; stored.len()],
            shapes,
            leaves: FxHashMap::default(),
            constants: Vec::new(),
        };
        for (index, &parameter) in function.parameters.iter().enumerate() {
            let id = memory.add(function, parameter, Storage::Input(index as u32));
            memory.leaves.insert(parameter, id);
        }
        for (index, &result) in function.results.iter().enumerate() {
            let id = memory.add(function, result, Storage::Output(index as u32));
            let home = &mut memory.stored[result.0 as usize];
            if stored[result.0 as usize] && home.is_none() {
                *home = Some(id);
            }
        }
        for &result in &function.results {
            memory.reshape_in_place(function, stored, result);
        }
        for (index, &stored) in stored.iter().enumerate() {
            if stored && memory.stored[index].is_none() {
                let id = memory.add(function, ValueId(index as u32), Storage::Temporary);
                memory.stored[index] = Some(id);
            }
        }
        memory
    }

    /// What is stored and then reshaped to be a result is that result, under another shape.
    fn reshape_in_place(&mut self, function: &Function, stored: &[bool], result: ValueId) {
        let Some(home) = self.stored[result.0 as usize] else { return };
        let mut value = result;
        while let Op::Reshape { .. } = function.definition(value).op {
            value = function.definition(value).operands[0];
            if stored[value.0 as usize] {
                // It may be another result.
                let known = *self.stored[value.0 as usize].get_or_insert(home);
                if known != home {
                    return;
                }
            }
        }
    }

    /// Whether a value is the reshape of one that is there already.
    pub(super) fn is_in_place(&self, function: &Function, value: ValueId) -> bool {
        let mut operand = value;
        while let Op::Reshape { .. } = function.definition(operand).op {
            operand = function.definition(operand).operands[0];
            if let Some(home) = self.stored[operand.0 as usize] {
                return self.stored[value.0 as usize] == Some(home);
            }
        }
        false
    }

    fn add(&mut self, function: &Function, value: ValueId, storage: Storage) -> PlanBufferId {
        let shape = self.shape(ShapeId(value.0)).clone();
        self.push(PlanBuffer { dtype: function.ty(value).dtype, shape, storage })
    }

    /// The sizes of a shape.
    pub(super) fn shape(&self, id: ShapeId) -> &BufferShape {
        &self.shapes[id.0 as usize]
    }

    /// A new temporary buffer.
    pub(super) fn temporary(&mut self, dtype: DType, shape: BufferShape) -> Home {
        self.private(dtype, shape, Storage::Temporary)
    }

    /// A buffer of no value of the function.
    fn private(&mut self, dtype: DType, shape: BufferShape, storage: Storage) -> Home {
        self.shapes.push(shape.clone());
        let buffer = self.push(PlanBuffer { dtype, shape, storage });
        Home { buffer, shape: ShapeId(self.shapes.len() as u32 - 1) }
    }

    fn push(&mut self, buffer: PlanBuffer) -> PlanBufferId {
        self.buffers.push(buffer);
        PlanBufferId(self.buffers.len() as u32 - 1)
    }

    pub(super) fn dtype(&self, id: PlanBufferId) -> DType {
        self.buffers[id.0 as usize].dtype
    }

    /// Where the function's result of this index goes.
    pub(super) fn output(&self, function: &Function, index: usize) -> Home {
        let buffer = PlanBufferId((function.parameters.len() + index) as u32);
        Home { buffer, shape: ShapeId(function.results[index].0) }
    }

    /// Where a value that kernels store lives.
    pub(super) fn stored(&self, value: ValueId) -> Option<Home> {
        let buffer = self.stored[value.0 as usize]?;
        Some(Home { buffer, shape: ShapeId(value.0) })
    }

    /// Where a parameter or constant lives.
    pub(super) fn leaf(&mut self, function: &Function, value: ValueId) -> Home {
        let shape = ShapeId(value.0);
        if let Some(&buffer) = self.leaves.get(&value) {
            return Home { buffer, shape };
        }
        let Op::Constant(constant) = &function.definition(value).op else { unreachable!("parameters have buffers") };
        let storage = Storage::Constant(constant.clone());
        let buffer = self.add(function, value, storage);
        self.leaves.insert(value, buffer);
        Home { buffer, shape }
    }

    /// Where a value lives, stored or not computed at all.
    pub(super) fn home(&mut self, function: &Function, value: ValueId) -> Home {
        self.stored(value).unwrap_or_else(|| self.leaf(function, value))
    }

    /// Where a constant of a nested function lives.
    pub(super) fn constant(&mut self, constant: &Constant) -> Home {
        let same = |(known, _): &&(Constant, Home)| known == constant;
        if let Some(&(_, home)) = self.constants.iter().find(same) {
            return home;
        }
        let shape: BufferShape = constant.shape.iter().map(|&size| Extent::fixed(size)).collect();
        let home = self.private(constant.dtype, shape, Storage::Constant(constant.clone()));
        self.constants.push((constant.clone(), home));
        home
    }

    /// The memory of a reshape's operand, under the reshape's shape.
    pub(super) fn view(&mut self, function: &Function, reshape: ValueId) -> Home {
        let operand = function.definition(reshape).operands[0];
        let home = self.home(function, operand);
        Home { buffer: home.buffer, shape: ShapeId(reshape.0) }
    }
}
