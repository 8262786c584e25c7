//! The steps of a verified plan, one after the other.

use super::kernel::{InterpretError, Memory, run_verified_kernel};
use super::kernel_memory::byte_count;
use super::{Natives, call_native, graph};
use crate::DType;
use crate::dim::{Dim, Type};
use crate::graph::Constant;
use crate::kernel::{Access, Extent};
use crate::plan::{
    KernelStep, LoopStep, MatmulStep, NativeStep, Plan, PlanBufferId, Step, Storage, SwitchStep, WhileStep,
};

/// What every plan of one run shares.
#[derive(Clone, Copy)]
pub(super) struct Machine<'r> {
    pub(super) dims: &'r [u64],
    pub(super) natives: &'r Natives<'r>,
}

impl Machine<'_> {
    /// Runs a verified plan on inputs of its types.
    pub(super) fn run(self, plan: &Plan, inputs: &[Constant]) -> Result<Vec<Constant>, InterpretError> {
        let mut memory = PlanMemory { machine: self, buffers: Vec::new() };
        for buffer in &plan.buffers {
            memory.buffers.push(match &buffer.storage {
                Storage::Input(position) => inputs[*position as usize].data.to_vec(),
                Storage::Constant(constant) => constant.data.to_vec(),
                Storage::Output(_) | Storage::Temporary => self.zeros(&buffer.shape, buffer.dtype)?,
            });
        }
        for step in &plan.steps {
            memory.step(step)?;
        }
        let output = |(position, ty)| {
            let storage = Storage::Output(position as u32);
            let index = plan.buffers.iter().position(|buffer| buffer.storage == storage);
            let index = index.expect("a verified plan has a buffer for every result");
            memory.get(PlanBufferId(index as u32), ty)
        };
        plan.outputs.iter().enumerate().map(output).collect()
    }

    fn zeros(self, shape: &[Extent], dtype: DType) -> Result<Vec<u8>, InterpretError> {
        let sizes: Option<Vec<u64>> = shape.iter().map(|extent| extent.size(self.dims)).collect();
        let bytes = sizes.and_then(|sizes| byte_count(&sizes, dtype));
        let bytes = bytes.ok_or_else(|| self.too_large())?;
        let mut memory = Vec::new();
        memory.try_reserve_exact(bytes).map_err(|_| self.too_large())?;
        memory.resize(bytes, 0);
        Ok(memory)
    }

    fn too_large(self) -> InterpretError {
        let dims = self.dims;
        InterpretError::Arguments(format!("a buffer has no size that fits memory for dims {dims:?}"))
    }

    /// The sizes of a type.
    fn sizes(self, ty: &Type) -> Result<Vec<u64>, InterpretError> {
        let sizes: Option<Vec<u64>> = ty.shape.iter().map(|dim| dim.size(self.dims)).collect();
        sizes.ok_or_else(|| self.too_large())
    }
}

/// The memory of one plan.
struct PlanMemory<'r> {
    machine: Machine<'r>,
    buffers: Vec<Vec<u8>>,
}

