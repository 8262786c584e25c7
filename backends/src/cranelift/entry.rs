//! The function around the grid loop: its signature (see [`crate::Artifact`]), its arguments, the sizes it needs.

use super::address::{Layout, Scopes};
use super::code::{Code, Held, Lanes, trusted};
use super::constants::Pool;
use super::{invariant, memory};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, Function, InstBuilder, Signature, UserFuncName, Value, types};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use rotrace_ir::dim::Dim;
use rotrace_ir::kernel::{Extent, IndexId, Kernel};
use rotrace_ir::reduce::BLOCK;
use rustc_hash::FxHashMap;

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

/// What a function is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// To be called by the runtime.
    Entry {
        /// Whether to use vector instructions.
        simd: bool,
    },
    /// To be called by an entry; see [`super::routine`].
    Routine,
}

impl Role {
    /// How it is called. A routine keeps all registers.
    pub(super) fn signature(self, isa: &dyn TargetIsa) -> Signature {
        let mut signature = Signature::new(match self {
            Self::Entry { .. } => isa.default_call_conv(),
            Self::Routine => CallConv::PreserveAll,
        });
        signature.params = vec![AbiParam::new(types::I64); 5];
        signature
    }
}

/// A function before register allocation.
pub(super) struct Written {
    pub(super) function: Function,
    pub(super) constants: Vec<u8>,
    /// What it calls: user function `k` is number `k`.
    pub(super) routines: Vec<Function>,
}

/// Writes a kernel's function.
pub(super) fn write(kernel: &Kernel, isa: &dyn TargetIsa, role: Role) -> Written {
    let mut function = Function::with_name_signature(UserFuncName::user(0, 0), role.signature(isa));
    let mut context = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut function, &mut context);
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let arguments: [Value; 5] = std::array::from_fn(|position| builder.block_params(block)[position]);
    let [buffers, dims, start, end, constants] = arguments;
    let (run, exit) = (builder.create_block(), builder.create_block());
    let any = builder.ins().icmp(IntCC::SignedLessThan, start, end);
    builder.ins().brif(any, run, &[], exit, &[]);
    builder.switch_to_block(run);

    let entry = Entry { buffers: Vec::new(), dims: Vec::new(), constants, layouts: Vec::new() };
    let mut code = Code {
        kernel,
        builder,
        isa,
        pool: Pool::default(),
        tables: vec![None; kernel.tables.len()],
        entry,
        simd: role == Role::Entry { simd: true },
        outlines: role != Role::Routine && cfg!(target_arch = "x86_64"),
        routines: Vec::new(),
        blend: cfg!(target_arch = "x86_64"),
        held: vec![Held::Undefined; kernel.values.len()],
        indices: vec![None; kernel.index_count as usize],
        nest: Vec::new(),
        scopes: Scopes::default(),
        neighbours: FxHashMap::default(),
        lanes: Lanes::One,
        active: None,
        ahead: (IndexId(0), 0),
        splats: FxHashMap::default(),
        rows: memory::Rows::default(),
        absorbed: invariant::absorbed_negations(kernel),
    };
    code.arguments(buffers, dims);
    code.scopes.open();
    code.grid(start, end);
    code.ins().jump(exit, &[]);
    code.builder.switch_to_block(exit);
    code.ins().return_(&[]);
    let Code { mut builder, pool, routines, .. } = code;
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    let routines = routines.into_iter().map(|routine| routine.function).collect();
    Written { function, constants: pool.bytes, routines }
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
