//! The function around the grid loop: its signature, its arguments, the sizes it needs.

use super::address::{Layout, Scopes};
use super::code::{Code, Held, Lanes, trusted};
use super::constants::Pool;
use super::{invariant, memory};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature, Value, types};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::FunctionBuilder;
use rotrace_ir::dim::Dim;
use rotrace_ir::kernel::{Extent, IndexId, Kernel};
use rotrace_ir::reduce::BLOCK;
use std::collections::HashMap;

/// What the arguments brought.
pub(super) struct Entry {
    /// First elements, indexed by buffer.
    pub(super) buffers: Vec<Value>,
    /// Sizes of named dimensions.
    pub(super) dims: Vec<Value>,
    /// The table of constants.
    pub(super) constants: Value,
    /// How each buffer is laid out.
    pub(super) layouts: Vec<Layout>,
}

/// The entry's signature; see [`crate::Artifact`].
pub(super) fn signature(convention: CallConv) -> Signature {
    let mut signature = Signature::new(convention);
    signature.params = vec![AbiParam::new(types::I64); 5];
    signature
}

/// Writes the function and returns its constants.
pub(super) fn function(kernel: &Kernel, mut builder: FunctionBuilder, isa: &dyn TargetIsa, simd: bool) -> Vec<u8> {
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let arguments: [Value; 5] = std::array::from_fn(|position| builder.block_params(block)[position]);
    let [buffers, dims, start, end, constants] = arguments;
    let (run, exit) = (builder.create_block(), builder.create_block());
    let any = builder.ins().icmp(IntCC::SignedLessThan, start, end);
    builder.ins().brif(any, run, &[], exit, &[]);
    builder.switch_to_block(run);

    let mut pool = Pool::default();
    let tables = kernel.tables.iter().map(|table| pool.table(table)).collect();
    let entry = Entry { buffers: Vec::new(), dims: Vec::new(), constants, layouts: Vec::new() };
    let mut code = Code {
        kernel,
        builder,
        pool,
        tables,
        entry,
        simd,
        blend: cfg!(target_arch = "x86_64"),
        held: vec![Held::Undefined; kernel.values.len()],
        indices: vec![None; kernel.index_count as usize],
        nest: Vec::new(),
        scopes: Scopes::default(),
        lanes: Lanes::One,
        ahead: (IndexId(0), 0),
        splats: HashMap::new(),
        rows: memory::Rows::default(),
        absorbed: invariant::absorbed_negations(kernel),
    };
    code.arguments(buffers, dims);
    code.scopes.open();
    code.grid(start, end);
    code.ins().jump(exit, &[]);
    code.builder.switch_to_block(exit);
    code.ins().return_(&[]);
    let Code { mut builder, pool, .. } = code;
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    pool.bytes
}

impl Code<'_, '_> {
    fn arguments(&mut self, buffers: Value, dims: Value) {
        for position in 0..self.kernel.dims.len() {
            let size = self.ins().load(types::I64, trusted(), dims, position as i32 * 8);
            self.entry.dims.push(size);
        }
        for position in 0..self.kernel.buffers.len() {
            let base = self.ins().load(types::I64, trusted(), buffers, position as i32 * 8);
            self.entry.buffers.push(base);
        }
        for buffer in &self.kernel.buffers {
            let layout = self.layout(&buffer.shape);
            self.entry.layouts.push(layout);
        }
    }

    fn grid(&mut self, start: Value, end: Value) {
        let kernel = self.kernel;
        let length = match kernel.grid {
            Extent::Dim(dim) => dim.as_fixed(),
            Extent::Blocks(_) | Extent::Block { .. } => None,
        };
        self.iterations(IndexId(0), (start, end), length, &kernel.body);
    }

    /// A dim as a number.
    pub(super) fn dim(&mut self, dim: Dim) -> Value {
        match dim.name {
            None => self.number(dim.constant),
            Some(name) => {
                let size = self.entry.dims[name.0 as usize];
                self.plus(size, dim.constant)
            }
        }
    }

    /// An extent as a number.
    pub(super) fn extent(&mut self, extent: Extent) -> Value {
        match extent {
            Extent::Dim(dim) => self.dim(dim),
            Extent::Blocks(dim) => {
                let size = self.dim(dim);
                let raised = self.plus(size, BLOCK as i64 - 1);
                let shift = self.number(i64::from(BLOCK.trailing_zeros()));
                self.ins().ushr(raised, shift)
            }
            Extent::Block { dim, index } => {
                let size = self.dim(dim);
                let index = self.index_value(index);
                let before = self.scaled(index, BLOCK as i64);
                let left = self.ins().isub(size, before);
                let block = self.number(BLOCK as i64);
                self.ins().smin(left, block)
            }
        }
    }

    /// The current value of a loop index.
    pub(super) fn index_value(&mut self, index: IndexId) -> Value {
        let value = self.indices[index.0 as usize].expect("an index is used inside its loop");
        let (unrolled, ahead) = self.ahead;
        if unrolled == index { self.plus(value, ahead) } else { value }
    }

    /// `value + constant`.
    pub(super) fn plus(&mut self, value: Value, constant: i64) -> Value {
        if constant == 0 {
            return value;
        }
        let constant = self.number(constant);
        self.ins().iadd(value, constant)
    }

    /// `value * factor`.
    pub(super) fn scaled(&mut self, value: Value, factor: i64) -> Value {
        if factor == 1 {
            return value;
        }
        if factor > 0 && factor.count_ones() == 1 {
            let shift = self.number(i64::from(factor.trailing_zeros()));
            return self.ins().ishl(value, shift);
        }
        let factor = self.number(factor);
        self.ins().imul(value, factor)
    }
}
