//! The meaning of a kernel, one obvious step at a time.

use rotrace_ir::dim::Dim;
use rotrace_ir::kernel::{Affine, Block, Extent, Inst, Kernel, Loop, LoopKind, Var};
use rotrace_ir::reduce::{self, BLOCK};
use rotrace_ir::scalar::evaluate_core;
use rotrace_ir::{DType, Scalar};

/// Runs grid iterations on buffers of elements.
pub(crate) fn run(kernel: &Kernel, buffers: &mut [Vec<Scalar>], dims: &[u64], range: std::ops::Range<i64>) {
    let mut machine = Machine {
        kernel,
        buffers,
        dims,
        values: vec![Scalar::bool(false); kernel.values.len()],
        indices: vec![0; kernel.index_count as usize],
    };
    for index in range {
        machine.indices[0] = index;
        machine.block(&kernel.body);
    }
}

struct Machine<'k, 'b> {
    kernel: &'k Kernel,
    buffers: &'b mut [Vec<Scalar>],
    dims: &'k [u64],
    values: Vec<Scalar>,
    indices: Vec<i64>,
}

impl Machine<'_, '_> {
    fn get(&self, var: Var) -> Scalar {
        self.values[var.0 as usize]
    }

    fn set(&mut self, var: Var, value: Scalar) {
        assert_eq!(value.dtype, self.kernel.dtype(var));
        self.values[var.0 as usize] = value;
    }

    fn dim(&self, dim: Dim) -> i64 {
        dim.name.map_or(0, |name| self.dims[name.0 as usize] as i64) + dim.constant
    }

    fn extent(&self, extent: Extent) -> i64 {
        match extent {
            Extent::Dim(dim) => self.dim(dim),
            Extent::Blocks(dim) => (self.dim(dim) as u64).div_ceil(BLOCK) as i64,
            Extent::Block { dim, index } => {
                (self.dim(dim) - BLOCK as i64 * self.indices[index.0 as usize]).min(BLOCK as i64)
            }
        }
    }

    fn affine(&self, affine: &Affine) -> i64 {
        affine.terms.iter().map(|&(index, factor)| self.indices[index.0 as usize] * factor).sum::<i64>()
            + self.dim(affine.offset)
    }

    fn flat(&self, buffer: usize, at: &[Affine]) -> usize {
        let shape = self.kernel.buffers[buffer].shape.clone();
        shape.iter().zip(at).fold(0, |flat, (&extent, affine)| {
            let (size, position) = (self.extent(extent), self.affine(affine));
            assert!((0..size).contains(&position), "the test kernel stays in bounds");
            flat * size as usize + position as usize
        })
    }

    fn block(&mut self, block: &Block) -> Vec<Scalar> {
        for inst in &block.insts {
            self.inst(inst);
        }
        block.yields.iter().map(|&var| self.get(var)).collect()
    }

    fn inst(&mut self, inst: &Inst) {
        match inst {
            Inst::Constant { result, value } => self.set(*result, *value),
            Inst::Scalar { result, op, operands } => {
                let values: Vec<Scalar> = operands.iter().map(|&var| self.get(var)).collect();
                self.set(*result, evaluate_core(*op, &values).expect("a core operation"));
            }
            Inst::Cast { result, operand } => {
                let value = self.get(*operand).cast(self.kernel.dtype(*result));
                self.set(*result, value);
            }
            Inst::Bitcast { result, operand } => {
                let value = Scalar::from_bits(self.kernel.dtype(*result), self.get(*operand).bits);
                self.set(*result, value);
            }
            Inst::Index { result, value } => self.set(*result, Scalar::i64(self.affine(value))),
            Inst::Load { result, buffer, at } => {
                let flat = self.flat(buffer.0 as usize, at);
                self.set(*result, self.buffers[buffer.0 as usize][flat]);
            }
            Inst::Store { buffer, at, value } => {
                let flat = self.flat(buffer.0 as usize, at);
                self.buffers[buffer.0 as usize][flat] = self.get(*value);
            }
            Inst::Lookup { result, table, index } => {
                let table = &self.kernel.tables[table.0 as usize];
                let position = usize::try_from(self.get(*index).as_i64()).unwrap_or(usize::MAX);
                let bits = *table.elements.get(position).unwrap_or(&table.elements[0]);
                self.set(*result, Scalar::from_bits(table.dtype, bits));
            }
            Inst::If { results, condition, then, otherwise, .. } => {
                let values = self.block(if self.get(*condition).as_bool() { then } else { otherwise });
                results.iter().zip(values).for_each(|(&var, value)| self.set(var, value));
            }
            Inst::Loop(inner) => self.inner_loop(inner),
        }
    }

    fn inner_loop(&mut self, inner: &Loop) {
        let extent = self.extent(inner.extent);
        let dtypes: Vec<DType> = inner.results.iter().map(|&var| self.kernel.dtype(var)).collect();
        let results: Vec<Scalar> = match &inner.kind {
            LoopKind::Reduce { accumulators } => {
                let mut elements: Vec<Vec<Scalar>> = vec![Vec::new(); accumulators.len()];
                for index in 0..extent {
                    self.indices[inner.index.0 as usize] = index;
                    let yielded = self.block(&inner.body);
                    elements.iter_mut().zip(yielded).for_each(|(list, value)| list.push(value));
                }
                let all = accumulators.iter().zip(&dtypes).zip(elements);
                all.map(|((kind, &dtype), elements)| reduce::block(*kind, dtype, elements)).collect()
            }
            LoopKind::Carry { initial, parameters } | LoopKind::While { initial, parameters, .. } => {
                let mut values: Vec<Scalar> = initial.iter().map(|&var| self.get(var)).collect();
                for index in 0..extent {
                    self.indices[inner.index.0 as usize] = index;
                    parameters.iter().zip(&values).for_each(|(&var, &value)| self.set(var, value));
                    if inner.condition().is_some_and(|condition| !self.block(condition)[0].as_bool()) {
                        break;
                    }
                    values = self.block(&inner.body);
                }
                values
            }
        };
        inner.results.iter().zip(results).for_each(|(&var, value)| self.set(var, value));
    }
}
