//! Building a kernel instruction by instruction.

use super::{
    Access, Affine, Block, Buffer, BufferId, BufferShape, Extent, IndexId, Inst, Kernel, Loop, LoopKind, Table,
    TableId, Var, Vars,
};
use crate::graph::Reduction;
use crate::scalar::ScalarOp;
use crate::{DType, Scalar};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::hash::Hash;

/// Appends instructions to the innermost open block of a [`Kernel`], numbering values so that equal pure instructions of
/// the open blocks share one value.
///
/// Misuse (wrong operand dtypes, unbalanced blocks) is a bug of the calling pass and is caught by the verifier.
#[derive(Debug, Default)]
pub struct KernelBuilder {
    kernel: Kernel,
    /// Open blocks, outermost first.
    open: Vec<Open>,
}

/// A block under construction.
#[derive(Debug, Default)]
struct Open {
    insts: Vec<Inst>,
    /// The values it computes of others.
    computed: FxHashMap<Computed, Var>,
    /// The values it has of loop indices and buffers.
    placed: FxHashMap<Placed, Var>,
    /// What [`KernelBuilder::remember`] was told while it was innermost.
    remembered: FxHashMap<(&'static str, Vars), Vars>,
}

/// A pure instruction without its result and without coordinates.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Computed {
    Constant(Scalar),
    Scalar(ScalarOp, Vars),
    Cast(DType, Var),
    Bitcast(DType, Var),
    Lookup(TableId, Var),
}

impl Computed {
    fn inst(&self, result: Var) -> Inst {
        match *self {
            Self::Constant(value) => Inst::Constant { result, value },
            Self::Scalar(op, ref operands) => Inst::Scalar { result, op, operands: Vars::from_slice(operands) },
            Self::Cast(_, operand) => Inst::Cast { result, operand },
            Self::Bitcast(_, operand) => Inst::Bitcast { result, operand },
            Self::Lookup(table, index) => Inst::Lookup { result, table, index },
        }
    }
}

/// A pure instruction at coordinates, without its result. Apart from [`Computed`], which is much smaller.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Placed {
    Index(Affine),
    Load(BufferId, SmallVec<[Affine; 3]>),
}

impl Placed {
    fn inst(&self, result: Var) -> Inst {
        match self {
            Self::Index(value) => Inst::Index { result, value: value.clone() },
            Self::Load(buffer, at) => Inst::Load { result, buffer: *buffer, at: at.clone() },
        }
    }
}

/// Open blocks that wait while something is appended to one around them.
#[derive(Debug)]
pub struct Parked(Vec<Open>);

impl KernelBuilder {
    /// An empty kernel with its grid open. Index 0 is the grid's.
    #[must_use]
    pub fn new(name: impl Into<String>, dims: Vec<String>, grid: Extent) -> Self {
        let kernel = Kernel { name: name.into(), dims, grid, index_count: 1, ..Kernel::default() };
        Self { kernel, open: vec![Default::default()] }
    }

    /// What has been built so far, without the open blocks.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The dtype of a value.
    #[must_use]
    pub fn dtype(&self, var: Var) -> DType {
        self.kernel.dtype(var)
    }

    /// Declares a buffer.
    pub fn buffer(&mut self, dtype: DType, shape: BufferShape, access: Access) -> BufferId {
        self.kernel.buffers.push(Buffer { dtype, shape, access });
        BufferId(self.kernel.buffers.len() as u32 - 1)
    }

    /// Declares a table, or finds the same one.
    pub fn table(&mut self, table: Table) -> TableId {
        let tables = &mut self.kernel.tables;
        let index = tables.iter().position(|known| *known == table).unwrap_or_else(|| {
            tables.push(table);
            tables.len() - 1
        });
        TableId(index as u32)
    }

    /// A new value without a definition, for the parameters of a loop.
    pub fn fresh(&mut self, dtype: DType) -> Var {
        self.kernel.values.push(dtype);
        Var(self.kernel.values.len() as u32 - 1)
    }

