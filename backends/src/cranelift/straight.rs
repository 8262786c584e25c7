//! C functions around the kernels of a plan without loops: what the runtime does in a call, as machine code that needs no
//! runtime.
//!
//! One function checks its arguments, finds every buffer, and runs the kernels one after the other on the calling thread; another
//! says how much memory that takes. Both stand in one piece with the kernels, whose distances from them are filled in, so the
//! piece needs no relocation, no library and no start-up.

use super::isa::{self, Allocator};
use super::machine;
use crate::{CompileError, Processor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, ExtFuncData, ExternalName, FuncRef, Function, InstBuilder, Signature, StackSlot, StackSlotData,
    StackSlotKind, UserExternalName, UserFuncName, Value, types,
};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use rotrace_ir::dim::Dim;
use rotrace_ir::kernel::{BufferShape, Extent};
use rotrace_ir::reduce::BLOCK;
use std::ops::Range;

/// What every array in the workspace, and the workspace itself, is aligned to.
pub const ALIGNMENT: u64 = 64;

/// Sizes beyond this are refused, so that sums with constants do not overflow.
const LARGEST_SIZE: i64 = 1 << 62;

/// The number of bytes of an array.
#[derive(Clone, Debug)]
pub struct Bytes {
    /// Sizes of its axes.
    pub shape: BufferShape,
    /// Bytes of an element.
    pub element: u64,
}

/// Where a kernel finds a buffer.
#[derive(Clone, Debug)]
pub enum Place {
    /// At the address that an argument of the function is, by its number.
    Argument(usize),
    /// At an offset in the image.
    Image(usize),
    /// In a slot of the workspace, behind other arrays in it.
    Workspace {
        /// The number of the slot.
        slot: usize,
        /// What stands before it in the slot.
        behind: Vec<Bytes>,
    },
}

/// One kernel launch.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Offset of the kernel's entry in the image.
    pub entry: usize,
    /// Offset of its constants in the image.
    pub constants: usize,
    /// Its buffers.
    pub buffers: Vec<Place>,
    /// Its iterations.
    pub grid: Extent,
}

/// A plan whose steps are kernels.
#[derive(Clone, Debug)]
pub struct Straight {
    /// What the address of each argument must be divisible by, a power of two.
    pub arguments: Vec<u64>,
    /// The least size of each named dimension.
    pub least: Vec<i64>,
    /// What the workspace holds: slots one after the other, each as large as the largest of its tenants, which are arrays one
    /// after the other.
    pub slots: Vec<Vec<Vec<Bytes>>>,
    /// In order.
    pub launches: Vec<Launch>,
}

/// What the function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The results are written.
    Done = 0,
    /// A size is negative, too large, or smaller than the program needs.
    BadSize = 1,
    /// An address is not a multiple of what it must be.
    Misaligned = 2,
    /// The workspace has fewer bytes than it needs.
    Workspace = 3,
}

/// Functions and image in one position-independent piece, to be placed at an address divisible by [`ALIGNMENT`].
#[derive(Clone, Debug)]
pub struct Piece {
    /// Machine code and data.
    pub bytes: Vec<u8>,
    /// Where `int32_t run(arguments..., sizes..., workspace, workspace_bytes)` is: pointers, `int64_t`s, a pointer
    /// and a `size_t`. It returns a [`Status`].
    pub run: Range<usize>,
    /// Where `size_t workspace_bytes(sizes...)` is. For sizes that are refused it returns the largest number.
    pub workspace_bytes: Range<usize>,
}

/// Writes the functions around an image: the machine code of kernels, and data, aligned as they need to be from its beginning.
///
/// # Errors
/// The host is beyond this backend.
pub fn compile(name: &str, straight: &Straight, image: &[u8], processor: Processor) -> Result<Piece, CompileError> {
    let unsupported = |reason: String| CompileError::Unsupported { kernel: name.to_owned(), reason };
    if u32::try_from(image.len()).is_err() {
        return Err(unsupported("its code and constants take more than 4 GiB".to_owned()));
    }
    let isa = isa::of(processor, Allocator::Thorough).map_err(unsupported)?;
    let functions = [run(straight, isa), workspace_bytes(straight, isa)];
    let machines = functions.map(|function| machine::emit(name, function, isa, false));
    let [run, workspace_bytes] = machines;
    let (bytes, [run, workspace_bytes]) = machine::before([run?, workspace_bytes?], image).map_err(unsupported)?;
    Ok(Piece { bytes, run, workspace_bytes })
}