impl PlanMemory<'_> {
    /// A buffer seen under a type with as many elements.
    fn get(&self, buffer: PlanBufferId, ty: &Type) -> Result<Constant, InterpretError> {
        let data = self.buffers[buffer.0 as usize].as_slice().into();
        Ok(Constant { dtype: ty.dtype, shape: self.machine.sizes(ty)?, data })
    }

    fn set(&mut self, buffer: PlanBufferId, value: &Constant) {
        self.buffers[buffer.0 as usize].copy_from_slice(&value.data);
    }

    fn get_all<'t>(
        &self,
        buffers: &[PlanBufferId],
        types: impl IntoIterator<Item = &'t Type>,
    ) -> Result<Vec<Constant>, InterpretError> {
        buffers.iter().zip(types).map(|(&buffer, ty)| self.get(buffer, ty)).collect()
    }

    fn set_all(&mut self, buffers: &[PlanBufferId], values: &[Constant]) {
        for (&buffer, value) in buffers.iter().zip(values) {
            self.set(buffer, value);
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), InterpretError> {
        match step {
            Step::Kernel(step) => self.kernel(step),
            Step::Loop(step) => self.run_loop(step),
            Step::While(step) => self.run_while(step),
            Step::Switch(step) => self.switch(step),
            Step::Native(step) => self.native(step),
            Step::Matmul(step) => self.matmul(step),
        }
    }

    fn kernel(&mut self, step: &KernelStep) -> Result<(), InterpretError> {
        let arguments = || step.arguments.iter().map(|argument| argument.0 as usize).zip(&step.kernel.buffers);
        // What is written is taken out, so that the rest can be borrowed. A verified plan passes it only once.
        let written = arguments().filter(|(_, buffer)| buffer.access != Access::Read);
        let mut written: Vec<(usize, Vec<u8>)> =
            written.map(|(index, _)| (index, std::mem::take(&mut self.buffers[index]))).collect();
        let mut remaining = written.iter_mut();
        let mut memories: Vec<Memory<'_>> = arguments()
            .map(|(index, buffer)| match buffer.access {
                Access::Read => Memory::Read(&self.buffers[index]),
                Access::Write => Memory::Write(&mut remaining.next().expect("one per written buffer").1),
                Access::Scratch => Memory::Scratch(&mut remaining.next().expect("one per written buffer").1),
            })
            .collect();
        let result = run_verified_kernel(&step.kernel, self.machine.dims, &mut memories);
        drop(memories);
        written.into_iter().for_each(|(index, bytes)| self.buffers[index] = bytes);
        result
    }

    fn run_loop(&mut self, step: &LoopStep) -> Result<(), InterpretError> {
        let body = &step.body;
        let length = step.length.size(self.machine.dims).ok_or_else(|| self.machine.too_large())?;
        let (slices, constants) = body.inputs[step.initial.len()..].split_at(step.scanned.len());
        let mut carried = self.get_all(&step.initial, &body.inputs)?;
        let constants = self.get_all(&step.constants, constants)?;
        for iteration in 0..length {
            let index = if step.reverse { length - 1 - iteration } else { iteration } as usize;
            let mut inputs = std::mem::take(&mut carried);
            for (&buffer, ty) in step.scanned.iter().zip(slices) {
                let shape = self.machine.sizes(ty)?;
                let bytes = byte_count(&shape, ty.dtype).ok_or_else(|| self.machine.too_large())?;
                let data = self.buffers[buffer.0 as usize][index * bytes..][..bytes].into();
                inputs.push(Constant { dtype: ty.dtype, shape, data });
            }
            inputs.extend_from_slice(&constants);
            let mut outputs = self.machine.run(body, &inputs)?;
            for (&buffer, slice) in step.stacked.iter().zip(outputs.split_off(step.carried.len())) {
                let bytes = slice.data.len();
                self.buffers[buffer.0 as usize][index * bytes..][..bytes].copy_from_slice(&slice.data);
            }
            carried = outputs;
        }
        self.set_all(&step.carried, &carried);
        Ok(())
    }

    fn run_while(&mut self, step: &WhileStep) -> Result<(), InterpretError> {
        let mut inputs = self.get_all(&step.initial, &step.body.inputs)?;
        let carried = inputs.len();
        inputs.extend(self.get_all(&step.constants, &step.body.inputs[carried..])?);
        let mut iterations = 0;
        while step.bound.is_none_or(|bound| iterations < bound)
            && self.machine.run(&step.condition, &inputs)?[0].data[0] != 0
        {
            let outputs = self.machine.run(&step.body, &inputs)?;
            inputs.splice(..carried, outputs);
            iterations += 1;
        }
        self.set_all(&step.carried, &inputs[..carried]);
        Ok(())
    }

    fn switch(&mut self, step: &SwitchStep) -> Result<(), InterpretError> {
        let last = step.branches.len() - 1;
        let bytes = &self.buffers[step.selector.0 as usize];
        let selected = match *bytes.as_slice() {
            [value] => i64::from(value),
            [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
            _ => i64::from_le_bytes(bytes.as_slice().try_into().expect("an i64 has eight bytes")),
        };
        let branch = &step.branches[selected.clamp(0, last as i64) as usize];
        let inputs = self.get_all(&step.operands, &branch.inputs)?;
        let outputs = self.machine.run(branch, &inputs)?;
        self.set_all(&step.results, &outputs);
        Ok(())
    }

    fn native(&mut self, step: &NativeStep) -> Result<(), InterpretError> {
        let operands = self.get_all(&step.operands, &step.inputs)?;
        let mut types = Vec::new();
        for ty in &step.outputs {
            let sizes = self.machine.sizes(ty)?;
            types.push(Type { dtype: ty.dtype, shape: sizes.into_iter().map(Dim::fixed).collect() });
        }
        let results = call_native(self.machine.natives, &step.name, &operands, &types)?;
        self.set_all(&step.results, &results);
        Ok(())
    }

    /// In the order of sums that `dot_general` has.
    fn matmul(&mut self, step: &MatmulStep) -> Result<(), InterpretError> {
        let (types, ty) = step.types();
        let [left, right] = [0, 1].map(|place: usize| self.get(step.operands[place], &types[place]));
        let [batch, rows, inner, columns] =
            [&step.batch, &step.rows, &step.inner, &step.columns].map(|list| list.len());
        let inner_at = [if step.transposed[0] { 0 } else { rows }, if step.transposed[1] { columns } else { 0 }];
        let contract: Vec<(usize, usize)> =
            (batch..batch + inner).map(|axis| (axis + inner_at[0], axis + inner_at[1])).collect();
        let batch: Vec<(usize, usize)> = (0..batch).map(|axis| (axis, axis)).collect();
        let product = graph::dot_general([&left?, &right?], self.machine.sizes(&ty)?, &batch, &contract);
        self.set(step.result, &product);
        Ok(())
    }
}