    /// A new loop index.
    pub fn fresh_index(&mut self) -> IndexId {
        self.kernel.index_count += 1;
        IndexId(self.kernel.index_count - 1)
    }

    /// What is known under a key in the open blocks, innermost first.
    fn known<K: Hash + Eq>(&self, key: &K, map: impl Fn(&Open) -> &FxHashMap<K, Var>) -> Option<Var> {
        self.open.iter().rev().find_map(|block| map(block).get(key)).copied()
    }

    fn computed(&mut self, key: Computed, dtype: DType) -> Var {
        if let Some(known) = self.known(&key, |block| &block.computed) {
            return known;
        }
        let result = self.fresh(dtype);
        let block = self.innermost();
        block.insts.push(key.inst(result));
        block.computed.insert(key, result);
        result
    }

    fn placed(&mut self, key: Placed, dtype: DType) -> Var {
        if let Some(known) = self.known(&key, |block| &block.placed) {
            return known;
        }
        let result = self.fresh(dtype);
        let block = self.innermost();
        block.insts.push(key.inst(result));
        block.placed.insert(key, result);
        result
    }

    /// What was remembered under the same name and operands, if it is visible here.
    #[must_use]
    pub fn recall(&self, name: &'static str, operands: &[Var]) -> Option<Vars> {
        let key = (name, Vars::from_slice(operands));
        self.open.iter().rev().find_map(|block| block.remembered.get(&key)).cloned()
    }

    /// Shares the results of a whole computation, branches and loops included, for as long as the innermost block is open.
    /// The name and the operands must determine the results.
    pub fn remember(&mut self, name: &'static str, operands: &[Var], results: &[Var]) {
        let key = (name, Vars::from_slice(operands));
        self.innermost().remembered.insert(key, Vars::from_slice(results));
    }

    fn innermost(&mut self) -> &mut Open {
        self.open.last_mut().expect("a block is open until `finish`")
    }

    /// A literal.
    pub fn constant(&mut self, value: Scalar) -> Var {
        self.computed(Computed::Constant(value), value.dtype)
    }

    /// A scalar operation.
    pub fn scalar(&mut self, op: ScalarOp, operands: &[Var]) -> Var {
        let dtypes: SmallVec<[DType; 3]> = operands.iter().map(|&var| self.dtype(var)).collect();
        let dtype = op.result_dtype(&dtypes).unwrap_or_else(|message| panic!("kernel builder: {message}"));
        self.computed(Computed::Scalar(op, Vars::from_slice(operands)), dtype)
    }

    /// A conversion; the operand itself if it has that dtype already.
    pub fn cast(&mut self, dtype: DType, operand: Var) -> Var {
        if self.dtype(operand) == dtype { operand } else { self.computed(Computed::Cast(dtype, operand), dtype) }
    }

    /// A reinterpretation; the operand itself if it has that dtype already.
    pub fn bitcast(&mut self, dtype: DType, operand: Var) -> Var {
        if self.dtype(operand) == dtype { operand } else { self.computed(Computed::Bitcast(dtype, operand), dtype) }
    }

    /// A coordinate as an `i64`.
    pub fn index(&mut self, value: Affine) -> Var {
        self.placed(Placed::Index(value), DType::I64)
    }

    /// An element of a buffer. Of scratch every load is one of its own, since what is there changes.
    pub fn load(&mut self, buffer: BufferId, at: SmallVec<[Affine; 3]>) -> Var {
        let Buffer { dtype, access, .. } = self.kernel.buffers[buffer.0 as usize];
        match access {
            Access::Read | Access::Write => self.placed(Placed::Load(buffer, at), dtype),
            Access::Scratch => {
                let result = self.fresh(dtype);
                self.innermost().insts.push(Inst::Load { result, buffer, at });
                result
            }
        }
    }

    /// An element of a table.
    pub fn lookup(&mut self, table: TableId, index: Var) -> Var {
        let dtype = self.kernel.tables[table.0 as usize].dtype;
        self.computed(Computed::Lookup(table, index), dtype)
    }

