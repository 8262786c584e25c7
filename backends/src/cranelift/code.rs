//! The state of code generation, and how values of the kernel are held in values of the code.

use super::active::Mask;
use super::address::{Key, Place, Scopes};
use super::constants::{Pool, splatted};
use super::entry::Entry;
use super::routine::Routine;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, StackSlot, StackSlotData, StackSlotKind, Type, Value, types};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::{FuncInstBuilder, FunctionBuilder};
use rotrace_ir::kernel::{IndexId, Kernel, Var};
use rotrace_ir::{DType, Scalar};
use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

/// 128-bit vectors that together hold one value per lane.
pub(super) type Parts = SmallVec<[Value; 2]>;

/// How many iterations the code being written runs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lanes {
    /// Scalar code.
    One,
    /// Two: every value is 64 bits wide (or a mask).
    Two,
    /// Four: values are 32 bits wide, or 64 in two parts.
    Four,
}

impl Lanes {
    pub(super) const fn count(self) -> i64 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// The width in bytes that truth values have where nothing asks for another.
    pub(super) const fn mask_size(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 8,
            Self::Four => 4,
        }
    }

    /// How many parts hold elements of `size` bytes.
    pub(super) const fn parts(self, size: usize) -> usize {
        self.count() as usize * size / 16
    }
}

/// Where a value of the kernel is.
#[derive(Clone, Debug)]
pub(super) enum Held {
    /// Not yet defined.
    Undefined,
    /// Known; written where it is used.
    Constant(Scalar),
    /// The same in all lanes. A `bool` is an `i8` that is 0 or 1.
    Scalar(Value),
    /// One per lane, `size` bytes each. A `bool` is a mask, 0 or -1.
    Vector { size: usize, parts: Parts },
}

/// A function being written.
pub(super) struct Code<'k, 'f> {
    pub(super) kernel: &'k Kernel,
    pub(super) builder: FunctionBuilder<'f>,
    pub(super) pool: Pool,
    /// Offsets of the kernel's tables in the pool, of those that are used.
    pub(super) tables: Vec<Option<i32>>,
    pub(super) entry: Entry,
    pub(super) simd: bool,
    /// Whether `blendv` exists.
    pub(super) blend: bool,
    pub(super) isa: &'k dyn TargetIsa,
    /// Whether long rare sides of branches become routines.
    pub(super) outlines: bool,
    pub(super) routines: Vec<Routine>,
    /// Indexed by [`Var`].
    pub(super) held: Vec<Held>,
    /// The current values of loop indices (of lane 0), indexed by [`IndexId`].
    pub(super) indices: Vec<Option<Value>>,
    /// The open loops, outermost first.
    pub(super) nest: Vec<IndexId>,
    pub(super) scopes: Scopes,
    /// From where the address of a place is reached that differs in constant coordinates only.
    pub(super) neighbours: FxHashMap<Place, Place>,
    pub(super) lanes: Lanes,
    /// The lanes that count, if not all do.
    pub(super) active: Option<Mask>,
    /// By how much a loop's index is ahead of `indices`, in an unrolled copy of its body.
    pub(super) ahead: (IndexId, i64),
    /// Scalars splatted before the current vector loop.
    pub(super) splats: FxHashMap<Var, (usize, Parts)>,
    /// How the current vector loop's rows are loaded and stored.
    pub(super) rows: super::memory::Rows,
    /// Negations that fused operations absorb.
    pub(super) absorbed: Vec<bool>,
}

/// The type of a scalar in a register.
pub(super) const fn scalar_type(dtype: DType) -> Type {
    match dtype {
        DType::Bool | DType::I8 | DType::U8 => types::I8,
        DType::I16 | DType::U16 => types::I16,
        DType::I32 | DType::U32 => types::I32,
        DType::I64 | DType::U64 => types::I64,
        DType::F32 => types::F32,
        DType::F64 => types::F64,
    }
}

/// The vector type of integer lanes of `size` bytes, which is also that of masks.
pub(super) const fn lane_type(size: usize) -> Type {
    match size {
        1 => types::I8X16,
        2 => types::I16X8,
        4 => types::I32X4,
        _ => types::I64X2,
    }
}