fn run(straight: &Straight, isa: &dyn TargetIsa) -> Function {
    let count = straight.arguments.len() + straight.least.len() + 2;
    write(isa, count, types::I32, |mut writer, parameters| {
        let (arguments, rest) = parameters.split_at(straight.arguments.len());
        let (sizes, rest) = rest.split_at(straight.least.len());
        let (workspace, available) = (rest[0], rest[1]);
        writer.sizes = sizes.to_vec();
        let bad = writer.bad_sizes(&straight.least);
        writer.leave_if(bad, Status::BadSize);
        let misaligned = writer.misaligned(straight, arguments, workspace);
        writer.leave_if(misaligned, Status::Misaligned);
        let (starts, needed) = writer.slots(&straight.slots);
        let lacking = writer.builder.ins().icmp(IntCC::UnsignedLessThan, available, needed);
        writer.leave_if(lacking, Status::Workspace);
        let starts = starts.into_iter().map(|start| writer.builder.ins().iadd(workspace, start)).collect();
        writer.launches(straight, arguments, starts);
        writer.number(types::I32, Status::Done as i64)
    })
}

fn workspace_bytes(straight: &Straight, isa: &dyn TargetIsa) -> Function {
    write(isa, straight.least.len(), types::I64, |mut writer, sizes| {
        writer.sizes = sizes.to_vec();
        let bad = writer.bad_sizes(&straight.least);
        let (_, needed) = writer.slots(&straight.slots);
        let largest = writer.number(types::I64, -1);
        writer.builder.ins().select(bad, largest, needed)
    })
}

/// A function of so many words, with what `body` gives as its result.
fn write(
    isa: &dyn TargetIsa,
    parameters: usize,
    result: types::Type,
    body: impl FnOnce(Writer<'_, '_>, &[Value]) -> Value,
) -> Function {
    let mut signature = Signature::new(isa.default_call_conv());
    signature.params = vec![AbiParam::new(types::I64); parameters];
    signature.returns = vec![AbiParam::new(result)];
    let mut function = Function::with_name_signature(UserFuncName::user(0, 0), signature);
    let mut context = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut function, &mut context);
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let parameters = builder.block_params(block).to_vec();
    let result = body(Writer { builder: &mut builder, isa, sizes: Vec::new() }, &parameters);
    builder.ins().return_(&[result]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    function
}

struct Writer<'w, 'f> {
    builder: &'w mut FunctionBuilder<'f>,
    isa: &'w dyn TargetIsa,
    /// Of the named dimensions.
    sizes: Vec<Value>,
}

impl Writer<'_, '_> {
    fn number(&mut self, kind: types::Type, number: i64) -> Value {
        self.builder.ins().iconst(kind, number)
    }

    fn word(&mut self, number: u64) -> Value {
        self.number(types::I64, number as i64)
    }

    fn leave_if(&mut self, condition: Value, status: Status) {
        let [leave, on] = [(); 2].map(|()| self.builder.create_block());
        self.builder.ins().brif(condition, leave, &[], on, &[]);
        self.builder.switch_to_block(leave);
        let status = self.number(types::I32, status as i64);
        self.builder.ins().return_(&[status]);
        self.builder.switch_to_block(on);
    }

    /// Whether any size is less than its least, or too large.
    fn bad_sizes(&mut self, least: &[i64]) -> Value {
        let mut bad = self.number(types::I8, 0);
        for (&size, &least) in self.sizes.clone().iter().zip(least) {
            let [least, largest] = [least, LARGEST_SIZE].map(|bound| self.number(types::I64, bound));
            let low = self.builder.ins().icmp(IntCC::SignedLessThan, size, least);
            let high = self.builder.ins().icmp(IntCC::SignedGreaterThan, size, largest);
            bad = self.builder.ins().bor(bad, low);
            bad = self.builder.ins().bor(bad, high);
        }
        bad
    }

    /// Whether any address is not the multiple that it must be.
    fn misaligned(&mut self, straight: &Straight, arguments: &[Value], workspace: Value) -> Value {
        let alignments = straight.arguments.iter().chain(&[ALIGNMENT]);
        let mut low_bits = self.word(0);
        for (&address, &alignment) in arguments.iter().chain(&[workspace]).zip(alignments) {
            let mask = self.word(alignment - 1);
            let bits = self.builder.ins().band(address, mask);
            low_bits = self.builder.ins().bor(low_bits, bits);
        }
        let zero = self.word(0);
        self.builder.ins().icmp(IntCC::NotEqual, low_bits, zero)
    }

    /// Where each slot begins in the workspace, and the bytes of all: the largest number if they are more than fit a word.
    fn slots(&mut self, slots: &[Vec<Vec<Bytes>>]) -> (Vec<Value>, Value) {
        let (mut total, mut overflow) = (self.word(0), self.number(types::I8, 0));
        let mut starts = Vec::new();
        for tenants in slots {
            starts.push(total);
            let mut largest = self.word(0);
            for tenant in tenants {
                let bytes = self.bytes(tenant, &mut overflow);
                largest = self.builder.ins().umax(largest, bytes);
            }
            total = self.plus(total, largest, &mut overflow);
        }
        let most = self.number(types::I64, -1);
        (starts, self.builder.ins().select(overflow, most, total))
    }