    /// Writes an element.
    pub fn store(&mut self, buffer: BufferId, at: SmallVec<[Affine; 3]>, value: Var) {
        self.innermost().insts.push(Inst::Store { buffer, at, value });
    }

    /// How many blocks are open inside of the grid's.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.open.len() - 1
    }

    /// Parks the blocks inside of the one at a depth: what is appended from now on goes there, ahead of them.
    pub fn park(&mut self, depth: usize) -> Parked {
        Parked(self.open.split_off(depth + 1))
    }

    /// Goes on in blocks that were parked.
    pub fn resume(&mut self, parked: Parked) {
        self.open.extend(parked.0);
    }

    /// Opens a nested block: what is appended from now on goes there.
    pub fn open_block(&mut self) {
        self.open.push(Default::default());
    }

    /// Closes the innermost block.
    pub fn close_block(&mut self, yields: &[Var]) -> Block {
        let Open { insts, .. } = self.open.pop().expect("close_block matches an open_block");
        Block { insts, yields: Vars::from_slice(yields) }
    }

    /// A branch whose other side is rare, with blocks from [`Self::close_block`].
    pub fn branch(&mut self, condition: Var, then: Block, otherwise: Block) -> Vars {
        self.push_branch(condition, then, otherwise, false)
    }

    /// A branch both sides of which run often.
    pub fn choice(&mut self, condition: Var, then: Block, otherwise: Block) -> Vars {
        self.push_branch(condition, then, otherwise, true)
    }

    fn push_branch(&mut self, condition: Var, then: Block, otherwise: Block, often: bool) -> Vars {
        let dtypes: Vec<DType> = then.yields.iter().map(|&var| self.dtype(var)).collect();
        let results: Vars = dtypes.into_iter().map(|dtype| self.fresh(dtype)).collect();
        self.innermost().insts.push(Inst::If { results: results.clone(), condition, then, otherwise, often });
        results
    }

    /// A loop over independent iterations, with a body from [`Self::close_block`] that yields one value per accumulator.
    pub fn reduce_loop(&mut self, index: IndexId, extent: Extent, accumulators: &[Reduction], body: Block) -> Vars {
        let kind = LoopKind::Reduce { accumulators: SmallVec::from_slice(accumulators) };
        self.push_loop(index, extent, kind, body)
    }

    /// A loop that carries values, with a body from [`Self::close_block`] that yields their next values.
    pub fn carry_loop(
        &mut self,
        index: IndexId,
        extent: Extent,
        initial: &[Var],
        parameters: &[Var],
        body: Block,
    ) -> Vars {
        let kind = LoopKind::Carry { initial: Vars::from_slice(initial), parameters: Vars::from_slice(parameters) };
        self.push_loop(index, extent, kind, body)
    }

    /// A loop that carries values as long as a condition holds, with blocks from [`Self::close_block`]: the condition
    /// yields a `bool`, the body the next values.
    pub fn while_loop(
        &mut self,
        (index, extent): (IndexId, Extent),
        initial: &[Var],
        parameters: &[Var],
        condition: Block,
        body: Block,
    ) -> Vars {
        let (initial, parameters) = (Vars::from_slice(initial), Vars::from_slice(parameters));
        self.push_loop(index, extent, LoopKind::While { initial, parameters, condition }, body)
    }

    fn push_loop(&mut self, index: IndexId, extent: Extent, kind: LoopKind, body: Block) -> Vars {
        let dtypes: Vec<DType> = body.yields.iter().map(|&var| self.dtype(var)).collect();
        let results: Vars = dtypes.into_iter().map(|dtype| self.fresh(dtype)).collect();
        self.innermost().insts.push(Inst::Loop(Box::new(Loop { index, extent, kind, body, results: results.clone() })));
        results
    }

    /// Ends the kernel.
    #[must_use]
    pub fn finish(mut self) -> Kernel {
        let body = self.close_block(&[]);
        assert!(self.open.is_empty(), "kernel builder: a nested block was left open");
        self.kernel.body = body;
        self.kernel
    }
}