/// The vector type of a dtype with lanes of `size` bytes.
pub(super) const fn vector_type(dtype: DType, size: usize) -> Type {
    match dtype {
        DType::F32 => types::F32X4,
        DType::F64 => types::F64X2,
        DType::Bool
        | DType::I8
        | DType::U8
        | DType::I16
        | DType::U16
        | DType::I32
        | DType::U32
        | DType::I64
        | DType::U64 => lane_type(size),
    }
}

/// Flags of loads from memory that is ours and aligned.
pub(super) fn trusted() -> MemFlagsData {
    MemFlagsData::trusted()
}

impl<'f> Code<'_, 'f> {
    /// Appends an instruction.
    pub(super) fn ins(&mut self) -> FuncInstBuilder<'_, 'f> {
        self.builder.ins()
    }

    pub(super) fn dtype(&self, var: Var) -> DType {
        self.kernel.dtype(var)
    }

    pub(super) fn number(&mut self, value: i64) -> Value {
        self.ins().iconst(types::I64, value)
    }

    /// Memory of the function's own, aligned for vectors.
    pub(super) fn stack_slot(&mut self, bytes: u32) -> StackSlot {
        self.builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 4))
    }

    pub(super) fn define(&mut self, var: Var, held: Held) {
        self.held[var.0 as usize] = held;
    }

    /// Bytes per lane of a value: of a mask, what its comparison made.
    pub(super) fn size_of(&self, var: Var) -> usize {
        match &self.held[var.0 as usize] {
            Held::Vector { size, .. } => *size,
            Held::Undefined | Held::Constant(_) | Held::Scalar(_) => match self.dtype(var) {
                DType::Bool => self.lanes.mask_size(),
                dtype => dtype.size(),
            },
        }
    }

    /// Whether the value is the same in all lanes.
    pub(super) fn is_uniform(&self, var: Var) -> bool {
        !matches!(self.held[var.0 as usize], Held::Vector { .. })
    }

    /// The value as a constant, if it is one.
    pub(super) fn constant_of(&self, var: Var) -> Option<Scalar> {
        match self.held[var.0 as usize] {
            Held::Constant(value) => Some(value),
            Held::Undefined | Held::Scalar(_) | Held::Vector { .. } => None,
        }
    }

    /// A uniform value in a register.
    pub(super) fn scalar(&mut self, var: Var) -> Value {
        match self.held[var.0 as usize] {
            Held::Constant(value) => self.literal(value),
            Held::Scalar(value) => value,
            Held::Undefined | Held::Vector { .. } => unreachable!("%{} is not a uniform value here", var.0),
        }
    }

    /// A constant in a register.
    pub(super) fn literal(&mut self, value: Scalar) -> Value {
        let kind = scalar_type(value.dtype);
        if value.dtype.is_float() {
            let offset = self.pool.offset(splatted(value));
            let base = self.entry.constants;
            self.ins().load(kind, trusted(), base, offset)
        } else {
            self.ins().iconst(kind, value.as_i64())
        }
    }

    /// 16 constant bytes in a vector register.
    pub(super) fn vector_literal(&mut self, kind: Type, bytes: [u8; 16]) -> Value {
        if bytes == [0; 16] || bytes == [0xff; 16] {
            let data = self.builder.func.dfg.constants.insert(bytes.to_vec().into());
            return self.ins().vconst(kind, data);
        }
        let offset = self.pool.offset(bytes);
        let base = self.entry.constants;
        self.ins().load(kind, trusted(), base, offset)
    }

    /// A value with lanes of its own width (for a mask: what it has).
    pub(super) fn vector(&mut self, var: Var) -> Parts {
        let size = self.size_of(var);
        self.vector_of_size(var, size)
    }

    /// A value with lanes of `size` bytes, which only a mask can choose.
    pub(super) fn vector_of_size(&mut self, var: Var, size: usize) -> Parts {
        let dtype = self.dtype(var);
        let count = self.lanes.parts(size);
        match self.held[var.0 as usize].clone() {
            Held::Vector { size: own, parts } if own == size => parts,
            Held::Vector { parts, .. } => self.resize_mask(&parts, size),
            Held::Constant(value) => {
                let kind = vector_type(dtype, size);
                (0..count).map(|_| self.vector_literal(kind, splatted(value))).collect()
            }
            Held::Scalar(value) => match self.splats.get(&var) {
                Some((own, parts)) if *own == size => parts.clone(),
                Some(_) | None => self.splat_once(dtype, value, size),
            },
            Held::Undefined => unreachable!("%{} is used before it is defined", var.0),
        }
    }

    /// A scalar in every lane, which later uses share.
    fn splat_once(&mut self, dtype: DType, value: Value, size: usize) -> Parts {
        let key = Key::Splat(value, size);
        if let Some(known) = self.scopes.find(&key) {
            return smallvec![known; self.lanes.parts(size)];
        }
        let parts = self.splat(dtype, value, size);
        self.scopes.insert(key, parts[0]);
        parts
    }

    /// A scalar in every lane.
    pub(super) fn splat(&mut self, dtype: DType, value: Value, size: usize) -> Parts {
        let scalar = if dtype == DType::Bool { self.mask_of_bool(value, size) } else { value };
        let splatted = self.ins().splat(vector_type(dtype, size), scalar);
        smallvec![splatted; self.lanes.parts(size)]
    }

    /// 0 or -1 in an integer of `size` bytes, from a scalar `bool`.
    pub(super) fn mask_of_bool(&mut self, value: Value, size: usize) -> Value {
        let kind = lane_type(size).lane_type();
        let wide = if kind == types::I8 { value } else { self.ins().uextend(kind, value) };
        self.ins().ineg(wide)
    }

    /// A scalar `bool` from 0 or -1 in an integer.
    pub(super) fn bool_of_mask(&mut self, mask: Value) -> Value {
        let narrow = if self.kind(mask) == types::I8 { mask } else { self.ins().ireduce(types::I8, mask) };
        let one = self.ins().iconst(types::I8, 1);
        self.ins().band(narrow, one)
    }

    /// The type of a value of the code.
    pub(super) fn kind(&self, value: Value) -> Type {
        self.builder.func.dfg.value_type(value)
    }

    /// The same bits as another type of the same size.
    pub(super) fn reinterpret(&mut self, value: Value, kind: Type) -> Value {
        if self.kind(value) == kind {
            return value;
        }
        let flags = MemFlagsData::new().with_endianness(cranelift_codegen::ir::Endianness::Little);
        self.ins().bitcast(kind, flags, value)
    }

    /// The scalar in one lane.
    pub(super) fn lane(&mut self, var: Var, lane: i64) -> Value {
        let Held::Vector { size, parts } = self.held[var.0 as usize].clone() else {
            return self.scalar(var);
        };
        let value = self.extract(&parts, size, lane);
        if self.dtype(var) == DType::Bool { self.bool_of_mask(value) } else { value }
    }

    /// One lane of parts.
    pub(super) fn extract(&mut self, parts: &Parts, size: usize, lane: i64) -> Value {
        let per_part = 16 / size;
        let (part, lane) = (lane as usize / per_part, lane as usize % per_part);
        self.ins().extractlane(parts[part], lane as u8)
    }

    /// Parts from one scalar per lane.
    pub(super) fn assemble(&mut self, dtype: DType, size: usize, scalars: &[Value]) -> Parts {
        let kind = vector_type(dtype, size);
        scalars
            .chunks(16 / size)
            .map(|chunk| {
                let chunk: SmallVec<[Value; 4]> = chunk
                    .iter()
                    .map(|&value| if dtype == DType::Bool { self.mask_of_bool(value, size) } else { value })
                    .collect();
                let first = self.ins().scalar_to_vector(kind, chunk[0]);
                (1..chunk.len()).fold(first, |whole, lane| self.ins().insertlane(whole, chunk[lane], lane as u8))
            })
            .collect()
    }
}