    /// The bytes of arrays one after the other, each up to where another may begin.
    fn bytes(&mut self, arrays: &[Bytes], overflow: &mut Value) -> Value {
        let mut total = self.word(0);
        for Bytes { shape, element } in arrays {
            let mut bytes = self.word(*element);
            for &extent in shape {
                let size = self.extent(extent);
                let (product, over) = self.builder.ins().umul_overflow(bytes, size);
                *overflow = self.builder.ins().bor(*overflow, over);
                bytes = product;
            }
            let up = self.word(ALIGNMENT - 1);
            let raised = self.plus(bytes, up, overflow);
            let mask = self.number(types::I64, -(ALIGNMENT as i64));
            let padded = self.builder.ins().band(raised, mask);
            total = self.plus(total, padded, overflow);
        }
        total
    }

    fn plus(&mut self, a: Value, b: Value, overflow: &mut Value) -> Value {
        let (sum, over) = self.builder.ins().uadd_overflow(a, b);
        *overflow = self.builder.ins().bor(*overflow, over);
        sum
    }

    fn dim(&mut self, dim: Dim) -> Value {
        let constant = self.number(types::I64, dim.constant);
        match dim.name {
            None => constant,
            Some(name) => self.builder.ins().iadd(self.sizes[name.0 as usize], constant),
        }
    }

    fn extent(&mut self, extent: Extent) -> Value {
        let block = BLOCK as i64;
        match extent {
            Extent::Dim(dim) => self.dim(dim),
            Extent::Blocks(dim) => {
                let (size, up) = (self.dim(dim), self.number(types::I64, block - 1));
                let raised = self.builder.ins().iadd(size, up);
                let shift = self.number(types::I64, i64::from(BLOCK.trailing_zeros()));
                self.builder.ins().ushr(raised, shift)
            }
            // The largest of them: only scratch could ask.
            Extent::Block { dim, .. } => {
                let (size, block) = (self.dim(dim), self.number(types::I64, block));
                self.builder.ins().smin(size, block)
            }
        }
    }

    /// Runs the kernels, given where the slots begin.
    fn launches(&mut self, straight: &Straight, arguments: &[Value], slots: Vec<Value>) {
        let most = straight.launches.iter().map(|launch| launch.buffers.len()).max().unwrap_or(0);
        let (buffers, dims) = (self.memory(most), self.memory(self.sizes.len()));
        for (position, size) in self.sizes.clone().into_iter().enumerate() {
            self.builder.ins().stack_store(types::I64, size, dims, position as i32 * 8);
        }
        for launch in &straight.launches {
            for (position, place) in launch.buffers.iter().enumerate() {
                let address = self.address(place, arguments, &slots);
                self.builder.ins().stack_store(types::I64, address, buffers, position as i32 * 8);
            }
            let [buffers, dims] = [buffers, dims].map(|slot| self.builder.ins().stack_addr(types::I64, slot, 0));
            let (start, end) = (self.word(0), self.extent(launch.grid));
            let constants = self.in_image(launch.constants);
            let entry = self.import(launch.entry);
            self.builder.ins().call(entry, &[buffers, dims, start, end, constants]);
        }
    }

    /// So many words of the function's own.
    fn memory(&mut self, words: usize) -> StackSlot {
        let bytes = words.max(1) as u32 * 8;
        self.builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 3))
    }

    fn address(&mut self, place: &Place, arguments: &[Value], slots: &[Value]) -> Value {
        match place {
            Place::Argument(position) => arguments[*position],
            Place::Image(offset) => self.in_image(*offset),
            Place::Workspace { slot, behind } => {
                // They have been found to fit.
                let mut overflow = self.number(types::I8, 0);
                let before = self.bytes(behind, &mut overflow);
                self.builder.ins().iadd(slots[*slot], before)
            }
        }
    }

    fn in_image(&mut self, offset: usize) -> Value {
        let at = self.import(offset);
        self.builder.ins().func_addr(types::I64, at)
    }

    /// What is at an offset of the image, named by it.
    fn import(&mut self, offset: usize) -> FuncRef {
        let mut signature = Signature::new(self.isa.default_call_conv());
        signature.params = vec![AbiParam::new(types::I64); 5];
        let signature = self.builder.import_signature(signature);
        let name = UserExternalName { namespace: 0, index: offset as u32 };
        let name = ExternalName::user(self.builder.func.declare_imported_user_function(name));
        self.builder.import_function(ExtFuncData { name, signature, colocated: true, patchable: false })
    }
}
