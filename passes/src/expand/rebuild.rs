//! Copies a kernel through a builder.

use super::emit;
use rotrace_ir::kernel::{
    Affine, Block, Extent, IndexId, Inst, Kernel, KernelBuilder, Loop, LoopKind, TableId, Var, Vars,
};
use smallvec::SmallVec;

/// The kernel with every operation that is not core replaced by its definition, and equal pure instructions merged.
#[must_use]
pub fn expand(kernel: &Kernel) -> Kernel {
    let mut builder = KernelBuilder::new(kernel.name.clone(), kernel.dims.clone(), kernel.grid);
    for buffer in &kernel.buffers {
        builder.buffer(buffer.dtype, buffer.shape.clone(), buffer.access);
    }
    let tables = kernel.tables.iter().map(|table| builder.table(table.clone())).collect();
    let mut copy = Copy {
        source: kernel,
        builder,
        tables,
        values: vec![None; kernel.values.len()],
        indices: vec![IndexId(0); kernel.index_count as usize],
    };
    copy.insts(&kernel.body);
    copy.builder.finish()
}

struct Copy<'k> {
    source: &'k Kernel,
    builder: KernelBuilder,
    /// What the source's tables have become.
    tables: Vec<TableId>,
    /// What the source's values have become, once they are defined.
    values: Vec<Option<Var>>,
    /// What the source's loop indices have become.
    indices: Vec<IndexId>,
}

impl Copy<'_> {
    fn value(&self, var: Var) -> Var {
        self.values[var.0 as usize].expect("a verified kernel defines values before it uses them")
    }

    fn all(&self, vars: &Vars) -> Vars {
        vars.iter().map(|&var| self.value(var)).collect()
    }

    fn define(&mut self, result: Var, value: Var) {
        self.values[result.0 as usize] = Some(value);
    }

    fn define_all(&mut self, results: &Vars, values: &Vars) {
        for (&result, &value) in results.iter().zip(values) {
            self.define(result, value);
        }
    }

    /// New parameters of a loop.
    fn parameters(&mut self, parameters: &Vars) -> Vars {
        let fresh: Vars = parameters.iter().map(|&var| self.builder.fresh(self.source.dtype(var))).collect();
        self.define_all(parameters, &fresh);
        fresh
    }

    fn index(&self, index: IndexId) -> IndexId {
        self.indices[index.0 as usize]
    }

    fn affine(&self, affine: &Affine) -> Affine {
        let mut terms: SmallVec<[(IndexId, i64); 2]> =
            affine.terms.iter().map(|&(index, factor)| (self.index(index), factor)).collect();
        terms.sort_unstable();
        Affine { terms, offset: affine.offset }
    }

    fn coordinates(&self, at: &[Affine]) -> SmallVec<[Affine; 3]> {
        at.iter().map(|affine| self.affine(affine)).collect()
    }

    fn block(&mut self, block: &Block) -> Block {
        self.builder.open_block();
        self.insts(block);
        let yields = self.all(&block.yields);
        self.builder.close_block(&yields)
    }

    fn insts(&mut self, block: &Block) {
        for inst in &block.insts {
            self.inst(inst);
        }
    }

    fn inst(&mut self, inst: &Inst) {
        match inst {
            Inst::Constant { result, value } => {
                let value = self.builder.constant(*value);
                self.define(*result, value);
            }
            Inst::Scalar { result, op, operands } => {
                let operands = self.all(operands);
                let value = emit(&mut self.builder, *op, &operands);
                self.define(*result, value);
            }
            Inst::Cast { result, operand } => {
                let value = self.builder.cast(self.source.dtype(*result), self.value(*operand));
                self.define(*result, value);
            }
            Inst::Bitcast { result, operand } => {
                let value = self.builder.bitcast(self.source.dtype(*result), self.value(*operand));
                self.define(*result, value);
            }
            Inst::Index { result, value } => {
                let value = self.builder.index(self.affine(value));
                self.define(*result, value);
            }
            Inst::Load { result, buffer, at } => {
                let value = self.builder.load(*buffer, self.coordinates(at));
                self.define(*result, value);
            }
            Inst::Store { buffer, at, value } => {
                self.builder.store(*buffer, self.coordinates(at), self.value(*value));
            }
            Inst::Lookup { result, table, index } => {
                let value = self.builder.lookup(self.tables[table.0 as usize], self.value(*index));
                self.define(*result, value);
            }
            Inst::If { results, condition, then, otherwise, often } => {
                let condition = self.value(*condition);
                let (then, otherwise) = (self.block(then), self.block(otherwise));
                let values = if *often {
                    self.builder.choice(condition, then, otherwise)
                } else {
                    self.builder.branch(condition, then, otherwise)
                };
                self.define_all(results, &values);
            }
            Inst::Loop(nested) => self.nested(nested),
        }
    }

    fn nested(&mut self, nested: &Loop) {
        let extent = match nested.extent {
            Extent::Block { dim, index } => Extent::Block { dim, index: self.index(index) },
            same @ (Extent::Dim(_) | Extent::Blocks(_)) => same,
        };
        let index = self.builder.fresh_index();
        self.indices[nested.index.0 as usize] = index;
        let values = match &nested.kind {
            LoopKind::Reduce { accumulators } => {
                let body = self.block(&nested.body);
                self.builder.reduce_loop(index, extent, accumulators, body)
            }
            LoopKind::Carry { initial, parameters } => {
                let (initial, fresh) = (self.all(initial), self.parameters(parameters));
                let body = self.block(&nested.body);
                self.builder.carry_loop(index, extent, &initial, &fresh, body)
            }
            LoopKind::While { initial, parameters, condition } => {
                let (initial, fresh) = (self.all(initial), self.parameters(parameters));
                let (condition, body) = (self.block(condition), self.block(&nested.body));
                self.builder.while_loop((index, extent), &initial, &fresh, condition, body)
            }
        };
        self.define_all(&nested.results, &values);
    }
}
